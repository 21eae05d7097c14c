package parquet

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet/file"
)

func texts(rows int, value string) arrow.Record {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	for range rows {
		b.Append(value)
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
		{"rows", Options{GroupRows: 1000}, texts(2500, "x"), []int64{1000, 1000, 500}},
		{"bytes", Options{GroupBytes: 100, PageBytes: 64}, texts(10_000, "0123456789abcdefghijklmnopqrstuvwxyz"), []int64{4096, 4096, 1808}},
		{"one huge", Options{GroupBytes: 1 << 10}, texts(2, strings.Repeat("huge", 1<<20)), []int64{2}},
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
