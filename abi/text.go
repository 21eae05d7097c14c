package abi

import "unicode/utf8"

// What the package needs of strings. Every guest links this package, and
// package strings with the tables of unicode would add 35 KB to each.

func cutPrefix(s, prefix string) (rest string, found bool) {
	if len(s) >= len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):], true
	}
	return s, false
}

// index returns where part stands in s first, or -1.
func index(s, part string) int {
	for i := 0; i+len(part) <= len(s); i++ {
		if s[i:i+len(part)] == part {
			return i
		}
	}
	return -1
}

// lastIndex returns where part stands in s last, or -1.
func lastIndex(s, part string) int {
	for i := len(s) - len(part); i >= 0; i-- {
		if s[i:i+len(part)] == part {
			return i
		}
	}
	return -1
}

// oneLine returns s with spaces for its line ends.
func oneLine(s string) string {
	if index(s, "\n") < 0 {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if c == '\n' {
			b[i] = ' '
		}
	}
	return string(b)
}

// validUTF8 returns s with U+FFFD for each run of bytes that is not UTF-8.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b []byte
	bad := false
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				if !bad {
					b = append(b, "\uFFFD"...)
				}
				bad = true
				continue
			}
		}
		bad = false
		b = utf8.AppendRune(b, r)
	}
	return string(b)
}
