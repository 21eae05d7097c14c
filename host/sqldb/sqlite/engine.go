package sqlite

import (
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	lib "modernc.org/sqlite/lib"
)

// engine is one connection of the SQLite library. It and cell are the only code
// here that holds addresses of the library's memory. It is used by one goroutine
// at a time, interrupt apart; nothing may be called after close.
//
// Source of every call: https://sqlite.org/c3ref/funclist.html.
type engine struct {
	tls   *libc.TLS
	db    uintptr // sqlite3*
	out   uintptr // two pointers of room for results
	guard *guard
	busy  *busy
	hooks uintptr // key of the callbacks
	stmts []*stmt // not yet finalized
}

// stmt is a prepared statement, of the engine that prepared it.
type stmt struct {
	e *engine
	p uintptr // sqlite3_stmt*
}

var errNoMemory = errors.New("out of memory")

const pointerSize = int(unsafe.Sizeof(uintptr(0)))

// openEngine opens the file at path, as it is and never as a URI.
func openEngine(path string, flags int32) (_ *engine, err error) {
	e := &engine{tls: libc.NewTLS()}
	openBudget(e.tls)
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	if e.out = libc.Xmalloc(e.tls, types.Size_t(2*pointerSize)); e.out == 0 {
		return nil, errNoMemory
	}
	name, err := libc.CString(path)
	if err != nil {
		return nil, errNoMemory
	}
	defer libc.Xfree(e.tls, name)
	e.clearOut()
	rc := lib.Xsqlite3_open_v2(e.tls, name, e.out, flags|lib.SQLITE_OPEN_NOMUTEX|lib.SQLITE_OPEN_EXRESCODE, 0)
	e.db = e.outPointer(0)
	if rc != lib.SQLITE_OK {
		return nil, e.failure(rc)
	}
	return e, nil
}

// close closes the connection and its statements. An open transaction is rolled
// back.
func (e *engine) close() {
	for len(e.stmts) > 0 {
		e.stmts[0].finalize()
	}
	if e.db != 0 {
		lib.Xsqlite3_close_v2(e.tls, e.db)
		e.db = 0
	}
	if e.out != 0 {
		libc.Xfree(e.tls, e.out)
		e.out = 0
	}
	e.unhook()
	closeBudget(e.tls)
	e.tls.Close()
}

func (e *engine) clearOut() { clear(libc.GoBytes(e.out, 2*pointerSize)) }

// outPointer reads the result pointer i.
func (e *engine) outPointer(i int) uintptr {
	b := libc.GoBytes(e.out, 2*pointerSize)[i*pointerSize:]
	if pointerSize == 4 {
		return uintptr(binary.NativeEndian.Uint32(b))
	}
	return uintptr(binary.NativeEndian.Uint64(b))
}

// interrupt makes what runs stop soon. It may be called from any goroutine
// while the engine is open.
func (e *engine) interrupt() { lib.Xsqlite3_interrupt(e.tls, e.db) }

// autocommit reports that no transaction is open.
func (e *engine) autocommit() bool { return lib.Xsqlite3_get_autocommit(e.tls, e.db) != 0 }

// changes returns how many rows the last INSERT, UPDATE or DELETE changed,
// triggers apart, and all of them since the connection was opened.
func (e *engine) changes() (last, total int64) {
	return lib.Xsqlite3_changes64(e.tls, e.db), lib.Xsqlite3_total_changes64(e.tls, e.db)
}

// configure sets a switch of sqlite3_db_config.
func (e *engine) configure(op int32, on bool) error {
	v := int32(0)
	if on {
		v = 1
	}
	va := libc.NewVaList(v, uintptr(0))
	if va == 0 {
		return errNoMemory
	}
	defer libc.Xfree(e.tls, va)
	if rc := lib.Xsqlite3_db_config(e.tls, e.db, op, va); rc != lib.SQLITE_OK {
		return e.failure(rc)
	}
	return nil
}

// limit sets a limit of the connection.
func (e *engine) limit(id, value int32) { lib.Xsqlite3_limit(e.tls, e.db, id, value) }

// failure returns the connection's last error, which had the result code rc.
func (e *engine) failure(rc int32) *failure {
	f := &failure{code: rc, offset: -1}
	if e.db == 0 {
		f.message = libc.GoString(lib.Xsqlite3_errstr(e.tls, rc))
		return f
	}
	f.message = libc.GoString(lib.Xsqlite3_errmsg(e.tls, e.db))
	f.offset = int(lib.Xsqlite3_error_offset(e.tls, e.db))
	return f
}

