// Package abi is the contract between a wasmsql host and a wasm guest: the
// names, numbers and messages of wasmsql_v1.
//
// It depends on the standard library only, holds no state, and everything in
// it is safe for concurrent use. The messages are protobuf wire format,
// published as wasmsql_v1.proto; golden vectors stand in testdata/abi.
//
// Marshal never fails and always gives the same bytes for the same message:
// fields in the order of their numbers, zero values left out, the shortest
// varints. Unmarshal replaces the message as a whole, keeps nothing of what it
// reads from, and leaves the message empty when it fails, with a *DecodeError.
// It takes fields in any order and skips unknown ones, but refuses what a
// correct writer never makes; wasmsql_v1.proto has the list.
package abi

// Module is the import module of every host function. The major version of
// the ABI is this name, so that a host can offer two majors at once.
//
// Worked example, in the WebAssembly text format:
//
//	(import "wasmsql_v1" "query" (func $query (param i32 i32) (result i64)))
const Module = "wasmsql_v1"

// Minor is the revision of the ABI within its major version. A minor only
// adds: fields of messages, which an older reader skips, and functions.
const Minor = 0

// Exports of a guest. The least there can be:
//
//	(module
//	  (memory (export "memory") 1)
//	  (func (export "wasmsql_v1_run") (result i32) (i32.const 0)))
const (
	// ExportMemory is the guest's one linear memory. Required.
	ExportMemory = "memory"
	// ExportInitialize is the start of a reactor's language runtime, () -> ().
	// Optional; called once, before anything else.
	ExportInitialize = "_initialize"
	// ExportConfigure is called once per task, () -> i32, 0 is success. It may
	// call FuncConfigRead, FuncLog, FuncFail and FuncErrorRead only. Optional.
	// What it leaves in memory and globals, every execution starts from.
	ExportConfigure = "wasmsql_v1_configure"
	// ExportRun is one execution, () -> i32, 0 is success: the host commits.
	// Anything else, and a trap, is a failure: the host rolls back. Required.
	ExportRun = "wasmsql_v1_run"
)

// ManifestSection is the name of the custom section with a plugin's manifest.
const ManifestSection = "wasmsql.manifest"

// Func is a host function's name, its parameters and its result, a letter for
// each: i is i32, I is i64. Func{"cursor_next", "Iii", "I"} is
// (func (param i64 i32 i32) (result i64)).
type Func struct {
	Name   string
	Params string
	Result string
}

// Errno is what a host function returns, as a negative i64, when it failed.
// The details are then to be had from FuncErrorRead. A failed call never ends
// the execution by itself: the guest may go on, unless the errno says that the
// host will not.
//
// Worked example: query answers -3; the guest calls error_read and decodes an
// Error whose Code is -3 and whose Message says what was refused.
type Errno int32

// The errnos. Zero and above is never an error: it is a value, a handle or a
// length.
const (
	// OK is no error.
	OK Errno = 0
	// InvalidArg is a message that does not decode, or a value out of its
	// range: query with the bytes ff, log at level 9.
	InvalidArg Errno = -1
	// BadHandle is a handle that this execution was not given, or that is
	// closed: close(1) for the second time.
	BadHandle Errno = -2
	// Denied is what is not granted, and in the same words what does not
	// exist: a query on connection "secret", a DELETE on a read-only one.
	Denied Errno = -3
	// NotFound is nothing to read: error_read when no call has failed.
	NotFound Errno = -4
	// Limit is a limit of the execution that was reached: the 100,001st host
	// call of 100,000. Every later call of the kind has the same answer.
	Limit Errno = -5
	// Timeout is that the deadline of the execution has passed, in the middle
	// of a query for instance. The host ends the execution.
	Timeout Errno = -6
	// Canceled is that the execution was interrupted from outside. The host
	// ends it.
	Canceled Errno = -7
	// Conn is that the database cannot be reached or refuses the login: the
	// first query of an execution while the server is down.
	Conn Errno = -8
	// DB is that the database refused the statement or failed in it: "no such
	// table: tracs", a duplicate key. The Error has the SQLSTATE if there is
	// one.
	DB Errno = -9
	// Convert is a value that does not fit the type it must become: a NaN for
	// SQLite, 'abc' in a column that is declared int.
	Convert Errno = -10
	// State is a call that is not allowed now: query in configure, a second
	// result, exec of a statement that returns rows.
	State Errno = -11
	// Unsupported is what this host or this database cannot do: an array as a
	// parameter of SQLite.
	Unsupported Errno = -12
	// Internal is a fault of the host. Its details are in the host's log only.
	Internal Errno = -13
)

// String returns the errno's name, for instance "DENIED".
func (e Errno) String() string {
	if e <= 0 && int(e) > -len(errnoNames) {
		return errnoNames[-e]
	}
	return "UNKNOWN"
}

var errnoNames = [...]string{
	"OK", "INVALID_ARG", "BAD_HANDLE", "DENIED", "NOT_FOUND", "LIMIT", "TIMEOUT",
	"CANCELED", "CONN", "DB", "CONVERT", "STATE", "UNSUPPORTED", "INTERNAL",
}

// Level is the level of a log line, the first parameter of FuncLog.
type Level int32

// The levels of a log line.
const (
	LevelDebug Level = 0
	LevelInfo  Level = 1
	LevelWarn  Level = 2
	LevelError Level = 3
)
