package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// pluginRuns is how often each work is done; the median counts.
const pluginRuns = 3

// pluginQuery returns four columns: an integer, a float, a text of some ten
// letters, and an integer.
const pluginQuery = "SELECT id, value, label, pieces FROM goods"

// plugins measures a guest that reads rows, and one that makes others of them,
// beside the same work by the driver and Arrow alone.
func (b *bench) plugins(ctx context.Context) error {
	one, err := b.buildGuest(ctx, "one")
	if err != nil {
		return err
	}
	b.report("plugin of one query: size", float64(len(one))/1e6, "MB")
	batches, err := b.buildGuest(ctx, "batches")
	if err != nil {
		return err
	}
	uri, err := sqldb.ParseURI("sqlite:///" + filepath.Join(b.dir, "goods.db"))
	if err != nil {
		return err
	}
	rows := b.rows / 2
	if err := fillGoods(ctx, uri, rows); err != nil {
		return err
	}
	var log lastLine
	cfg := hostConfig(sqlite.Driver{}, uri)
	cfg.Limits, cfg.Logger = host.Limits{Fuel: 1 << 40, Timeout: 10 * time.Minute, HostCalls: 1 << 20}, slog.New(&log)
	h, err := host.New(ctx, cfg)
	if err != nil {
		return err
	}
	defer h.Close()
	if err := b.oneQuery(ctx, h, one); err != nil {
		return err
	}
	text, flag := abi.Type{Kind: abi.Str}, abi.Type{Kind: abi.Bool}
	writer, err := h.Load(ctx, host.Task{Name: "batches", Module: batches, Connection: "db",
		Inputs: []host.Input{{Name: "sql", Type: text}, {Name: "write", Type: flag}}})
	if err != nil {
		return err
	}
	reader, err := h.Load(ctx, host.Task{Name: "reading", Module: batches, Connection: "db", Outputs: abi.Outputs{Mode: abi.OutputNone},
		Inputs: []host.Input{{Name: "sql", Type: text}, {Name: "write", Type: flag}}})
	if err != nil {
		return err
	}
	for _, work := range []struct {
		name    string
		program *host.Program
		write   int64
	}{{"reads", reader, 0}, {"reads and writes", writer, 1}} {
		in := host.Inputs{"sql": {Type: text, Str: pluginQuery}, "write": {Type: flag, Int: work.write}}
		var guest, alone []float64
		var want string
		for range pluginRuns {
			began := time.Now()
			sums, err := natively(ctx, uri, work.write == 1)
			if err != nil {
				return err
			}
			alone = append(alone, float64(rows)/time.Since(began).Seconds())
			began = time.Now()
			if _, err := work.program.Run(ctx, in, &summing{}); err != nil {
				return err
			}
			guest = append(guest, float64(rows)/time.Since(began).Seconds())
			if want = sums.String(); work.write == 0 && log.text != want {
				return fmt.Errorf("the plugin has added up to %s, natively it is %s", log.text, want)
			}
		}
		b.compare(fmt.Sprintf("plugin that %s, %d rows x 4", work.name, rows), median(guest), "rows/s", "the driver and Arrow", median(alone))
	}
	return nil
}

// buildGuest builds a guest of testdata/guests/go, which stands beside the
// folder of the evil modules.
func (b *bench) buildGuest(ctx context.Context, name string) ([]byte, error) {
	file := filepath.Join(b.dir, name+".wasm")
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", file, ".")
	cmd.Dir = filepath.Join(filepath.Dir(b.guests), "go", name)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building %s: %w\n%s", name, err, out)
	}
	return os.ReadFile(file)
}

// oneQuery measures a warm execution of a guest that sends one query.
func (b *bench) oneQuery(ctx context.Context, h *host.Host, module []byte) error {
	p, err := h.Load(ctx, host.Task{Name: "one", Module: module, Connection: "db", Inputs: []host.Input{{Name: "id", Type: idType}}})
	if err != nil {
		return err
	}
	runs, err := warmExecutions(ctx, p)
	if err != nil {
		return err
	}
	b.report("plugin of one query: warm execution", medianOf(runs, func(e execution) float64 { return e.total }), "µs")
	b.report("plugin of one query: its own part", medianOf(runs, func(e execution) float64 { return e.guest }), "µs")
	return nil
}

