package sqlite

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	lib "modernc.org/sqlite/lib"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// failure is an error as the library tells it. Its message holds names of the
// schema and pieces of the statement, never a path.
type failure struct {
	code    int32 // extended result code
	message string
	offset  int // in bytes of the statement, or -1
}

func (f *failure) Error() string { return f.message }

// is reports whether the primary result code is one of codes.
func (f *failure) is(codes ...int32) bool {
	for _, c := range codes {
		if f.code&0xff == c {
			return true
		}
	}
	return false
}

// describe turns an error of a statement into one for its author. The guard
// says what it refused; sql is for the position.
func describe(err error, g *guard, sql string) *sqldb.Error {
	var done *sqldb.Error
	if errors.As(err, &done) {
		return done
	}
	var f *failure
	if !errors.As(err, &f) {
		return &sqldb.Error{Code: abi.Internal, Message: "the database engine failed", Cause: err}
	}
	out := &sqldb.Error{Code: abi.DB, Message: f.message, Detail: codeName(f.code), Cause: err}
	if f.offset >= 0 && f.offset <= len(sql) {
		out.Position = utf8.RuneCountInString(sql[:f.offset]) + 1
	}
	switch {
	case g != nil && g.refused != "" && f.is(lib.SQLITE_AUTH, lib.SQLITE_ERROR):
		out.Code, out.Message, out.Position = abi.Denied, g.refused+" is refused", 0
		if g.access == abi.ReadOnly && strings.HasSuffix(g.refused, onReadOnly) {
			out.Hint = "the connection needs access: read-write"
		}
	case f.is(lib.SQLITE_AUTH):
		out.Code = abi.Denied
	case f.is(lib.SQLITE_BUSY, lib.SQLITE_LOCKED):
		out.Retryable = true
		out.Hint = "another connection writes; connect_args.timeout says how many seconds to wait"
	case f.is(lib.SQLITE_TOOBIG):
		out.Code = abi.Limit
	case f.is(lib.SQLITE_NOMEM):
		out.Code, out.Message = abi.Limit, fmt.Sprintf("the statement needs more than %d bytes of memory", mostMemory)
		out.Hint = "sort, group or join less of it"
	case f.is(lib.SQLITE_CANTOPEN, lib.SQLITE_NOTADB):
		out.Code = abi.Conn
	case f.is(lib.SQLITE_READONLY):
		out.Code = abi.Denied
		out.Hint = "the connection or the database file cannot be written"
	case f.is(lib.SQLITE_INTERRUPT):
		out.Code, out.Message = abi.Canceled, "the statement was interrupted"
	}
	return out
}

// cannotOpen describes an error on the way to the first query of a connection.
func cannotOpen(err error, s *settings, readOnly, missing bool) *sqldb.Error {
	out := describe(err, nil, "")
	var f *failure
	if !errors.As(err, &f) || out.Retryable || f.is(lib.SQLITE_INTERRUPT) {
		return out
	}
	out.Code = abi.Conn
	switch {
	case missing && (readOnly || s.mode == modeReadWrite):
		out.Message = "the database file does not exist"
		out.Hint = "check the uri: a relative path is looked for beside the configuration, four slashes begin an absolute one"
		if s.mode == modeDefault {
			out.Hint += "; only a read-write connection creates a file"
		}
	case missing:
		out.Message, out.Hint = "the database file cannot be created", "check that its folder exists and can be written"
	case f.is(lib.SQLITE_NOTADB):
		out.Message, out.Hint = "the file is not a SQLite database", "check the uri; an encrypted database cannot be opened"
	case f.code == lib.SQLITE_READONLY_ROLLBACK, f.code == lib.SQLITE_READONLY_RECOVERY:
		out.Message, out.Hint = "the database has a transaction that was cut off", "open it once with access: read-write, which undoes what there is of it"
	case f.is(lib.SQLITE_CANTOPEN, lib.SQLITE_IOERR, lib.SQLITE_PERM, lib.SQLITE_READONLY):
		out.Message = "the database file cannot be opened"
		out.Hint = "check its permissions; a database in WAL mode also needs a folder that can be written, or its -wal and -shm files"
	}
	return out
}

// enginePanic is the error for a panic of the engine.
func enginePanic(v any) *sqldb.Error {
	return &sqldb.Error{Code: abi.Internal, Message: "the database engine failed", Cause: fmt.Errorf("panic: %v", v)}
}

// codeName returns the name of an extended result code, for instance
// SQLITE_CONSTRAINT_UNIQUE.
func codeName(code int32) string {
	if n, ok := extendedNames[code]; ok {
		return n
	}
	if n, ok := primaryNames[code&0xff]; ok {
		return n
	}
	return fmt.Sprintf("SQLITE_%d", code)
}

