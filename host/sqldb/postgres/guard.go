package postgres

import (
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// control are the first words of statements that begin, end or nest
// transactions, or leave something behind that outlives one.
var control = map[string]bool{
	"ABORT": true, "BEGIN": true, "COMMIT": true, "END": true, "PREPARE": true, "RELEASE": true,
	"ROLLBACK": true, "SAVEPOINT": true, "START": true,
}

// checkControl refuses a statement that would end the transaction. There is no
// other line for these: the server says what it has done only afterwards, and
// a COMMIT is done then. Whatever a function or a procedure does in their
// place, the server refuses by itself within a transaction block.
func checkControl(sql string) error {
	if w := firstWord(sql); control[w] {
		return &sqldb.Error{Code: abi.Denied, Message: w + " is refused", Hint: "an execution is always one transaction"}
	}
	return nil
}

// firstWord returns the first keyword of a statement, in upper case, or
// nothing. Empty statements before it do not count: the server drops them.
//
// Source: the PostgreSQL documentation, "Lexical Structure", and
// src/backend/parser/scan.l for what is space.
func firstWord(sql string) string {
	for sql != "" {
		switch c := sql[0]; {
		case c == ' ' || c >= '\t' && c <= '\r' || c == ';':
			sql = sql[1:]
		case strings.HasPrefix(sql, "--"):
			end := strings.IndexAny(sql, "\r\n")
			if end < 0 {
				return ""
			}
			sql = sql[end:]
		case strings.HasPrefix(sql, "/*"):
			sql = afterComment(sql)
		default:
			n := 0
			for n < len(sql) && (sql[n]|0x20 >= 'a' && sql[n]|0x20 <= 'z' || sql[n] == '_') {
				n++
			}
			return strings.ToUpper(sql[:n])
		}
	}
	return ""
}

// afterComment returns what follows a comment, which may nest.
func afterComment(sql string) string {
	depth := 0
	for i := 0; i+1 < len(sql); i++ {
		switch sql[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return sql[i+1:]
			}
		}
	}
	return ""
}
