// Package hostcall is the trust boundary: the host functions that a guest
// calls. It is the only code that reads or writes guest memory, gives out
// handles, and counts what an execution uses.
//
// An Execution belongs to one guest and is used by one goroutine at a time.
package hostcall

import (
	"context"
	"time"

	"github.com/wasmsql/wasmsql/abi"
)

// Memory is the linear memory of the guest that calls. Out of bounds is
// false, with nothing read or written; what Read returns aliases it.
type Memory interface {
	Size() uint32
	Read(ptr, n uint32) ([]byte, bool)
	Write(ptr uint32, b []byte) bool
}

// Function is a host function, with its parameters and its result in the
// letters i for i32 and I for i64.
type Function struct {
	Module, Name   string
	Params, Result string
	// Call finds its Execution in ctx; see Execution.Context. It panics with an
	// error where the guest must end: a *Fault, an Exit, or the *Error that ended it
	// before.
	Call func(ctx context.Context, mem Memory, stack []uint64)
}

// Functions returns every function that a guest may import.
func Functions() []Function {
	calls := map[string]func(*call) (int64, error){
		abi.FuncConfigRead.Name:   (*call).configRead,
		abi.FuncInputRead.Name:    (*call).inputRead,
		abi.FuncQuery.Name:        (*call).query,
		abi.FuncExec.Name:         (*call).exec,
		abi.FuncCursorNext.Name:   (*call).cursorNext,
		abi.FuncOutputCursor.Name: (*call).outputCursor,
		abi.FuncOutputWrite.Name:  (*call).outputWrite,
		abi.FuncClose.Name:        (*call).close,
		abi.FuncErrorRead.Name:    (*call).errorRead,
		abi.FuncLog.Name:          (*call).log,
		abi.FuncFail.Name:         (*call).fail,
	}
	var fs []Function
	for _, f := range abi.Funcs {
		do := calls[f.Name]
		telling := f == abi.FuncLog || f == abi.FuncFail || f == abi.FuncErrorRead
		inConfigure := telling || f == abi.FuncConfigRead
		fs = append(fs, Function{Module: abi.Module, Name: f.Name, Params: f.Params, Result: f.Result,
			Call: func(ctx context.Context, mem Memory, stack []uint64) {
				x := FromContext(ctx)
				start := time.Now()
				stack[0] = uint64(x.serve(x.begin(ctx, mem, stack), do, inConfigure, telling))
				x.Used.Time += time.Since(start)
			}})
	}
	return append(fs, wasi()...)
}

// serve makes one call and turns its error into an errno. Calls by which a
// guest tells what happened are answered also when its execution has ended.
func (x *Execution) serve(c *call, do func(*call) (int64, error), inConfigure, telling bool) int64 {
	if err := x.count(c.ctx); err != nil {
		if errno := x.failed(err); !telling {
			return int64(errno)
		}
	}
	if x.o.Configure && !inConfigure {
		return int64(x.failed(x.fails(abi.State, "not in configure: only config_read, log, fail and error_read may be called")))
	}
	n, err := do(c)
	if err != nil {
		return int64(x.failed(err))
	}
	return n
}

// call is one call of a guest: its memory and its arguments.
type call struct {
	ctx  context.Context
	x    *Execution
	mem  Memory
	args []uint64
}

// begin returns the call that is made now. An execution has one at a time, which
// is what makes it cheap for a guest that does nothing else: what is allocated
// for it has to be collected for all.
func (x *Execution) begin(ctx context.Context, mem Memory, args []uint64) *call {
	x.now = call{ctx: ctx, x: x, mem: mem, args: args}
	return &x.now
}

// Fault is what a host function panics with when a guest passes a pointer or
// a length that is outside of its memory.
type Fault struct{}

// Error says what happened.
func (f *Fault) Error() string { return "a host call was given a pointer outside of memory" }

// Exit is what proc_exit panics with.
type Exit struct{ Status uint32 }

// Error says what happened.
func (e Exit) Error() string { return "the guest called proc_exit" }

// bytes returns the guest's memory at the pointer args[i] with the length
// args[i+1]. It aliases guest memory and is good until the call returns.
func (c *call) bytes(i int) []byte {
	b, ok := c.mem.Read(uint32(c.args[i]), uint32(c.args[i+1]))
	if !ok {
		panic(&Fault{})
	}
	return b
}

// fill answers a call by the fill rule: data goes to the buffer args[i] of
// args[i+1] bytes if it fits there.
func (c *call) fill(i int, data []byte) (n int64, written bool) {
	ptr, size := uint32(c.args[i]), uint32(c.args[i+1])
	if _, ok := c.mem.Read(ptr, size); !ok {
		panic(&Fault{})
	}
	if uint64(len(data)) > uint64(size) {
		return int64(len(data)), false
	}
	if !c.mem.Write(ptr, data) {
		panic(&Fault{})
	}
	return int64(len(data)), true
}

// Error is a failed host call: what the guest may read of it, and what the
// host keeps to itself.
type Error struct {
	Guest abi.Error
	// Refused: the use of Connection is not allowed, by its name or its access,
	// whatever the statement is.
	Refused    bool
	Connection string
	// Final: the execution cannot succeed any more, whatever the guest does.
	Final bool
	// Cause is what the host made the error from, or nil.
	Cause error
}

// Error returns the guest's message.
func (e *Error) Error() string { return e.Guest.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// fails returns an error that is good until the next call that fails. It is for
// those that a guest could make for ever.
func (x *Execution) fails(code abi.Errno, message string) *Error {
	x.fault = Error{Guest: abi.Error{Code: code, Message: message}}
	return &x.fault
}

func errOf(code abi.Errno, message string) *Error {
	return &Error{Guest: abi.Error{Code: code, Message: message}}
}

// errLimit is the error of a limit of the configuration, by its key. The message
// says what was used and what the limit is.
func errLimit(key, message string) *Error {
	e := errOf(abi.Limit, message)
	e.Guest.Hint = "raise limits." + key + " in the configuration"
	e.Final = true
	return e
}

// ended returns the error of a context that has ended.
func ended(ctx context.Context) *Error { return Classify(ctx.Err()) }
