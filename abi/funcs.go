package abi

// The eleven host functions of the module wasmsql_v1. Every one returns an
// i64: zero or more is a value, a handle or a length; less is an Errno.
//
// The fill rule holds wherever a function has (buf, cap): it answers the
// length n of what there is to read; when n is more than cap, nothing was
// written or consumed and the guest calls again with more room. The guest owns
// all of its memory, and the host keeps no pointer into it after a call. A
// pointer or length outside of the memory is a trap, never an errno; an empty
// buffer may stand anywhere up to the end of the memory.
//
// Which errnos a function may answer is said with it. Beside those, any may
// answer LIMIT, TIMEOUT, CANCELED and INTERNAL, and those that are not for
// configure answer STATE there.
var (
	// FuncConfigRead fills (buf, cap) with the task's Config. It is the same
	// for every execution of the task.
	//
	// Example: config_read(0, 0) answers 57; the guest takes 57 bytes of its
	// own memory and calls config_read(buf, 57), which answers 57 again.
	FuncConfigRead = Func{"config_read", "ii", "I"}

	// FuncInputRead fills (buf, cap) with this execution's Input. Not in
	// configure.
	//
	// Example: for the one input after = 3 and no limits, input_read(buf, 4096)
	// answers 17 and writes Input{Values: {{"after", 3}}}:
	//
	//	0a 0f 0a 05 61 66 74 65 72 12 06 0a 02 08 01 10 06
	FuncInputRead = Func{"input_read", "ii", "I"}

	// FuncQuery starts the statement of the QueryRequest at (req, len) and
	// answers the handle of a cursor over its rows, at once: an error of the
	// statement may come from the first call that needs a row. Not in
	// configure.
	//
	// A request that says Last lets the host end a transaction that only reads
	// with the statement, which saves the database some work. A statement after
	// it on the same connection is STATE.
	//
	// INVALID_ARG: the bytes are no QueryRequest. DENIED: the connection is not
	// granted, or the statement may not run on it. CONN, DB, CONVERT: as they
	// say.
	//
	// Example: QueryRequest{Connection: "tracks", SQL: "SELECT 1"} is the 18
	// bytes below; query(req, 18) answers 1, the handle.
	//
	//	0a 06 74 72 61 63 6b 73 12 08 53 45 4c 45 43 54 20 31
	FuncQuery = Func{"query", "ii", "I"}

	// FuncExec runs the statement of the QueryRequest at (req, len) to its end
	// and answers the number of rows it changed. A statement that returns rows
	// is refused with STATE, unless the request says DiscardRows. Errnos
	// otherwise as for FuncQuery. Not in configure.
	//
	// Example: QueryRequest{SQL: "DELETE FROM t"} is the 15 bytes below; with
	// three rows in t, exec(req, 15) answers 3.
	//
	//	12 0d 44 45 4c 45 54 45 20 46 52 4f 4d 20 74
	FuncExec = Func{"exec", "ii", "I"}

	// FuncCursorNext fills (buf, cap) with the next encapsulated Arrow IPC
	// message of the cursor h: the schema first, also for no rows, then
	// batches of at most 1 MiB where a row allows it, and 0 at the end. Not in
	// configure.
	//
	// BAD_HANDLE: h is no open cursor. DB, CONVERT: what the statement ran
	// into. UNSUPPORTED: this is a dry run, which sends no statement.
	//
	// Example: after query answered 1, cursor_next(1, buf, 1024) answers 328,
	// the schema; then 70000, with nothing written, since that is more than
	// 1024; cursor_next(1, big, 70000) answers 70000, a batch; then 0.
	FuncCursorNext = Func{"cursor_next", "Iii", "I"}

	// FuncOutputCursor hands the cursor h to the result and answers how many
	// rows went there. They never enter the guest. The handle is closed. A task
	// has one result: a second one is STATE. Not in configure.
	//
	// BAD_HANDLE: h is no open cursor. STATE: rows of it were read already, or
	// there is a result. CONVERT: the columns are not those of the task's
	// outputs, or a value does not fit one. DB: what the statement ran into.
	//
	// Example: after query answered 1 for a statement of 77 rows,
	// output_cursor(1) answers 77; close(1) is BAD_HANDLE from then on.
	FuncOutputCursor = Func{"output_cursor", "I", "I"}

	// FuncOutputWrite appends (buf, len) to the result, an Arrow IPC stream
	// that the guest makes, and answers len. The host decodes and checks every
	// byte of it, at the latest when the execution ends. Not in configure.
	//
	// INVALID_ARG: what has come is no Arrow IPC stream. STATE: a cursor was
	// handed over already. CONVERT: as for FuncOutputCursor.
	//
	// Example: the messages that FuncCursorNext answers, one after another,
	// are such a stream: output_write(buf, 328) for the schema answers 328.
	FuncOutputWrite = Func{"output_write", "ii", "I"}

	// FuncClose closes the handle h and answers 0. What is open at the end of
	// an execution is closed by the host. Not in configure.
	//
	// BAD_HANDLE: h is not open. A handle is never given twice, so an old one
	// can never mean a new cursor.
	//
	// Example: close(1) answers 0, and close(1) again answers -2.
	FuncClose = Func{"close", "I", "I"}

	// FuncErrorRead fills (buf, cap) with the Error of the last call that
	// failed, or answers NOT_FOUND when none has. Reading it, and calls that
	// succeed, leave it there.
	//
	// Example: after query answered -3, error_read(buf, 4096) answers 15 and
	// writes Error{Code: DENIED, Message: "not granted"}:
	//
	//	08 05 1a 0b 6e 6f 74 20 67 72 61 6e 74 65 64
	FuncErrorRead = Func{"error_read", "ii", "I"}

	// FuncLog writes the UTF-8 line (buf, len) to the host's log at a Level
	// and answers 0. Past the limit of the execution, lines are dropped and
	// counted, and the answer is 0 as well.
	//
	// INVALID_ARG: there is no such level.
	//
	// Example: log(2, buf, 9) with "no rows: " answers 0; the host's log has
	// the line at the level of a warning, with control characters escaped.
	FuncLog = Func{"log", "iii", "I"}

	// FuncFail sets the guest's own error message, the UTF-8 text at
	// (buf, len), for an execution that is about to return something other
	// than 0, and answers 0. The last one counts. The text may say a place in
	// the task's query, that a limit was reached, which statement failed, and a
	// hint; see Failure, and Failures for several. A text with no message of
	// its own leaves the message to the Error of the last host call that failed.
	//
	// Example: fail(buf, len) with "3:7: no such input\nhint: declare it", and
	// run returns 1: the error is "no such input" at line 3, column 7 of the
	// query.
	FuncFail = Func{"fail", "ii", "I"}
)

// Funcs lists the host functions in the order of their specification.
var Funcs = []Func{
	FuncConfigRead, FuncInputRead, FuncQuery, FuncExec, FuncCursorNext, FuncOutputCursor,
	FuncOutputWrite, FuncClose, FuncErrorRead, FuncLog, FuncFail,
}
