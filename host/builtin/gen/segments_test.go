package main

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// section returns a section of a module.
func section(id byte, body ...byte) []byte {
	return append(binary.AppendUvarint([]byte{id}, uint64(len(body))), body...)
}

var preamble = []byte("\x00asm\x01\x00\x00\x00")

func dataSection(segments ...segment) []byte {
	body := binary.AppendUvarint(nil, uint64(len(segments)))
	for _, s := range segments {
		body = append(appendSleb(append(body, 0, opI32Const), s.at), opEnd)
		body = append(binary.AppendUvarint(body, uint64(len(s.data))), s.data...)
	}
	return section(sectionData, body...)
}

func TestSlim(t *testing.T) {
	code := section(10, 1, 2, 0, 0x0b)
	long := bytes.Repeat([]byte("x"), 300)
	for _, c := range []struct {
		name string
		in   [][]byte
		want [][]byte
	}{
		{"nothing to do", [][]byte{code}, [][]byte{code}},
		{"custom sections", [][]byte{section(sectionCustom, 1, 'a', 9), code, section(sectionCustom, 1, 'b')}, [][]byte{code}},
		{"close segments", [][]byte{dataSection(segment{64, []byte("ab")}, segment{66, []byte("c")}, segment{70, []byte("d")})},
			[][]byte{dataSection(segment{64, []byte("abc\x00\x00\x00d")})}},
		{"far segments", [][]byte{dataSection(segment{8, []byte("a")}, segment{9 + maxGap + 1, []byte("b")})},
			[][]byte{dataSection(segment{8, []byte("a")}, segment{9 + maxGap + 1, []byte("b")})}},
		{"out of order", [][]byte{dataSection(segment{70000, []byte("z")}, segment{0, []byte("a")}, segment{300, long}, segment{1, []byte("b")})},
			[][]byte{dataSection(segment{0, []byte("ab")}, segment{300, long}, segment{70000, []byte("z")})}},
		{"no data", [][]byte{dataSection()}, [][]byte{dataSection()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := append(bytes.Clone(preamble), bytes.Join(c.in, nil)...)
			before := bytes.Clone(in)
			got, err := slim(in)
			if err != nil {
				t.Fatal(err)
			}
			if want := append(bytes.Clone(preamble), bytes.Join(c.want, nil)...); !bytes.Equal(got, want) {
				t.Errorf("got % x, want % x", got, want)
			}
			if !bytes.Equal(in, before) {
				t.Error("the module that was given was changed")
			}
		})
	}
}

func TestSlimRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		rest []byte
		want string
	}{
		{"a section that is cut short", []byte{10, 5, 0}, "a section is cut short"},
		{"segments that overlap", dataSection(segment{0, []byte("abc")}, segment{2, []byte("d")}), "data section: segments that overlap"},
		{"a passive segment", section(sectionData, 1, 1, 0), "data section: a segment that is not active at a constant"},
		{"an offset from a global", section(sectionData, 1, 0, 0x23, 0, opEnd, 0), "data section: a segment that is not active at a constant"},
		{"a longer offset", section(sectionData, 1, 0, opI32Const, 0, opI32Const, 0), "data section: a segment whose offset is not a constant"},
		{"a segment that is cut short", section(sectionData, 1, 0, opI32Const, 0, opEnd, 4, 1), "data section: cut short"},
	} {
		_, err := slim(append(bytes.Clone(preamble), c.rest...))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := slim([]byte("\x00asm")); err == nil {
		t.Error("a short file has no error")
	}
}

func TestSleb(t *testing.T) {
	for _, v := range []int64{0, 1, 63, 64, 127, 128, 8191, 8192, 1 << 31, -1, -64, -65, -1 << 31} {
		r := cursor{appendSleb(nil, v)}
		if got := r.sleb(); got != v || len(r.b) != 0 {
			t.Errorf("%d came back as %d", v, got)
		}
	}
}
