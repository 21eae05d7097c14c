package sqldbtest

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/abi"
)

// parseParams reads parameters, one a line: a type and a value, as the README
// of testdata/conformance says.
func parseParams(text string) ([]abi.Value, error) {
	var list []abi.Value
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		name, value, _ := strings.Cut(line, " ")
		t, err := parseType(name)
		if err != nil {
			return nil, err
		}
		v, err := parseValue(t, strings.TrimSpace(value))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
		list = append(list, v)
	}
	return list, nil
}

func parseType(s string) (abi.Type, error) {
	name, nullable := strings.CutSuffix(s, "?")
	t := abi.Type{Nullable: nullable}
	if elem, ok := strings.CutPrefix(name, "list["); ok {
		e, err := parseType(strings.TrimSuffix(elem, "]"))
		t.Kind, t.Elem = abi.List, &e
		return t, err
	}
	name, digits, ok := strings.Cut(name, "(")
	if ok {
		if _, err := fmt.Sscanf(digits, "%d,%d)", &t.Precision, &t.Scale); err != nil {
			return t, fmt.Errorf("no type %q", s)
		}
	}
	for k := abi.Int; k < abi.List; k++ {
		if k.String() == name {
			t.Kind = k
			return t, t.Check()
		}
	}
	return t, fmt.Errorf("no type %q", s)
}

// parseOutputs reads declared columns, one a line: a name and a type.
func parseOutputs(text string) ([]abi.OutputColumn, error) {
	var list []abi.OutputColumn
	for line := range strings.Lines(text) {
		name, typ, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			return nil, fmt.Errorf("%q is not a name and a type", line)
		}
		t, err := parseType(typ)
		if err != nil {
			return nil, err
		}
		list = append(list, abi.OutputColumn{Name: name, Type: t})
	}
	return list, nil
}

func parseValue(t abi.Type, s string) (abi.Value, error) {
	v := abi.Value{Type: t}
	if s == "null" {
		v.Null = true
		return v, nil
	}
	var err error
	switch t.Kind {
	case abi.Int:
		v.Int, err = strconv.ParseInt(s, 10, 64)
	case abi.Float:
		v.Float, err = strconv.ParseFloat(s, 64)
	case abi.Bool:
		if s == "true" {
			v.Int = 1
		} else if s != "false" {
			err = fmt.Errorf("is neither true nor false")
		}
	case abi.Str, abi.JSON, abi.Decimal:
		v.Str, err = unquote(s)
	case abi.Bytes, abi.UUID:
		var b []byte
		b, err = hex.DecodeString(strings.ReplaceAll(s, "-", ""))
		v.Str = string(b)
	case abi.Datetime:
		var at time.Time
		at, err = time.Parse(time.RFC3339Nano, s)
		v.Int = at.UnixMicro()
	case abi.Date:
		var at time.Time
		at, err = time.Parse(time.DateOnly, s)
		v.Int = at.Unix() / 86400
	case abi.Time:
		var at time.Time
		at, err = time.Parse("15:04:05.999999", s)
		v.Int = at.Sub(at.Truncate(24 * time.Hour)).Microseconds()
	case abi.Timedelta:
		var d time.Duration
		d, err = time.ParseDuration(s)
		v.Int = d.Microseconds()
	case abi.List:
		v.List, err = parseList(*t.Elem, s)
	}
	return v, err
}

// unquote reads a Go string literal, optionally "repeat N" of one, or the text
// as it stands.
func unquote(s string) (string, error) {
	if rest, ok := strings.CutPrefix(s, "repeat "); ok {
		n, literal, _ := strings.Cut(rest, " ")
		times, err := strconv.Atoi(n)
		if err != nil {
			return "", err
		}
		text, err := strconv.Unquote(literal)
		return strings.Repeat(text, max(times, 0)), err
	}
	if strings.HasPrefix(s, `"`) || strings.HasPrefix(s, "`") {
		return strconv.Unquote(s)
	}
	return s, nil
}

// parseList reads [a, b, null]. A comma within a value's quotes is none.
func parseList(elem abi.Type, s string) ([]abi.Value, error) {
	inner, ok := strings.CutPrefix(s, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !ok || !closed {
		return nil, fmt.Errorf("a list is [a, b]")
	}
	list := []abi.Value{}
	for inner != "" {
		end, quoted := len(inner), false
		for i := 0; i < len(inner); i++ {
			if inner[i] == '"' && (i == 0 || inner[i-1] != '\\') {
				quoted = !quoted
			}
			if inner[i] == ',' && !quoted {
				end = i
				break
			}
		}
		v, err := parseValue(elem, strings.TrimSpace(inner[:end]))
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		inner = strings.TrimPrefix(inner[end:], ",")
	}
	return list, nil
}
