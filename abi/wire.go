package abi

import (
	"math"
	"math/bits"
	"strconv"
	"unicode/utf8"
)

// Bounds of what a decoder accepts, so that a short hostile message cannot
// become a large or deep one.
const (
	// MaxDepth is how deep types may nest: int is 1, list[int] is 2.
	MaxDepth = 16
	// MaxItems is how many entries the repeated fields of one message may have
	// together, nested messages included.
	MaxItems = 1 << 18
)

// DecodeError says where and why bytes are not a message of the ABI.
type DecodeError struct {
	Path    string // the field by its names in wasmsql_v1.proto: "QueryRequest.params[3].type"
	Problem string
}

// Error returns the place and the problem, for instance
// "abi: QueryRequest.params[3].type: kind 14 is not known".
func (e *DecodeError) Error() string { return "abi: " + e.Path + ": " + e.Problem }

// in puts the name of the field that held the failing message in front.
func (e *DecodeError) in(field string) *DecodeError {
	if e.Path != "" {
		field += "." + e.Path
	}
	return &DecodeError{field, e.Problem}
}

// The wire types of protobuf that proto3 uses.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// decoder is a message that can be nested in another. What it replaces was
// empty before.
type decoder interface {
	decode(b []byte, left *budget) *DecodeError
}

// budget is what the decoding of one top-level message may still use.
type budget struct{ items int }

func appendTag(b []byte, field, wire int) []byte {
	return appendVarint(b, uint64(field)<<3|uint64(wire))
}

