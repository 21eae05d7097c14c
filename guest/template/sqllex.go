package template

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// sqlKind is the kind of a token of SQL.
type sqlKind uint8

const (
	sWord   sqlKind = iota // a keyword or a plain identifier
	sQuoted                // a quoted identifier
	sString                // a quoted literal, dollar quotes included
	sNumber
	sPunct // anything else, a character each but for :: and :=
	sHole  // something printed outside of quotes
	sEnd   // behind the last token
)

// sqlToken is a token of a draft. White space and comments are no tokens.
type sqlToken struct {
	kind       sqlKind
	prefix     byte // of an sString: 0, or E B X N U as written before the quote, or _ for a charset
	start, end int32
	quote      int32  // of an sString: where its opening quote stands
	hole       int32  // of the first hole in it
	holes      int32  // how many
	word       string // of an sWord: in capitals if it is short ASCII
}

// sqlLexer cuts a draft into tokens by a dialect's rules.
type sqlLexer struct {
	*faults
	sql  *dialect
	d    *draft
	s    []byte
	i    int
	hole int // the next hole
	exec bool
	out  []sqlToken
}

// sqlTokens returns a draft's tokens. Faults are reported; what it returns is
// then only good for finding more of them.
func sqlTokens(r *faults, sql *dialect, d *draft) []sqlToken {
	l := &sqlLexer{faults: r, sql: sql, d: d, s: d.text}
	l.out = make([]sqlToken, 0, len(d.text)/5+4)
	for l.i < len(l.s) {
		l.token()
	}
	if l.exec {
		l.at(len(l.s)-1, "the executable comment is not closed", "close it with */")
	}
	return l.out
}

// at reports a fault at an offset of the draft.
func (l *sqlLexer) at(i int, msg, hint string) { l.add(l.d.source(i), msg, hint) }

// byteAt returns the byte at an offset from here, or a space.
func (l *sqlLexer) byteAt(n int) byte {
	if l.i+n < len(l.s) {
		return l.s[l.i+n]
	}
	return ' '
}

func (l *sqlLexer) emit(t sqlToken) {
	t.end = int32(l.i)
	if len(l.out) == maxTokens {
		l.list = append(l.list, &fault{at: l.d.source(int(t.start)), msg: "the statements have more than " + strconv.Itoa(maxTokens) + " words and signs", hint: lessText, limit: true})
		l.i = len(l.s)
		return
	}
	l.out = append(l.out, t)
}

// sqlWordByte reports whether a byte continues a word in every dialect.
func sqlWordByte(c byte) bool {
	return c == '_' || c == '$' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || digit(c) || c >= utf8.RuneSelf
}

// token reads one token, comment or run of white space.
func (l *sqlLexer) token() {
	c, next := l.s[l.i], l.byteAt(1)
	start := sqlToken{start: int32(l.i), hole: int32(l.hole), quote: int32(l.i)}
	switch {
	case c == hole:
		l.printed(start)
	case c == ' ' || c >= '\t' && c <= '\r':
		l.i++
	case c == '-' && next == '-' && l.dashComment():
		l.lineComment(2)
	case c == '#' && l.sql.hashComment:
		l.lineComment(1)
	case c == '/' && next == '*':
		l.blockComment()
	case c == '*' && next == '/' && l.exec:
		l.exec = false
		l.i += 2
	case c == '\'' || c == '"' || c == '`' && l.sql.backticks || c == '[' && l.sql.brackets:
		l.quoted(start, c)
	case c == '$':
		l.dollar(start)
	case digit(c) || c == '.' && digit(next) && !l.afterName():
		l.number(start)
	case sqlWordByte(c):
		l.wordToken(start)
	default:
		l.punct(start, c, next)
	}
}

// printed reads a hole outside of quotes.
func (l *sqlLexer) printed(t sqlToken) {
	t.kind, t.holes = sHole, 1
	if l.exec {
		l.at(l.i, "an expression inside an executable comment", "write the SQL without /*! */")
	}
	l.i++
	l.hole++
	l.emit(t)
}

// dashComment reports whether -- here begins a comment.
func (l *sqlLexer) dashComment() bool {
	return !l.sql.dashSpace || l.byteAt(2) <= ' '
}

// lineComment steps over a comment to the end of its line.
func (l *sqlLexer) lineComment(width int) {
	from := l.i
	l.i += width
	for l.i < len(l.s) && l.s[l.i] != '\n' && (l.s[l.i] != '\r' || l.sql.name != "postgres") {
		l.i++
	}
	l.comment(from, l.i+1)
}

