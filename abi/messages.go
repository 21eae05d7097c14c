package abi

// Dialect names a family of SQL.
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
	MySQL    Dialect = "mysql"
)

// Access is how a connection may be used.
type Access uint8

// The accesses. The numbers are the wire's; zero is the safe one.
const (
	ReadOnly  Access = 0
	ReadWrite Access = 1
)

// String returns the access as a configuration writes it.
func (a Access) String() string {
	if a == ReadWrite {
		return "read-write"
	}
	return "read-only"
}

// Config is what a guest may know of its task before it runs: the answer of
// FuncConfigRead.
type Config struct {
	Task        string       // 1: the task's name
	Template    *Template    // 2: for the template module, else nil
	Plugin      []byte       // 3: the task file's config as JSON text, may be empty
	Inputs      []InputDecl  // 4: in the order of the task file
	Outputs     Outputs      // 5
	Connections []Connection // 6: those the task was granted, the task's own first
}

// Template is the work of the template module.
type Template struct {
	Text          string        // 1: the query template as it stands in the task file
	Interpolation Interpolation // 2
}

// Interpolation is how an expression of a template reaches the statement.
type Interpolation uint8

// The interpolations. The numbers are the wire's.
const (
	Bind Interpolation = 0 // as a bound parameter
	Text Interpolation = 1 // as text, exactly as flytekit does it
)

// InputDecl declares an input.
type InputDecl struct {
	Name string // 1
	Type Type   // 2
}

// Outputs says what a task returns.
type Outputs struct {
	Mode    OutputMode     // 1
	Columns []OutputColumn // 2: for OutputColumns
}

// OutputMode is the kind of a task's result.
type OutputMode uint8

// The output modes. The numbers are the wire's.
const (
	OutputAny     OutputMode = 0 // the rows of the query, whatever they are
	OutputNone    OutputMode = 1 // no rows: the number of changed rows is reported
	OutputColumns OutputMode = 2 // rows with exactly these columns
)

// OutputColumn declares a column of the result.
type OutputColumn struct {
	Name string // 1
	Type Type   // 2
}

// Connection is a connection as a guest sees it: never where it leads.
type Connection struct {
	Name    string  // 1
	Dialect Dialect // 2
	Access  Access  // 3
}

// Input is what one execution is given: the answer of FuncInputRead.
type Input struct {
	Values      []NamedValue // 1: in the order of the declarations, defaults filled in
	LogicalTime int64        // 2: microseconds since 1970-01-01T00:00:00Z
	Limits      Limits       // 3
}

// NamedValue is an input's value.
type NamedValue struct {
	Name  string // 1
	Value Value  // 2
}

// Limits are the bounds of an execution that a guest can act upon. Zero is no
// limit.
type Limits struct {
	StatementBytes int64 // 1: of one statement's SQL text
	HostCalls      int64 // 2
	DeadlineMicros int64 // 3: time left at the start, in microseconds
}

// QueryRequest is a statement: the request of FuncQuery and FuncExec.
type QueryRequest struct {
	Connection  string  // 1: empty is the task's own
	SQL         string  // 2: one statement, with the dialect's placeholders
	Params      []Value // 3
	DiscardRows bool    // 4: exec only: rows that come are dropped, not refused
	Last        bool    // 5: no statement follows on this connection: one that does is STATE
}

// Error is what went wrong in a host call: the answer of FuncErrorRead. It
// never holds a URI, a host, a user, a file path or a secret.
type Error struct {
	Code      Errno  // 1
	SQLState  string // 2: five characters, or empty
	Message   string // 3
	Detail    string // 4
	Hint      string // 5
	Position  int32  // 6: in characters of the statement, from 1; 0 is unknown
	Retryable bool   // 7: the call is known to have had no effect
}
