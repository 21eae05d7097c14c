package abi

import (
	"reflect"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	q := QueryRequest{Connection: "tracks", SQL: "SELECT 1"}
	want := "\x0a\x06tracks\x12\x08SELECT 1"
	if got := string(q.Marshal()); got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	elem := Type{Kind: Int, Nullable: true}
	l := Value{Type: Type{Kind: List, Elem: &elem}, List: []Value{{Type: elem, Int: -1}, {Type: elem, Null: true}}}
	in := Input{Values: []NamedValue{{"a", l}}, LogicalTime: -5, Limits: Limits{HostCalls: 3}}
	var back Input
	if err := back.Unmarshal(in.Marshal()); err != nil || !reflect.DeepEqual(in, back) {
		t.Fatalf("%v\n%+v\n%+v", err, in, back)
	}
}
