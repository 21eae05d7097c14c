package main

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Identifiers of the sections that are rewritten.
const (
	sectionCustom = 0
	sectionData   = 11
)

// maxGap is how many zero bytes may stand between two data segments that are
// made one. The Go linker cuts its data at every run of zeros, into some
// 25,000 segments; a host walks them at each instantiation.
const maxGap = 256

// slim rewrites a module of the Go linker: custom sections are dropped, and
// data segments with little between them become one. What the memory holds
// after instantiation is the same.
func slim(wasm []byte) ([]byte, error) {
	const preamble = 8
	if len(wasm) < preamble {
		return nil, errors.New("not a wasm module")
	}
	out := append([]byte(nil), wasm[:preamble]...)
	for r := (cursor{wasm[preamble:]}); len(r.b) > 0; {
		id := r.byte()
		body := r.take(r.uleb())
		if body == nil {
			return nil, errors.New("a section is cut short")
		}
		switch id {
		case sectionCustom:
			continue
		case sectionData:
			var err error
			if body, err = mergeData(body); err != nil {
				return nil, fmt.Errorf("data section: %w", err)
			}
		}
		out = append(out, id)
		out = binary.AppendUvarint(out, uint64(len(body)))
		out = append(out, body...)
	}
	return out, nil
}

type segment struct {
	at   int64
	data []byte
}

func mergeData(body []byte) ([]byte, error) {
	segments, err := readData(body)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(segments, func(a, b segment) int { return cmp.Compare(a.at, b.at) })
	var merged []segment
	for _, s := range segments {
		n := len(merged)
		if n == 0 {
			merged = append(merged, s)
			continue
		}
		last := &merged[n-1]
		gap := s.at - last.at - int64(len(last.data))
		switch {
		case gap < 0:
			return nil, errors.New("segments that overlap")
		case gap > maxGap:
			merged = append(merged, s)
		default:
			// Cut to its length, a segment that is still the module's is copied.
			last.data = append(append(last.data, make([]byte, gap)...), s.data...)
		}
	}
	out := binary.AppendUvarint(nil, uint64(len(merged)))
	for _, s := range merged {
		out = append(out, 0, opI32Const)
		out = append(appendSleb(out, s.at), opEnd)
		out = binary.AppendUvarint(out, uint64(len(s.data)))
		out = append(out, s.data...)
	}
	return out, nil
}

const (
	opI32Const = 0x41
	opEnd      = 0x0b
)

// readData reads the segments of a data section, whose bytes stay its own.
func readData(body []byte) ([]segment, error) {
	r := cursor{body}
	var out []segment
	for range r.uleb() {
		if mode, op := r.byte(), r.byte(); mode != 0 || op != opI32Const {
			return nil, errors.New("a segment that is not active at a constant")
		}
		s := segment{at: r.sleb()}
		if r.byte() != opEnd {
			return nil, errors.New("a segment whose offset is not a constant")
		}
		if s.data = r.take(r.uleb()); s.data == nil {
			return nil, errors.New("cut short")
		}
		out = append(out, s)
	}
	return out, nil
}

// cursor reads a module that the Go linker made: what is cut short reads as
// nothing and is found by the length of a section.
type cursor struct{ b []byte }

func (c *cursor) byte() byte {
	if len(c.b) == 0 {
		return 0xff
	}
	b := c.b[0]
	c.b = c.b[1:]
	return b
}

// take returns the next n bytes, nil if there are fewer.
func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.b)) {
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) uleb() uint64 {
	v, n := binary.Uvarint(c.b)
	c.b = c.b[max(n, 0):]
	return v
}

func (c *cursor) sleb() int64 {
	var v int64
	for shift := 0; shift < 64; {
		b := c.byte()
		v |= int64(b&0x7f) << shift
		shift += 7
		if b < 0x80 {
			if shift < 64 && b&0x40 != 0 {
				v |= -1 << shift
			}
			return v
		}
	}
	return v
}

func appendSleb(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}
