package sqldb

import (
	"net/url"
	"strings"
	"testing"
)

func TestArgs(t *testing.T) {
	var faults Faults
	a := ReadArgs("connect_args", map[string]any{
		"name": "x", "on": true, "n": 5.0, "x": int64(2), "level": "high", "none": nil,
		"off": "false", "frac": 5.5, "big": 1e300, "text": "5", "depth": "deep", "text2": "a\x00b", "old": 1, "conect_timeout": int64(1), "zz": 1,
	}, &faults)
	var on, off bool
	var n, frac, big, text int64
	var x, none float64
	var level, depth string
	got := []bool{
		a.Bool("on", &on), a.Int("n", &n, 0, 9), a.Float("x", &x, 0, 9), a.Enum("level", &level, "Low", "High"),
		a.Float("none", &none, 0, 1), a.Bool("absent", &off),
	}
	for i, want := range []bool{true, true, true, true, false, false} {
		if got[i] != want {
			t.Errorf("%d: %v", i, got[i])
		}
	}
	if !on || n != 5 || x != 2 || level != "High" {
		t.Error(on, n, x, level)
	}
	a.Bool("off", &off)
	a.Int("frac", &frac, 0, 9)
	a.Int("big", &big, 0, 1<<62)
	a.Int("text", &text, 0, 9)
	a.Enum("depth", &depth, "flat")
	a.Refuse("old", "is gone", "use new")
	a.Refuse("never", "is gone", "")
	var name, kept string
	if !a.Text("level", &name) || name != "high" {
		t.Error(name)
	}
	if a.Text("text2", &kept) || a.Text("frac", &kept) || kept != "" {
		t.Error(kept)
	}
	a.Enum("name", &name, "y", "x")
	a.Int("connect_timeout", &n, 0, 9)
	a.Done()
	want := `connect_args.off: is not a bool
connect_args.frac: is not an int from 0 to 9
connect_args.big: is not an int from 0 to 4611686018427387904
connect_args.text: is not an int from 0 to 9
connect_args.depth: is not an accepted value
connect_args.old: is gone
connect_args.text2: is not a text
connect_args.frac: is not a text
connect_args: unknown name "conect_timeout"
connect_args: unknown name "zz"`
	if faults.Error() != want {
		t.Errorf("got\n%s\nwant\n%s", faults, want)
	}
	if hint := faults[8].Hint; !strings.HasPrefix(hint, `did you mean "connect_timeout"? accepted are absent, big, `) {
		t.Error(hint)
	}
	if hint := faults[9].Hint; !strings.HasPrefix(hint, "accepted are ") {
		t.Error(hint)
	}
}

func TestOptions(t *testing.T) {
	var faults Faults
	a := ReadOptions("uri", url.Values{"a": {"yes"}, "b": {"0"}, "n": {"12"}, "x": {"1e-1"}, "bad": {"x"}, "two": {"1", "2"}}, &faults)
	yes, no := false, true
	var n, two int64
	var x float64
	if !a.Bool("a", &yes) || !a.Bool("b", &no) || !a.Int("n", &n, 0, 99) || !a.Float("x", &x, 0, 1) || !yes || no || n != 12 || x != 0.1 {
		t.Error(yes, no, n, x)
	}
	a.Bool("bad", &yes)
	a.Int("two", &two, 0, 9)
	a.Done()
	if want := "uri.two: given more than once\nuri.bad: is not a bool"; faults.Error() != want {
		t.Errorf("got\n%s", faults)
	}
}

func TestTextAndMap(t *testing.T) {
	var faults Faults
	a := ReadArgs("connect_args", map[string]any{
		"user": "u", "empty": "", "number": int64(5), "nul": "a\x00", "none": nil,
		"ssl": map[string]any{"ca": "c", "kay": "k"}, "flat": "x",
	}, &faults)
	user, empty, other := "", "was", "was"
	if !a.Text("user", &user) || !a.Text("empty", &empty) || a.Text("none", &other) || a.Text("absent", &other) {
		t.Error("what was read is told wrong")
	}
	a.Text("number", &other)
	a.Text("nul", &other)
	if user != "u" || empty != "" || other != "was" {
		t.Error(user, empty, other)
	}
	ssl, ok := a.Map("ssl")
	if !ok {
		t.Fatal("no map")
	}
	var ca, key string
	ssl.Text("ca", &ca)
	ssl.Text("key", &key)
	ssl.Done()
	if _, ok := a.Map("flat"); ok {
		t.Error("a text is taken for a map")
	}
	a.Done()
	want := `connect_args.number: is not a text
connect_args.nul: is not a text
connect_args.ssl: unknown name "kay"
connect_args.flat: is not a map`
	if ca != "c" || faults.Error() != want {
		t.Errorf("%q, got\n%s\nwant\n%s", ca, faults, want)
	}
	if hint := faults[2].Hint; hint != `did you mean "key"? accepted are ca, key` {
		t.Error(hint)
	}
}

func TestBatchDefaults(t *testing.T) {
	if b := (Batch{}).OrDefault(); b != (Batch{DefaultBatchRows, DefaultBatchBytes, DefaultCellBytes}) {
		t.Error(b)
	}
	b := Batch{Rows: 1, Bytes: 2, Cell: 3}
	if b.OrDefault() != b {
		t.Error(b.OrDefault())
	}
	for _, c := range []struct {
		fill Fill
		full bool
	}{{Fill{}, false}, {Fill{Rows: 1}, true}, {Fill{Bytes: 1}, false}, {Fill{Bytes: 2}, true}} {
		if c.fill.Full(b) != c.full {
			t.Errorf("%+v", c)
		}
	}
}
