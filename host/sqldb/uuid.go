package sqldb

// ParseUUID reads 8-4-4-4-12 hexadecimal digits, or 32 without the hyphens,
// which is how SQLAlchemy writes them.
func ParseUUID(b []byte) (id [16]byte, ok bool) {
	hyphens := len(b) == 36
	if !hyphens && len(b) != 32 {
		return id, false
	}
	at := 0
	for i := range id {
		if hyphens && (i == 4 || i == 6 || i == 8 || i == 10) {
			if b[at] != '-' {
				return id, false
			}
			at++
		}
		hi, ok1 := hexDigit(b[at])
		lo, ok2 := hexDigit(b[at+1])
		if !ok1 || !ok2 {
			return id, false
		}
		id[i] = hi<<4 | lo
		at += 2
	}
	return id, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// AppendUUID writes the 16 bytes of a UUID as 8-4-4-4-12 lower-case digits.
func AppendUUID(b []byte, id string) []byte {
	const hex = "0123456789abcdef"
	for i := range len(id) {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = append(b, hex[id[i]>>4], hex[id[i]&15])
	}
	return b
}
