package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/internal/columns"
	"github.com/wasmsql/wasmsql/host/internal/hostcall"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// output takes the result of an execution to its Sink: it holds the rows
// against what the task declares and against the limits. It implements
// hostcall.Output.
type output struct {
	program *Program
	sink    Sink
	last    func() error // of a Finisher, else nil
	report  *Report
	opened  bool
	guest   *guestStream // a result that the guest writes itself
}

// Batches in flight between the database and the Sink, and the rows of a first
// batch from which on they overlap: less is not worth a goroutine.
const (
	inFlight    = 2
	overlapFrom = 1024
)

func newOutput(ctx context.Context, p *Program, sink Sink, report *Report) *output {
	o := &output{program: p, sink: sink, report: report}
	if f, ok := sink.(Finisher); ok {
		o.last = f.Finish
	}
	if s, ok := sink.(Paced); ok {
		writing := newPace(ctx, p.host)
		s.Pace(writing.tick, writing.rest)
	}
	return o
}

// Cursor implements hostcall.Output.Cursor.
func (o *output) Cursor(ctx context.Context, rows sqldb.Rows) (int64, error) {
	if rows.Schema().NumFields() == 0 {
		return 0, o.fail(abi.State, &Error{Code: CodeTask, Place: keysOf(o.program.task.Source, "").place("query"), Message: "the statement returns no rows",
			Hint: "a task that only changes rows says outputs: none"})
	}
	conversion, err := columns.Check(rows.Schema(), o.program.task.Outputs)
	if err != nil {
		return 0, o.mismatch(err)
	}
	if err := o.timed(func() error { o.opened = true; return o.sink.Open(conversion.Schema()) }); err != nil {
		e := o.sinkError(err)
		if one, ok := own(e).(*Error); ok && o.program.task.Query != "" {
			one.Place = keysOf(o.program.task.Source, "").place("query") // its columns cannot be held
		}
		return 0, e
	}
	n := o.report.Rows
	if err := o.stream(ctx, rows, func(rec arrow.Record) error { return o.write(rec, conversion) }); err != nil {
		e := *hostcall.Classify(err)
		e.Final = true // the result has begun, and is not whole
		return 0, &e
	}
	return o.report.Rows - n, nil
}

// stream moves all batches of rows to write. After a first batch of some size
// the two overlap.
func (o *output) stream(ctx context.Context, rows sqldb.Rows, write func(arrow.Record) error) error {
	ctx = newPace(ctx, o.program.host).with(ctx)
	rec, err := rows.Next(ctx)
	for err == nil && rec.NumRows() < overlapFrom {
		if err = write(rec); err == nil {
			rec, err = rows.Next(ctx)
		}
	}
	if err != nil {
		return noEOF(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan arrow.Record, inFlight)
	fetched := make(chan error, 1)
	batches <- rec
	go func() {
		defer close(batches)
		fetched <- fetch(ctx, rows, batches)
	}()
	for rec := range batches {
		if err != nil {
			rec.Release()
		} else if err = write(rec); err != nil {
			cancel()
		}
	}
	if ferr := <-fetched; err == nil {
		err = noEOF(ferr)
	}
	return err
}

// fetch moves batches from the database to the channel, until the end.
func fetch(ctx context.Context, rows sqldb.Rows, batches chan<- arrow.Record) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the driver panicked: %v", r)
		}
	}()
	for {
		rec, err := rows.Next(ctx)
		if err != nil {
			return err
		}
		select {
		case batches <- rec:
		case <-ctx.Done():
			rec.Release()
			return ctx.Err()
		}
	}
}

func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// write takes one batch, and releases it.
func (o *output) write(rec arrow.Record, conversion *columns.Conversion) error {
	defer rec.Release()
	out, err := conversion.Apply(rec)
	if err != nil {
		return o.mismatch(err)
	}
	defer out.Release()
	o.report.Rows += out.NumRows()
	o.report.Bytes += hostcall.RecordBytes(out)
	if l := o.program.limits.Rows; l > 0 && o.report.Rows > l {
		return o.limit("rows", l)
	}
	if l := o.program.limits.Bytes; l > 0 && o.report.Bytes > l {
		return o.limit("bytes", l)
	}
	if err := o.timed(func() error { return o.sink.Write(out) }); err != nil {
		return o.sinkError(err)
	}
	return nil
}

