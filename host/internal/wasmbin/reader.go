package wasmbin

import (
	"fmt"
	"unicode/utf8"
)

// reader reads from b[p:end]; after its first error it reads zeros.
type reader struct {
	b   []byte
	p   int
	end int
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("at byte %d: "+format, append([]any{r.p}, args...)...)
	}
}

// refuse ends reading with a bound that is exceeded.
func (r *reader) refuse(what string, found, limit uint64, hint string) {
	if r.err == nil {
		r.err = &Refusal{What: what, Found: found, Limit: limit, Hint: hint}
	}
}

func (r *reader) left() int { return r.end - r.p }

func (r *reader) byte() byte {
	if r.err != nil || r.p >= r.end {
		r.fail("it ends too early")
		return 0
	}
	c := r.b[r.p]
	r.p++
	return c
}

// take returns the next n bytes, which stay the module's.
func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > r.left() {
		r.fail("it ends too early")
		return nil
	}
	s := r.b[r.p : r.p+n : r.p+n]
	r.p += n
	return s
}

// u32 reads an unsigned LEB128 of at most 32 bits.
func (r *reader) u32() uint32 {
	if r.err == nil && r.p < r.end && r.b[r.p] < 0x80 {
		r.p++
		return uint32(r.b[r.p-1])
	}
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		c := r.byte()
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			if v > 1<<32-1 {
				break
			}
			return uint32(v)
		}
	}
	r.fail("a number does not fit 32 bits")
	return 0
}

// signed reads a signed LEB128 of at most that many bits: 32, 33 or 64.
func (r *reader) signed(bits int) int64 {
	var v int64
	for shift := 0; shift < bits; shift += 7 {
		c := r.byte()
		v |= int64(c&0x7f) << shift
		if c >= 0x80 {
			continue
		}
		if rest := bits - shift; rest < 7 {
			// The bits above the highest one must all be like it.
			sign := int8(c<<1) >> rest
			if sign != 0 && sign != -1 {
				break
			}
		}
		if shift+7 < 64 && c&0x40 != 0 {
			v |= -1 << (shift + 7)
		}
		return v
	}
	r.fail("a number does not fit %d bits", bits)
	return 0
}

func (r *reader) name() string {
	n := r.u32()
	if r.err != nil || int64(n) > int64(r.left()) {
		r.fail("a name is longer than its section")
		return ""
	}
	if n > maxName {
		r.refuse("a name's bytes", uint64(n), maxName, "shorten it")
		return ""
	}
	s := r.take(int(n))
	if !utf8.Valid(s) {
		r.fail("a name is not UTF-8")
	}
	return string(s)
}

// count reads the length of a vector whose elements take at least size bytes
// each. More than the limit is refused, before anything is allocated.
func (r *reader) count(what string, size int, limit uint64, hint string) int {
	n := r.u32()
	if r.err != nil {
		return 0
	}
	if uint64(n) > limit {
		r.refuse(what, uint64(n), limit, hint)
		return 0
	}
	if int64(n)*int64(size) > int64(r.left()) {
		r.fail("a vector of %d %s is longer than its section", n, what)
		return 0
	}
	return int(n)
}

func (r *reader) kind() Kind {
	k := r.byte()
	if k > byte(KindGlobal) {
		r.fail("%#x is no kind of import or export", k)
		return 0
	}
	return Kind(k)
}

func (r *reader) valueType() ValueType {
	t := ValueType(r.byte())
	if r.err == nil && !t.valid() {
		r.fail("%#x is no value type", byte(t))
	}
	return t
}

func (r *reader) refType() ValueType {
	t := ValueType(r.byte())
	if r.err == nil && !t.ref() {
		r.fail("%#x is no reference type", byte(t))
	}
	return t
}

func (r *reader) mutable() bool {
	c := r.byte()
	if c > 1 {
		r.fail("%#x does not say whether a global is mutable", c)
	}
	return c == 1
}

func (r *reader) limits() Limits {
	flags := r.byte()
	if flags > 1 {
		r.fail("limits with flags %#x: shared and 64-bit memories are not supported", flags)
	}
	l := Limits{Min: r.u32()}
	if flags == 1 {
		l.Max, l.HasMax = r.u32(), true
	}
	return l
}

// constExpr reads a constant expression of WebAssembly 2.0, which is one
// instruction and an end, and returns its bytes without the end.
func (r *reader) constExpr() []byte {
	start := r.p
	switch op := r.byte(); op {
	case opI32Const:
		r.signed(32)
	case opI64Const:
		r.signed(64)
	case opF32Const:
		r.take(4)
	case opF64Const:
		r.take(8)
	case opGlobalGet, opRefFunc:
		r.u32()
	case opRefNull:
		r.refType()
	case opVecPrefix:
		if r.byte() != opV128Const {
			r.fail("a vector instruction that is no constant")
		}
		r.take(16)
	default:
		r.fail("%#x is no constant instruction", op)
	}
	expr := r.b[start:r.p:r.p]
	if r.byte() != opEnd {
		r.fail("a constant expression of more than one instruction")
	}
	return expr
}
