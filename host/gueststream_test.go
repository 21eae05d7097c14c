package host

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wasmsql/wasmsql/abi"
)

// ipcStream returns a stream of two batches with every kind of column that a
// guest may write.
func ipcStream(t testing.TB, opts ...ipc.Option) []byte {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "i", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, {Name: "s", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "b", Type: arrow.FixedWidthTypes.Boolean}, {Name: "x", Type: arrow.BinaryTypes.Binary},
		{Name: "l", Type: arrow.ListOf(arrow.PrimitiveTypes.Int32), Nullable: true}, {Name: "n", Type: arrow.Null, Nullable: true},
		{Name: "u", Type: &arrow.FixedSizeBinaryType{ByteWidth: 16}}, {Name: "t", Type: arrow.FixedWidthTypes.Timestamp_us},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	var out bytes.Buffer
	w := ipc.NewWriter(&out, append(opts, ipc.WithSchema(schema))...)
	for range 2 {
		b.Field(0).(*array.Int64Builder).AppendValues([]int64{1, 2, 3}, []bool{true, false, true})
		b.Field(1).(*array.StringBuilder).AppendValues([]string{"a", "Zoë", ""}, []bool{true, true, false})
		b.Field(2).(*array.BooleanBuilder).AppendValues([]bool{true, false, true}, nil)
		b.Field(3).(*array.BinaryBuilder).AppendValues([][]byte{{0, 255}, nil, {1}}, nil)
		l := b.Field(4).(*array.ListBuilder)
		l.Append(true)
		l.ValueBuilder().(*array.Int32Builder).AppendValues([]int32{7, 8}, nil)
		l.AppendNull()
		l.Append(true)
		b.Field(5).(*array.NullBuilder).AppendNulls(3)
		for range 3 {
			b.Field(6).(*array.FixedSizeBinaryBuilder).Append(make([]byte, 16))
			b.Field(7).(*array.TimestampBuilder).Append(1)
		}
		rec := b.NewRecord()
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
		rec.Release()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// reading is a Sink that reads every value.
type reading struct{ rows int64 }

func (r *reading) Open(*arrow.Schema) error { return nil }
func (r *reading) Write(rec arrow.Record) error {
	r.rows += rec.NumRows()
	for _, col := range rec.Columns() {
		for i := range col.Len() {
			_ = col.ValueStr(i)
		}
	}
	return nil
}
func (r *reading) Close() error { return nil }
func (r *reading) Abort(error)  {}

// writeResult gives a result to an output as a guest would, in pieces.
func writeResult(stream []byte, piece int) (int64, error) {
	sink := &reading{}
	p := &Program{host: &Host{runtime: &Runtime{slots: newSlots(1, 0)}}, task: Task{Outputs: abi.Outputs{Mode: abi.OutputAny}}}
	o := &output{program: p, sink: sink, report: &Report{}}
	ctx := context.Background()
	for len(stream) > 0 {
		n := min(piece, len(stream))
		if err := o.Write(ctx, stream[:n]); err != nil {
			o.cancel()
			return sink.rows, err
		}
		stream = stream[n:]
	}
	return sink.rows, o.finish(ctx)
}

func TestGuestResult(t *testing.T) {
	stream := ipcStream(t)
	for _, piece := range []int{1, 7, len(stream)} {
		if rows, err := writeResult(stream, piece); err != nil || rows != 6 {
			t.Errorf("in pieces of %d: %d rows, %v", piece, rows, err)
		}
	}
}

// TestGuestResultRefused gives streams that are cut, lie about lengths, or use
// what is not accepted. None makes the host allocate what it claims.
func TestGuestResultRefused(t *testing.T) {
	good := ipcStream(t)
	lie := func(at int, v uint32) []byte {
		b := bytes.Clone(good)
		binary.LittleEndian.PutUint32(b[at:], v)
		return b
	}
	for name, c := range map[string]struct {
		stream []byte
		want   string
	}{
		"no marker":     {lie(0, 1), "does not begin with ff ff ff ff"},
		"metadata":      {lie(4, 1<<31-1), "2147483647 bytes of metadata, the limit is 1048576"},
		"compressed":    {ipcStream(t, ipc.WithZstd()), "compressed batches are not accepted"},
		"tail":          {append(bytes.Clone(good), 1, 2, 3), "3 bytes follow its end"},
		"cut in schema": {good[:100], notArrow},
		"cut in batch":  {good[:len(good)-200], notArrow},
		"only an end":   {[]byte{255, 255, 255, 255, 0, 0, 0, 0}, notArrow},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := writeResult(c.stream, len(c.stream))
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(fmt.Sprint(err), c.want) && !strings.Contains(fmt.Sprint(causes(err)), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
				t.Errorf("%d bytes were allocated", n)
			}
		})
	}
}

func causes(err error) (all []string) {
	for ; err != nil; err = unwrap(err) {
		all = append(all, err.Error())
	}
	return all
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return nil
}

// FuzzGuestResult: whatever a guest writes is rows or an error, and reading
// the rows reads nothing that is not there.
func FuzzGuestResult(f *testing.F) {
	good := ipcStream(f)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte{255, 255, 255, 255, 0, 0, 0, 0})
	f.Fuzz(func(_ *testing.T, stream []byte) {
		_, _ = writeResult(stream, max(1, len(stream)/3))
	})
}
