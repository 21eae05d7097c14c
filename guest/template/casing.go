package template

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pyUpper is Python's str.upper: with the characters whose upper case is more
// than one character (Unicode's SpecialCasing.txt).
func pyUpper(s string) string {
	if casedBytes(s) == len(s) {
		return strings.ToUpper(s) // ASCII
	}
	s = strings.ToUpper(s)
	if !strings.ContainsAny(s, specialFrom) {
		return s
	}
	from, to := []rune(specialFrom), strings.Split(specialTo, " ")
	var b strings.Builder
	b.Grow(casedBytes(s))
	for _, r := range s {
		i := sort.Search(len(from), func(i int) bool { return from[i] >= r })
		if i < len(from) && from[i] == r {
			b.WriteString(to[i])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// specialFrom lists the characters in order, specialTo their upper case.
const specialFrom = "\u00df\u0149\u01f0\u0390\u03b0\u0587\u1e96\u1e97\u1e98\u1e99\u1e9a\u1f50\u1f52\u1f54\u1f56\u1f80\u1f81\u1f82\u1f83\u1f84\u1f85\u1f86\u1f87\u1f88\u1f89\u1f8a\u1f8b\u1f8c\u1f8d\u1f8e\u1f8f\u1f90\u1f91\u1f92\u1f93\u1f94\u1f95\u1f96\u1f97\u1f98\u1f99\u1f9a\u1f9b\u1f9c\u1f9d\u1f9e\u1f9f\u1fa0\u1fa1\u1fa2\u1fa3\u1fa4\u1fa5\u1fa6\u1fa7\u1fa8\u1fa9\u1faa\u1fab\u1fac\u1fad\u1fae\u1faf\u1fb2\u1fb3\u1fb4\u1fb6\u1fb7\u1fbc\u1fc2\u1fc3\u1fc4\u1fc6\u1fc7\u1fcc\u1fd2\u1fd3\u1fd6\u1fd7\u1fe2\u1fe3\u1fe4\u1fe6\u1fe7\u1ff2\u1ff3\u1ff4\u1ff6\u1ff7\u1ffc\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06\ufb13\ufb14\ufb15\ufb16\ufb17"

const specialTo = "SS \u02bcN J\u030c \u0399\u0308\u0301 \u03a5\u0308\u0301 \u0535\u0552 H\u0331 T\u0308 W\u030a Y\u030a A\u02be \u03a5\u0313 \u03a5\u0313\u0300 \u03a5\u0313\u0301 \u03a5\u0313\u0342 \u1f08\u0399 \u1f09\u0399 \u1f0a\u0399 \u1f0b\u0399 \u1f0c\u0399 \u1f0d\u0399 \u1f0e\u0399 \u1f0f\u0399 \u1f08\u0399 \u1f09\u0399 \u1f0a\u0399 \u1f0b\u0399 \u1f0c\u0399 \u1f0d\u0399 \u1f0e\u0399 \u1f0f\u0399 \u1f28\u0399 \u1f29\u0399 \u1f2a\u0399 \u1f2b\u0399 \u1f2c\u0399 \u1f2d\u0399 \u1f2e\u0399 \u1f2f\u0399 \u1f28\u0399 \u1f29\u0399 \u1f2a\u0399 \u1f2b\u0399 \u1f2c\u0399 \u1f2d\u0399 \u1f2e\u0399 \u1f2f\u0399 \u1f68\u0399 \u1f69\u0399 \u1f6a\u0399 \u1f6b\u0399 \u1f6c\u0399 \u1f6d\u0399 \u1f6e\u0399 \u1f6f\u0399 \u1f68\u0399 \u1f69\u0399 \u1f6a\u0399 \u1f6b\u0399 \u1f6c\u0399 \u1f6d\u0399 \u1f6e\u0399 \u1f6f\u0399 \u1fba\u0399 \u0391\u0399 \u0386\u0399 \u0391\u0342 \u0391\u0342\u0399 \u0391\u0399 \u1fca\u0399 \u0397\u0399 \u0389\u0399 \u0397\u0342 \u0397\u0342\u0399 \u0397\u0399 \u0399\u0308\u0300 \u0399\u0308\u0301 \u0399\u0342 \u0399\u0308\u0342 \u03a5\u0308\u0300 \u03a5\u0308\u0301 \u03a1\u0313 \u03a5\u0342 \u03a5\u0308\u0342 \u1ffa\u0399 \u03a9\u0399 \u038f\u0399 \u03a9\u0342 \u03a9\u0342\u0399 \u03a9\u0399 FF FI FL FFI FFL ST ST \u0544\u0546 \u0544\u0535 \u0544\u053b \u054e\u0546 \u0544\u053d"

// pyLower is Python's str.lower: the dotted capital I keeps its dot, and a
// sigma at the end of a word is a final one.
func pyLower(s string) string {
	if casedBytes(s) == len(s) || !strings.ContainsAny(s, "\u0130\u03a3") {
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(casedBytes(s))
	for i, r := range s {
		switch {
		case r == 0x130:
			b.WriteString("i\u0307")
		case r == 0x3a3 && cased(s[:i], -1) && !cased(s[i+2:], 1):
			b.WriteRune(0x3c2)
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// casedBytes is at least how many bytes a text has in the other case: a
// character of more than one byte may become three.
func casedBytes(s string) int {
	n := len(s)
	for i := 0; i < len(s); i++ {
		if s[i] >= 0xc0 {
			n += 6
		}
	}
	return n
}

// cased reports whether the next letter of a text, in a direction, has a case;
// marks and a few signs between are passed over.
func cased(s string, dir int) bool {
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		if dir < 0 {
			r, n = utf8.DecodeLastRuneInString(s)
			s = s[:len(s)-n]
		} else {
			s = s[n:]
		}
		if unicode.Is(unicode.Mn, r) || strings.ContainsRune("'.:^`\u00a8\u00ad\u00b7\u2019", r) {
			continue
		}
		return unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r)
	}
	return false
}
