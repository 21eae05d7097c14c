package template

import (
	"strconv"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
)

// TestScope: the first variables and those that few has no room for are found,
// changed and forgotten alike.
func TestScope(t *testing.T) {
	var s scope
	const n = 3 * maxFew
	for turn := range 3 {
		for i := range n {
			if _, ok := s.get(strconv.Itoa(i)); ok {
				t.Errorf("turn %d: %d is there before it is set", turn, i)
			}
			s.set(strconv.Itoa(i), intValue(-1))
			s.set(strconv.Itoa(i), intValue(int64(i+turn)))
		}
		sum, count := int64(0), 0
		s.each(func(v value) { sum += v.i; count++ })
		if count != n || sum != n*(n-1)/2+int64(turn*n) {
			t.Errorf("turn %d: %d variables with the sum %d", turn, count, sum)
		}
		for i := range n {
			if v, ok := s.get(strconv.Itoa(i)); !ok || v.i != int64(i+turn) {
				t.Errorf("turn %d: %d is %v, %t", turn, i, v, ok)
			}
		}
		s.clear()
	}
}

// TestTurnsShareNothing: what one turn of a loop sets, the next does not see.
func TestTurnsShareNothing(t *testing.T) {
	ints := abi.Type{Kind: abi.List, Elem: &abi.Type{Kind: abi.Int}}
	text := "SELECT 0{% for a in .inputs.x %}{% if a == 1 %}{% set b = a %}{% endif %}, {{ b | default(9) }}{% endfor %}"
	tmpl, err := Parse(Options{Text: text, Dialect: abi.SQLite, Inputs: []abi.InputDecl{{Name: "x", Type: ints}}})
	if err != nil {
		t.Fatal(err)
	}
	v := abi.Value{Type: ints}
	for i := range int64(3) {
		v.List = append(v.List, abi.Value{Type: *ints.Elem, Int: i})
	}
	out, err := tmpl.Render([]abi.NamedValue{{Name: "x", Value: v}}, 0)
	if err != nil || len(out) != 1 || len(out[0].Params) != 3 {
		t.Fatalf("%v, %v", out, err)
	}
	for i, want := range []int64{9, 1, 9} {
		if got := out[0].Params[i].Int; got != want {
			t.Errorf("turn %d: %d, want %d", i, got, want)
		}
	}
}
