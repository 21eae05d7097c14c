package policy

import (
	"strings"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
)

// kind is the kind of a token.
type kind uint8

const (
	eof     kind = iota
	word         // a keyword or an unquoted identifier
	name         // a quoted identifier; MySQL's "…", which may be a string too
	literal      // a string
	number       //
	punct        // any other single byte, and parameters
)

// token is a token of a statement.
type token struct {
	kind       kind
	start, end int    // bytes
	text       string // in upper case, as far as it is ASCII, without its quotes
}

func (t token) is(k kind, text string) bool { return t.kind == k && t.text == text }

// lexer reads the tokens of a statement as the database does. Where versions
// or modes of a database read a text differently and it matters, it refuses
// the text. The sources are PostgreSQL's scan.l, MySQL's and MariaDB's
// sql_lex.cc, and SQLite's tokenize.c.
type lexer struct {
	dialect abi.Dialect
	sql     string
	up      string // sql in upper case, byte by byte
	pos     int
	fault   *Denied // why there is no next token, other than the end
}

func newLexer(d abi.Dialect, sql string) lexer {
	return lexer{dialect: d, sql: sql, up: upper(sql)}
}

// upper is strings.ToUpper for ASCII alone, so that offsets stay.
func upper(s string) string {
	for i := 0; i < len(s); i++ {
		if 'a' <= s[i] && s[i] <= 'z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'a' <= b[i] && b[i] <= 'z' {
					b[i] -= 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

func (l *lexer) deny(at int, message, hint string) *Denied {
	return &Denied{Message: message, Hint: hint, Position: utf8.RuneCountInString(l.sql[:at]) + 1}
}

// fail ends the text at a fault.
func (l *lexer) fail(at int, message, hint string) token {
	l.fault = l.deny(at, message, hint)
	l.pos = len(l.sql)
	return token{kind: eof, start: at, end: at}
}

// at returns the byte n after the position, or 0 past the end.
func (l *lexer) at(n int) byte {
	if l.pos+n < len(l.sql) {
		return l.sql[l.pos+n]
	}
	return 0
}

// next returns the next token, eof at the end and after a fault.
func (l *lexer) next() token {
	if !l.space() {
		return token{kind: eof, start: l.pos, end: l.pos}
	}
	switch c := l.sql[l.pos]; {
	case wordStart(c):
		return l.word()
	case digit(c), c == '.' && digit(l.at(1)):
		return l.number()
	case c == '\'':
		return l.quoted(literal, l.pos, '\'', l.dialect == abi.MySQL, false)
	case c == '"':
		return l.quoted(name, l.pos, '"', l.dialect == abi.MySQL, false)
	case c == '`' && l.dialect != abi.Postgres:
		return l.quoted(name, l.pos, '`', false, false)
	case c == '[' && l.dialect == abi.SQLite:
		return l.bracketed()
	case c == '$' && l.dialect == abi.Postgres:
		return l.dollar()
	case c == '$' && l.dialect == abi.MySQL:
		return l.fail(l.pos, "a word that begins with $ is a name to some servers and a quote to others", "put the name in backticks")
	case l.dialect == abi.SQLite && strings.IndexByte("$:@#?", c) >= 0:
		return l.variable()
	}
	return l.token(punct, l.pos, l.pos+1)
}

// token returns the token from start to end and goes on behind it.
func (l *lexer) token(k kind, start, end int) token {
	l.pos = end
	return token{kind: k, start: start, end: end, text: l.up[start:end]}
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// wordStart reports whether c begins a word. To all three databases every
// character beyond ASCII is a letter, also U+00A0 and the other Unicode spaces.
func wordStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
}

func wordPart(c byte) bool { return wordStart(c) || digit(c) || c == '$' }

// word reads a word, and in PostgreSQL what it is the prefix of.
func (l *lexer) word() token {
	start, end := l.pos, l.pos+1
	for end < len(l.sql) && wordPart(l.sql[end]) {
		end++
	}
	if l.dialect == abi.Postgres && end == start+1 {
		switch l.up[start] {
		case 'E':
			if l.at(1) == '\'' {
				l.pos = end
				return l.quoted(literal, start, '\'', false, true)
			}
		case 'U':
			// The quote belongs to U& only where nothing stands between.
			if l.at(1) == '&' && l.at(2) == '\'' {
				l.pos += 2
				return l.quoted(literal, start, '\'', false, false)
			}
			if l.at(1) == '&' && l.at(2) == '"' {
				return l.fail(start, `a U&"…" identifier hides its name`, "write the characters themselves in plain double quotes")
			}
		}
	}
	return l.token(word, start, end)
}

// number reads digits with a point and an exponent. A word that follows at
// once is a token of its own, as it was in PostgreSQL until 14.
func (l *lexer) number() token {
	start, i := l.pos, l.pos
	digits := func() {
		for i < len(l.sql) && digit(l.sql[i]) {
			i++
		}
	}
	digits()
	if i < len(l.sql) && l.sql[i] == '.' {
		i++
		digits()
	}
	if i < len(l.sql) && l.up[i] == 'E' {
		j := i + 1
		if j < len(l.sql) && (l.sql[j] == '+' || l.sql[j] == '-') {
			j++
		}
		if j < len(l.sql) && digit(l.sql[j]) {
			i = j
			digits()
		}
	}
	return l.token(number, start, i)
}

// variable reads SQLite's parameters. SQLite takes $a(…) as one, whatever
// stands in the parentheses, quotes too: that is refused.
func (l *lexer) variable() token {
	start, i, n := l.pos, l.pos+1, 0
	if l.sql[start] == '?' {
		for i < len(l.sql) && digit(l.sql[i]) {
			i++
		}
		return l.token(punct, start, i)
	}
	for ; i < len(l.sql); i++ {
		switch c := l.sql[i]; {
		case wordPart(c):
			n++
		case c == ':' && i+1 < len(l.sql) && l.sql[i+1] == ':':
			i++
		case c == '(' && n > 0:
			return l.fail(start, "a parameter cannot be followed by a parenthesis", "leave a space between them")
		default:
			return l.token(punct, start, i)
		}
	}
	return l.token(punct, start, i)
}