// mismatch is the error of a result that is not what outputs declares.
func (o *output) mismatch(err error) error {
	at := keysOf(o.program.task.Source, "outputs.")
	var all columns.Errors
	var one *columns.Error
	if errors.As(err, &one) {
		all = columns.Errors{one}
	} else if !errors.As(err, &all) {
		return err
	}
	errs := make(Errors, len(all))
	for i, e := range all {
		errs[i] = &Error{Code: CodeTask, Task: o.program.task.Name, Place: at.place(e.Name), Message: e.Message, Hint: e.Hint}
	}
	return &hostcall.Error{Guest: abi.Error{Code: abi.Convert, Message: "the result is not what outputs declare"}, Final: true, Cause: errs}
}

func (o *output) limit(what string, l int64) error {
	some := what
	if l == 1 {
		some = strings.TrimSuffix(what, "s")
	}
	return o.fail(abi.Limit, &Error{Code: CodeLimit, Message: fmt.Sprintf("the result has more than %d %s", l, some),
		Hint: fmt.Sprintf("select less, or raise limits.%s in the configuration or of the connection, or --max-%s: the smallest holds", what, what)})
}

// timed adds the time of f to that of the result.
func (o *output) timed(f func() error) error {
	start := time.Now()
	err := unpanicked(f)
	o.report.Times.Result += Micros(time.Since(start))
	return err
}

// unpanicked returns what f panics with as an error: in the middle of a guest's
// call it would pass for the guest's.
func unpanicked(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicked{r, debug.Stack()}
		}
	}()
	return f()
}

// panicked is a panic of a Sink. Where it was is for whoever looks into Cause.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("the sink panicked: %v", p.value) }

// Stack returns the goroutine's stack as it was then.
func (p *panicked) Stack() []byte { return p.stack }

// sinkError is the error of a Sink. What a Sink says is for whoever runs the
// task, who chose it; the guest learns only that it failed.
func (o *output) sinkError(err error) error {
	e := &Error{Code: CodeOutput, Message: err.Error(), Cause: err}
	var known interface{ Remedy() string }
	if errors.As(err, &known) {
		e.Hint = known.Remedy()
	}
	return o.fail(abi.Internal, e)
}

// fail makes an error that the execution cannot outlive.
func (o *output) fail(code abi.Errno, e *Error) error {
	e.Task = o.program.task.Name
	message := e.Message
	if e.Code == CodeOutput {
		message = "the result could not be written"
	}
	return &hostcall.Error{Guest: abi.Error{Code: code, Message: message}, Final: true, Cause: e}
}

// finish waits for the end of the result, once the guest has succeeded, and
// lets the Sink do before the commit what can fail.
func (o *output) finish(ctx context.Context) error {
	if o.guest != nil {
		if err := o.guest.finish(); err != nil {
			return o.asError(ctx, err)
		}
	}
	if !o.opened && o.program.task.Outputs.Mode != abi.OutputNone {
		return &Error{Code: CodeTask, Task: o.program.task.Name, Message: "the guest gave no result, and the task declares outputs",
			Hint: "a task without a result says outputs: none"}
	}
	if o.last == nil {
		return nil
	}
	if err := o.timed(o.last); err != nil {
		return own(o.sinkError(err))
	}
	return nil
}

// cancel ends a result that the guest has begun to write.
func (o *output) cancel() {
	if o.guest != nil {
		o.guest.cancel()
	}
}

// close makes the result visible, after the commit.
func (o *output) close() error {
	if !o.opened {
		return nil
	}
	err := o.timed(o.sink.Close)
	if err == nil {
		return nil
	}
	var e *Error
	errors.As(o.sinkError(err), &e)
	if o.program.writes() {
		e.Message += " (the transaction is committed)"
	}
	o.sink.Abort(e)
	return e
}

func (o *output) asError(ctx context.Context, err error) error {
	return o.program.hostcallError(ctx, hostcall.Classify(err), abi.Failure{})
}
