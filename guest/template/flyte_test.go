package template

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/abi/pytext"
)

// TestFlyteInterpolation holds text interpolation against what flytekit made
// of the same template and inputs. Left out are the cases whose inputs have no
// type here: enums and dataclasses, which print the names of Python classes,
// unions of several types, msgpack, and literals that are not of their
// declared type, which flytekit refuses before it interpolates. The reasons
// are counted by skipReason.
func TestFlyteInterpolation(t *testing.T) {
	skipped := map[string]int{}
	passed := 0
	for _, c := range flyteCases(t) {
		decls, in, why := c.values()
		if why != "" {
			skipped[why]++
			continue
		}
		passed++
		t.Run(c.Name, func(t *testing.T) { c.run(t, decls, in) })
	}
	t.Logf("%d cases, left out: %v", passed, skipped)
	if passed < 180 {
		t.Errorf("only %d cases were run", passed)
	}
}

// flyteCase is a case of both formats that testdata/flyte has.
type flyteCase struct {
	Name     string
	Template string
	// interpolate.json
	Interface map[string]flyteType
	Inputs    json.RawMessage
	Expected  struct {
		SQL          *string
		ErrorType    string `json:"error_type"`
		ErrorMessage string `json:"error_message"`
		Stage        string
	}
	AnyOrder []string `json:"any_order"`
}

type flyteType struct {
	Simple         string
	CollectionType *flyteType
	MapValueType   *flyteType
	UnionType      *struct{ Variants []flyteType }
	EnumType       json.RawMessage
	Metadata       json.RawMessage
	Structure      *struct {
		DataclassType json.RawMessage
		Tag           string
	}
}

type flyteLiteral struct {
	Scalar *struct {
		Primitive *struct {
			Integer     *string
			FloatValue  json.RawMessage
			StringValue *string
			Boolean     *bool
			Datetime    *string
			Duration    *string
		}
		NoneType *struct{}
		Union    *struct {
			Value flyteLiteral
			Type  flyteType
		}
		Generic json.RawMessage
		Binary  *struct{ Tag, Value string }
	}
	Collection *struct{ Literals []flyteLiteral }
	Map        *struct{ Literals map[string]flyteLiteral }
}

// flyteInput is an input of one case.
type flyteInput struct {
	Name    string
	Type    *flyteType
	Literal *flyteLiteral
}

func flyteCases(t *testing.T) []flyteCase {
	t.Helper()
	files, err := filepath.Glob("../../testdata/flyte/wide/interpolate/*.json")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	var out []flyteCase
	for _, f := range append(files, "../../testdata/flyte/interpolate.json") {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var list []flyteCase
		if err := json.Unmarshal(data, &list); err != nil {
			t.Fatal(f, err)
		}
		out = append(out, list...)
	}
	return out
}

// inputs reads a case's inputs in either format.
func (c *flyteCase) inputs() []flyteInput {
	var out []flyteInput
	if c.Interface == nil && json.Unmarshal(c.Inputs, &out) == nil {
		return out
	}
	var literals map[string]flyteLiteral
	if json.Unmarshal(c.Inputs, &literals) != nil {
		return nil
	}
	for name, lit := range literals {
		in := flyteInput{Name: name, Literal: &lit}
		if t, ok := c.Interface[name]; ok {
			in.Type = &t
		}
		out = append(out, in)
	}
	return out
}

// values turns the inputs into ours, or says why that cannot be.
func (c *flyteCase) values() (decls []abi.InputDecl, in []abi.NamedValue, why string) {
	if c.Expected.Stage == "types" || c.Expected.Stage == "literals" {
		return nil, nil, "flytekit refuses the literal before it interpolates"
	}
	for _, x := range c.inputs() {
		if x.Type == nil || x.Literal == nil {
			return nil, nil, "an input without a declaration or a value"
		}
		typ, why := x.Type.abi()
		if why != "" {
			return nil, nil, why
		}
		v, why := x.Literal.value(typ)
		if why != "" {
			return nil, nil, why
		}
		decls = append(decls, abi.InputDecl{Name: x.Name, Type: typ})
		in = append(in, abi.NamedValue{Name: x.Name, Value: v})
	}
	return decls, in, ""
}

