package template

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
)

// differences are the errors that this language has on purpose where Jinja has
// a result.
var differences = []string{
	"is no 64-bit integer",
	"does not work on decimals",
	"** makes no real number", // Jinja makes a complex one
	"and there is no else",    // Jinja prints nothing
}

// lenient are templates that work here and not in Jinja, and those where the
// last digit of a power differs.
var lenient = map[string]bool{
	"{{ i is odd if t else 3 }}": true, // Jinja takes if for the test's argument
	"{{ 2 ** f }}":               true,
}

// jinjaFile is testdata/template/jinja.json, made by jinja.py beside it.
type jinjaFile struct {
	Jinja  string
	Inputs map[string]json.RawMessage
	Cases  []struct {
		Template, Out string
		Error         bool
	}
}

// TestJinja holds expressions and statements against what Jinja 3 made of
// them, as jinja.json records it.
func TestJinja(t *testing.T) {
	data, err := os.ReadFile("../../testdata/template/jinja.json")
	if err != nil {
		t.Fatal(err)
	}
	var file jinjaFile
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	inputs := map[string]value{}
	var decls []abi.InputDecl
	for name, raw := range file.Inputs {
		inputs[name] = jinjaInput(t, raw)
		decls = append(decls, abi.InputDecl{Name: name})
	}
	same, refused := 0, 0
	for _, c := range file.Cases {
		got, err := renderPlain(c.Template, decls, inputs)
		switch {
		case lenient[c.Template]:
			refused++
		case c.Error && err == "":
			t.Errorf("%s\n got %q, Jinja has an error", c.Template, got)
		case c.Error:
			same++
		case err != "" && differs(err):
			refused++
		case err != "":
			t.Errorf("%s\n got the error %q, Jinja has %q", c.Template, err, c.Out)
		case got != c.Out:
			t.Errorf("%s\n got %q, Jinja has %q", c.Template, got, c.Out)
		default:
			same++
		}
	}
	t.Logf("Jinja %s: %d cases agree, %d are errors here on purpose", file.Jinja, same, refused)
	if same < 2000 || refused > 30 {
		t.Errorf("%d cases agree and %d differ on purpose", same, refused)
	}
}

func differs(err string) bool {
	for _, d := range differences {
		if strings.Contains(err, d) {
			return true
		}
	}
	return false
}

// renderPlain renders a template to plain text, as Jinja does.
func renderPlain(text string, decls []abi.InputDecl, inputs map[string]value) (string, string) {
	r := &faults{src: text}
	body, _ := parseTemplate(r, decls)
	for _, f := range r.list {
		if !strings.HasPrefix(f.msg, "the template never uses") && !strings.HasPrefix(f.msg, "input ") {
			return "", f.msg
		}
	}
	run := &runner{machine: newMachine(nil), d: &draft{maxSQL: 1 << 20}}
	for name, v := range inputs {
		run.inputs.set(name, v)
	}
	run.nodes(body)
	if run.fault != nil {
		return "", run.fault.msg
	}
	var b strings.Builder
	next := 0
	for _, c := range run.d.text {
		if c == hole {
			b.WriteString(pyString(run.d.holes[next].v))
			next++
			continue
		}
		b.WriteByte(c)
	}
	return b.String(), ""
}

func jinjaInput(t *testing.T, raw json.RawMessage) value {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.UseNumber()
	var x any
	if err := dec.Decode(&x); err != nil {
		t.Fatal(err)
	}
	return jinjaValue(t, x)
}

func jinjaValue(t *testing.T, x any) value {
	t.Helper()
	switch x := x.(type) {
	case nil:
		return none
	case bool:
		return boolValue(x)
	case string:
		return strValue(x)
	case json.Number:
		if n, err := x.Int64(); err == nil {
			return intValue(n)
		}
		f, err := x.Float64()
		if err != nil {
			t.Fatal(err)
		}
		return floatValue(f)
	case []any:
		v := listValue([]value{})
		for _, y := range x {
			v.l = append(v.l, jinjaValue(t, y))
		}
		return v
	case map[string]any:
		for k, y := range x {
			return jinjaSpecial(t, k, y)
		}
	}
	t.Fatalf("an input of type %T", x)
	return none
}

func jinjaSpecial(t *testing.T, kind string, x any) value {
	t.Helper()
	switch kind {
	case "$date":
		d, err := time.Parse("2006-01-02", x.(string))
		if err != nil {
			t.Fatal(err)
		}
		return value{k: kDate, i: d.Unix() / 86400}
	case "$datetime":
		d, err := time.Parse("2006-01-02T15:04:05.999999", x.(string))
		if err != nil {
			t.Fatal(err)
		}
		return value{k: kDatetime, i: d.UnixMicro()}
	case "$timedelta":
		f, _ := x.(json.Number).Float64()
		return value{k: kTimedelta, i: int64(f * 1e6)}
	case "$decimal":
		return value{k: kDecimal, s: x.(string)}
	}
	t.Fatalf("an input of kind %s", kind)
	return none
}
