package abi

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// FuzzConfig and its like hold that no bytes make a decoder panic, and that
// what decodes encodes to bytes that decode to the same, and encode to
// themselves.
func FuzzConfig(f *testing.F)       { fuzz(f, suites[0]) }
func FuzzInput(f *testing.F)        { fuzz(f, suites[1]) }
func FuzzQueryRequest(f *testing.F) { fuzz(f, suites[2]) }
func FuzzError(f *testing.F)        { fuzz(f, suites[3]) }
func FuzzValue(f *testing.F)        { fuzz(f, suites[4]) }

func fuzz(f *testing.F, s suite) {
	for _, v := range s.accepted {
		f.Add(v.msg.Marshal())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		// With no room behind its end, reading over it is a panic.
		b = slices.Clip(slices.Clone(b))
		m := s.empty()
		if err := m.Unmarshal(b); err != nil {
			var where *DecodeError
			if !errors.As(err, &where) || !strings.HasPrefix(where.Path, s.message) {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		once := m.Marshal()
		again := s.empty()
		if err := again.Unmarshal(once); err != nil {
			t.Fatalf("% x became % x: %v", b, once, err)
		}
		if twice := again.Marshal(); !slices.Equal(once, twice) {
			t.Fatalf("% x became % x and then % x", b, once, twice)
		}
		if got, want := rendering(t, again), rendering(t, m); string(got) != string(want) {
			t.Fatalf("% x became\n%s\nand then\n%s", b, want, got)
		}
	})
}

// TestItems keeps out a short message that becomes a large one.
func TestItems(t *testing.T) {
	null := Value{Type: orNull(typeOf(Int)), Null: true}
	v := Value{Type: listOf(null.Type), List: slices.Repeat([]Value{null}, MaxItems)}
	var back Value
	if err := back.Unmarshal(v.Marshal()); err != nil || len(back.List) != MaxItems {
		t.Fatalf("%d entries: %v", len(back.List), err)
	}
	v.List = append(v.List, null)
	wire := v.Marshal()
	const want = "abi: Value.list_value.values: the message has more than 262144 entries"
	if err := back.Unmarshal(wire); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	refused := testing.AllocsPerRun(5, func() { _ = back.Unmarshal(wire) })
	if refused > 20 {
		t.Errorf("%v allocations for a message that is refused", refused)
	}
	// The entries of nested lists count together.
	half := Value{Type: listOf(null.Type), List: v.List[:MaxItems/2]}
	q := QueryRequest{Params: []Value{half, half}}
	if err := new(QueryRequest).Unmarshal(q.Marshal()); err == nil || !strings.HasPrefix(err.Error(), "abi: QueryRequest.params[1].list_value.values: ") {
		t.Errorf("got %v", err)
	}
}

// TestDeterministic keeps the order of fields and the copying of the input.
func TestDeterministic(t *testing.T) {
	wire := requestVectors[2].msg.Marshal()
	var q QueryRequest
	if err := q.Unmarshal(wire); err != nil {
		t.Fatal(err)
	}
	clear(wire)
	if !reflect.DeepEqual(&q, requestVectors[2].msg) {
		t.Errorf("the message keeps a part of what it was read from: %+v", q)
	}
	if !slices.Equal(q.Marshal(), requestVectors[2].msg.Marshal()) {
		t.Error("two encodings of one message")
	}
}

func TestErrorTextIsMadeValid(t *testing.T) {
	e := Error{Code: DB, Message: "near \xff\xfe", Position: -3}
	var back Error
	if err := back.Unmarshal(e.Marshal()); err != nil {
		t.Fatal(err)
	}
	if want := (Error{Code: DB, Message: "near \uFFFD"}); back != want {
		t.Errorf("got %+v, want %+v", back, want)
	}
}

func TestCheck(t *testing.T) {
	for _, v := range valueVectors {
		if err := v.msg.(*Value).Check(); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
	}
	for _, c := range []struct {
		v    Value
		want string
	}{
		{Value{}, "abi: Value.type.kind: missing"},
		{Value{Type: typeOf(14)}, "abi: Value.type.kind: 14 is not known"},
		{Value{Type: typeOf(List)}, "abi: Value.type.elem: missing for a list"},
		{*nullOf(typeOf(Str)), "abi: Value: null, but str has no null"},
		{*strOf(UUID, "short"), "abi: Value.bytes_value: 5 bytes, a uuid has 16"},
		{Value{Type: listOf(typeOf(Int)), List: []Value{*intOf(Int, 1), *intOf(Date, 1)}}, "abi: Value.list_value.values[1].type: date in a list[int]"},
		{Value{Type: listOf(typeOf(Bool)), List: []Value{*intOf(Bool, 2)}}, "abi: Value.list_value.values[0].int_value: 2 is out of the range of bool"},
	} {
		if err := c.v.Check(); err == nil || err.Error() != c.want {
			t.Errorf("Check(%+v) = %v, want %s", c.v, err, c.want)
		}
		// What Check refuses, a reader refuses.
		if err := new(Value).Unmarshal(c.v.Marshal()); err == nil {
			t.Errorf("%+v was read back", c.v)
		}
	}
	if err := deep(MaxDepth).Check(); err != nil {
		t.Error(err)
	}
	if err := deep(MaxDepth + 1).Check(); err == nil {
		t.Error("a type that is too deep has no error")
	}
}

func TestErrnoString(t *testing.T) {
	for e, want := range map[Errno]string{OK: "OK", Denied: "DENIED", Internal: "INTERNAL", 1: "UNKNOWN", -14: "UNKNOWN", -1 << 31: "UNKNOWN"} {
		if got := e.String(); got != want {
			t.Errorf("Errno(%d) = %q, want %q", int32(e), got, want)
		}
	}
}

// TestFuncs holds the signatures against the letters that there are.
func TestFuncs(t *testing.T) {
	if len(Funcs) != 11 {
		t.Errorf("%d functions", len(Funcs))
	}
	names := map[string]bool{}
	for _, f := range Funcs {
		if names[f.Name] || strings.Trim(f.Params, "iI") != "" || f.Result != "I" {
			t.Errorf("%+v", f)
		}
		names[f.Name] = true
	}
}

func BenchmarkQueryRequest(b *testing.B) {
	m := requestVectors[2].msg
	wire := m.Marshal()
	b.ReportAllocs()
	for b.Loop() {
		var q QueryRequest
		if err := q.Unmarshal(wire); err != nil {
			b.Fatal(err)
		}
		q.Marshal()
	}
}

// TestExamples holds the bytes in the documentation of the functions.
func TestExamples(t *testing.T) {
	for _, c := range []struct {
		m    message
		want string
	}{
		{&QueryRequest{Connection: "tracks", SQL: "SELECT 1"}, "0a 06 74 72 61 63 6b 73 12 08 53 45 4c 45 43 54 20 31"},
		{&QueryRequest{SQL: "DELETE FROM t"}, "12 0d 44 45 4c 45 54 45 20 46 52 4f 4d 20 74"},
		{&Input{Values: []NamedValue{{"after", *intOf(Int, 3)}}}, "0a 0f 0a 05 61 66 74 65 72 12 06 0a 02 08 01 10 06"},
		{&Error{Code: Denied, Message: "not granted"}, "08 05 1a 0b 6e 6f 74 20 67 72 61 6e 74 65 64"},
	} {
		if got := spaced(c.m.Marshal()); got != c.want {
			t.Errorf("%+v is %s, want %s", c.m, got, c.want)
		}
	}
}