// comment reports what stands in a comment that was just read; a tag at its end
// is still within one that goes to the end of the line.
func (l *sqlLexer) comment(from, end int) {
	const hint = "write {# … #} to comment out template text"
	for i := from; i < l.i; i++ {
		if l.s[i] == hole {
			l.at(i, "an expression inside a comment", hint)
			l.hole++
		}
	}
	if m := l.d.markWithin(from, end); m != nil {
		l.add(m.source, "{% "+m.what+" %} inside a comment", hint)
	}
}

// blockComment steps over /* */, or into a comment that MySQL executes.
func (l *sqlLexer) blockComment() {
	from := l.i
	if l.sql.execComment && (l.byteAt(2) == '!' || l.byteAt(2) == 'M' && l.byteAt(3) == '!') {
		if l.exec {
			l.at(l.i, "an executable comment inside another", "")
		}
		l.exec = true
		l.i += 3
		for l.i < len(l.s) && (digit(l.s[l.i]) || l.s[l.i] == '!') {
			l.i++
		}
		return
	}
	depth := 1
	for l.i += 2; ; l.i++ {
		switch {
		case l.i+1 >= len(l.s):
			l.i = len(l.s)
			l.at(from, "the comment is not closed", "close it with */")
			l.comment(from, l.i)
			return
		case l.s[l.i] == '*' && l.s[l.i+1] == '/':
			depth--
			l.i++
		case l.s[l.i] == '/' && l.s[l.i+1] == '*' && l.sql.nestedComment:
			depth++
			l.i++
		}
		if depth == 0 {
			l.i++
			l.comment(from, l.i)
			return
		}
	}
}

// afterName reports whether a name ends right here, so that a dot behind it
// leads to another name.
func (l *sqlLexer) afterName() bool {
	if len(l.out) == 0 {
		return false
	}
	t := l.out[len(l.out)-1]
	return int(t.end) == l.i && (t.kind == sWord || t.kind == sQuoted || t.kind == sHole)
}

// number reads a numeric literal, generously.
func (l *sqlLexer) number(t sqlToken) {
	t.kind = sNumber
	for l.i++; l.i < len(l.s); l.i++ {
		c, before := l.s[l.i], l.s[l.i-1]
		sign := (c == '+' || c == '-') && (before == 'e' || before == 'E') && !strings.HasPrefix(strings.ToLower(string(l.s[t.start:l.i])), "0x")
		if !sign && c != '.' && !sqlWordByte(c) {
			break
		}
		if c == '.' && l.byteAt(1) == '.' {
			break
		}
	}
	l.emit(t)
}

// wordToken reads a word, or a literal with a prefix.
func (l *sqlLexer) wordToken(t sqlToken) {
	for l.i < len(l.s) && sqlWordByte(l.s[l.i]) {
		l.i++
	}
	word := l.s[t.start:l.i]
	next := l.byteAt(0)
	if len(word) == 1 && strings.IndexByte("eEbBxXnNuU", word[0]) >= 0 {
		p := word[0] &^ 0x20
		switch {
		case next == '\'' && p != 'U' && l.takesPrefix(p):
			t.prefix = p
			l.quoted(t, next)
			return
		case p == 'U' && next == '&' && l.sql.name == "postgres" && (l.byteAt(1) == '\'' || l.byteAt(1) == '"'):
			t.prefix = 'U'
			l.i++
			l.quoted(t, l.s[l.i])
			return
		}
	}
	if word[0] == '_' && l.sql.execComment && (next == '\'' || next == '"') {
		t.prefix = '_'
		l.quoted(t, next)
		return
	}
	t.kind = sWord
	t.word = upperWord(word)
	l.emit(t)
}

// takesPrefix reports whether the dialect knows a literal with that prefix.
func (l *sqlLexer) takesPrefix(p byte) bool {
	switch p {
	case 'E':
		return l.sql.name == "postgres"
	case 'X':
		return true
	}
	return l.sql.name != "sqlite"
}

// upperWord is a word in capitals when it may be a keyword.
func upperWord(w []byte) string {
	if len(w) > 24 {
		return ""
	}
	var b [24]byte
	for i, c := range w {
		if c >= 'a' && c <= 'z' {
			c &^= 0x20
		}
		b[i] = c
	}
	return string(b[:len(w)])
}

