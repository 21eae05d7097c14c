package wasmbin

import (
	"bytes"
	"strings"
	"testing"
)

// small is (module (import "m" "f" (func (param i32) (result i64)))
// (memory (export "memory") 2 3) (func (export "run") (result i32) i32.const 0)).
var small = []byte{
	0, 'a', 's', 'm', 1, 0, 0, 0,
	1, 10, 2, 0x60, 1, 0x7f, 1, 0x7e, 0x60, 0, 1, 0x7f,
	2, 7, 1, 1, 'm', 1, 'f', 0, 0,
	3, 2, 1, 1,
	5, 4, 1, 1, 2, 3,
	7, 16, 2, 6, 'm', 'e', 'm', 'o', 'r', 'y', 2, 0, 3, 'r', 'u', 'n', 0, 1,
	10, 6, 1, 4, 0, 0x41, 0, 0x0b,
	0, 5, 4, 'n', 'o', 't', 'e',
}

func TestDecode(t *testing.T) {
	m, err := Decode(small)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Imports) != 1 || m.Imports[0] != (Import{Module: "m", Name: "f"}) {
		t.Errorf("imports: %v", m.Imports)
	}
	if len(m.Memories) != 1 || m.Memories[0] != (Limits{Min: 2, Max: 3, HasMax: true}) {
		t.Errorf("memories: %v", m.Memories)
	}
	e, ok := m.Export("run")
	if !ok || e.Index != 1 {
		t.Fatalf("export run: %v %v", e, ok)
	}
	if f, ok := m.Func(e.Index); !ok || f.String() != "() -> (i32)" {
		t.Errorf("run: %v %v", f, ok)
	}
	if f, ok := m.Func(0); !ok || f.String() != "(i32) -> (i64)" {
		t.Errorf("import: %v %v", f, ok)
	}
	if _, ok := m.Func(2); ok {
		t.Error("a function that is not there")
	}
	if data, ok := m.Custom("note"); !ok || len(data) != 0 {
		t.Errorf("custom: %v %v", data, ok)
	}
}

// TestDecodeRefuses cuts the module at every byte and changes single bytes to
// what cannot be.
func TestDecodeRefuses(t *testing.T) {
	for n := range small {
		m, err := Decode(small[:n])
		if err != nil {
			continue // cut inside of a section
		}
		if _, ok := m.Export("run"); ok && n < 52 {
			t.Errorf("cut at byte %d: an export that was cut off", n)
		}
	}
	for _, c := range []struct {
		name string
		at   int
		to   byte
		want string
	}{
		{"header", 4, 2, "not a WebAssembly module"},
		{"section too long", 9, 200, "section 1"},
		{"unknown section", 8, 77, "unknown or out of order"},
		{"function type", 11, 0x61, "no function type"},
		{"import kind", 27, 9, "no kind of import"},
		{"memory flags", 36, 3, "shared and 64-bit"},
	} {
		b := bytes.Clone(small)
		b[c.at] = c.to
		if _, err := Decode(b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestDecodeCountBomb claims 2^32-1 types in a section of a few bytes.
func TestDecodeCountBomb(t *testing.T) {
	b := append(bytes.Clone(header), 1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f)
	_, err := Decode(b)
	if err == nil || err.Error() != "section 1: types: found 4294967295, at most 16384 are accepted: split the module" {
		t.Fatal(err)
	}
}

// FuzzDecode decodes what comes, and what decodes must encode to something that
// decodes and encodes to the same bytes.
func FuzzDecode(f *testing.F) {
	f.Add(small)
	f.Add(joins(2, 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Decode(b)
		if err != nil {
			return
		}
		for _, e := range m.Exports {
			m.Func(e.Index)
			_ = e.Kind.String()
		}
		if n := len(m.Types) + len(m.Imports) + len(m.Functions) + len(m.Exports) + len(m.Elements) + len(m.Data); n > len(b) {
			t.Fatalf("%d parts of %d bytes", n, len(b))
		}
		_, _ = m.Check()
		out := m.Encode()
		again, err := Decode(out)
		if err != nil {
			t.Fatalf("decodes no more: %v", err)
		}
		if len(out) > len(b) || !bytes.Equal(again.Encode(), out) {
			t.Fatalf("%d bytes became %d, and are not the same the second time", len(b), len(out))
		}
	})
}