// Source of the names: https://sqlite.org/rescode.html.
var primaryNames = map[int32]string{
	lib.SQLITE_ERROR: "SQLITE_ERROR", lib.SQLITE_INTERNAL: "SQLITE_INTERNAL", lib.SQLITE_PERM: "SQLITE_PERM",
	lib.SQLITE_ABORT: "SQLITE_ABORT", lib.SQLITE_BUSY: "SQLITE_BUSY", lib.SQLITE_LOCKED: "SQLITE_LOCKED",
	lib.SQLITE_NOMEM: "SQLITE_NOMEM", lib.SQLITE_READONLY: "SQLITE_READONLY", lib.SQLITE_INTERRUPT: "SQLITE_INTERRUPT",
	lib.SQLITE_IOERR: "SQLITE_IOERR", lib.SQLITE_CORRUPT: "SQLITE_CORRUPT", lib.SQLITE_NOTFOUND: "SQLITE_NOTFOUND",
	lib.SQLITE_FULL: "SQLITE_FULL", lib.SQLITE_CANTOPEN: "SQLITE_CANTOPEN", lib.SQLITE_PROTOCOL: "SQLITE_PROTOCOL",
	lib.SQLITE_SCHEMA: "SQLITE_SCHEMA", lib.SQLITE_TOOBIG: "SQLITE_TOOBIG", lib.SQLITE_CONSTRAINT: "SQLITE_CONSTRAINT",
	lib.SQLITE_MISMATCH: "SQLITE_MISMATCH", lib.SQLITE_MISUSE: "SQLITE_MISUSE", lib.SQLITE_NOLFS: "SQLITE_NOLFS",
	lib.SQLITE_AUTH: "SQLITE_AUTH", lib.SQLITE_RANGE: "SQLITE_RANGE", lib.SQLITE_NOTADB: "SQLITE_NOTADB",
}

var extendedNames = map[int32]string{
	lib.SQLITE_CONSTRAINT_CHECK: "SQLITE_CONSTRAINT_CHECK", lib.SQLITE_CONSTRAINT_COMMITHOOK: "SQLITE_CONSTRAINT_COMMITHOOK",
	lib.SQLITE_CONSTRAINT_DATATYPE: "SQLITE_CONSTRAINT_DATATYPE", lib.SQLITE_CONSTRAINT_FOREIGNKEY: "SQLITE_CONSTRAINT_FOREIGNKEY",
	lib.SQLITE_CONSTRAINT_FUNCTION: "SQLITE_CONSTRAINT_FUNCTION", lib.SQLITE_CONSTRAINT_NOTNULL: "SQLITE_CONSTRAINT_NOTNULL",
	lib.SQLITE_CONSTRAINT_PINNED: "SQLITE_CONSTRAINT_PINNED", lib.SQLITE_CONSTRAINT_PRIMARYKEY: "SQLITE_CONSTRAINT_PRIMARYKEY",
	lib.SQLITE_CONSTRAINT_ROWID: "SQLITE_CONSTRAINT_ROWID", lib.SQLITE_CONSTRAINT_TRIGGER: "SQLITE_CONSTRAINT_TRIGGER",
	lib.SQLITE_CONSTRAINT_UNIQUE: "SQLITE_CONSTRAINT_UNIQUE", lib.SQLITE_CONSTRAINT_VTAB: "SQLITE_CONSTRAINT_VTAB",
	lib.SQLITE_BUSY_RECOVERY: "SQLITE_BUSY_RECOVERY", lib.SQLITE_BUSY_SNAPSHOT: "SQLITE_BUSY_SNAPSHOT", lib.SQLITE_BUSY_TIMEOUT: "SQLITE_BUSY_TIMEOUT",
	lib.SQLITE_CANTOPEN_ISDIR: "SQLITE_CANTOPEN_ISDIR", lib.SQLITE_CORRUPT_INDEX: "SQLITE_CORRUPT_INDEX", lib.SQLITE_CORRUPT_VTAB: "SQLITE_CORRUPT_VTAB",
	lib.SQLITE_IOERR_READ: "SQLITE_IOERR_READ", lib.SQLITE_IOERR_SHORT_READ: "SQLITE_IOERR_SHORT_READ", lib.SQLITE_IOERR_WRITE: "SQLITE_IOERR_WRITE",
	lib.SQLITE_IOERR_FSYNC: "SQLITE_IOERR_FSYNC", lib.SQLITE_IOERR_TRUNCATE: "SQLITE_IOERR_TRUNCATE", lib.SQLITE_IOERR_LOCK: "SQLITE_IOERR_LOCK",
	lib.SQLITE_READONLY_CANTINIT: "SQLITE_READONLY_CANTINIT", lib.SQLITE_READONLY_CANTLOCK: "SQLITE_READONLY_CANTLOCK",
	lib.SQLITE_READONLY_DBMOVED: "SQLITE_READONLY_DBMOVED", lib.SQLITE_READONLY_DIRECTORY: "SQLITE_READONLY_DIRECTORY",
	lib.SQLITE_READONLY_RECOVERY: "SQLITE_READONLY_RECOVERY", lib.SQLITE_READONLY_ROLLBACK: "SQLITE_READONLY_ROLLBACK",
}
