package mysql

import "strings"

// verb is what the first keyword of a statement means for the transaction.
type verb uint8

const (
	other     verb = iota // may do anything to the transaction: CALL, and what is not known
	reads                 // leaves the transaction alone; rows that it returns may be given up
	writes                // leaves the transaction alone; each row that it returns is one that it changed
	redefines             // commits by itself before and after, unless it is about a temporary table
	controls              // begins or ends a transaction, or a part of one
	nothing               // there is no statement
)

// verbOf looks at the first keyword of sql behind spaces, comments and
// parentheses. A comment that the server executes is other.
//
// Source: MySQL, "Statements That Cause an Implicit Commit"; "Comments".
func verbOf(sql string) verb {
	rest := sql
	for {
		rest = strings.TrimLeft(rest, " \t\r\n\f\v(")
		switch {
		case strings.HasPrefix(rest, "/*") && !strings.HasPrefix(rest, "/*!") && !strings.HasPrefix(rest, "/*M!"):
			_, after, ok := strings.Cut(rest[2:], "*/")
			if !ok {
				return other
			}
			rest = after
			continue
		case strings.HasPrefix(rest, "#"), strings.HasPrefix(rest, "--") && (len(rest) == 2 || rest[2] <= ' ' || rest[2] == 0x7f):
			_, rest, _ = strings.Cut(rest, "\n")
			continue
		}
		break
	}
	end := 0
	for end < len(rest) && (rest[end]|0x20 >= 'a' && rest[end]|0x20 <= 'z' || rest[end] == '_') {
		end++
	}
	switch strings.ToUpper(rest[:end]) {
	case "SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE", "DESC", "EXPLAIN":
		return reads
	case "INSERT", "UPDATE", "DELETE", "REPLACE":
		return writes
	case "CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE":
		return redefines
	case "COMMIT", "ROLLBACK", "BEGIN", "START", "SAVEPOINT", "RELEASE", "XA":
		return controls
	case "":
		if strings.Trim(rest, "; \t\r\n\f\v)") == "" {
			return nothing
		}
	}
	return other
}
