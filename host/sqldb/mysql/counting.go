package mysql

import (
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
)

// countable returns the error for a parameter that is no number of rows where the
// server takes one, or nil. A literal would be refused there; of parameters
// MariaDB takes -1 for all rows, and null and 'x' for none.
func countable(sql string, params []abi.Value) error {
	if !slices.ContainsFunc(params, noCount) || !holds(sql, "limit") && !holds(sql, "offset") && !holds(sql, "fetch") {
		return nil
	}
	for _, i := range counting(sql) {
		if i < len(params) && noCount(params[i]) {
			return unfit(i, "LIMIT and OFFSET take an int that is not negative", "")
		}
	}
	return nil
}

// noCount reports whether a value is no number of rows. A text of digits is one
// to the server.
func noCount(v abi.Value) bool {
	switch {
	case v.Null:
		return true
	case v.Type.Kind == abi.Int:
		return v.Int < 0
	case v.Type.Kind == abi.Str:
		return v.Str == "" || strings.Trim(v.Str, "0123456789") != ""
	}
	return true
}

// counting returns which placeholders of sql, from 0, are numbers of rows: those
// behind LIMIT and OFFSET, behind the comma of a LIMIT, and behind FETCH FIRST
// and FETCH NEXT.
func counting(sql string) []int {
	var found []int
	placeholders, last := 0, ""
	expected, limit := false, false // a number of rows comes next; the clause is a LIMIT
	for at := 0; at < len(sql); {
		end := tokenEnd(sql, at)
		token := strings.ToUpper(sql[at:end])
		at = end
		switch {
		case strings.TrimSpace(token) == "", token[0] == '#', strings.HasPrefix(token, "--"), strings.HasPrefix(token, "/*"):
			continue
		case token == "?":
			if expected {
				found = append(found, placeholders)
			}
			placeholders++
			expected = false
		case token == ",":
			expected = limit
		case token == "LIMIT", token == "OFFSET", last == "FETCH" && (token == "FIRST" || token == "NEXT"):
			expected, limit = true, token == "LIMIT"
		default:
			expected = false
			limit = limit && token[0] >= '0' && token[0] <= '9'
		}
		last = token
	}
	return found
}

// tokenEnd returns where the token of sql that begins at at ends: a word, what is
// in quotes, a comment, or any other byte.
//
// Source: MySQL, "String Literals"; "Comments".
func tokenEnd(sql string, at int) int {
	until := func(end string, from int) int {
		if i := strings.Index(sql[min(from, len(sql)):], end); i >= 0 {
			return from + i + len(end)
		}
		return len(sql)
	}
	rest := sql[at:]
	switch c := sql[at]; {
	case c == '#', strings.HasPrefix(rest, "--") && (len(rest) == 2 || rest[2] <= ' ' || rest[2] == 0x7f):
		return until("\n", at)
	case strings.HasPrefix(rest, "/*"):
		return until("*/", at+2)
	case c == '\'', c == '"', c == '`':
		for i := at + 1; i < len(sql); i++ {
			switch {
			case sql[i] == '\\' && c != '`':
				i++
			case sql[i] == c:
				return i + 1
			}
		}
		return len(sql)
	}
	end := at
	for end < len(sql) && inWord(sql[end]) {
		end++
	}
	return max(end, at+1)
}

func inWord(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}
