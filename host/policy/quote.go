package policy

import (
	"strings"

	"github.com/wasmsql/wasmsql/abi"
)

// space skips white space and comments and reports whether a token follows.
func (l *lexer) space() bool {
	for l.pos < len(l.sql) {
		switch c := l.sql[l.pos]; {
		case blank(c):
			l.pos++
		case c == '-' && l.dashes():
			l.line()
		case c == '#' && l.dialect == abi.MySQL:
			l.line()
		case c == '/' && l.at(1) == '*':
			if !l.comment() {
				return false
			}
		case c == 0xEF && l.dialect == abi.SQLite && strings.HasPrefix(l.sql[l.pos:], "\ufeff"):
			l.pos += len("\ufeff") // white space to SQLite where a token could begin
		default:
			return true
		}
	}
	return false
}

// blank reports whether c is white space. PostgreSQL before 16 and SQLite
// refuse a vertical tab, so that it is harmless to skip it.
func blank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

// dashes reports whether a comment begins with the two dashes at the position.
// MySQL wants a blank or a control character behind them.
func (l *lexer) dashes() bool {
	if l.at(1) != '-' {
		return false
	}
	c := l.at(2)
	return l.dialect != abi.MySQL || c <= ' ' || c == 0x7F
}

// line skips a comment to the end of its line.
func (l *lexer) line() {
	ends := "\n"
	if l.dialect == abi.Postgres {
		ends = "\r\n"
	}
	if i := strings.IndexAny(l.sql[l.pos:], ends); i >= 0 {
		l.pos += i
		return
	}
	l.pos = len(l.sql)
}

// comment skips a comment between /* and */, which nest in PostgreSQL only.
func (l *lexer) comment() bool {
	start := l.pos
	if l.dialect == abi.Postgres {
		return l.nested()
	}
	n := strings.Index(l.sql[start+2:], "*/")
	if n < 0 {
		l.fail(start, "the comment is not closed", "close it with */")
		return false
	}
	if l.dialect == abi.MySQL {
		text := l.up[start+2 : start+2+n]
		if strings.HasPrefix(text, "!") || strings.HasPrefix(text, "M!") {
			l.fail(start, "a /*! comment is run by the server", "write it without the comment")
			return false
		}
		// In a hint the server reads quotes, and they may hold the */.
		if strings.HasPrefix(text, "+") && strings.ContainsAny(text, "`'\"") {
			l.fail(start, "a hint cannot hold quotes", "write its names without quotes")
			return false
		}
	}
	l.pos = start + 2 + n + 2
	return true
}

func (l *lexer) nested() bool {
	start, depth := l.pos, 1
	for i := start + 2; i+1 < len(l.sql); i++ {
		switch {
		case l.sql[i] == '/' && l.sql[i+1] == '*':
			depth++
			i++
		case l.sql[i] == '*' && l.sql[i+1] == '/':
			depth--
			i++
			if depth == 0 {
				l.pos = i + 1
				return true
			}
		}
	}
	l.fail(start, "the comment is not closed", "close it with */, once for each /* in it")
	return false
}

// quoted reads what stands in quotes, whose first is at the position; start is
// where the token began. A doubled quote stands for itself. With escapes a
// backslash takes the meaning of what follows. With ambiguous it may do so or
// not: a quote that only one of the readings would end at is refused.
func (l *lexer) quoted(k kind, start int, q byte, ambiguous, escapes bool) token {
	inner := l.pos + 1
	for i := inner; i < len(l.sql); i++ {
		switch c := l.sql[i]; {
		case c == '\\' && (escapes || ambiguous):
			i++
			if ambiguous && i < len(l.sql) && l.sql[i] == q {
				return l.fail(i-1, "a backslash before a quote is read in two ways, by the server's sql_mode", "double a quote inside quotes: ''")
			}
		case c != q:
		case i+1 < len(l.sql) && l.sql[i+1] == q:
			i++
		default:
			l.pos = i + 1
			if k == literal && l.dialect == abi.Postgres && l.continued() {
				i = l.pos
				continue
			}
			return token{kind: k, start: start, end: l.pos, text: l.up[inner:i]}
		}
	}
	if k == literal {
		return l.fail(start, "the string is not closed", "close it with "+string(q))
	}
	return l.fail(start, "the quoted name is not closed", "close it with "+string(q))
}

// continued goes to the quote with which PostgreSQL continues a string: behind
// white space with a line end in it, and line comments. The string goes on by
// the rules of its first part.
func (l *lexer) continued() bool {
	newline := false
	for i := l.pos; i < len(l.sql); i++ {
		switch c := l.sql[i]; {
		case c == '\n' || c == '\r':
			newline = true
		case blank(c):
		case c == '-' && strings.HasPrefix(l.sql[i:], "--"):
			n := strings.IndexAny(l.sql[i:], "\r\n")
			if n < 0 {
				return false
			}
			i += n - 1
		case c == '\'' && newline:
			l.pos = i
			return true
		default:
			return false
		}
	}
	return false
}

// bracketed reads SQLite's [name], which ends at the first ].
func (l *lexer) bracketed() token {
	start := l.pos
	n := strings.IndexByte(l.sql[start:], ']')
	if n < 0 {
		return l.fail(start, "the quoted name is not closed", "close it with ]")
	}
	l.pos = start + n + 1
	return token{kind: name, start: start, end: l.pos, text: l.up[start+1 : start+n]}
}

// dollar reads PostgreSQL's $1, $$…$$ and $tag$…$tag$. The tag's case counts.
func (l *lexer) dollar() token {
	start, i := l.pos, l.pos+1
	if digit(l.at(1)) {
		for i < len(l.sql) && digit(l.sql[i]) {
			i++
		}
		return l.token(punct, start, i)
	}
	if i < len(l.sql) && wordStart(l.sql[i]) {
		for i < len(l.sql) && wordPart(l.sql[i]) && l.sql[i] != '$' {
			i++
		}
	}
	if i >= len(l.sql) || l.sql[i] != '$' {
		return l.token(punct, start, start+1)
	}
	tag := l.sql[start : i+1]
	n := strings.Index(l.sql[i+1:], tag)
	if n < 0 {
		return l.fail(start, "the dollar-quoted string is not closed", "close it with "+shorten(tag))
	}
	return l.token(literal, start, i+1+n+len(tag))
}
