package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

var (
	errNotUTF8 = errors.New("text that is not UTF-8")
	errNotJSON = errors.New("text that is not JSON")
)

const hexDigits = "0123456789abcdef"

// appendJSONString appends s as a JSON string. Beside what JSON demands, it
// escapes what a terminal could act upon, so that a result may be looked at.
func appendJSONString(dst []byte, s string) ([]byte, error) {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf-1 && c != '"' && c != '\\' {
			i++
			continue
		}
		r, size := rune(c), 1
		if c >= utf8.RuneSelf {
			if r, size = utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && size == 1 {
				return dst, errNotUTF8
			}
			if !isControl(r) || r > 0xffff {
				i += size
				continue
			}
		}
		dst = appendJSONEscape(append(dst, s[start:i]...), r)
		i += size
		start = i
	}
	return append(append(dst, s[start:]...), '"'), nil
}

func appendJSONEscape(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}

// appendRawJSON appends a JSON document without the white space between its
// tokens, which could break a line. Its tokens stay as they are, but for what
// appendJSONString escapes.
func appendRawJSON(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return dst, errNotUTF8
	}
	b := bytes.NewBuffer(dst)
	if err := json.Compact(b, []byte(s)); err != nil {
		return dst, errNotJSON
	}
	start := len(dst)
	dst = b.Bytes()
	if !hasControl(dst[start:]) {
		return dst, nil
	}
	compact := string(dst[start:])
	dst = dst[:start]
	for _, r := range compact {
		// Only a string can hold one, and there an escape means the same.
		if isControl(r) && r <= 0xffff {
			dst = appendJSONEscape(dst, r)
		} else {
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst, nil
}

// isJSONNumber reports whether s is a number of RFC 8259.
func isJSONNumber(s string) bool {
	if s == "" || (s[0] != '-' && (s[0] < '0' || s[0] > '9')) {
		return false
	}
	return s[len(s)-1] >= '0' && s[len(s)-1] <= '9' && json.Valid([]byte(s))
}
