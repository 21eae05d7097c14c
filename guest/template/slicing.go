package template

import (
	"strings"
	"unicode/utf8"
)

// span3 is the bounds of x[from:to:step].
type span3 struct {
	from, to, step int64
	hasFrom, hasTo bool
}

// over returns the first index of a slice of n items, how many it takes and the
// step between them, as Python does.
func (s span3) over(n int64) (start, count, step int64) {
	step = max(-n-1, min(n+1, s.step))
	low, high := int64(0), n
	if step < 0 {
		low, high = -1, n-1
	}
	clamp := func(i int64) int64 {
		if i < 0 {
			i += n
		}
		return max(low, min(high, i))
	}
	start, end := low, high
	if step < 0 {
		start, end = high, low
	}
	if s.hasFrom {
		start = clamp(s.from)
	}
	if s.hasTo {
		end = clamp(s.to)
	}
	if step > 0 && end > start {
		count = (end - start + step - 1) / step
	} else if step < 0 && end < start {
		count = (start - end - step - 1) / -step
	}
	return start, count, step
}

// sliceList slices a list. With a step of 1 the items stay where they are.
func (m *machine) sliceList(at pos, v value, s span3) value {
	start, count, step := s.over(int64(len(v.l)))
	if step == 1 {
		v.l = v.l[start : start+count : start+count]
		m.step(len(v.l))
		return v.measured()
	}
	if !m.growList(int(count)) {
		return m.stop(at)
	}
	out := make([]value, 0, count)
	for ; count > 0; count-- {
		out = append(out, v.l[start])
		start += step
	}
	v.l = out
	return v.measured()
}

// sliceText slices a text by its characters.
func (m *machine) sliceText(at pos, s string, by span3) value {
	m.step(len(s) / 16)
	start, count, step := by.over(int64(utf8.RuneCountInString(s)))
	if count == 0 {
		return strValue("")
	}
	if step == 1 {
		s = s[charOffset(s, start):]
		return strValue(s[:charOffset(s, count)])
	}
	if !m.grow(5 * len(s)) {
		return m.stop(at)
	}
	starts := make([]int32, 0, utf8.RuneCountInString(s)+1)
	for i := 0; i < len(s); {
		starts = append(starts, int32(i))
		_, width := utf8.DecodeRuneInString(s[i:])
		i += width
	}
	starts = append(starts, int32(len(s)))
	var b strings.Builder
	b.Grow(len(s))
	for ; count > 0; count-- {
		b.WriteString(s[starts[start]:starts[start+1]])
		start += step
	}
	return strValue(b.String())
}
