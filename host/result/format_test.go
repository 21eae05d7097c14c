package result_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wasmsql/wasmsql/host/result"
)

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]result.Format{
		"a.csv": "csv", "A.CSV": "csv", "x/a.json": "json", "a.ndjson": "ndjson", "a.jsonl": "ndjson",
		"a.arrow": "arrow", "a.arrows": "arrow", "a.ipc": "arrow", "a.parquet": "parquet", "a.txt": "table",
		"a": "", "a.": "", "a.xlsx": "", "csv": "", "/dev/stdout": "", "a.csv.gz": "",
	} {
		got, ok := result.FormatOf(path)
		if got != want || ok != (want != "") {
			t.Errorf("FormatOf(%q) = %q, %v, want %q", path, got, ok, want)
		}
	}
}

func TestParseFormat(t *testing.T) {
	for _, f := range result.Formats() {
		if got, err := result.ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("ParseFormat(%q) = %q, %v", f, got, err)
		}
	}
	const accepted = "accepted are table, csv, json, ndjson, arrow, parquet"
	_, err := result.ParseFormat("parket")
	checkError(t, err, `unknown format "parket"`, `did you mean "parquet"? `+accepted)
	_, err = result.ParseFormat("CSV")
	checkError(t, err, `unknown format "CSV"`, `did you mean "csv"? `+accepted)
	_, err = result.ParseFormat("spreadsheet")
	checkError(t, err, `unknown format "spreadsheet"`, accepted)
}

func TestNoRows(t *testing.T) {
	rec := record(t, []string{"id", "a,b"}, []int64{}, []string{})
	for f, want := range map[result.Format]string{
		result.CSV:    "id,\"a,b\"\n",
		result.JSON:   "[]\n",
		result.NDJSON: "",
		result.Table:  "id  a,b\n--  ---\n(0 rows)\n",
	} {
		if got := write(t, f, result.Options{}, rec); got != want {
			t.Errorf("%s: got %q, want %q", f, got, want)
		}
	}
}

// TestCSVReadsBack holds the CSV of every text against another reader.
func TestCSVReadsBack(t *testing.T) {
	texts := []string{"plain", "", " lead", "a,b", `"`, "a\nb", "a\r\nb", "ends\r", "\ttab", "é漢😀", "\xff\xfe not UTF-8", "a\x00b"}
	rec := record(t, []string{"x", "y"}, texts, texts)
	r := csv.NewReader(strings.NewReader(write(t, result.CSV, result.Options{}, rec)))
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range texts {
		// The reader itself turns \r\n in a field into \n.
		want = strings.ReplaceAll(want, "\r\n", "\n")
		if got := rows[i+1][0]; got != want || rows[i+1][1] != want {
			t.Errorf("row %d: got %q, want %q", i, got, want)
		}
	}
}

