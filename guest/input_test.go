//go:build !wasip1

package guest

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
)

// failure returns the text that f stops with, or nothing.
func failure(f func()) (text string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Failed:
			text = r.Error()
		default:
			panic(r)
		}
	}()
	f()
	return ""
}

func TestInput(t *testing.T) {
	values := map[string]Value{
		"int": Int(uint8(7)), "float": Float(1.5), "text": Text("x"), "bool": Bool(true), "datetime": Datetime(5), "date": Date(6), "time": Time(7),
		"timedelta": Timedelta(-8), "decimal": Decimal("1.50"), "bytes": Bytes([]byte{0, 1}), "uuid": UUID([16]byte{1, 15: 2}), "json": JSON("[1]"),
		"list": Ints(1, 2), "null": Null(abi.Int),
	}
	in := &Input{}
	for name, v := range values {
		if err := v.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		in.Values = append(in.Values, abi.NamedValue{Name: name, Value: v})
	}
	got := []any{in.Int("int"), in.Float("float"), in.Text("text"), in.Bool("bool"), in.Datetime("datetime"), in.Date("date"), in.Time("time"),
		in.Timedelta("timedelta"), in.Decimal("decimal"), in.Bytes("bytes"), in.UUID("uuid"), in.JSON("json"), in.List("list")[1].Int, in.IsNull("null"),
		in.IsNull("int"), in.Has("int"), in.Has("other"), in.Value("text").Str}
	want := []any{int64(7), 1.5, "x", true, int64(5), int64(6), int64(7), int64(-8), "1.50", []byte{0, 1}, [16]byte{1, 15: 2}, "[1]", int64(2), true,
		false, true, false, "x"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	in.Values = in.Values[:0]
	for _, name := range []string{"after", "null"} {
		in.Values = append(in.Values, abi.NamedValue{Name: name, Value: values[map[string]string{"after": "int", "null": "null"}[name]]})
	}
	for want, f := range map[string]func(){
		"the plugin reads the input \"afer\", which the task does not declare\nhint: the task declares \"after\"":                func() { in.Int("afer") },
		"the plugin reads the input \"other\", which the task does not declare\nhint: declare it in the task file, under inputs": func() { in.Int("other") },
		"the plugin reads the input \"after\" as str, the task declares int\nhint: declare it as str in the task file":           func() { in.Text("after") },
		"the input \"null\" is null\nhint: give it, or declare a default in the task file":                                       func() { in.Int("null") },
	} {
		if got := failure(f); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
}

// TestLists: the entries of a list have one type, that of the list.
func TestLists(t *testing.T) {
	for _, v := range []Value{Ints[int](), Ints(1, 2), Texts("a"), List(abi.Float, Float(1), Null(abi.Float)), List(abi.Date), Null(abi.List)} {
		if err := v.Check(); err != nil {
			t.Errorf("%v: %v", v, err)
		}
	}
	if List(abi.Int, Text("x")).Check() == nil {
		t.Error("a text is in a list of ints")
	}
}

// settingsOf returns the settings of a task whose config is a text.
func settingsOf(text string) *Config {
	return &Config{Config: abi.Config{Plugin: []byte(text)}}
}

func TestSettings(t *testing.T) {
	c := settingsOf(`{"table": "t", "n": -3, "x": 1.5e1, "on": false, "names": ["a", "bé"], "limits": {"rows": 5, "more": 1}, "rules": [{"q": "1"}, {"q": "2", "z": 0}],
		"ints": [1, 2], "floats": [0.5, 2], "null": null, "extra": 1}`)
	s := c.Settings()
	rules := s.Sections("rules")
	got := []any{s.Text("table"), s.Int("n"), s.Float("x"), s.Bool("on"), s.Texts("names"), s.Section("limits").Int("rows"), rules[1].Text("q"), rules[0].Text("q"),
		s.Ints("ints"), s.Floats("floats"), s.TextOr("null", "d"), s.IntOr("none", 4), s.FloatOr("n", 2), s.BoolOr("on", true), s.Texts("none"), s.Has("null")}
	want := []any{"t", int64(-3), 15.0, false, []string{"a", "bé"}, int64(5), "2", "1", []int64{1, 2}, []float64{0.5, 2}, "d", int64(4), -3.0, false, []string(nil), false}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	s.IntOr("exra", 1)
	unread := c.unread().Error()
	for _, want := range []string{
		"config: the plugin has no setting \"extra\"\nhint: the plugin knows \"exra\"", "config.limits: the plugin has no setting \"more\"\nhint: remove it",
		"config.rules[1]: the plugin has no setting \"z\"",
	} {
		if !strings.Contains(unread, want) {
			t.Errorf("%s\nlacks %s", unread, want)
		}
	}
	for want, f := range map[string]func(){
		"config.tabel: missing, the plugin needs it\nhint: there is \"table\"":             func() { s.Text("tabel") },
		"config.table: a text, want a number":                                              func() { s.Int("table") },
		"config.x: 1.5e1 is no whole number of 64 bits":                                    func() { s.Int("x") },
		"config.names: a list, want a map":                                                 func() { s.Section("names") },
		"config.ints[0]: a number, want a text":                                            func() { s.Texts("ints") },
		"config.null: null, want a true or false":                                          func() { s.Bool("null") },
		"config: character 7: no value":                                                    func() { settingsOf(`{"a": x}`).Settings() },
		"config: character 11: the name \"a\" stands twice":                                func() { settingsOf(`{"a":1,"a":2}`).Settings() },
		"config: a list, and the plugin takes named settings\nhint: write config as a map": func() { settingsOf(`[]`).Settings() },
	} {
		if got := failure(f); !strings.HasPrefix(got, want) {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
	if s := settingsOf("").Settings(); len(s.Keys()) != 0 {
		t.Errorf("without a config: %v", s.Keys())
	}
}

// FuzzJSON holds the parser of settings against encoding/json, which takes more:
// a name that stands twice, deeper nesting, half a surrogate pair, bytes that
// are not UTF-8.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{}`, `[1, -2.5e+10, "a\u00e9\ud83d\ude00\n", true, null]`, `{"a": {"b": [[]]}, "c": 0}`, `01`, `1.`, `"\x"`, "\"\x01\"", `{"a" 1}`, `[1,]`, ``} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := jsonParser{text: s}
		v := p.document()
		d := json.NewDecoder(bytes.NewReader([]byte(s)))
		d.UseNumber()
		var want any
		err := d.Decode(&want)
		if err == nil && d.More() || !json.Valid([]byte(s)) {
			err = json.Unmarshal([]byte(s), &want)
		}
		if p.problem != "" {
			return
		}
		if err != nil {
			t.Fatalf("%q is taken, encoding/json says %v", s, err)
		}
		if !strings.Contains(s, "\xff") && !equalJSON(v, want) && json.Valid([]byte(s)) && strings.ToValidUTF8(s, "") == s {
			t.Fatalf("%q is %v, want %v", s, v, want)
		}
	})
}

func equalJSON(v jsonValue, want any) bool {
	switch w := want.(type) {
	case nil:
		return v.kind == 'n'
	case bool:
		return v.kind == 't' && (v.text == "true") == w
	case json.Number:
		return v.kind == '0' && v.text == string(w)
	case string:
		return v.kind == '"' && v.text == w
	case []any:
		return v.kind == '[' && slices.EqualFunc(v.items, w, equalJSON)
	case map[string]any:
		for i, k := range v.keys {
			if x, ok := w[k]; !ok || !equalJSON(v.items[i], x) {
				return false
			}
		}
		return v.kind == '{' && len(v.keys) == len(w)
	}
	return false
}

// TestCalendar holds the calendar against package time, which the SDK leaves
// out of modules.
func TestCalendar(t *testing.T) {
	for days := int64(abi.MinDate); days <= abi.MaxDate; days += 13 {
		want := time.Unix(days*86400, 0).UTC()
		y, m, d := Calendar(days)
		if y != want.Year() || m != int(want.Month()) || d != want.Day() || Day(y, m, d) != days || DateText(days) != want.Format(time.DateOnly) {
			t.Fatalf("%d: %d-%d-%d, want %s", days, y, m, d, want)
		}
	}
	if Day(2026, 14, 31) != Day(2027, 3, 3) || Day(2026, 0, 1) != Day(2025, 12, 1) {
		t.Error("a month or day out of its range does not count on")
	}
	for _, micros := range []int64{0, -1, 1_700_000_000_250_000, abi.MinDatetime, abi.MaxDatetime, -86_400_000_000} {
		if got, want := DatetimeText(micros), time.UnixMicro(micros).UTC().Format("2006-01-02T15:04:05.999999Z"); got != want {
			t.Errorf("%d: %s, want %s", micros, got, want)
		}
	}
}

func TestUUID(t *testing.T) {
	const text = "123e4567-e89b-12d3-a456-4266141740ff"
	v, ok := ParseUUID(strings.ToUpper(text))
	if !ok || UUIDText(v) != text {
		t.Errorf("%s, %t", UUIDText(v), ok)
	}
	for _, bad := range []string{"", text[1:], text + "0", strings.Replace(text, "-", "0", 1), strings.Replace(text, "e", "g", 1)} {
		if _, ok := ParseUUID(bad); ok {
			t.Errorf("%q is a uuid", bad)
		}
	}
}
