package template

// identHint is the next step where a value stands for a name.
const identHint = "a value is no name: print the name with | ident, or choose among the allowed ones with {% if %}"

// clause is the part of a statement, at one depth of parentheses.
type clause uint8

const (
	inExpression clause = iota
	inOrder             // ORDER BY, GROUP BY, PARTITION BY, DISTINCT ON (…)
	inFrom
	inSet
	inInto
	inWith
	inDefinition // CREATE, ALTER, … before AS SELECT
)

// frame is what is known at one depth of parentheses.
type frame struct {
	clause clause
	start  bool   // the next token begins an item of a list
	item   int    // of inOrder: the token that the item begins with
	names  bool   // the items are names of columns
	joined bool   // of inFrom: behind ON, in an expression
	opener string // the word before the parenthesis
}

// namer finds values that stand where a name must, in one statement. It knows
// of SQL only what that takes, and lets a server find all other faults.
type namer struct {
	*faults
	d      *draft
	sql    *dialect
	t      []sqlToken
	frames []frame
}

// checkNames reports the values of one statement that stand for names.
func checkNames(r *faults, sql *dialect, d *draft, t []sqlToken) {
	n := &namer{faults: r, d: d, sql: sql, t: t, frames: []frame{{}}}
	for k := range t {
		n.token(k)
	}
	for len(n.frames) > 0 {
		n.endItem(len(t))
		n.frames = n.frames[:len(n.frames)-1]
	}
}

// top returns the innermost frame.
func (n *namer) top() *frame { return &n.frames[len(n.frames)-1] }

// at returns a token, or one of kind sEnd outside of the statement.
func (n *namer) at(k int) sqlToken {
	if k < 0 || k >= len(n.t) {
		return sqlToken{kind: sEnd}
	}
	return n.t[k]
}

// punct reports whether a token is a character.
func (n *namer) punct(k int, c byte) bool {
	t := n.at(k)
	return t.kind == sPunct && t.end == t.start+1 && n.d.text[t.start] == c
}

// cast reports whether a token is ::.
func (n *namer) cast(k int) bool {
	t := n.at(k)
	return t.kind == sPunct && t.end == t.start+2 && n.d.text[t.start+1] == ':'
}

// value reports whether a token is printed as a parameter.
func (n *namer) value(k int) bool {
	t := n.at(k)
	return t.kind == sString && t.holes > 0 || t.kind == sHole && n.d.holes[t.hole].node.form != asIdent
}

// name reports whether a token can be a name.
func (n *namer) name(k int) bool {
	t := n.at(k)
	return t.kind == sWord || t.kind == sQuoted || t.kind == sHole && n.d.holes[t.hole].node.form == asIdent
}

// refuse reports the value at a token, once.
func (n *namer) refuse(k int, msg, hint string) {
	at := int(n.d.holes[n.at(k).hole].node.pos)
	for _, f := range n.list {
		if f.at == at {
			return
		}
	}
	n.add(at, msg, hint)
}

func (n *namer) token(k int) {
	switch {
	case n.punct(k, '('):
		n.open(k)
		return
	case n.punct(k, ')'):
		n.endItem(k)
		if len(n.frames) > 1 {
			n.frames = n.frames[:len(n.frames)-1]
		}
	case n.punct(k, ','):
		n.endItem(k)
		f := n.top()
		f.start, f.item, f.joined = true, k+1, false
		return
	case n.punct(k, ';'):
		n.endItem(k)
		n.frames = []frame{{}}
		return
	case n.value(k):
		n.check(k)
	case n.t[k].kind == sWord && !n.punct(k-1, '.'):
		if n.keyword(k, n.t[k].word) {
			return
		}
	}
	n.top().start = false
}

// open enters a parenthesis.
func (n *namer) open(k int) {
	outer := n.top()
	before := n.at(k - 1)
	f := frame{start: true, item: k + 1, opener: before.word}
	second := n.at(k - 2).word
	switch {
	case before.word == "ON" && second == "DISTINCT":
		f.clause = inOrder
	case listWords.has(before.word):
		f.names = true
	case before.word == "PARTITION" && (outer.clause == inFrom || outer.clause == inInto):
		f.names = true
	case outer.clause == inSet && outer.start:
		f.names = true
	case n.name(k-1) && (outer.clause == inInto || outer.clause == inWith && !words(" AS MATERIALIZED ").has(before.word)):
		f.names = true
	case n.name(k-1) && second == "AS" && outer.clause == inFrom && !outer.joined:
		f.names = true
	case outer.clause == inDefinition && before.kind != sPunct && !valueWords.has(before.word):
		f.clause, f.names = inDefinition, true
	}
	outer.start = false
	n.frames = append(n.frames, f)
}

