package abi

// The eleven host functions of the module wasmsql_v1. Every one returns an
// i64: zero or more is a value, a handle or a length; less is an Errno.
//
// The fill rule holds wherever a function has (buf, cap): it answers the
// length n of what there is to read; when n is more than cap, nothing was
// written or consumed and the guest calls again with more room. The guest owns
// all of its memory, and the host keeps no pointer into it after a call. A
// pointer or length outside of the memory is a trap, never an errno.
var (
	// FuncConfigRead fills (buf, cap) with the task's Config.
	//
	// Example: config_read(0, 0) answers 57; the guest takes 57 bytes of its
	// own memory and calls config_read(buf, 57), which answers 57 again.
	FuncConfigRead = Func{"config_read", "ii", "I"}

	// FuncInputRead fills (buf, cap) with this execution's Input. In
	// configure it answers STATE.
	FuncInputRead = Func{"input_read", "ii", "I"}

	// FuncQuery starts the statement of the QueryRequest at (req, len) and
	// answers the handle of a cursor over its rows, at once: an error of the
	// statement may come from the first call that needs a row.
	//
	// Example: QueryRequest{Connection: "tracks", SQL: "SELECT 1"} is
	// 0a 06 74 72 61 63 6b 73 12 08 53 45 4c 45 43 54 20 31; query answers 1.
	FuncQuery = Func{"query", "ii", "I"}

	// FuncExec runs the statement of the QueryRequest at (req, len) to its end
	// and answers the number of rows it changed. A statement that returns rows
	// is refused with STATE, unless the request says DiscardRows.
	FuncExec = Func{"exec", "ii", "I"}

	// FuncCursorNext fills (buf, cap) with the next encapsulated Arrow IPC
	// message of the cursor h: the schema first, also for no rows, then
	// batches of at most 1 MiB where a row allows it, and 0 at the end.
	FuncCursorNext = Func{"cursor_next", "Iii", "I"}

	// FuncOutputCursor hands the cursor h to the result and answers how many
	// rows went there. They never enter the guest. The handle is closed. A task
	// has one result: a second one is STATE.
	FuncOutputCursor = Func{"output_cursor", "I", "I"}

	// FuncOutputWrite appends (buf, len) to the result, an Arrow IPC stream
	// that the guest makes. The host decodes and checks every byte of it.
	FuncOutputWrite = Func{"output_write", "ii", "I"}

	// FuncClose closes the handle h. What is open at the end of an execution
	// is closed by the host.
	FuncClose = Func{"close", "I", "I"}

	// FuncErrorRead fills (buf, cap) with the Error of the last call that
	// failed, or answers NOT_FOUND.
	FuncErrorRead = Func{"error_read", "ii", "I"}

	// FuncLog writes the UTF-8 line (buf, len) to the host's log at a Level.
	// Past the limit of the execution, lines are dropped and counted.
	FuncLog = Func{"log", "iii", "I"}

	// FuncFail sets the guest's own error message, the UTF-8 text at
	// (buf, len), for an execution that is about to return something other
	// than 0. The text may begin with a place in the task's query,
	// "LINE:COLUMN: ", counted from 1 in characters, and may end with a line
	// "hint: …"; see Failure.
	FuncFail = Func{"fail", "ii", "I"}
)

// Funcs lists the host functions in the order of their specification.
var Funcs = []Func{
	FuncConfigRead, FuncInputRead, FuncQuery, FuncExec, FuncCursorNext, FuncOutputCursor,
	FuncOutputWrite, FuncClose, FuncErrorRead, FuncLog, FuncFail,
}
