package manifest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
)

// ParseText parses a value of type t from text, as the command line's inputs
// are written. The error is *host.Error, with a hint and without a place.
//
//	int        decimal, 0x and 0o; 64 bits
//	float      1.5, 1e-3, inf, -inf, nan
//	str        the text as it is
//	bool       true, false, 1, 0
//	datetime   2024-05-06T07:08:09.5+02:00; a space for the T; without an offset
//	           it is UTC; seconds, or the whole time, may be left out
//	date       2024-05-06
//	time       07:08, 07:08:09, 07:08:09.5
//	timedelta  1h30m, 1.5s, 2d; P1DT2H; 1 day, 2:03:04; a number of seconds
//	decimal    12.50, 1e3; all digits are kept
//	bytes      base64:…, hex:…, or else the text's own bytes
//	uuid       with or without hyphens
//	json       a JSON document
//	list[T]    a JSON array
//
// The text null is null for a type that may be null, except str? and bytes?,
// of which every text is a value. Without the ?, json takes it as a document.
// A date is in the years 1 to 9999.
func ParseText(t abi.Type, text string) (abi.Value, error) {
	if t.Nullable && text == "null" && t.Kind != abi.Str && t.Kind != abi.Bytes {
		return nullOf(t), nil
	}
	v, err := parseText(t, text)
	if err != nil {
		return abi.Value{}, err
	}
	return v, nil
}

// ParseFile parses a value of type t from a file's content: bytes and str are
// all of it, for other types white space around it is dropped. The error is
// *host.Error.
func ParseFile(t abi.Type, data []byte) (abi.Value, error) {
	switch t.Kind {
	case abi.Bytes:
		return abi.Value{Type: t, Str: string(data)}, nil
	case abi.Str:
		return ParseText(t, string(data))
	}
	return ParseText(t, strings.TrimSpace(string(data)))
}

func nullOf(t abi.Type) abi.Value { return abi.Value{Type: t, Null: true} }

// parseText parses a value that is not null.
func parseText(t abi.Type, text string) (abi.Value, *host.Error) {
	v := abi.Value{Type: t}
	var err *host.Error
	switch t.Kind {
	case abi.Int:
		v.Int, err = parseInt(text)
	case abi.Float:
		v.Float, err = parseFloat(text)
	case abi.Str:
		v.Str, err = parseStr(text)
	case abi.Bool:
		v.Int, err = parseBool(text)
	case abi.Datetime:
		v.Int, err = parseDatetime(text)
	case abi.Date:
		v.Int, err = parseDate(text)
	case abi.Time:
		v.Int, err = parseTime(text)
	case abi.Timedelta:
		v.Int, err = parseTimedelta(text)
	case abi.Decimal:
		v.Str, err = parseDecimal(text)
	case abi.Bytes:
		v.Str, err = parseBytes(text)
	case abi.UUID:
		v.Str, err = parseUUID(text)
	case abi.JSON:
		v.Str, err = parseJSON(text)
	case abi.List:
		return parseList(t, text)
	default:
		err = problem("", "a value of type %s cannot be written as text", t)
	}
	return v, err
}

// notA is the error of a text that is no value of a type.
func notA(text, what, hint string) *host.Error {
	if text == "" {
		return problem(hint, "empty is not %s", what)
	}
	return problem(hint, "%s is not %s", quote(text), what)
}

func parseInt(s string) (int64, *host.Error) {
	sign, t := "", s
	if s != "" && (s[0] == '-' || s[0] == '+') {
		sign, t = s[:1], s[1:]
	}
	if len(t) > 2 && t[0] == '0' && (t[1] == 'x' || t[1] == 'o') {
		n, ok := prefixed(t)
		if !ok {
			return 0, notA(s, "an int", "")
		}
		t = n
	}
	if t == "" || digits(t) != len(t) {
		hint := ""
		switch {
		case decimalKind(t) == plainFloat:
			hint = "declare the input as float or decimal for numbers that are not whole"
		case strings.ContainsAny(t, "_,' "):
			hint = "write the digits without separators"
		}
		return 0, notA(s, "an int", hint)
	}
	if leadingZero(t) {
		return 0, problem("leave the zeros out, or write 0o17 for an octal number", "%s has leading zeros", quote(s))
	}
	n, err := strconv.ParseInt(sign+t, 10, 64)
	if err != nil {
		return 0, problem("declare the input as decimal for larger numbers",
			"%s is out of range: an int is 64-bit, from %d to %d", clip(s), math.MinInt64, math.MaxInt64)
	}
	return n, nil
}

func parseFloat(s string) (float64, *host.Error) {
	sign, t := 1, strings.ToLower(s)
	if t != "" && (t[0] == '-' || t[0] == '+') {
		if t[0] == '-' {
			sign = -1
		}
		t = t[1:]
	}
	switch t {
	case "inf", ".inf", "infinity":
		return math.Inf(sign), nil
	case "nan", ".nan":
		return math.NaN(), nil
	}
	if k := decimalKind(t); t == "" || k != plainInt && k != plainFloat {
		hint := ""
		if strings.Contains(t, ",") {
			hint = "write a point, not a comma"
		}
		return 0, notA(s, "a float", hint)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, problem("declare the input as decimal, or write inf", "%s is out of the range of a float", clip(s))
	}
	return f, nil
}