// keyword follows the clauses. It reports whether an item begins behind it.
func (n *namer) keyword(k int, word string) bool {
	f := n.top()
	if word == "" || n.at(k-1).word == "AS" && !words(" SELECT WITH VALUES TABLE ").has(word) {
		return false
	}
	if f.clause == inOrder && clauseWords.has(word) {
		n.endItem(k)
		f.clause = inExpression
	}
	first := k == 0 || n.punct(k-1, ';')
	before := n.at(k - 1).word
	switch word {
	case "BY":
		if before == "ORDER" || before == "GROUP" || before == "PARTITION" {
			f.clause, f.item, f.start = inOrder, k+1, true
			return true
		}
	case "SELECT":
		if !words(" GRANT REVOKE ").has(n.at(0).word) {
			f.clause, f.names = inExpression, false
		}
	case "WHERE", "HAVING", "RETURNING", "VALUES", "VALUE", "LIMIT", "OFFSET", "FETCH", "QUALIFY", "UNION", "INTERSECT", "EXCEPT", "DO":
		if f.clause != inDefinition {
			f.clause = inExpression
		}
	case "FROM":
		n.from(k, f)
		return true
	case "JOIN", "STRAIGHT_JOIN":
		f.joined = false
	case "ON":
		f.joined = f.clause == inFrom
	case "SET":
		f.clause, f.start = inSet, true
		return true
	case "UPDATE":
		if before == "KEY" && n.at(k-2).word == "DUPLICATE" {
			f.clause, f.start = inSet, true
			return true
		}
	case "INTO":
		f.clause = inInto
	case "INSERT", "REPLACE":
		if first && !n.punct(k+1, '(') {
			f.clause = inInto
		}
	case "WITH":
		if first || n.punct(k-1, '(') {
			f.clause, f.start = inWith, true
			return true
		}
	case "RECURSIVE":
		return f.clause == inWith && f.start
	case "BEGIN":
		if f.clause == inDefinition {
			n.frames = []frame{{}}
		}
	default:
		if first && definingWords.has(word) {
			f.clause = inDefinition
		}
	}
	return false
}

// from enters FROM, unless it is part of a function's arguments or of IS
// DISTINCT FROM.
func (n *namer) from(k int, f *frame) {
	if argumentWords.has(f.opener) || n.at(k-1).word == "DISTINCT" && (n.at(k-2).word == "IS" || n.at(k-2).word == "NOT") {
		return
	}
	f.clause, f.start, f.joined = inFrom, true, false
}

// check reports the value at a token if a name must stand there.
func (n *namer) check(k int) {
	f := n.top()
	before, second := n.at(k-1), n.at(k-2)
	what := ""
	switch {
	case n.punct(k-1, '.') || n.punct(k+1, '.'):
		what = "the name of a table or column"
	case n.cast(k - 1):
		what = "the name of a type"
	case n.at(0).word == "PRAGMA":
		what = "a name"
	case f.names && f.start:
		what = "the name of a column"
	case f.start && f.clause == inSet:
		what = "the name of a column"
	case f.start && f.clause == inFrom, before.word != "" && tableWords.has(before.word) && !n.punct(k-2, '.'):
		what = "the name of a table"
	case f.start && f.clause == inWith:
		what = "a name"
	case nameWords.has(before.word) && !n.punct(k-2, '.'):
		what = "a name"
	case before.word == "OF" && words(" UPDATE SHARE ").has(second.word), before.word == "BY" && second.word == "INDEXED":
		what = "a name"
	case before.word == "EXISTS" && (second.word == "IF" || second.word == "NOT" && n.at(k-3).word == "IF"):
		what = "a name"
	case f.clause == inInto && words(" INSERT REPLACE IGNORE ").has(before.word):
		what = "the name of a table"
	case k == 1 && firstWords.has(before.word):
		what = "a name"
	case f.clause == inDefinition && n.definition(k):
		what = "a name"
	case n.punct(k+1, '('):
		what = "the name of a function"
	}
	switch {
	case what != "":
		n.refuse(k, "a value where "+what+" must stand", identHint)
	case f.clause == inFrom && !f.joined && n.behindName(k):
		n.refuse(k, "a value where an alias must stand", identHint)
	case f.clause == inOrder && n.behindName(k):
		n.refuse(k, "a value where ASC, DESC or an operator must stand", "a value is no keyword: write {% if .inputs.descending %}DESC{% endif %}")
	default:
		n.in(k, f)
	}
}

// definition reports whether a name must stand in a statement that defines
// one. No server takes parameters elsewhere in it either, but says so.
func (n *namer) definition(k int) bool {
	return n.at(k-1).kind == sWord && !valueWords.has(n.at(k-1).word) || n.top().start && len(n.frames) == 1
}

// behindName reports whether a value stands right behind a name, where no
// value can.
func (n *namer) behindName(k int) bool {
	t := n.at(k - 1)
	if t.kind == sWord {
		return t.word == "" || !expecting.has(t.word) && (n.t[k].kind == sHole || n.typeBefore(k) == k)
	}
	return n.name(k-1) || n.punct(k-1, ')') && n.t[k].kind == sHole
}

// in reports a list behind IN that does not print its own parentheses, and one
// that does within parentheses.
func (n *namer) in(k int, f *frame) {
	t := n.t[k]
	p := n.d.holes[t.hole]
	behindIn := n.at(k-1).word == "IN" && f.opener != "POSITION"
	switch {
	case t.kind == sString && behindIn:
		n.refuse(k, "a value right behind IN", "write IN ({{ … }}) for values, IN {{ list | inclause }} for a list")
	case t.kind == sString:
	case p.node.form == asInclause:
		if f.opener == "IN" && n.punct(k-1, '(') && n.punct(k+1, ')') {
			n.refuse(k, "| inclause within parentheses", "write IN {{ … | inclause }}: it prints its own parentheses")
		}
	case behindIn && p.list, f.opener == "IN" && f.start && p.list:
		n.refuse(k, "a list behind IN needs | inclause", "write IN {{ … | inclause }}, without parentheses around it")
	case behindIn:
		n.refuse(k, "a value right behind IN", "write IN ({{ … }}) for values, IN {{ list | inclause }} for a list")
	case p.list && !n.sql.arrays:
		n.refuse(k, "a list cannot be a parameter on "+string(n.sql.name), "print it with | inclause, as in IN {{ … | inclause }}, or as text with | join or | tojson")
	}
}
