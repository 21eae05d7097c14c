package flyte_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet/file"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
)

// null is the text of a null among cells.
const null = `\N`

// readParquet returns the columns of a file and its cells as text, in the form
// of the golden cases: floats as Python prints them, bytes as 0x…, durations as
// …us, instants as ISO text in UTC.
func readParquet(t *testing.T, path string) (schema []string, rows [][]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := file.NewParquetReader(f)
	if err != nil {
		t.Fatal(err)
	}
	p, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := p.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	stored := storedSchema(t, r)
	for i := range int(table.NumCols()) {
		field := table.Schema().Field(i)
		l, ok := r.MetaData().Schema.Column(i).LogicalType().(interface{ IsAdjustedToUTC() bool })
		if ok && !l.IsAdjustedToUTC() && field.Type.ID() == arrow.TIMESTAMP {
			field.Type = &arrow.TimestampType{Unit: arrow.Microsecond} // the reader takes it for one in UTC
		}
		schema = append(schema, field.Name)
		if stored.Field(i).Type.ID() == arrow.DURATION {
			field.Type = stored.Field(i).Type // the reader leaves it at int64
		}
		at := 0
		for _, chunk := range table.Column(i).Data().Chunks() {
			for k := range chunk.Len() {
				if at == len(rows) {
					rows = append(rows, nil)
				}
				rows[at] = append(rows[at], cell(chunk, field, k))
				at++
			}
		}
	}
	return schema, rows
}

// storedSchema returns the Arrow schema that a file holds, which pyarrow
// restores.
func storedSchema(t *testing.T, r *file.Reader) *arrow.Schema {
	t.Helper()
	text := r.MetaData().KeyValueMetadata().FindValue("ARROW:schema")
	if text == nil {
		t.Fatal("no ARROW:schema")
	}
	data, err := base64.StdEncoding.DecodeString(*text)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ipc.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return s.Schema()
}

// cell is one value as text.
func cell(a arrow.Array, f arrow.Field, i int) string {
	if a.IsNull(i) || a.DataType().ID() == arrow.NULL {
		return null
	}
	if f.Type.ID() == arrow.DURATION {
		return a.ValueStr(i) + "us"
	}
	switch x := a.(type) {
	case *array.Boolean:
		return strconv.FormatBool(x.Value(i))
	case *array.Float64:
		return strconv.FormatFloat(x.Value(i), 'g', -1, 64)
	case *array.String:
		return x.Value(i)
	case *array.Binary:
		return "0x" + hex.EncodeToString(x.Value(i))
	case *array.FixedSizeBinary:
		v := x.Value(i)
		return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:])
	case *array.Date32:
		return x.Value(i).ToTime().Format("2006-01-02")
	case *array.Time64:
		return x.Value(i).ToTime(arrow.Microsecond).Format("15:04:05.999999")
	case *array.Timestamp:
		s := x.Value(i).ToTime(arrow.Microsecond).Format("2006-01-02T15:04:05.999999")
		if f.Type.(*arrow.TimestampType).TimeZone != "" {
			s += "+00:00"
		}
		return s
	case *array.List:
		from, to := x.ValueOffsets(i)
		var parts []string
		for k := from; k < to; k++ {
			parts = append(parts, cell(x.ListValues(), f.Type.(*arrow.ListType).ElemField(), int(k)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return a.ValueStr(i)
}

// wanted is a golden cell as text: of JSON, where null, bools, numbers, lists
// and objects are as such, and text may stand for any value.
func wanted(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return wantedValue(v)
}

func wantedValue(v any) string {
	switch v := v.(type) {
	case nil:
		return null
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, wantedValue(x))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		for _, kind := range []string{"bytes", "date", "datetime", "time"} {
			if s, ok := v[kind].(string); ok && len(v) == 1 {
				return map[string]string{"bytes": "0x"}[kind] + isoTrimmed(strings.Replace(s, " ", "T", 1))
			}
		}
		b, _ := json.Marshal(v)
		return string(b)
	case string:
		return isoTrimmed(v)
	}
	return fmt.Sprint(v)
}

var isoFraction = regexp.MustCompile(`^(\d{4}-\d\d-\d\dT)?(\d\d:\d\d:\d\d\.\d*?)0+(\+00:00)?$`)

// isoTrimmed drops the zeros at the end of a fraction of a second.
func isoTrimmed(s string) string {
	m := isoFraction.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	return m[1] + strings.TrimSuffix(m[2], ".") + m[3]
}

// sameCell compares by value: integers exactly, and where one is a float as
// floats, which is what pandas makes of decimals and of integers with nulls.
func sameCell(got, want string) bool {
	if got == want {
		return true
	}
	if strings.HasPrefix(want, "[") && strings.HasPrefix(got, "[") {
		g, w := strings.Split(strings.Trim(got, "[]"), ", "), strings.Split(strings.Trim(want, "[]"), ", ")
		return slices.EqualFunc(g, w, sameCell)
	}
	whole := func(s string) bool { _, err := strconv.ParseInt(s, 10, 64); return err == nil }
	if whole(got) && whole(want) {
		return false
	}
	g, err1 := strconv.ParseFloat(got, 64)
	w, err2 := strconv.ParseFloat(want, 64)
	return err1 == nil && err2 == nil && (g == w || math.IsNaN(g) && math.IsNaN(w))
}

func sameRows(got, want [][]string) bool {
	return slices.EqualFunc(got, want, func(g, w []string) bool { return slices.EqualFunc(g, w, sameCell) })
}