func fillGoods(ctx context.Context, uri sqldb.URI, rows int) (err error) {
	db, err := sqlite.Driver{}.Open(sqldb.Config{Name: "db", URI: uri, Access: abi.ReadWrite})
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.Begin(ctx, sqldb.TxOptions{Access: abi.ReadWrite})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Rollback(ctx)) }()
	for _, q := range []string{
		"CREATE TABLE goods (id INTEGER, value REAL, label TEXT, pieces INTEGER)",
		"CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO people SELECT i, 'name ' || i FROM n",
		fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO goods SELECT i, i * 0.25, 'label ' || i %% 10007, i %% 1000 FROM n", rows-1),
	} {
		if _, err := tx.Exec(ctx, q, nil, true); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

// sums are what is made of the columns when they are added up.
type sums struct {
	id, text, pieces int64
	value            float64
}

func (s sums) String() string {
	return fmt.Sprintf("%d %s %d %d", s.id, strconv.FormatFloat(s.value, 'g', -1, 64), s.text, s.pieces)
}

// natively does what the guest does: it reads the rows, and adds up or makes
// others of them, which go to a Sink.
func natively(ctx context.Context, uri sqldb.URI, write bool) (s sums, err error) {
	db, err := sqlite.Driver{}.Open(sqldb.Config{Name: "db", URI: uri})
	if err != nil {
		return s, err
	}
	defer db.Close()
	tx, err := db.Begin(ctx, sqldb.TxOptions{})
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, tx.Rollback(ctx)) }()
	rows, err := tx.Query(ctx, pluginQuery, nil)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	builder := array.NewRecordBuilder(memory.DefaultAllocator, rows.Schema())
	defer builder.Release()
	sink := &summing{}
	for {
		rec, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		if write {
			out := transform(builder, rec)
			err = sink.Write(out)
			out.Release()
		} else {
			s.add(rec)
		}
		rec.Release()
		if err != nil {
			return s, err
		}
	}
}

func (s *sums) add(rec arrow.Record) {
	for _, v := range rec.Column(0).(*array.Int64).Int64Values() {
		s.id += v
	}
	for _, v := range rec.Column(1).(*array.Float64).Float64Values() {
		s.value += v
	}
	label := rec.Column(2).(*array.String)
	for i := range label.Len() {
		v := label.Value(i)
		for j := range len(v) {
			if v[j] >= 'a' {
				s.text++
			}
		}
	}
	for _, v := range rec.Column(3).(*array.Int64).Int64Values() {
		s.pieces += v
	}
}

// transform makes the same columns: value times pieces, and a label of capital
// letters.
func transform(b *array.RecordBuilder, rec arrow.Record) arrow.Record {
	pieces := rec.Column(3).(*array.Int64).Int64Values()
	values := append([]float64(nil), rec.Column(1).(*array.Float64).Float64Values()...)
	for i := range values {
		values[i] *= float64(pieces[i])
	}
	b.Field(0).(*array.Int64Builder).AppendValues(rec.Column(0).(*array.Int64).Int64Values(), nil)
	b.Field(1).(*array.Float64Builder).AppendValues(values, nil)
	label, to := rec.Column(2).(*array.String), b.Field(2).(*array.StringBuilder)
	var upper []byte
	for i := range label.Len() {
		upper = append(upper[:0], label.Value(i)...)
		for j, c := range upper {
			if c >= 'a' && c <= 'z' {
				upper[j] = c - 'a' + 'A'
			}
		}
		to.BinaryBuilder.Append(upper)
	}
	b.Field(3).(*array.Int64Builder).AppendValues(pieces, nil)
	return b.NewRecord()
}

// summing is a Sink that looks at every value.
type summing struct{ sums }

// Open implements host.Sink.Open.
func (s *summing) Open(*arrow.Schema) error { return nil }

// Write implements host.Sink.Write.
func (s *summing) Write(rec arrow.Record) error { s.add(rec); return nil }

// Close implements host.Sink.Close.
func (s *summing) Close() error { return nil }

// Abort implements host.Sink.Abort.
func (s *summing) Abort(error) {}

// lastLine is a log of which the guest's last line counts.
type lastLine struct{ text string }

// Enabled implements slog.Handler.
func (l *lastLine) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (l *lastLine) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "execution" {
		l.text = r.Message
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (l *lastLine) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements slog.Handler.
func (l *lastLine) WithGroup(string) slog.Handler { return l }
