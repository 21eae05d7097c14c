package parquet

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	pq "github.com/apache/arrow/go/v15/parquet"
	"github.com/apache/arrow/go/v15/parquet/file"
)

// texts is a column of a text with so many different beginnings, in turn; 0 is
// no beginning.
func texts(rows int, value string, different int) arrow.Record {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	for i := range rows {
		if different > 0 {
			b.Append(strconv.Itoa(i%different) + value)
		} else {
			b.Append(value)
		}
	}
	return array.NewRecord(arrow.NewSchema([]arrow.Field{{Name: "s", Type: arrow.BinaryTypes.String}}, nil), []arrow.Array{b.NewArray()}, int64(rows))
}

// TestGroupBounds: a row group ends at its rows or at its bytes, whichever
// comes first, and so does a page.
func TestGroupBounds(t *testing.T) {
	for _, c := range []struct {
		name   string
		o      Options
		rec    arrow.Record
		groups []int64
	}{
		{"rows", Options{GroupRows: 1000}, texts(2500, "x", 0), []int64{1000, 1000, 500}},
		{"bytes", Options{GroupBytes: 100, PageBytes: 64}, texts(10_000, "0123456789abcdefghijklmnopqrstuvwxyz", 10_000), []int64{4096, 4096, 1808}},
		{"one huge", Options{GroupBytes: 1 << 10}, texts(2, strings.Repeat("huge", 1<<20), 0), []int64{2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			w, err := NewWriter(&b, c.rec.Schema(), c.o)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write(c.rec); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			r, err := file.NewParquetReader(bytes.NewReader(b.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if r.NumRowGroups() != len(c.groups) || r.NumRows() != c.rec.NumRows() {
				t.Fatalf("%d row groups, %d rows", r.NumRowGroups(), r.NumRows())
			}
			for i, want := range c.groups {
				if got := r.MetaData().RowGroup(i).NumRows(); got != want {
					t.Errorf("row group %d has %d rows, want %d", i, got, want)
				}
			}
		})
	}
}

// TestLevels compares with runs made by hand from the specification.
func TestLevels(t *testing.T) {
	for _, c := range []struct {
		name    string
		largest int
		vals    string
		want    string
	}{
		{"none", 0, "0000", ""},
		{"one run", 1, "1111111111", "02000000" + "1401"},
		{"nothing", 1, "", "00000000"},
		{"one group", 1, "10110", "02000000" + "030d"},
		{"group, then run", 1, "011" + strings.Repeat("1", 20), "04000000" + "03fe" + "1e01"},
		{"run, then group", 1, strings.Repeat("0", 9) + "1", "04000000" + "1200" + "0301"},
		{"two bits", 2, "01201201", "03000000" + "03" + "2449"},
	} {
		l := newLevels(c.largest)
		for _, v := range c.vals {
			l.add(uint8(v-'0'), 1)
		}
		got := hex.EncodeToString(l.append(nil))
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestDelta compares with the examples of the specification, in blocks of 128.
func TestDelta(t *testing.T) {
	// 1, 2, 3, 4, 5: deltas of 1, so that nothing is left to pack.
	if got, want := hex.EncodeToString(appendDelta(nil, []int64{1, 2, 3, 4, 5})), "8001"+"04"+"05"+"02"+"02"+"00000000"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// 7, 5, 3, 1, 2, 3, 4, 5: deltas -2 -2 -2 1 1 1 1, less -2: 0 0 0 3 3 3 3.
	if got, want := hex.EncodeToString(appendDelta(nil, []int32{7, 5, 3, 1, 2, 3, 4, 5})), "8001"+"04"+"08"+"0e"+"03"+"02000000"+"c03f000000000000"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// The ends of int32: deltas wrap around, here to -1 and -2^31 + 1, and what
	// is packed is 31 bits wide instead of 33.
	got := appendDelta(nil, []int32{-1 << 31, 1<<31 - 1, 0})
	header, _ := hex.DecodeString("8001" + "04" + "03" + "ffffffff0f" + "fdffffff0f" + "1f000000")
	if !bytes.HasPrefix(got, header) || len(got) != len(header)+4*31 {
		t.Errorf("got %x, want %x and 124 bytes", got, header)
	}
}

// TestDictionary: a column has a dictionary where its values repeat, and no
// longer where the dictionary has become too large; what is read back is the
// same.
func TestDictionary(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for _, c := range []struct {
		name  string
		rec   arrow.Record
		pages []string // of each row group
	}{
		{"one value", texts(50_000, "x", 0), []string{"dictionary"}},
		{"few values", texts(300_000, "x", 300), []string{"dictionary", "dictionary", "dictionary"}},
		{"all different", texts(5000, "x", 5000), []string{"plain"}},
		{"too few to know", texts(200, "x", 0), []string{"plain"}},
		{"more and more", later(t, texts(4096, long, 1000), texts(200_000, long, 50_000)), []string{"dictionary plain", "plain"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b bytes.Buffer
			w, err := NewWriter(&b, c.rec.Schema(), Options{GroupBytes: 1 << 30})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write(c.rec); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			r, err := file.NewParquetReader(bytes.NewReader(b.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			col := c.rec.Column(0).(*array.String)
			at := 0
			for g := range r.NumRowGroups() {
				kinds, vals := readTexts(t, r.RowGroup(g))
				if g < len(c.pages) && kinds != c.pages[g] || g >= len(c.pages) && kinds != c.pages[len(c.pages)-1] {
					t.Errorf("row group %d has pages %q, want %q", g, kinds, c.pages)
				}
				for _, v := range vals {
					if v != col.Value(at) {
						t.Fatalf("row %d is %.20q, want %.20q", at, v, col.Value(at))
					}
					at++
				}
			}
			if at != col.Len() {
				t.Errorf("%d rows, want %d", at, col.Len())
			}
		})
	}
}

// later is two records after each other.
func later(t *testing.T, a, b arrow.Record) arrow.Record {
	t.Helper()
	col, err := array.Concatenate([]arrow.Array{a.Column(0), b.Column(0)}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	return array.NewRecord(a.Schema(), []arrow.Array{col}, int64(col.Len()))
}

// readTexts reads the first column of a row group: which data pages there are,
// and their values.
func readTexts(t *testing.T, g *file.RowGroupReader) (kinds string, vals []string) {
	t.Helper()
	pages, err := g.GetColumnPageReader(0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for pages.Next() {
		if p, ok := pages.Page().(*file.DataPageV1); ok {
			kind := "plain"
			if p.Encoding() == 8 {
				kind = "dictionary"
			}
			if !seen[kind] {
				seen[kind] = true
				kinds = strings.TrimSpace(kinds + " " + kind)
			}
		}
	}
	if err := pages.Err(); err != nil {
		t.Fatal(err)
	}
	col, err := g.Column(0)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]pq.ByteArray, 1000)
	for chunk := col.(*file.ByteArrayColumnChunkReader); chunk.HasNext(); {
		n, _, err := chunk.ReadBatch(int64(len(buf)), buf, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range buf[:n] {
			vals = append(vals, string(v))
		}
	}
	return kinds, vals
}
