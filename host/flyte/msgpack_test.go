package flyte

import (
	"encoding/hex"
	"strings"
	"testing"
)

func TestMsgpack(t *testing.T) {
	for _, c := range []struct{ data, want string }{
		{"07", "7"}, {"ff", "-1"}, {"e0", "-32"}, {"c0", "None"}, {"c2", "False"}, {"c3", "True"},
		{"cc80", "128"}, {"cdffff", "65535"}, {"ceffffffff", "4294967295"}, {"cfffffffffffffffff", "18446744073709551615"},
		{"d080", "-128"}, {"d18000", "-32768"}, {"d280000000", "-2147483648"}, {"d38000000000000000", "-9223372036854775808"},
		{"ca3fc00000", "1.5"}, {"cb3fb999999999999a", "0.1"},
		{"a161", "'a'"}, {"d90161", "'a'"}, {"da000161", "'a'"}, {"db0000000161", "'a'"},
		{"c40100", `b'\x00'`}, {"c5000161", "b'a'"}, {"c60000000161", "b'a'"},
		{"920102", "[1, 2]"}, {"dc00020102", "[1, 2]"}, {"dd000000020102", "[1, 2]"},
		{"81a16101", "{'a': 1}"}, {"de0001a16101", "{'a': 1}"}, {"df00000001a16101", "{'a': 1}"}, {"810102", "{1: 2}"},
		{"82a16101a16102", "{'a': 2}"},
		{"", ""}, {"c1", ""}, {"a2", ""}, {"92", ""}, {"0101", ""}, {"d4" + "0000", ""}, {"dd7fffffff", ""},
		{strings.Repeat("91", 200) + "01", ""},
	} {
		data, err := hex.DecodeString(c.data)
		if err != nil {
			t.Fatal(err)
		}
		v, err := readMsgpack(data)
		if c.want == "" {
			if err == nil {
				t.Errorf("%s: %s", c.data, pyRepr(v))
			}
			continue
		}
		if err != nil || pyRepr(v) != c.want {
			t.Errorf("%s: %s, %v", c.data, pyRepr(v), err)
		}
	}
}

func pyRepr(v pyValue) string {
	var b strings.Builder
	v.repr(&b)
	return b.String()
}

// FuzzMsgpack: no bytes make a value that cannot be printed or bound.
func FuzzMsgpack(f *testing.F) {
	for _, s := range []string{"83a17801a56c6162656ca178a5726174696fcb3fe0000000000000", "93c0c3d9026162", "cfffffffffffffffff", "dd7fffffff"} {
		data, _ := hex.DecodeString(s)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := readMsgpack(data)
		if err != nil {
			return
		}
		_ = v.str()
		if bound, err := (argument{name: "x", value: v}).bound(); err == nil {
			if bound.Type.Kind == 0 {
				t.Errorf("%s has no type", pyRepr(v))
			}
		}
	})
}
