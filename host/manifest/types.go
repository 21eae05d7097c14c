package manifest

import (
	"strconv"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/near"
)

// maxNesting is how deep lists of lists may be.
const maxNesting = 4

const (
	typeNames = "int float str bool datetime date time timedelta decimal bytes uuid json list[T]"
	typesHint = "types: " + typeNames + ", and T? for one that may be null"

	digitsHint = `write decimal(12,2): 12 digits, 2 of them after the point, and in { } with quotes: "decimal(12,2)"`
)

// otherName returns what a type is called here that has another name
// elsewhere, or "".
func otherName(name string) string {
	switch name {
	case "integer", "bigint", "long", "int64":
		return "int"
	case "number", "double", "real", "float64":
		return "float"
	case "string", "text", "varchar":
		return "str"
	case "boolean":
		return "bool"
	case "timestamp", "timestamptz":
		return "datetime"
	case "duration", "interval":
		return "timedelta"
	case "numeric":
		return "decimal"
	case "binary", "blob", "bytea":
		return "bytes"
	case "dict", "object", "jsonb":
		return "json"
	case "array":
		return "list[T]"
	}
	return ""
}

// ParseType parses a type as a task file writes it: a kind, decimal(p,s),
// list[T], and ? at the end of one that may be null. The error is *host.Error.
func ParseType(s string) (abi.Type, error) {
	t, err := parseType(s, 0)
	if err != nil {
		return abi.Type{}, err
	}
	return t, nil
}

func parseType(s string, depth int) (abi.Type, *host.Error) {
	var t abi.Type
	name := strings.TrimSpace(s)
	if name == "" {
		return t, problem(typesHint, "the type is empty")
	}
	if strings.HasSuffix(name, "?") {
		t.Nullable = true
		name = strings.TrimSpace(name[:len(name)-1])
	}
	if inner, ok := strings.CutPrefix(name, "list["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		if !ok {
			return t, problem("write list[int]", "type %s has [ without ]", quote(s))
		}
		if depth >= maxNesting {
			return t, problem("use json", "lists are nested more than %d deep", maxNesting)
		}
		elem, err := parseType(inner, depth+1)
		if err != nil {
			return t, err
		}
		t.Kind, t.Elem = abi.List, &elem
		return t, nil
	}
	if digits, ok := strings.CutPrefix(name, "decimal("); ok {
		t.Kind = abi.Decimal
		err := parseDigits(&t, s, digits)
		return t, err
	}
	for k := abi.Int; k < abi.List; k++ {
		if k.String() == name {
			t.Kind = k
			return t, nil
		}
	}
	return t, unknownType(s, name)
}

// parseDigits reads what follows "decimal(": p) or p,s). Without a scale it is
// 0, as in SQL.
func parseDigits(t *abi.Type, s, digits string) *host.Error {
	inner, closed := strings.CutSuffix(digits, ")")
	precision, scale, scaled := strings.Cut(inner, ",")
	p, err := strconv.ParseUint(strings.TrimSpace(precision), 10, 16)
	n := uint64(0)
	if err == nil && scaled {
		n, err = strconv.ParseUint(strings.TrimSpace(scale), 10, 16)
	}
	switch {
	case !closed:
		return problem(digitsHint, "type %s has ( without )", quote(s))
	case err != nil:
		return problem(digitsHint, "type %s does not say how many digits a decimal has", quote(s))
	case p < 1 || p > abi.MaxPrecision:
		return problem("decimal alone keeps any number of digits, as text", "type %s: a decimal has 1 to %d digits", quote(s), abi.MaxPrecision)
	case n > p:
		return problem(digitsHint, "type %s: more digits after the point than there are digits", quote(s))
	}
	t.Precision, t.Scale = uint8(p), uint8(n)
	return nil
}

// hasDigits reports whether a type, or what its lists hold, is a decimal(p,s).
func hasDigits(t abi.Type) bool {
	return t.Precision > 0 || t.Elem != nil && hasDigits(*t.Elem)
}

func unknownType(s, name string) *host.Error {
	lower := strings.ToLower(name)
	switch {
	case strings.HasSuffix(name, "?"):
		return problem("", "type %s has more than one ?", quote(s))
	case lower == "list":
		return problem("write list[int], list[str] and so on", "type %s does not say what the list holds", quote(s))
	case strings.HasPrefix(lower, "decimal(") || strings.HasPrefix(lower, "numeric("):
		return problem(digitsHint, "unknown type %s; did you mean %q?", quote(s), "decimal"+lower[len("decimal"):])
	}
	if other := otherName(lower); other != "" {
		return problem(typesHint, "unknown type %s; did you mean %q?", quote(s), other)
	}
	stem, _, isList := strings.Cut(name, "[")
	if _, meant := near.Name(stem, []string{"list", "array"}); isList && meant {
		return problem(typesHint, "unknown type %s; did you mean %q?", quote(s), "list[T]")
	}
	return problem(typesHint, "unknown type %s%s", quote(s), near.Question(name, strings.Fields(typeNames)))
}
