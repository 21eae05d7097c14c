package result

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// isControl reports whether a terminal could act upon r, or show what follows
// it elsewhere than where it stands: control and format characters, line and
// paragraph separators. The joiners that emoji and several scripts are
// written with are not.
func isControl(r rune) bool {
	switch {
	case r < 0x20 || r >= 0x7f && r < 0xa0:
		return true
	case r < 0xad, r == 0x200c, r == 0x200d:
		return false
	}
	return r == 0x2028 || r == 0x2029 || unicode.Is(unicode.Cf, r)
}

// hasControl reports whether s, which is UTF-8, has something that isControl
// is true of.
func hasControl(s []byte) bool {
	for i := 0; i < len(s); {
		if c := s[i]; c >= 0x20 && c < 0x7f {
			i++
			continue
		}
		r, size := utf8.DecodeRune(s[i:])
		if isControl(r) {
			return true
		}
		i += size
	}
	return false
}

// appendVisible appends s with control characters and bytes that are not
// UTF-8 written out: \n, \t, \x1b, \u202e. In a text a backslash that would
// read as the begin of such an escape is doubled: C:\\new. In other values,
// bytes and JSON, a backslash is part of how they are written.
func appendVisible(dst, s []byte, text bool) []byte {
	for i := 0; i < len(s); {
		if c := s[i]; c >= 0x20 && c < 0x7f {
			if c == '\\' && text && escapes(s[i+1:]) {
				dst = append(dst, c)
			}
			dst = append(dst, c)
			i++
			continue
		}
		r, size := utf8.DecodeRune(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = appendHexByte(dst, s[i])
		case isControl(r):
			dst = appendEscape(dst, r)
		default:
			dst = append(dst, s[i:i+size]...)
		}
		i += size
	}
	return dst
}

// escapes reports whether a backslash before rest would be read together with
// it, as rest will be written.
func escapes(rest []byte) bool {
	if len(rest) == 0 {
		return false
	}
	if bytes.IndexByte([]byte(`\nrtxuU`), rest[0]) >= 0 {
		return true
	}
	r, size := utf8.DecodeRune(rest)
	return r == utf8.RuneError && size == 1 || isControl(r)
}

func appendHexByte(dst []byte, c byte) []byte {
	return append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
}

func appendEscape(dst []byte, r rune) []byte {
	switch {
	case r == '\n':
		return append(dst, `\n`...)
	case r == '\r':
		return append(dst, `\r`...)
	case r == '\t':
		return append(dst, `\t`...)
	case r < 0x80:
		return appendHexByte(dst, byte(r))
	case r <= 0xffff:
		return appendJSONEscape(dst, r)
	}
	return append(dst, fmt.Sprintf(`\U%08x`, r)...) // as long as all, since a digit may follow
}
