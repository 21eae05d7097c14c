package host

import "github.com/apache/arrow/go/v15/arrow"

// Sink takes the result of one execution, pushed by Program.Run in one
// goroutine. host/result has sinks for files and formats.
type Sink interface {
	// Open is called once, also for no rows, before the first Write, and not at
	// all for outputs: none.
	Open(*arrow.Schema) error
	// Write takes a batch, which is the sink's until it returns: retain it to
	// keep it. That it blocks is the back-pressure on the database.
	Write(arrow.Record) error
	// Close is called after the commit and makes the result visible.
	Close() error
	// Abort is called instead of Close when the execution failed, also before
	// Open. Nothing of the result may be visible afterwards where that can be.
	Abort(cause error)
}

// Discard returns a Sink that drops everything.
func Discard() Sink { return discard{} }

type discard struct{}

func (discard) Open(*arrow.Schema) error { return nil }
func (discard) Write(arrow.Record) error { return nil }
func (discard) Close() error             { return nil }
func (discard) Abort(error)              {}
