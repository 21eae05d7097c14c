package decode

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
)

func input(values map[string]guest.Value) *guest.Input {
	in := &guest.Input{}
	for name, v := range values {
		in.Values = append(in.Values, abi.NamedValue{Name: name, Value: v})
	}
	return in
}

func TestInput(t *testing.T) {
	var got struct {
		After      int64
		LongerThan int8
		UserID     uint16
		Share      float32
		Name       string `wasmsql:"who"`
		On         bool
		At         time.Time
		Span       time.Duration
		Key        [16]byte
		Raw        []byte
		Day        int64
		Price      string
		Tags       []string
		Maybe      *int
		Nothing    *int
		Any        guest.Value
		Left       int `wasmsql:"-"`
		hidden     int
	}
	got.Left, got.hidden = 1, 2
	seven := 7
	want := got
	want.After, want.LongerThan, want.UserID, want.Share, want.Name, want.On = 3, -4, 5, 0.5, "x", true
	want.At, want.Span, want.Key, want.Raw, want.Day = time.Unix(86400, 250_000_000).UTC(), 2*time.Millisecond, [16]byte{15: 1}, []byte{0}, 6
	want.Price, want.Tags, want.Maybe, want.Any = "1.50", []string{"a", "b"}, &seven, guest.Null(abi.Str)
	err := Input(input(map[string]guest.Value{
		"after": guest.Int(3), "longer_than": guest.Int(-4), "user_id": guest.Int(5), "share": guest.Float(0.5), "who": guest.Text("x"), "on": guest.Bool(true),
		"at": guest.Datetime(86_400_250_000), "span": guest.Timedelta(2000), "key": guest.UUID([16]byte{15: 1}), "raw": guest.Bytes([]byte{0}), "day": guest.Date(6),
		"price": guest.Decimal("1.50"), "tags": guest.Texts("a", "b"), "maybe": guest.Int(7), "nothing": guest.Null(abi.Int), "any": guest.Null(abi.Str),
	}), &got)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: %+v\nwant %+v", err, got, want)
	}
}

// TestInputFaults: all of them come at once.
func TestInputFaults(t *testing.T) {
	var v struct {
		Missing int
		Small   int8
		Null    string
		Wrong   bool
	}
	err := Input(input(map[string]guest.Value{"small": guest.Int(300), "null": guest.Null(abi.Str), "wrong": guest.Int(1)}), &v)
	for _, want := range []string{
		`the plugin reads the input "missing", which the task does not declare`, `the plugin reads the input "small" as int8, the task declares int`,
		`the input "null" is null`, `the plugin reads the input "wrong" as bool, the task declares int`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %s", err, want)
		}
	}
	for _, bad := range []any{nil, v, 3, (*struct{})(nil)} {
		if err := Input(input(nil), bad); err == nil || err.Error() != "decode: not a pointer to a struct" {
			t.Errorf("%T: %v", bad, err)
		}
	}
}

// configured decodes the settings of a config into v, as a plugin would.
func configured(text string, v any) error {
	c := &guest.Config{Config: abi.Config{Plugin: []byte(text)}}
	return Settings(c.Settings(), v)
}

func TestSettings(t *testing.T) {
	type rule struct {
		Name   string
		AtMost uint8 `wasmsql:",optional"`
	}
	var got struct {
		Table  string
		Keep   int
		Share  float64
		On     bool
		Names  []string
		Counts []int16
		Parts  []float64
		Rules  []rule
		Limits struct{ Rows int64 }
		Maybe  *string
		Other  int `wasmsql:",optional"`
	}
	got.Other = 9
	want := got
	want.Table, want.Keep, want.Share, want.On = "t", 3, 0.5, true
	want.Names, want.Counts, want.Parts = []string{"a"}, []int16{1, -2}, []float64{1, 0.5}
	want.Rules, want.Limits.Rows = []rule{{"x", 4}, {"y", 0}}, 5
	err := configured(`{"table": "t", "keep": 3, "share": 0.5, "on": true, "names": ["a"], "counts": [1, -2], "parts": [1, 0.5],
		"rules": [{"name": "x", "at_most": 4}, {"name": "y"}], "limits": {"rows": 5}}`, &got)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: %+v\nwant %+v", err, got, want)
	}
	err = configured(`{"table": 1, "keep": "x", "share": 0.5, "on": true, "names": [1], "counts": [70000], "parts": [], "rules": [{"name": "x", "at_most": -1}], "limits": {}}`, &got)
	for _, want := range []string{
		"config.table: a number, want a text", "config.keep: a text, want a number", "config.names[0]: a number, want a text", "config.counts[0]: 70000 is out of the range of int16",
		"config.rules[0].at_most: -1 is out of the range of uint8", "config.limits.rows: missing, the plugin needs it",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %s", err, want)
		}
	}
}
