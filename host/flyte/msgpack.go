package flyte

import (
	"encoding/binary"
	"errors"
	"math"
	"math/big"
)

// maxNesting bounds how deep a value may be.
const maxNesting = 128

var errMsgpack = errors.New("the msgpack value is malformed")

// readMsgpack decodes one msgpack value, as Python's msgpack does.
//
// Source: https://github.com/msgpack/msgpack/blob/master/spec.md
func readMsgpack(data []byte) (pyValue, error) {
	r := &msgpackReader{data}
	v := r.value(0)
	if r.b == nil || len(r.b) > 0 {
		return pyValue{}, errMsgpack
	}
	return v, nil
}

// msgpackReader reads from b, which becomes nil at the first fault.
type msgpackReader struct{ b []byte }

// take returns the next n bytes, or zeros.
func (r *msgpackReader) take(n uint64) []byte {
	if r.b == nil || uint64(len(r.b)) < n {
		r.b = nil
		return make([]byte, min(n, 8))
	}
	s := r.b[:n]
	r.b = r.b[n:]
	return s
}

// number reads a big-endian unsigned number of 1, 2, 4 or 8 bytes.
func (r *msgpackReader) number(width int) uint64 {
	var room [8]byte
	copy(room[8-width:], r.take(uint64(width)))
	return binary.BigEndian.Uint64(room[:])
}

func (r *msgpackReader) value(depth int) pyValue {
	if depth > maxNesting {
		r.b = nil
		return pyValue{}
	}
	c := r.take(1)[0]
	switch {
	case r.b == nil:
		return pyValue{}
	case c < 0x80:
		return pyValue{kind: pyInt, i: int64(c)}
	case c >= 0xe0:
		return pyValue{kind: pyInt, i: int64(int8(c))}
	case c < 0x90:
		return r.dict(uint64(c&0x0f), depth)
	case c < 0xa0:
		return r.list(uint64(c&0x0f), depth)
	case c < 0xc0:
		return pyText(string(r.take(uint64(c & 0x1f))))
	}
	switch c {
	case 0xc0:
		return pyValue{}
	case 0xc2, 0xc3:
		return pyValue{kind: pyBool, i: int64(c & 1)}
	case 0xc4, 0xc5, 0xc6:
		return pyValue{kind: pyBytes, s: string(r.take(r.number(1 << (c - 0xc4))))}
	case 0xca:
		return pyValue{kind: pyFloat, f: float64(math.Float32frombits(uint32(r.number(4))))}
	case 0xcb:
		return pyValue{kind: pyFloat, f: math.Float64frombits(r.number(8))}
	case 0xcc, 0xcd, 0xce, 0xcf:
		return unsigned(r.number(1 << (c - 0xcc)))
	case 0xd0, 0xd1, 0xd2, 0xd3:
		width := 1 << (c - 0xd0)
		shift := 64 - 8*width
		return pyValue{kind: pyInt, i: int64(r.number(width)<<shift) >> shift}
	case 0xd9, 0xda, 0xdb:
		return pyText(string(r.take(r.number(1 << (c - 0xd9)))))
	case 0xdc, 0xdd:
		return r.list(r.number(2<<(c-0xdc)), depth)
	case 0xde, 0xdf:
		return r.dict(r.number(2<<(c-0xde)), depth)
	}
	r.b = nil // extensions, which flytekit does not write
	return pyValue{}
}

func unsigned(n uint64) pyValue {
	if n > math.MaxInt64 {
		return pyValue{kind: pyInt, big: new(big.Int).SetUint64(n)}
	}
	return pyValue{kind: pyInt, i: int64(n)}
}

func (r *msgpackReader) list(n uint64, depth int) pyValue {
	v := pyValue{kind: pyList}
	for ; n > 0 && r.b != nil; n-- {
		v.list = append(v.list, r.value(depth+1))
	}
	return v
}

// dict reads pairs. A key that comes again replaces the value of the first.
func (r *msgpackReader) dict(n uint64, depth int) pyValue {
	v := pyValue{kind: pyDict}
	at := map[string]int{}
	for ; n > 0 && r.b != nil; n-- {
		key, x := r.value(depth+1), r.value(depth+1)
		name := string(rune('0'+key.kind)) + key.str()
		if i, ok := at[name]; ok {
			v.list[i] = x
			continue
		}
		at[name] = len(v.list)
		v.keys = append(v.keys, key)
		v.list = append(v.list, x)
	}
	return v
}