// quoted reads a literal or a quoted identifier whose opening quote is here.
func (l *sqlLexer) quoted(t sqlToken, q byte) {
	t.quote = int32(l.i)
	t.hole = int32(l.hole)
	t.kind = sString
	if q == '`' || q == '[' || q == '"' && !l.sql.doubleStrings {
		t.kind = sQuoted
	}
	closing := q
	if q == '[' {
		closing = ']'
	}
	backslash := t.kind == sString && (l.sql.backslash && t.prefix != 'X' && t.prefix != 'B' || t.prefix == 'E')
	for l.i++; ; l.i++ {
		switch {
		case l.i >= len(l.s):
			l.at(int(t.quote), "the quote "+string(q)+" is not closed", "close it with "+string(closing))
			l.emit(t)
			return
		case l.s[l.i] == hole:
			l.quotedHole(&t)
		case l.s[l.i] == '\\' && backslash:
			if l.byteAt(1) == hole {
				l.at(l.i, "a backslash right before an expression", `write \\ for a backslash`)
			} else {
				l.i++
			}
		case l.s[l.i] == closing:
			if l.byteAt(1) == closing && closing != ']' {
				l.i++
				continue
			}
			l.i++
			l.emit(t)
			return
		}
	}
}

// quotedHole notes an expression inside quotes.
func (l *sqlLexer) quotedHole(t *sqlToken) {
	switch {
	case t.kind == sQuoted:
		l.at(l.i, "an expression inside a quoted identifier", identHint)
	case l.exec:
		l.at(l.i, "an expression inside an executable comment", "write the SQL without /*! */")
	}
	l.hole++
	t.holes++
}

// dollar reads a $: of a dollar quote, or of a placeholder that is not ours.
func (l *sqlLexer) dollar(t sqlToken) {
	rest := l.s[l.i+1:]
	switch {
	case l.sql.dollarQuotes && (len(rest) == 0 || !digit(rest[0])):
		n := 0
		for n < len(rest) && sqlWordByte(rest[n]) && rest[n] != '$' {
			n++
		}
		if n < len(rest) && rest[n] == '$' {
			l.dollarQuote(t, l.s[l.i:l.i+n+2])
			return
		}
		l.foreign("$")
	case l.sql.dollarQuotes:
		l.foreign(l.placeholder(1))
	case l.sql.name == "sqlite":
		l.foreign(l.placeholder(1))
	}
	l.i++
	t.kind = sPunct
	l.emit(t)
}

// dollarQuote reads $tag$…$tag$.
func (l *sqlLexer) dollarQuote(t sqlToken, tag []byte) {
	t.kind, t.prefix = sString, '$'
	body := l.s[l.i+len(tag):]
	n := bytes.Index(body, tag)
	if n < 0 {
		l.at(l.i, "the dollar quote "+string(tag)+" is not closed", "close it with "+string(tag))
		n = len(body)
		tag = nil
	}
	from := l.i
	l.i = min(len(l.s), from+len(l.s)-from-len(body)+n+len(tag))
	for ; from < l.i; from++ {
		if l.s[from] == hole {
			l.at(from, "an expression inside a dollar-quoted string", "use single quotes: the text and its expressions become one parameter")
			l.hole++
		}
	}
	l.emit(t)
}

// placeholder is the text of a placeholder that begins here.
func (l *sqlLexer) placeholder(width int) string {
	end := l.i + width
	for end < len(l.s) && sqlWordByte(l.s[end]) {
		end++
	}
	return string(l.s[l.i:end])
}

// foreign reports a placeholder that is not ours.
func (l *sqlLexer) foreign(text string) {
	l.at(l.i, "the placeholder "+text+" is not the template's", "write {{ .inputs.name }} where the value belongs, and quotes around text that only looks like a placeholder")
}

// punct reads any other character.
func (l *sqlLexer) punct(t sqlToken, c, next byte) {
	t.kind = sPunct
	width := 1
	if c == ':' && (next == ':' || next == '=') {
		width = 2
	}
	if width == 1 {
		l.checkPlaceholder(c, next)
	}
	l.i += width
	l.emit(t)
}

// checkPlaceholder reports what the dialect would take for a parameter.
func (l *sqlLexer) checkPlaceholder(c, next byte) {
	switch l.sql.name {
	case "sqlite":
		if c == '?' || c == ':' || c == '@' || c == '#' && digit(next) {
			l.foreign(l.placeholder(1))
		}
	case "mysql":
		if c == '?' {
			l.foreign("?")
		}
		if c == '@' && next == hole {
			l.at(l.i+1, "an expression as the name of a variable", "write the variable's name")
		}
	}
}