func (t *flyteType) abi() (abi.Type, string) {
	simple := map[string]abi.Kind{"INTEGER": abi.Int, "FLOAT": abi.Float, "STRING": abi.Str, "BOOLEAN": abi.Bool,
		"DATETIME": abi.Datetime, "DURATION": abi.Timedelta, "STRUCT": abi.JSON, "NONE": abi.Str}
	switch {
	case t.EnumType != nil:
		return abi.Type{}, "an enum prints the name of a Python class"
	case t.Metadata != nil, t.Structure != nil && t.Structure.DataclassType != nil:
		return abi.Type{}, "a dataclass prints the name of a Python class"
	case t.MapValueType != nil:
		_, why := t.MapValueType.abi()
		return abi.Type{Kind: abi.JSON}, why
	case t.CollectionType != nil:
		elem, why := t.CollectionType.abi()
		return abi.Type{Kind: abi.List, Elem: &elem}, why
	case t.UnionType != nil:
		return t.union()
	case simple[t.Simple] == 0:
		return abi.Type{}, "no such type here: " + t.Simple
	}
	return abi.Type{Kind: simple[t.Simple], Nullable: t.Simple == "NONE"}, ""
}

func (t *flyteType) union() (abi.Type, string) {
	var out abi.Type
	for _, v := range t.UnionType.Variants {
		if v.Simple == "NONE" {
			continue
		}
		typ, why := v.abi()
		if why != "" {
			return out, why
		}
		if out.Kind != 0 {
			return out, "a union of several types"
		}
		out = typ
	}
	out.Nullable = true
	return out, ""
}

func (l *flyteLiteral) value(t abi.Type) (abi.Value, string) {
	v := abi.Value{Type: t}
	switch s := l.Scalar; {
	case l.Collection != nil && t.Kind == abi.List:
		for _, x := range l.Collection.Literals {
			y, why := x.value(*t.Elem)
			if why != "" {
				return v, why
			}
			v.List = append(v.List, y)
		}
		return v, ""
	case l.Map != nil && t.Kind == abi.JSON:
		return l.mapValue(v)
	case s == nil:
		return v, "a literal of another shape"
	case s.NoneType != nil:
		v.Null = true
		return v, ""
	case s.Union != nil:
		return s.Union.Value.value(t)
	case s.Generic != nil:
		v.Str = genericJSON(s.Generic)
		return v, ""
	case s.Binary != nil && t.Kind == abi.JSON:
		return v, "msgpack is read by the host"
	case s.Primitive == nil:
		return v, "a literal of another shape"
	}
	return l.primitive(v)
}

// mapValue writes a map of plain literals as JSON.
func (l *flyteLiteral) mapValue(v abi.Value) (abi.Value, string) {
	x, why := l.plain()
	if why != "" {
		return v, why
	}
	b, err := json.Marshal(x)
	if err != nil {
		return v, err.Error()
	}
	v.Str = string(b)
	return v, ""
}

func (l *flyteLiteral) plain() (any, string) {
	switch {
	case l.Map != nil:
		out := map[string]any{}
		for k, x := range l.Map.Literals {
			y, why := x.plain()
			if why != "" {
				return nil, why
			}
			out[k] = y
		}
		return out, ""
	case l.Collection != nil:
		out := []any{}
		for _, x := range l.Collection.Literals {
			y, why := x.plain()
			if why != "" {
				return nil, why
			}
			out = append(out, y)
		}
		return out, ""
	case l.Scalar == nil || l.Scalar.Primitive == nil:
		return nil, "a map of other literals"
	}
	switch p := l.Scalar.Primitive; {
	case p.Integer != nil:
		return json.Number(*p.Integer), ""
	case p.StringValue != nil:
		return *p.StringValue, ""
	case p.Boolean != nil:
		return *p.Boolean, ""
	}
	return nil, "a map of other literals"
}

// genericJSON writes a Struct's JSON with every number as a float, which is
// what Python makes of it.
func genericJSON(raw json.RawMessage) string {
	var x any
	if err := json.Unmarshal(raw, &x); err != nil {
		return string(raw)
	}
	return floatsJSON(x)
}

