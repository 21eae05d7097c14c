package sqlite

import (
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// cell is the value of a column in the current row of a statement, until the
// next step. What the library keeps in the usual way is read where it lies, as
// a call for each property of each value took as long as finding the row; the
// rest is asked of the library.
//
// Source: SQLite, src/vdbeInt.h, sqlite3_value; src/vdbeapi.c,
// sqlite3_column_value and sqlite3_value_type.
type cell struct {
	tls *libc.TLS
	v   *lib.Tsqlite3_value
}

// The storage classes of a cell.
const (
	storeInt  = int32(lib.SQLITE_INTEGER)
	storeReal = int32(lib.SQLITE_FLOAT)
	storeText = int32(lib.SQLITE_TEXT)
	storeBlob = int32(lib.SQLITE_BLOB)
	storeNull = int32(lib.SQLITE_NULL)
)

// row returns the values of the current row, of which there are none before
// the first step. The library keeps them side by side; TestRowLayout holds it
// to that.
func (s *stmt) row() []lib.Tsqlite3_value {
	n := lib.Xsqlite3_data_count(s.e.tls, s.p)
	if n <= 0 {
		return nil
	}
	return unsafe.Slice((*lib.Tsqlite3_value)(address(lib.Xsqlite3_column_value(s.e.tls, s.p, 0))), n)
}

// address is a pointer to memory of the library's, which the collector does not
// move.
func address(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

// store returns the storage class.
func (c cell) store() int32 {
	switch c.v.Fflags & lib.MEM_AffMask {
	case lib.MEM_Int:
		return storeInt
	case lib.MEM_Str:
		return storeText
	case lib.MEM_Real:
		return storeReal
	case lib.MEM_Null:
		return storeNull
	}
	return lib.Xsqlite3_value_type(c.tls, c.p())
}

func (c cell) p() uintptr { return uintptr(unsafe.Pointer(c.v)) }

// int returns the value of an integer.
func (c cell) int() int64 {
	if c.v.Fflags&lib.MEM_Int != 0 {
		return *(*int64)(unsafe.Pointer(&c.v.Fu))
	}
	return lib.Xsqlite3_value_int64(c.tls, c.p())
}

// real returns the value of a real.
func (c cell) real() float64 {
	if c.v.Fflags&lib.MEM_Real != 0 {
		return c.v.Fu.Fr
	}
	return lib.Xsqlite3_value_double(c.tls, c.p())
}

// plain reports whether the bytes of a text or a blob are there as they are to
// be returned.
func (c cell) plain() bool {
	f := c.v.Fflags
	return f&lib.MEM_Str != 0 && c.v.Fenc == lib.SQLITE_UTF8 || f&(lib.MEM_Str|lib.MEM_Blob|lib.MEM_Zero) == lib.MEM_Blob
}

// size returns the length of a text or a blob in bytes.
func (c cell) size() int {
	if c.plain() {
		return int(c.v.Fn)
	}
	return int(lib.Xsqlite3_value_bytes(c.tls, c.p()))
}

// text returns the UTF-8 of a text in the library's own memory.
func (c cell) text() []byte {
	if c.plain() {
		return view(c.v.Fz, int(c.v.Fn))
	}
	return view(lib.Xsqlite3_value_text(c.tls, c.p()), c.size())
}

// blob returns the bytes of a blob in the library's own memory.
func (c cell) blob() []byte {
	if c.plain() {
		return view(c.v.Fz, int(c.v.Fn))
	}
	return view(lib.Xsqlite3_value_blob(c.tls, c.p()), c.size())
}

func view(p uintptr, n int) []byte {
	if p == 0 || n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(address(p)), n)
}