// TestD9CSVSafe: what a spreadsheet would run is text, numbers stay numbers.
func TestD9CSVSafe(t *testing.T) {
	rec := record(t, []string{"=cmd", "n"},
		[]string{"=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "a=1", "", "-12.5", "\x00=1", "＝1", "\xff"}, []int64{-1, -2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13})
	got := write(t, result.CSV, result.Options{CSVSafe: true}, rec)
	want := "'=cmd,n\n'=1+1,-1\n'+1,-2\n'-1+cmd|' /C calc'!A0,3\n'@SUM(A1),4\n'\t=1,5\n\"'\r=1\",6\n\"'\n=1\",7\na=1,8\n\"\",9\n-12.5,10\n'\x00=1,11\n'＝1,12\n\xff,13\n"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if plain := write(t, result.CSV, result.Options{}, rec); !strings.HasPrefix(plain, "=cmd,n\n=1+1,-1\n") {
		t.Errorf("without CSVSafe: %q", plain)
	}
}

func TestJSONReadsBack(t *testing.T) {
	rec := sample(t)
	all := write(t, result.JSON, result.Options{}, rec, rec)
	var rows []map[string]any
	d := json.NewDecoder(strings.NewReader(all))
	d.UseNumber()
	if err := d.Decode(&rows); err != nil || len(rows) != 8 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	lines := strings.SplitAfter(write(t, result.NDJSON, result.Options{}, rec, rec), "\n")
	if len(lines) != 9 || lines[8] != "" {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines[:8] {
		var row map[string]any
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&row); err != nil || !reflect.DeepEqual(row, rows[i]) {
			t.Errorf("line %d: %v\n%s", i, err, line)
		}
	}
	for name, want := range map[string]any{
		"i64": json.Number("9223372036854775807"), "u64": json.Number("18446744073709551615"), "f64": "-Infinity",
		"dec":  json.Number("-999999999999999999999999999999999999.99"),
		"text": "=1+1 é 漢字 😀", "large": "\x1b[31m\u202e", "bin": "YWJj", "json": "é",
		"list": []any{nil, json.Number("-3")},
	} {
		if got := rows[3][name]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestJSONRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		f     result.Format
		rec   arrow.Record
		want  string
		hint  string
		early bool // in Open
	}{
		{"duplicate", result.JSON, record(t, []string{"id", "x", "id"}, []int64{1}, []int64{2}, []int64{3}),
			`columns 1 and 3 are both named "id", and json would lose one`, `name the columns with AS: … AS "id_2"`, true},
		{"duplicate line", result.NDJSON, record(t, []string{"", ""}, []int64{1}, []int64{2}),
			`columns 1 and 2 are both named "", and ndjson would lose one`, `name the columns with AS: … AS "_2"`, true},
		{"a name that is not UTF-8", result.JSON, record(t, []string{"n\xff"}, []int64{1}),
			`the name of column "n\xff" is not UTF-8`, "give it another name in the query", true},
		{"not UTF-8", result.JSON, record(t, []string{"s"}, []string{"ok", "\xff"}),
			`row 2, column "s": json cannot hold it: text that is not UTF-8`, "cast it to bytes in the query, or write csv or arrow", false},
		{"not JSON", result.NDJSON, jsonRecord("{}", "{a}"),
			`row 2, column "doc": ndjson cannot hold it: text that is not JSON`, "cast it to text in the query, or write csv", false},
		{"two documents", result.NDJSON, jsonRecord("1 2"),
			`row 1, column "doc": ndjson cannot hold it: text that is not JSON`, "cast it to text in the query, or write csv", false},
		{"union", result.JSON, unionRecord(),
			`column "u" has type dense_union<a: type=int32=0>, which json cannot hold`, "cast it in the query, or write arrow", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := result.New(c.f, io.Discard, result.Options{})
			err := w.Open(c.rec.Schema())
			if (err != nil) != c.early {
				t.Fatalf("Open: %v", err)
			}
			if !c.early {
				err = w.Write(c.rec)
			}
			checkError(t, err, c.want, c.hint)
		})
	}
}

func jsonRecord(docs ...string) arrow.Record {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	b.AppendValues(docs, nil)
	f := arrow.Field{Name: "doc", Type: arrow.BinaryTypes.String, Metadata: meta("ARROW:extension:name", "arrow.json")}
	return array.NewRecord(arrow.NewSchema([]arrow.Field{f}, nil), []arrow.Array{b.NewArray()}, int64(len(docs)))
}

func unionRecord() arrow.Record {
	u := arrow.DenseUnionOf([]arrow.Field{{Name: "a", Type: arrow.PrimitiveTypes.Int32}}, []arrow.UnionTypeCode{0})
	b := array.NewBuilder(memory.DefaultAllocator, u)
	return array.NewRecord(arrow.NewSchema([]arrow.Field{{Name: "u", Type: u}}, nil), []arrow.Array{b.NewArray()}, 0)
}

// TestJSONDocuments: an embedded document stays what it is, on one line, and
// what a terminal would act upon is escaped.
func TestJSONDocuments(t *testing.T) {
	got := write(t, result.NDJSON, result.Options{}, jsonRecord(
		"{\"b\": 1,\n\"a\": 1.50, \"a\": 12345678901234567890}", "\"\u009b31m \u202e <&>\"", " [ ] "))
	want := `{"doc":{"b":1,"a":1.50,"a":12345678901234567890}}` + "\n" + `{"doc":"\u009b31m \u202e <&>"}` + "\n" + `{"doc":[]}` + "\n"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestNested covers the types that only a guest's own result has.
func TestNested(t *testing.T) {
	st := arrow.StructOf(arrow.Field{Name: "a", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, arrow.Field{Name: "b", Type: arrow.BinaryTypes.String})
	dict := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}
	m := arrow.MapOf(arrow.BinaryTypes.String, arrow.PrimitiveTypes.Int64)
	fixed := arrow.FixedSizeListOf(2, arrow.PrimitiveTypes.Int64)
	s := arrow.NewSchema([]arrow.Field{{Name: "s", Type: st, Nullable: true}, {Name: "d", Type: dict, Nullable: true}, {Name: "m", Type: m, Nullable: true}, {Name: "f", Type: fixed, Nullable: true}}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	for _, row := range []string{
		`{"s": {"a": 1, "b": "x"}, "d": "red", "m": [{"key": "k", "value": 1}], "f": [1, 2]}`,
		`{"s": null, "d": null, "m": null, "f": null}`,
		`{"s": {"a": null, "b": "y\"z"}, "d": "red", "m": [], "f": [3, 4]}`,
	} {
		if err := b.UnmarshalJSON([]byte(row)); err != nil {
			t.Fatal(err)
		}
	}
	rec := b.NewRecord()
	want := `{"s":{"a":1,"b":"x"},"d":"red","m":[{"key":"k","value":1}],"f":[1,2]}
{"s":null,"d":null,"m":null,"f":null}
{"s":{"a":null,"b":"y\"z"},"d":"red","m":[],"f":[3,4]}
`
	if got := write(t, result.NDJSON, result.Options{}, rec); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got, want := write(t, result.CSV, result.Options{}, rec.NewSlice(2, 3)), "s,d,m,f\n\"{\"\"a\"\":null,\"\"b\"\":\"\"y\\\"\"z\"\"}\",red,[],\"[3,4]\"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTerminalRefusesBinary(t *testing.T) {
	for _, f := range []result.Format{result.Arrow, result.Parquet} {
		err := result.New(f, io.Discard, result.Options{Terminal: true}).Open(sample(t).Schema())
		checkError(t, err, string(f)+" is not for a terminal", "write it to a file with --output-file, or send the output through a pipe")
	}
}

func TestMisuse(t *testing.T) {
	rec := record(t, []string{"a"}, []int64{1})
	w := result.New(result.CSV, io.Discard, result.Options{})
	checkError(t, w.Write(rec), "the result is not open", "")
	if err := w.Open(rec.Schema()); err != nil {
		t.Fatal(err)
	}
	checkError(t, w.Open(rec.Schema()), "the result was opened twice", "")
	for want, other := range map[string]arrow.Record{
		`column "a" changed from int64 to utf8`:     record(t, []string{"a"}, []string{"x"}),
		"a batch has other columns than the result": record(t, []string{"a", "b"}, []int64{1}, []int64{1}),
	} {
		w := result.New(result.CSV, io.Discard, result.Options{})
		if err := w.Open(rec.Schema()); err != nil {
			t.Fatal(err)
		}
		checkError(t, w.Write(other), want, "")
		checkError(t, w.Write(rec), want, "")
		checkError(t, w.Close(), want, "")
	}
	if err := w.Write(rec); err != nil || w.Rows() != 1 {
		t.Errorf("%d rows, %v", w.Rows(), err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	var b bytes.Buffer
	w = result.New("xml", &b, result.Options{})
	checkError(t, w.Open(rec.Schema()), `unknown format "xml"`, "accepted are table, csv, json, ndjson, arrow, parquet")
}

// TestDoesNotRetain: a batch is the caller's again when Write returns.
func TestDoesNotRetain(t *testing.T) {
	for _, f := range result.Formats() {
		mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
		b := array.NewRecordBuilder(mem, sample(t).Schema())
		var data bytes.Buffer
		if err := json.NewEncoder(&data).Encode(map[string]any{"i8": 1, "text": "abc", "list": []int{1, 2}}); err != nil {
			t.Fatal(err)
		}
		if err := b.UnmarshalJSON(data.Bytes()); err != nil {
			t.Fatal(err)
		}
		rec := b.NewRecord()
		w := result.New(f, io.Discard, result.Options{})
		if err := w.Open(rec.Schema()); err != nil {
			t.Fatal(err)
		}
		if err := w.Write(rec); err != nil {
			t.Fatal(err)
		}
		rec.Release()
		b.Release()
		mem.AssertSize(t, 0)
		if err := w.Close(); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
}
