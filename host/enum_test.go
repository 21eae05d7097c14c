package host_test

import (
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
)

func TestInputLists(t *testing.T) {
	integer := abi.Type{Kind: abi.Int}
	nullable := abi.Type{Kind: abi.Int, Nullable: true}
	list := abi.Type{Kind: abi.List, Elem: &integer}
	ints := func(n ...int64) abi.Value {
		v := abi.Value{Type: list}
		for _, x := range n {
			v.List = append(v.List, intValue(x))
		}
		return v
	}
	for _, c := range []struct {
		in   host.Input
		v    abi.Value
		want bool
	}{
		{host.Input{Type: integer}, intValue(7), true},
		{host.Input{Type: integer, Enum: []abi.Value{intValue(1), intValue(2)}}, intValue(2), true},
		{host.Input{Type: integer, Enum: []abi.Value{intValue(1), intValue(2)}}, intValue(3), false},
		{host.Input{Type: nullable, Enum: []abi.Value{intValue(1)}}, abi.Value{Type: nullable, Null: true}, true},
		{host.Input{Type: list, Enum: []abi.Value{ints(1, 2)}}, ints(1, 2), true},
		{host.Input{Type: list, Enum: []abi.Value{ints(1, 2)}}, ints(2, 1), false},
		{host.Input{Type: list, Enum: []abi.Value{ints(1, 2)}}, ints(1), false},
	} {
		if got := c.in.Lists(c.v); got != c.want {
			t.Errorf("%v of %v: %v, want %v", c.v, c.in.Enum, got, c.want)
		}
	}
}
