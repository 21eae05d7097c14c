// Package guest is the SDK of a wasmsql guest: the host functions of package
// abi as Go functions, and the exports that a host calls.
//
// A guest is a package main that registers what it does:
//
//	func init() { guest.Register(configure, run) }
//	func main() {}
//
// built with
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o guest.wasm .
//
// A module has one thread; nothing here is for concurrent use. Built natively
// the same code vets, tests and debugs without wasm.
package guest

import (
	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest/internal/imports"
	"github.com/wasmsql/wasmsql/guest/internal/mem"
)

// registered is what the exports call.
var registered struct{ configure, run func() error }

// Register sets what the guest does: configure once per task, before anything
// that differs between executions is known, and run for each execution. What
// configure leaves in the guest's variables, every execution finds there; what
// run leaves is gone with it. configure may be nil.
//
// It is to be called from an init function of package main, because the main
// function of a module like this is never called.
func Register(configure, run func() error) {
	registered.configure, registered.run = configure, run
}

// Call runs what an export stands for and returns the export's answer. An
// error or a panic goes to the host as the message of abi.FuncFail; an *Error
// does not, since the host has it.
func Call(f func() error) (status int32) {
	defer func() {
		if r := recover(); r != nil {
			tell(abi.Failures{{Message: "panic: " + panicText(r)}})
			status = 1
		}
	}()
	if f == nil {
		return 0
	}
	err := f()
	if err == nil {
		return 0
	}
	report(err)
	return 1
}

// report tells the host about an error, with what it knows in parts.
func report(err error) {
	for e := err; e != nil; {
		switch e := e.(type) {
		case *Failed:
			tell(e.Failures)
			return
		case *Error:
			return
		}
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			break
		}
		e = u.Unwrap()
	}
	tell(abi.Failures{{Message: err.Error()}})
}

func tell(f abi.Failures) { imports.Fail([]byte(f.String())) }

func panicText(r any) string {
	switch r := r.(type) {
	case error:
		return r.Error()
	case string:
		return r
	}
	return "a value that is no text"
}

// firstRoom is the room of the first read of a message, enough for most.
const firstRoom = 4 << 10

// ReadConfig returns the task's configuration.
func ReadConfig() (abi.Config, error) {
	var c abi.Config
	b, n := mem.Fill(make([]byte, firstRoom), imports.ConfigRead)
	if n < 0 {
		return c, failed(abi.FuncConfigRead, n)
	}
	return c, c.Unmarshal(b)
}

// ReadInput returns what this execution is given. In configure it is an
// *Error with abi.State.
func ReadInput() (abi.Input, error) {
	var in abi.Input
	b, n := mem.Fill(make([]byte, firstRoom), imports.InputRead)
	if n < 0 {
		return in, failed(abi.FuncInputRead, n)
	}
	return in, in.Unmarshal(b)
}

// Query starts a statement that returns rows.
func Query(q abi.QueryRequest) (Cursor, error) {
	h := imports.Query(q.Marshal())
	if h < 0 {
		return Cursor{}, failed(abi.FuncQuery, h)
	}
	return Cursor{h}, nil
}

// Exec runs a statement to its end and returns how many rows it changed. Rows
// that it returns are an *Error with abi.State unless q.DiscardRows is set.
func Exec(q abi.QueryRequest) (int64, error) {
	n := imports.Exec(q.Marshal())
	if n < 0 {
		return 0, failed(abi.FuncExec, n)
	}
	return n, nil
}

// Cursor is the rows of a statement. It is a handle of this execution; copies
// of it are the same cursor.
type Cursor struct{ handle int64 }

// Next returns the next encapsulated Arrow IPC message: the schema first,
// then the batches, and an empty one at the end. It stands in buf, as far as
// that has room, and is overwritten when buf is used again.
func (c Cursor) Next(buf []byte) ([]byte, error) {
	b, n := mem.Fill(buf, func(buf []byte) int64 { return imports.CursorNext(c.handle, buf) })
	if n < 0 {
		return nil, failed(abi.FuncCursorNext, n)
	}
	return b, nil
}

// Output hands the rows to the task's result without the guest seeing them,
// closes the cursor and returns how many rows went there.
func (c Cursor) Output() (int64, error) {
	n := imports.OutputCursor(c.handle)
	if n < 0 {
		return 0, failed(abi.FuncOutputCursor, n)
	}
	return n, nil
}

// Close ends the statement. What an execution leaves open, the host closes.
func (c Cursor) Close() error {
	if n := imports.Close(c.handle); n < 0 {
		return failed(abi.FuncClose, n)
	}
	return nil
}

// Write appends bytes of an Arrow IPC stream to the task's result.
func Write(b []byte) error {
	if n := imports.OutputWrite(b); n < 0 {
		return failed(abi.FuncOutputWrite, n)
	}
	return nil
}

// Log writes a line to the host's log. What is over the execution's limit is
// dropped by the host.
func Log(level abi.Level, text string) { imports.Log(int32(level), []byte(text)) }