// prepare compiles the first statement of sql and returns how many bytes of
// sql it took. The stmt is nil where there was none. The text has no NUL.
func (e *engine) prepare(sql string) (*stmt, int, error) {
	text, err := libc.CString(sql)
	if err != nil {
		return nil, 0, errNoMemory
	}
	defer libc.Xfree(e.tls, text)
	e.clearOut()
	rc := lib.Xsqlite3_prepare_v3(e.tls, e.db, text, int32(len(sql)+1), 0, e.out, e.out+uintptr(pointerSize))
	if rc != lib.SQLITE_OK {
		return nil, 0, e.failure(rc)
	}
	used := int(e.outPointer(1) - text)
	if p := e.outPointer(0); p != 0 {
		s := &stmt{e, p}
		e.stmts = append(e.stmts, s)
		return s, used, nil
	}
	return nil, used, nil
}

// finalize ends the statement. It is idempotent.
func (s *stmt) finalize() {
	if s.p != 0 {
		lib.Xsqlite3_finalize(s.e.tls, s.p)
		s.p = 0
		s.e.stmts = slices.DeleteFunc(s.e.stmts, func(x *stmt) bool { return x == s })
	}
}

// step runs the statement to its next row and reports whether there is one.
func (s *stmt) step() (bool, error) {
	switch rc := lib.Xsqlite3_step(s.e.tls, s.p); rc {
	case lib.SQLITE_ROW:
		return true, nil
	case lib.SQLITE_DONE:
		return false, nil
	default:
		return false, s.e.failure(rc)
	}
}

// columns returns how many columns the statement's rows have.
func (s *stmt) columns() int { return int(lib.Xsqlite3_column_count(s.e.tls, s.p)) }

// columnName returns the name of column i.
func (s *stmt) columnName(i int) string {
	return libc.GoString(lib.Xsqlite3_column_name(s.e.tls, s.p, int32(i)))
}

// columnDecl returns the declared type of the table column that column i is,
// and "" for an expression.
func (s *stmt) columnDecl(i int) string {
	return libc.GoString(lib.Xsqlite3_column_decltype(s.e.tls, s.p, int32(i)))
}

// placeholders returns how many parameters the statement has.
func (s *stmt) placeholders() int { return int(lib.Xsqlite3_bind_parameter_count(s.e.tls, s.p)) }

// placeholderName returns the name of parameter i, from 1, and "" for a ?.
func (s *stmt) placeholderName(i int) string {
	return libc.GoString(lib.Xsqlite3_bind_parameter_name(s.e.tls, s.p, int32(i)))
}

func (s *stmt) bindInt(i int, v int64) error {
	return s.bound(lib.Xsqlite3_bind_int64(s.e.tls, s.p, int32(i), v))
}

func (s *stmt) bindFloat(i int, v float64) error {
	return s.bound(lib.Xsqlite3_bind_double(s.e.tls, s.p, int32(i), v))
}

func (s *stmt) bindNull(i int) error {
	return s.bound(lib.Xsqlite3_bind_null(s.e.tls, s.p, int32(i)))
}

func (s *stmt) bindText(i int, v string) error {
	p, err := s.e.copyIn(v)
	if err != nil {
		return err
	}
	return s.bound(lib.Xsqlite3_bind_text64(s.e.tls, s.p, int32(i), p, uint64(len(v)), functionPointer(libc.Xfree), lib.SQLITE_UTF8))
}

func (s *stmt) bindBlob(i int, v string) error {
	p, err := s.e.copyIn(v)
	if err != nil {
		return err
	}
	return s.bound(lib.Xsqlite3_bind_blob64(s.e.tls, s.p, int32(i), p, uint64(len(v)), functionPointer(libc.Xfree)))
}

func (s *stmt) bound(rc int32) error {
	if rc != lib.SQLITE_OK {
		return s.e.failure(rc)
	}
	return nil
}

// copyIn copies v to memory that the library frees, never at address 0.
func (e *engine) copyIn(v string) (uintptr, error) {
	p := libc.Xmalloc(e.tls, types.Size_t(max(len(v), 1)))
	if p == 0 {
		return 0, errNoMemory
	}
	copy(libc.GoBytes(p, len(v)), v)
	return p, nil
}

// functionPointer returns what the library takes for a pointer to the
// function f, which is a declared function, not a closure.
func functionPointer[T any](f T) uintptr {
	p := *(*uintptr)(unsafe.Pointer(&struct{ f T }{f}))
	runtime.KeepAlive(f)
	return p
}

// function is the inverse of functionPointer.
func function[T any](p uintptr) T { return *(*T)(unsafe.Pointer(&struct{ p uintptr }{p})) }