func floatsJSON(x any) string {
	switch x := x.(type) {
	case float64:
		return pytext.Float(x)
	case map[string]any:
		var parts []string
		for k, y := range x {
			parts = append(parts, strconv.Quote(k)+":"+floatsJSON(y))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		var parts []string
		for _, y := range x {
			parts = append(parts, floatsJSON(y))
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	b, _ := json.Marshal(x)
	return string(b)
}

func (l *flyteLiteral) primitive(v abi.Value) (abi.Value, string) {
	switch p := l.Scalar.Primitive; {
	case p.StringValue != nil && v.Type.Kind == abi.Str:
		v.Str = *p.StringValue
	case p.Boolean != nil && v.Type.Kind == abi.Bool:
		if *p.Boolean {
			v.Int = 1
		}
	case p.Integer != nil && (v.Type.Kind == abi.Int || v.Type.Kind == abi.Float):
		v.Int, _ = strconv.ParseInt(*p.Integer, 10, 64)
		if v.Type.Kind == abi.Float {
			v.Float, v.Int = float64(v.Int), 0
		}
	case p.FloatValue != nil && (v.Type.Kind == abi.Int || v.Type.Kind == abi.Float):
		f, err := strconv.ParseFloat(strings.Trim(string(p.FloatValue), `"`), 64)
		if err != nil {
			return v, err.Error()
		}
		v.Float = f
		if v.Type.Kind == abi.Int {
			v.Int, v.Float = int64(math.Trunc(f)), 0
		}
	case p.Datetime != nil && v.Type.Kind == abi.Datetime:
		at, err := time.Parse(time.RFC3339Nano, *p.Datetime)
		if err != nil {
			return v, err.Error()
		}
		v.Int = at.Unix()*1e6 + int64(at.Nanosecond()/1000)
	case p.Duration != nil && v.Type.Kind == abi.Timedelta:
		v.Int = durationMicros(*p.Duration)
	default:
		return v, "a literal of another type"
	}
	return v, ""
}

// durationMicros reads protobuf's "-1.000000999s", cut toward zero.
func durationMicros(s string) int64 {
	s = strings.TrimSuffix(s, "s")
	whole, frac, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	sec, _ := strconv.ParseInt(whole, 10, 64)
	us, _ := strconv.ParseInt((frac + "000000")[:6], 10, 64)
	n := sec*1e6 + us
	if strings.HasPrefix(s, "-") {
		return -n
	}
	return n
}

func (c *flyteCase) run(t *testing.T, decls []abi.InputDecl, in []abi.NamedValue) {
	tmpl, err := Parse(Options{Text: c.Template, Dialect: abi.SQLite, Interpolation: abi.Text, Inputs: decls})
	var sql string
	if err == nil {
		var f *fault
		if sql, f = tmpl.interpolate(in, defaultMaxSQL); f != nil {
			err = Errors{f.place(c.Template)}
		}
	}
	if want := c.Expected.ErrorMessage; want != "" {
		if err == nil {
			t.Fatalf("no error, want %q", want)
		}
		got := err.(Errors)[0].Message
		if got != want && !(len(c.AnyOrder) > 0 && sameNames(got, want)) {
			t.Errorf("error\n%q\nwant\n%q", got, want)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if sql != *c.Expected.SQL {
		t.Errorf("SQL\n%q\nwant\n%q", sql, *c.Expected.SQL)
	}
}

// sameNames compares two messages whose list of names has an order by chance.
func sameNames(a, b string) bool {
	cut := func(s string) map[string]int {
		words := map[string]int{}
		for _, w := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" ,{}[]()", r) }) {
			words[w]++
		}
		return words
	}
	x, y := cut(a), cut(b)
	if len(a) != len(b) || len(x) != len(y) {
		return false
	}
	for w, n := range x {
		if y[w] != n {
			return false
		}
	}
	return true
}

// TestFlyteTypes holds the types that flytekit has no literal for against
// Python's str and repr.
func TestFlyteTypes(t *testing.T) {
	uuid, err := base64.StdEncoding.DecodeString("EjRWeJq83vASNFZ4mrze8A==")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		v         value
		str, repr string
	}{
		{value{k: kTime, i: 11045000600}, "03:04:05.000600", "datetime.time(3, 4, 5, 600)"},
		{value{k: kTime}, "00:00:00", "datetime.time(0, 0)"},
		{value{k: kTime, i: 60e6}, "00:01:00", "datetime.time(0, 1)"},
		{value{k: kDate, i: -719162}, "0001-01-01", "datetime.date(1, 1, 1)"},
		{value{k: kDate, i: 2932896}, "9999-12-31", "datetime.date(9999, 12, 31)"},
		{value{k: kDatetime, i: -1}, "1969-12-31 23:59:59.999999+00:00", "datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=datetime.timezone.utc)"},
		{value{k: kTimedelta, i: 36000e6}, "10:00:00", "datetime.timedelta(seconds=36000)"},
		{value{k: kDecimal, s: "-012.50"}, "-12.50", "Decimal('-12.50')"},
		{value{k: kBytes, s: "a'\x00\xff\\"}, `b"a'\x00\xff\\"`, `b"a'\x00\xff\\"`},
		{value{k: kUUID, s: string(uuid)}, "12345678-9abc-def0-1234-56789abcdef0", "UUID('12345678-9abc-def0-1234-56789abcdef0')"},
		{value{k: kFloat, f: math.Copysign(0, -1)}, "-0.0", "-0.0"},
	} {
		if got := pyString(c.v); got != c.str {
			t.Errorf("str is %s, want %s", got, c.str)
		}
		if got := pyRepr(c.v); got != c.repr {
			t.Errorf("repr is %s, want %s", got, c.repr)
		}
	}
}
