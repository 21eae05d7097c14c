package guest

import (
	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest/internal/imports"
	"github.com/wasmsql/wasmsql/guest/internal/mem"
)

// Conn is a connection that the task was granted, by its name. The zero Conn
// is the task's own.
type Conn struct{ name string }

// On returns the connection of a name. That it is not granted is the error of
// the first statement.
func On(connection string) Conn { return Conn{connection} }

// Query starts a statement on the task's own connection and returns a reader
// of its rows. A parameter takes the place of the dialect's placeholder: ?1,
// ?2 for SQLite, $1, $2 for PostgreSQL, ? for MySQL. Its error is an *Error.
//
// One cursor is open at a time on a connection: read to its end, hand over or
// close one before the next statement.
func Query(sql string, params ...Value) (*Rows, error) { return Conn{}.Query(sql, params...) }

// Query is the function Query on this connection.
func (c Conn) Query(sql string, params ...Value) (*Rows, error) {
	cursor, err := Start(abi.QueryRequest{Connection: c.name, SQL: sql, Params: params})
	if err != nil {
		return nil, err
	}
	return &Rows{cursor: cursor}, nil
}

// Exec runs a statement on the task's own connection to its end and returns how
// many rows it changed. A statement that returns rows is an *Error with
// abi.State.
func Exec(sql string, params ...Value) (int64, error) { return Conn{}.Exec(sql, params...) }

// Exec is the function Exec on this connection.
func (c Conn) Exec(sql string, params ...Value) (int64, error) {
	return Do(abi.QueryRequest{Connection: c.name, SQL: sql, Params: params})
}

// One runs a statement on the task's own connection and returns its first row,
// or nil when there is none. Its error is an *Error, or an *arrow.Error.
func One(sql string, params ...Value) ([]Value, error) { return Conn{}.One(sql, params...) }

// One is the function One on this connection.
func (c Conn) One(sql string, params ...Value) ([]Value, error) {
	rows, err := c.Query(sql, params...)
	if err != nil {
		return nil, err
	}
	var row []Value
	if rows.Next() {
		row = rows.Values()
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return row, rows.Close()
}

// Start starts a statement that returns rows: what Query stands on.
func Start(q abi.QueryRequest) (Cursor, error) {
	h := imports.Query(q.Marshal())
	if h < 0 {
		return Cursor{}, failed(abi.FuncQuery.Name, h)
	}
	return Cursor{h}, nil
}

// Do runs a statement to its end and returns how many rows it changed: what
// Exec stands on. Rows that it returns are an *Error with abi.State unless
// q.DiscardRows is set.
func Do(q abi.QueryRequest) (int64, error) {
	n := imports.Exec(q.Marshal())
	if n < 0 {
		return 0, failed(abi.FuncExec.Name, n)
	}
	return n, nil
}

// Cursor is the rows of a statement as the host has them: a handle of this
// execution. Copies of it are the same cursor.
type Cursor struct{ handle int64 }

// Next returns the next encapsulated Arrow IPC message: the schema first,
// then the batches, and an empty one at the end. It stands in buf, as far as
// that has room, and is overwritten when buf is used again.
func (c Cursor) Next(buf []byte) ([]byte, error) {
	b, n := mem.Fill(buf, func(buf []byte) int64 { return imports.CursorNext(c.handle, buf) })
	if n < 0 {
		return nil, failed(abi.FuncCursorNext.Name, n)
	}
	return b, nil
}

// Output hands the rows to the task's result without the guest seeing them,
// closes the cursor and returns how many rows went there.
func (c Cursor) Output() (int64, error) {
	n := imports.OutputCursor(c.handle)
	if n < 0 {
		return 0, failed(abi.FuncOutputCursor.Name, n)
	}
	return n, nil
}

// Close ends the statement. What an execution leaves open, the host closes.
func (c Cursor) Close() error {
	if n := imports.Close(c.handle); n < 0 {
		return failed(abi.FuncClose.Name, n)
	}
	return nil
}

// Write appends bytes of an Arrow IPC stream to the task's result: what
// NewResult stands on.
func Write(b []byte) error {
	if n := imports.OutputWrite(b); n < 0 {
		return failed(abi.FuncOutputWrite.Name, n)
	}
	return nil
}
