package result_test

import (
	"io"
	"math/rand/v2"
	"runtime/metrics"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet"
	"github.com/apache/arrow/go/v15/parquet/compress"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"

	"github.com/wasmsql/wasmsql/host/result"
)

const (
	benchRows  = 2_000_000
	benchBatch = 16 << 10
)

var benchSchema = arrow.NewSchema([]arrow.Field{
	{Name: "id", Type: arrow.PrimitiveTypes.Int64, Nullable: true},
	{Name: "n", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "x", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
	{Name: "name", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "ok", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	{Name: "at", Type: &arrow.TimestampType{Unit: arrow.Microsecond}, Nullable: true},
}, nil)

// batchMaker makes the batches of a result as a driver would: one after the
// other, so that none but the last is in memory.
type batchMaker struct {
	rng  *rand.Rand
	b    *array.RecordBuilder
	next int64
}

func newBatchMaker() *batchMaker {
	return &batchMaker{rng: rand.New(rand.NewPCG(1, 2)), b: array.NewRecordBuilder(memory.DefaultAllocator, benchSchema)}
}

func (m *batchMaker) make(rows int) arrow.Record {
	for range rows {
		m.next++
		m.b.Field(0).(*array.Int64Builder).Append(m.next)
		m.b.Field(1).(*array.Int32Builder).Append(m.rng.Int32N(1000))
		m.b.Field(2).(*array.Float64Builder).Append(m.rng.Float64() * 1000)
		m.b.Field(3).(*array.StringBuilder).Append("customer-" + strconv.Itoa(m.rng.IntN(50_000)))
		m.b.Field(4).(*array.BooleanBuilder).Append(m.rng.IntN(2) == 0)
		m.b.Field(5).(*array.TimestampBuilder).Append(arrow.Timestamp(1_600_000_000_000_000 + m.next*1_000_000 + m.rng.Int64N(1_000_000)))
	}
	return m.b.NewRecord()
}

// peakHeap runs f and returns the most memory that the heap took meanwhile.
func peakHeap(f func()) uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}}
	var peak uint64
	stop, done := make(chan struct{}), sync.WaitGroup{}
	done.Go(func() {
		for tick := time.NewTicker(time.Millisecond); ; {
			metrics.Read(s)
			peak = max(peak, s[0].Value.Uint64()+s[1].Value.Uint64())
			select {
			case <-stop:
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	})
	f()
	close(stop)
	done.Wait()
	return peak
}

type recordWriter interface {
	Write(arrow.Record) error
	Close() error
}

type countWriter struct{ n int64 }

func (c *countWriter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// BenchmarkParquet writes 2 million rows of 6 columns with the writer of this
// project and with that of arrow/go, by default and as it does best. What
// stands between making batches and writing them is the same for all.
func BenchmarkParquet(b *testing.B) {
	var base float64
	for _, c := range []struct {
		name string
		open func(io.Writer) recordWriter
	}{
		{"default", func(w io.Writer) recordWriter {
			return must(pqarrow.NewFileWriter(benchSchema, w, parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy)), pqarrow.DefaultWriterProps()))
		}},
		{"tuned", func(w io.Writer) recordWriter {
			return tuned{must(pqarrow.NewFileWriter(benchSchema, w, parquet.NewWriterProperties(
				parquet.WithCompression(compress.Codecs.Snappy), parquet.WithDictionaryDefault(false), parquet.WithDataPageSize(64<<10),
				parquet.WithMaxRowGroupLength(128<<10), parquet.WithEncodingFor("id", parquet.Encodings.DeltaBinaryPacked),
				parquet.WithEncodingFor("n", parquet.Encodings.DeltaBinaryPacked), parquet.WithEncodingFor("at", parquet.Encodings.DeltaBinaryPacked),
			), pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema())))}
		}},
		{"ours", func(w io.Writer) recordWriter {
			r := result.New(result.Parquet, w, result.Options{})
			if err := r.Open(benchSchema); err != nil {
				b.Fatal(err)
			}
			return r
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var spent time.Duration
			var size int64
			var peak uint64
			for b.Loop() {
				out := &countWriter{}
				peak = max(peak, peakHeap(func() { spent += benchWrite(b, c.open(out)) }))
				size = out.n
			}
			rate := float64(benchRows) * float64(b.N) / spent.Seconds()
			if base == 0 {
				base = rate
			}
			b.ReportMetric(rate, "rows/s")
			b.ReportMetric(rate/base, "ratio")
			b.ReportMetric(float64(size)/1e6, "file-MB")
			b.ReportMetric(float64(peak)/1e6, "peak-MB")
		})
	}
}

// tuned writes into buffered row groups, which are split by row.
type tuned struct{ *pqarrow.FileWriter }

func (t tuned) Write(r arrow.Record) error { return t.WriteBuffered(r) }

// benchWrite returns the time spent in the writer.
func benchWrite(b *testing.B, w recordWriter) time.Duration {
	var spent time.Duration
	m := newBatchMaker()
	for left := benchRows; left > 0; left -= benchBatch {
		rec := m.make(min(left, benchBatch))
		start := time.Now()
		if err := w.Write(rec); err != nil {
			b.Fatal(err)
		}
		spent += time.Since(start)
		rec.Release()
	}
	start := time.Now()
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return spent + time.Since(start)
}