func appendVarint(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

// varintLen returns how many bytes appendVarint writes.
func varintLen(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// appendText writes a string or bytes field, nothing for an empty one.
func appendText(b []byte, field int, s string) []byte {
	if s == "" {
		return b
	}
	b = appendTag(b, field, wireBytes)
	b = appendVarint(b, uint64(len(s)))
	return append(b, s...)
}

// appendUint writes a varint field, nothing for 0.
func appendUint(b []byte, field int, v uint64) []byte {
	if v == 0 {
		return b
	}
	return appendVarint(appendTag(b, field, wireVarint), v)
}

// appendSint writes a sint64 field, nothing for 0.
func appendSint(b []byte, field int, v int64) []byte { return appendUint(b, field, zigzag(v)) }

func appendBool(b []byte, field int, v bool) []byte {
	if !v {
		return b
	}
	return append(appendTag(b, field, wireVarint), 1)
}

func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// Room that is made for a message before it is written, in bytes: what most need.
const (
	usualMessage = 48
	usualValue   = 16
)

// appendMessage writes a nested message, also an empty one. The message comes
// as its method append: were it an interface, a linker would keep that method
// of every message that is decoded as one, and a guest would hold them all.
func appendMessage(b []byte, field int, message func(b []byte) []byte) []byte {
	b = appendTag(b, field, wireBytes)
	at := len(b)
	b = message(append(b, 0))
	size := len(b) - at - 1
	if extra := varintLen(uint64(size)) - 1; extra > 0 {
		for range extra {
			b = append(b, 0)
		}
		copy(b[at+1+extra:], b[at+1:at+1+size])
	}
	appendVarint(b[:at], uint64(size))
	return b
}

// reader reads the fields of one message. The first error ends it: next then
// answers false, and every getter the zero of its type.
type reader struct {
	rest  []byte
	left  *budget
	err   *DecodeError
	field int
	wire  int
	seen  uint32 // the fields that were read once, by number
}

// next moves on to the next field and reports whether there is one.
func (r *reader) next() bool {
	if r.err != nil || len(r.rest) == 0 {
		return false
	}
	tag, ok := r.uvarint()
	if !ok {
		return r.fail("", "a field's tag is cut short or too long")
	}
	if tag>>3 == 0 || tag>>3 >= 1<<29 {
		return r.fail("", "field number "+strconv.FormatUint(tag>>3, 10)+" is out of range")
	}
	r.field, r.wire = int(tag>>3), int(tag&7)
	return true
}

// fail keeps the first error and answers false.
func (r *reader) fail(name, problem string) bool {
	if r.err == nil {
		r.err = &DecodeError{name, problem}
	}
	return false
}

// want checks the wire type of the current field, and that a field which is
// not repeated comes once.
func (r *reader) want(name string, wire int, repeated bool) bool {
	if r.err != nil {
		return false
	}
	if r.wire != wire {
		return r.fail(name, "wire type "+strconv.Itoa(r.wire)+", want "+strconv.Itoa(wire))
	}
	if !repeated {
		if r.seen&(1<<r.field) != 0 {
			return r.fail(name, "given twice")
		}
		r.seen |= 1 << r.field
	}
	return true
}

// uvarint reads a varint, of at most 64 bits.
func (r *reader) uvarint() (uint64, bool) {
	if len(r.rest) > 0 && r.rest[0] < 0x80 { // most are tags and small numbers
		v := uint64(r.rest[0])
		r.rest = r.rest[1:]
		return v, true
	}
	var v uint64
	for i, c := range r.rest {
		if i == 9 && c > 1 {
			return 0, false
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.rest = r.rest[i+1:]
			return v, true
		}
	}
	return 0, false
}

func (r *reader) varint(name string) uint64 {
	if !r.want(name, wireVarint, false) {
		return 0
	}
	v, ok := r.uvarint()
	if !ok {
		r.fail(name, "a number is cut short or too long")
	}
	return v
}

// upTo reads a varint field that may not be more than limit.
func (r *reader) upTo(name string, limit uint64) uint64 {
	v := r.varint(name)
	if v > limit {
		r.fail(name, strconv.FormatUint(v, 10)+" is out of range, at most "+strconv.FormatUint(limit, 10))
		return 0
	}
	return v
}

func (r *reader) boolean(name string) bool { return r.upTo(name, 1) == 1 }

// sint reads a sint64 field.
func (r *reader) sint(name string) int64 { return unzigzag(r.varint(name)) }

func (r *reader) double(name string) float64 {
	if !r.want(name, wireFixed64, false) {
		return 0
	}
	if len(r.rest) < 8 {
		r.fail(name, "cut short")
		return 0
	}
	var v uint64
	for i := 7; i >= 0; i-- {
		v = v<<8 | uint64(r.rest[i])
	}
	r.rest = r.rest[8:]
	return math.Float64frombits(v)
}

// chunk reads a length and as many bytes, which stay the message's.
func (r *reader) chunk(name string) []byte {
	n, ok := r.uvarint()
	if !ok {
		r.fail(name, "a length is cut short or too long")
		return nil
	}
	if n > uint64(len(r.rest)) {
		r.fail(name, "length "+strconv.FormatUint(n, 10)+" with "+strconv.Itoa(len(r.rest))+" bytes left")
		return nil
	}
	c := r.rest[:n:n]
	r.rest = r.rest[n:]
	return c
}

// bytes reads a bytes or message field that comes once.
func (r *reader) bytes(name string) []byte {
	if !r.want(name, wireBytes, false) {
		return nil
	}
	return r.chunk(name)
}

// text reads a string field.
func (r *reader) text(name string) string {
	c := r.bytes(name)
	if !utf8.Valid(c) {
		r.fail(name, "not valid UTF-8")
		return ""
	}
	return string(c)
}

// message reads a nested message that comes once.
func (r *reader) message(name string, m decoder) {
	c := r.bytes(name)
	if r.err != nil {
		return
	}
	if err := m.decode(c, r.left); err != nil {
		r.err = err.in(name)
	}
}

// item reads the bytes of entry i of a repeated message field and takes it
// from the budget.
func (r *reader) item(name string) []byte {
	if !r.want(name, wireBytes, true) {
		return nil
	}
	if r.left.items == 0 {
		r.fail(name, "the message has more than "+strconv.Itoa(MaxItems)+" entries")
		return nil
	}
	r.left.items--
	return r.chunk(name)
}

// decodeItem decodes entry i of a repeated field from what item read.
func (r *reader) decodeItem(name string, i int, c []byte, m decoder) {
	if r.err != nil {
		return
	}
	if err := m.decode(c, r.left); err != nil {
		r.err = err.in(name + "[" + strconv.Itoa(i) + "]")
	}
}

// skip passes over a field that this version does not know.
func (r *reader) skip() {
	n := 0
	switch r.wire {
	case wireVarint:
		if _, ok := r.uvarint(); !ok {
			r.fail("", "an unknown field is cut short or too long")
		}
		return
	case wireBytes:
		r.chunk("")
		return
	case wireFixed64:
		n = 8
	case wireFixed32:
		n = 4
	default:
		r.fail("", "wire type "+strconv.Itoa(r.wire)+" of field "+strconv.Itoa(r.field)+" is not known")
		return
	}
	if len(r.rest) < n {
		r.fail("", "an unknown field is cut short")
		return
	}
	r.rest = r.rest[n:]
}

// missing fails for a field that must be there and was not read.
func (r *reader) missing(name string, field int) {
	if r.seen&(1<<field) == 0 {
		r.fail(name, "missing")
	}
}

// unmarshal decodes a top-level message.
func unmarshal(name string, b []byte, m decoder) error {
	if err := m.decode(b, &budget{items: MaxItems}); err != nil {
		return err.in(name)
	}
	return nil
}
