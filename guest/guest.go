// Package guest is the SDK of a wasmsql guest, a plugin: task logic that a
// query template cannot say, as a WebAssembly module.
//
// A plugin is a package main that registers a Task:
//
//	func init() { guest.Register(guest.Task{Run: run}) }
//
//	func main() {}
//
//	func run(in *guest.Input) error {
//		rows, err := guest.Query("SELECT id, name FROM people WHERE id > ?1", guest.Int(in.Int("after")))
//		if err != nil {
//			return err
//		}
//		_, err = rows.Output()
//		return err
//	}
//
// and is built with
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o plugin.wasm .
//
// All statements of an execution run in one transaction, which the host
// commits when Run returns nil and rolls back when it returns an error, panics
// or reaches a limit. Nothing that Run leaves in memory outlives it.
//
// What a plugin does:
//
//   - inputs and configuration: [Input] and [Section], by typed getters or
//     decoded into a struct;
//   - statements: [Query] and [Exec], with parameters made by [Int], [Text],
//     [Decimal], [Null] and so on, and [On] for another connection;
//   - rows: [Rows], row by row, or batch by batch as the columns of package
//     guest/arrow; [Rows.Output] hands them to the result unseen;
//   - a result of its own: [NewResult];
//   - errors: what a host call ran into is an [*Error]; [Fail] ends the
//     execution with a message and a hint; a panic ends it with the panic's
//     message and function;
//   - a line in the host's log: [Log].
//
// A module has one thread; nothing here is for concurrent use. Built natively
// the same code vets, tests and debugs without wasm: package guest/guesttest
// plays the host.
package guest

import (
	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest/internal/imports"
	"github.com/wasmsql/wasmsql/guest/internal/mem"
)

// Task is what a module does.
type Task struct {
	// Configure is called once per task, before anything that differs between
	// executions is known: for what is worth doing once. It may read the
	// configuration, log and fail. What it leaves in the module's variables,
	// every execution finds there. It may be nil.
	Configure func(*Config) error
	// Run is called for each execution.
	Run func(*Input) error
}

// registered is what the exports call.
var registered Task

// Register sets what the module does. It is to be called from an init function
// of package main, because the main function of a module is never called.
func Register(t Task) {
	registered = t
	export(t)
}

// Registered returns what was registered last: how a test finds the task of
// the plugin that it stands beside.
func Registered() Task { return registered }

// CallConfigure is the export wasmsql_v1_configure of a module with this Task:
// it calls Configure, tells the host of an error, and returns the status.
func (t Task) CallConfigure() int32 { return call(t.configure) }

func (t *Task) configure() error {
	if t.Configure == nil {
		return nil
	}
	var c Config
	err := ReadConfig(&c.Config)
	if err == nil {
		err = t.Configure(&c)
	}
	if err == nil && c.unread != nil {
		err = c.unread()
	}
	return err
}

// CallRun is the export wasmsql_v1_run, as CallConfigure.
func (t Task) CallRun() int32 { return call(t.run) }

func (t *Task) run() error {
	if t.Run == nil {
		return nil
	}
	unseen, unfinished = nil, nil
	var in Input
	err := ReadInput(&in.Input)
	if err == nil {
		err = t.Run(&in)
	}
	if err == nil {
		err = unseen
	}
	if err == nil && unfinished != nil {
		err = unfinished()
	}
	return err
}

// firstRoom is the room of the first read of a message, enough for most.
const firstRoom = 4 << 10

// room is where what each execution reads is read to. What is decoded keeps
// nothing of it. Memory of its own would be found by the allocator, and anew in
// each execution.
var room [firstRoom]byte

// ReadConfig reads the task's configuration, as Configure is given it.
func ReadConfig(c *abi.Config) error {
	b, n := mem.Fill(room[:], imports.ConfigRead)
	if n < 0 {
		return failed(abi.FuncConfigRead.Name, n)
	}
	return c.Unmarshal(b)
}

// ReadInput reads what this execution is given, as Run is given it. In
// configure it is an *Error with abi.State.
func ReadInput(in *abi.Input) error {
	b, n := mem.Fill(room[:], imports.InputRead)
	if n < 0 {
		return failed(abi.FuncInputRead.Name, n)
	}
	return in.Unmarshal(b)
}

// The levels of a log line.
const (
	Debug = abi.LevelDebug
	Info  = abi.LevelInfo
	Warn  = abi.LevelWarn
	Alert = abi.LevelError
)

// Log writes a line to the host's log. What is over the execution's limit is
// dropped by the host.
func Log(level abi.Level, text string) { imports.Log(int32(level), []byte(text)) }
