package flyte

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/secret"
)

// Run says where a prepared task is run, and what becomes of its result.
type Run struct {
	// Host is what the task is loaded into, and Secrets where what the task's
	// connection names is found: by Host too, unless Once is set.
	Host    *host.Host
	Secrets secret.Provider
	// Once has every secret looked up before the task is loaded, for a Host
	// that has other secrets, or none.
	Once bool
	// The result is written to Store, below RawPrefix.
	Store     Store
	RawPrefix string
	// Commit, if it is set, is called with the outputs right before the
	// transaction is committed, when the result is whole and has its name. Its
	// error rolls the transaction back.
	Commit func(*core.LiteralMap) error
	// Terse leaves out of faults where the database is and where secrets were
	// looked for: what only who runs this process should know.
	Terse bool
}

// Run runs the task, once. It returns its outputs, or why there are none; the
// report is valid in any case.
func (t *Task) Run(ctx context.Context, r Run) (*core.LiteralMap, host.Report, *Fault) {
	outputs, report, fault := t.run(ctx, r)
	if fault != nil {
		fault = t.explain(fault, r.Terse)
	}
	return outputs, report, fault
}

func (t *Task) run(ctx context.Context, r Run) (*core.LiteralMap, host.Report, *Fault) {
	report := host.Report{Task: t.Name}
	if err := t.resolve(ctx, r); err != nil {
		return nil, report, FaultOf(err)
	}
	program, err := r.Host.Load(ctx, t.Task)
	if err != nil {
		return nil, report, FaultOf(err)
	}
	defer program.Close()
	if err := t.oneStatement(ctx, program); err != nil {
		return nil, report, FaultOf(err)
	}
	if t.output == "" {
		var sink host.Sink
		if r.Commit != nil {
			sink = &noResult{commit: r.Commit}
		}
		if report, err = program.Run(ctx, t.Inputs, sink); err != nil {
			return nil, report, FaultOf(err)
		}
		return &core.LiteralMap{}, report, nil
	}
	data := newDataset(ctx, r.Store, r.RawPrefix, t.dialect)
	outputs := func() *core.LiteralMap {
		return &core.LiteralMap{Literals: map[string]*core.Literal{t.output: data.literal(t.declared)}}
	}
	if r.Commit != nil {
		data.commit = func() error { return r.Commit(outputs()) }
	}
	if report, err = program.Run(ctx, t.Inputs, data); err != nil {
		f := FaultOf(err)
		if data.committed {
			f.Recoverable = t.readsOnly()
		}
		return nil, report, f
	}
	return outputs(), report, nil
}

// noResult is the Sink of a task without outputs whose commit is announced. It
// implements host.Finisher.
type noResult struct {
	commit func(*core.LiteralMap) error
}

var _ host.Finisher = (*noResult)(nil)

// Open implements host.Sink.
func (*noResult) Open(*arrow.Schema) error { return nil }

// Write implements host.Sink.
func (*noResult) Write(arrow.Record) error { return nil }

// Finish implements host.Finisher.
func (n *noResult) Finish() error { return n.commit(&core.LiteralMap{}) }

// Close implements host.Sink.
func (*noResult) Close() error { return nil }

// Abort implements host.Sink.
func (*noResult) Abort(error) {}