func parseStr(s string) (string, *host.Error) {
	if !utf8.ValidString(s) {
		return "", problem("declare the input as bytes", "the text is not UTF-8")
	}
	return s, nil
}

func parseBool(s string) (int64, *host.Error) {
	switch s {
	case "true", "True", "TRUE", "1":
		return 1, nil
	case "false", "False", "FALSE", "0":
		return 0, nil
	}
	return 0, notA(s, "a bool", "write true or false")
}

// maxDigits bounds a decimal: numeric of PostgreSQL has 1000 digits at most
// where it has a precision.
const maxDigits = 1000

// parseDecimal returns s as abi.Decimal holds it: no +, no exponent, a digit
// before the point, no leading zeros.
func parseDecimal(s string) (string, *host.Error) {
	sign, t := "", s
	if t != "" && (t[0] == '-' || t[0] == '+') {
		if t[0] == '-' {
			sign = "-"
		}
		t = t[1:]
	}
	if k := decimalKind(t); t == "" || k != plainInt && k != plainFloat {
		hint := ""
		if l := strings.ToLower(t); l == "nan" || strings.Contains(l, "inf") {
			hint = "declare the input as float for nan and inf"
		} else if strings.Contains(t, ",") {
			hint = "write a point, not a comma"
		}
		return "", notA(s, "a decimal", hint)
	}
	mantissa, exponent := t, 0
	if i := strings.IndexAny(t, "eE"); i >= 0 {
		var err error
		mantissa = t[:i]
		if exponent, err = strconv.Atoi(t[i+1:]); err != nil || exponent > maxDigits || exponent < -maxDigits {
			return "", problem("", "%s has more than %d digits", quote(s), maxDigits)
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if len(whole)+len(fraction)+max(exponent, -exponent) > maxDigits {
		return "", problem("", "%s has more than %d digits", quote(s), maxDigits)
	}
	whole, fraction = shift(whole, fraction, exponent)
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return sign + whole + fraction, nil
}

// shift moves the point between two runs of digits to the right.
func shift(whole, fraction string, by int) (string, string) {
	if by >= 0 {
		n := min(by, len(fraction))
		return whole + fraction[:n] + strings.Repeat("0", by-n), fraction[n:]
	}
	n := min(-by, len(whole))
	return whole[:len(whole)-n], strings.Repeat("0", -by-n) + whole[len(whole)-n:] + fraction
}

func parseBytes(s string) (string, *host.Error) {
	if rest, ok := strings.CutPrefix(s, "base64:"); ok {
		return decodeBase64(rest)
	}
	if rest, ok := strings.CutPrefix(s, "hex:"); ok {
		b, err := hex.DecodeString(rest)
		if err != nil {
			return "", notA(s, "bytes in hexadecimal", "two digits, 0-9 and a-f, for each byte")
		}
		return string(b), nil
	}
	return s, nil
}

func decodeBase64(s string) (string, *host.Error) {
	s = strings.Map(func(c rune) rune {
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			return -1
		}
		return c
	}, s)
	enc := base64.RawStdEncoding
	if strings.ContainsAny(s, "-_") {
		enc = base64.RawURLEncoding
	}
	b, err := enc.Strict().DecodeString(strings.TrimRight(s, "="))
	if err != nil {
		return "", notA(s, "bytes in base64", "")
	}
	return string(b), nil
}

func parseUUID(s string) (string, *host.Error) {
	t := strings.TrimPrefix(strings.ToLower(s), "urn:uuid:")
	if strings.HasPrefix(t, "{") && strings.HasSuffix(t, "}") {
		t = t[1 : len(t)-1]
	}
	if len(t) == 36 && t[8] == '-' && t[13] == '-' && t[18] == '-' && t[23] == '-' {
		t = t[:8] + t[9:13] + t[14:18] + t[19:23] + t[24:]
	}
	b, err := hex.DecodeString(t)
	if err != nil || len(b) != 16 {
		return "", notA(s, "a uuid", "write 32 hexadecimal digits: 01234567-89ab-cdef-0123-456789abcdef")
	}
	return string(b), nil
}

func parseJSON(s string) (string, *host.Error) {
	if !utf8.ValidString(s) {
		return "", problem("", "the JSON text is not UTF-8")
	}
	if t := strings.TrimSpace(s); json.Valid([]byte(t)) {
		return t, nil
	}
	return "", notA(s, "a JSON document", `a text is in double quotes: "a"`)
}

func parseList(t abi.Type, s string) (abi.Value, *host.Error) {
	s = strings.TrimSpace(s)
	if !utf8.ValidString(s) || !strings.HasPrefix(s, "[") || !json.Valid([]byte(s)) {
		return abi.Value{}, notA(s, "a list", "a list is a JSON array: [1, 2] or [\"a\", \"b\"]")
	}
	r := reader{text: s}
	root := jsonNode(s)
	if !r.structure(root) {
		return abi.Value{}, problem("", "%s", r.faults[0].Message)
	}
	v := r.value(t, root, "")
	if len(r.faults) > 0 {
		return abi.Value{}, problem(r.faults[0].Hint, "%s", r.faults[0].Message)
	}
	return v, nil
}
