package template

import "github.com/wasmsql/wasmsql/abi"

// span is one statement of a draft: its tokens, and its text with the comments
// around them.
type span struct {
	tokens     []sqlToken
	start, end int
}

// split cuts a draft's tokens into statements at the semicolons outside of
// parentheses and of the bodies of triggers and routines. Statements without a
// token are left out.
func split(sql *dialect, d *draft, t []sqlToken) []span {
	var out []span
	depth, from, start := 0, 0, 0
	b := &body{sql: sql}
	for i := range t {
		switch {
		case t[i].kind == sWord && (i == 0 || d.text[t[i-1].start] != '.'):
			b.word(t, i, from)
		case t[i].kind == sWord:
		case t[i].kind != sPunct:
		case d.text[t[i].start] == '(':
			depth++
		case d.text[t[i].start] == ')':
			depth--
		case d.text[t[i].start] == ';' && depth <= 0 && b.depth == 0:
			if i > from {
				out = append(out, span{t[from:i], start, int(t[i].start)})
			}
			from, depth, start = i+1, 0, int(t[i].end)
			*b = body{sql: sql}
		}
	}
	if from < len(t) {
		out = append(out, span{t[from:], start, len(d.text)})
	}
	return out
}

// body follows the BEGIN … END of a trigger or a routine that a statement
// creates, within which semicolons do not end the statement.
type body struct {
	sql     *dialect
	routine bool // the statement creates one
	depth   int
}

// word takes the word at t[i] of the statement that begins at t[from].
func (b *body) word(t []sqlToken, i, from int) {
	before, next := "", ""
	if i > from {
		before = t[i-1].word
	}
	if i+1 < len(t) {
		next = t[i+1].word
	}
	switch t[i].word {
	case "TRIGGER":
		b.routine = b.routine || t[from].word == "CREATE" && b.sql.name != abi.Postgres
	case "FUNCTION", "PROCEDURE", "EVENT":
		b.routine = b.routine || t[from].word == "CREATE" && b.sql.name != abi.SQLite
	case "BEGIN":
		if b.routine && (b.sql.name != abi.Postgres || next == "ATOMIC") {
			b.depth++
		}
	case "CASE":
		if b.depth > 0 && before != "END" {
			b.depth++
		}
	case "END":
		if b.depth > 0 && !words(" IF LOOP WHILE REPEAT FOR ").has(next) {
			b.depth--
		}
	}
}
