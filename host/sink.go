package host

import "github.com/apache/arrow/go/v15/arrow"

// Sink takes the result of one execution, pushed by Program.Run in one
// goroutine. host/result has sinks for files and formats. An error of a Sink
// that has a method Remedy() string gives the run's error its hint.
type Sink interface {
	// Open is called once, also for no rows, before the first Write, and not at
	// all for outputs: none.
	Open(*arrow.Schema) error
	// Write takes a batch, which is the sink's until it returns: retain it to
	// keep it. That it blocks is the back-pressure on the database.
	Write(arrow.Record) error
	// Close is called after the commit and makes the result visible. An error
	// of it comes too late to undo anything: see Finisher.
	Close() error
	// Abort is called instead of Close when the execution failed, also before
	// Open. Nothing of the result may be visible afterwards where that can be.
	Abort(cause error)
}

// Finisher is a Sink that has something to write after the last row. It is
// optional, and looked for once in each run.
type Finisher interface {
	Sink
	// Finish is called once, after the last Write and before the commit, also
	// where the task returns no rows and Open was not called. Everything that
	// can fail, short of making the result visible, has been done when it
	// returns. If it fails the transaction is rolled back and Abort follows;
	// else what follows is Close, or Abort if the commit fails.
	Finish() error
}

// Paced is a Sink that computes, and leaves processors to others as it does. It
// is optional.
type Paced interface {
	Sink
	// Pace is called at most once, before Open. In Write and Finish, the Sink
	// calls tick before it goes on with what it was given, at least every few
	// 100 µs of it: tick may wait until there is a processor. It calls rest
	// before it waits for something outside, and before it returns.
	Pace(tick, rest func())
}

// Discard returns a Sink that drops everything.
func Discard() Sink { return discard{} }

type discard struct{}

func (discard) Open(*arrow.Schema) error { return nil }
func (discard) Write(arrow.Record) error { return nil }
func (discard) Close() error             { return nil }
func (discard) Abort(error)              {}
