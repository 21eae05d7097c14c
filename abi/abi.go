// Package abi is the contract between a wasmsql host and a wasm guest: the
// names, numbers and messages of wasmsql_v1.
//
// It depends on the standard library only, holds no state, and everything in
// it is safe for concurrent use. The messages are protobuf wire format,
// published as wasmsql_v1.proto; golden vectors stand in testdata/abi.
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

// Exports of a guest.
const (
	// ExportMemory is the guest's one linear memory. Required.
	ExportMemory = "memory"
	// ExportInitialize is the start of a reactor's language runtime, () -> ().
	// Optional; called once, before anything else.
	ExportInitialize = "_initialize"
	// ExportConfigure is called once per task, () -> i32, 0 is success. It may
	// call FuncConfigRead, FuncLog, FuncFail and FuncErrorRead only. Optional.
	ExportConfigure = "wasmsql_v1_configure"
	// ExportRun is one execution, () -> i32, 0 is success. Required.
	ExportRun = "wasmsql_v1_run"
)

// ManifestSection is the name of the custom section with a plugin's manifest.
const ManifestSection = "wasmsql.manifest"

// Func is a host function's name, its parameters and its result in the
// letters of the WebAssembly text format: i is i32, I is i64, none is "".
type Func struct {
	Name   string
	Params string
	Result string
}

// Errno is what a host function returns, as a negative i64, when it failed.
// The details are then to be had from FuncErrorRead.
//
// Worked example: query answers -3; the guest calls error_read and decodes an
// Error whose Code is -3 and whose Message says what was refused.
type Errno int32

// The errnos. Zero and above is never an error: it is a value, a handle or a
// length.
const (
	OK          Errno = 0
	InvalidArg  Errno = -1  // a message that does not decode, a value out of its range
	BadHandle   Errno = -2  // a handle that this execution was not given, or closed
	Denied      Errno = -3  // not granted; the same for what does not exist
	NotFound    Errno = -4  // nothing to read, for instance no error yet
	Limit       Errno = -5  // a limit of the execution was reached
	Timeout     Errno = -6  // the deadline of the execution has passed
	Canceled    Errno = -7  // the execution was interrupted from outside
	Conn        Errno = -8  // the database cannot be reached or refuses the login
	DB          Errno = -9  // the database refused the statement
	Convert     Errno = -10 // a value does not fit the type it must become
	State       Errno = -11 // the call is not allowed now, for instance in configure
	Unsupported Errno = -12 // this host or this database cannot do that
	Internal    Errno = -13 // a fault of the host
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
