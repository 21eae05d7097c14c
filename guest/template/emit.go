package template

import (
	"strconv"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/abi/pytext"
)

// emitter writes one statement: the draft's own text, with what was printed in
// its place.
type emitter struct {
	t *Template
	d *draft
	span
	out    []byte
	params []abi.Value
	bytes  int // of the parameters
	from   int // the draft's text is written up to here
	all    *totals
	record *[]piece // where the pieces of out come from, if that is asked for
	fault  *fault
}

// finishSQL makes the statements of a draft.
func (t *Template) finishSQL(d *draft) ([]Statement, *fault) {
	r := &faults{src: t.o.Text}
	list := t.spans(r, d)
	if len(r.list) > 0 {
		return nil, r.list[0]
	}
	if len(list) == 0 {
		return nil, &fault{at: -1, msg: "the template renders no statement for these inputs", hint: "give the {% if %} an {% else %} with a statement"}
	}
	out := make([]Statement, len(list))
	all := &totals{budget: d.budget}
	for i, s := range list {
		e := &emitter{t: t, d: d, span: s, from: s.start, all: all}
		out[i] = e.statement()
		if e.fault != nil {
			return nil, e.fault
		}
	}
	return out, nil
}

// statement writes the statement.
func (e *emitter) statement() Statement {
	e.out = make([]byte, 0, e.end-e.start+16)
	e.params = make([]abi.Value, 0, min(len(e.d.holes), maxPieces))
	for k := 0; k < len(e.tokens) && e.fault == nil; k++ {
		switch t := e.tokens[k]; {
		case t.kind == sHole:
			e.copy(int(t.start))
			e.hole(t)
			if e.d.holes[t.hole].node.form == asValue {
				e.typeOfTested(k)
			}
			e.from = int(t.end)
		case t.kind == sString && t.holes > 0:
			k = e.literal(k)
		}
		if len(e.out) > 2*e.d.maxSQL {
			break
		}
	}
	e.copy(e.end)
	sql := strings.Trim(string(e.out), sqlSpace)
	at := e.at()
	e.all.sql += len(sql)
	switch {
	case e.fault != nil:
	case len(sql) > e.d.maxSQL:
		e.fault = tooLong(at, e.d.maxSQL)
	case e.all.sql > maxTotal(e.d.maxSQL):
		e.fault = tooLongTogether(at, e.d.maxSQL)
	}
	return Statement{SQL: sql, Params: e.params, At: at}
}

// sqlSpace is the white space that no statement begins or ends with.
const sqlSpace = " \t\r\n\f\v"

// at is where the statement's first token stands in the template.
func (e *emitter) at() int { return e.d.source(int(e.tokens[0].start)) }

// copy writes the draft's text up to an offset.
func (e *emitter) copy(to int) {
	text := e.d.text[e.from:to]
	if len(text) > 0 {
		e.space(text[0])
		e.note(e.from, true)
	}
	e.out = append(e.out, text...)
	e.from = to
}

// space keeps two pieces apart that would be read as one token.
func (e *emitter) space(next byte) {
	if len(e.out) == 0 || e.from == e.start {
		return
	}
	if last := e.out[len(e.out)-1]; joins(last) && joins(next) {
		e.out = append(e.out, ' ')
	}
}

// joins reports whether a byte could be read together with the one next to it.
func joins(c byte) bool {
	return sqlWordByte(c) || strings.IndexByte("'\"`?@#&", c) >= 0
}

// fail records the statement's first fault.
func (e *emitter) fail(p *printed, msg, hint string) {
	if e.fault == nil {
		e.fault = &fault{at: int(p.node.pos), msg: msg, hint: hint}
	}
}

// exceed records that a limit was reached.
func (e *emitter) exceed(p *printed, msg, hint string) {
	if e.fault == nil {
		e.fault = &fault{at: int(p.node.pos), msg: msg, hint: hint, limit: true}
	}
}

// param writes a placeholder for a value.
func (e *emitter) param(p *printed, v abi.Value) {
	e.params = append(e.params, v)
	e.bytes += len(v.Str)
	e.all.params++
	switch {
	case len(e.params) > e.t.o.MaxParams:
		hint := "do it in several runs"
		if e.t.sql.arrays {
			hint = "pass a list as one parameter: = ANY({{ … }})"
		}
		e.exceed(p, "the statement has more than "+strconv.Itoa(e.t.o.MaxParams)+" parameters", hint)
	case e.all.params > maxHoles:
		e.exceed(p, "the statements have more than "+strconv.Itoa(maxHoles)+" parameters", "do it in several runs")
	case e.bytes+e.all.lists > maxBuilt+e.d.inputs:
		e.exceed(p, "the parameters have more than "+strconv.Itoa((maxBuilt+e.d.inputs)>>20)+" MiB", "give each value once, or do it in several runs")
	}
	e.placeholder()
}

// placeholder writes the placeholder of the last parameter.
func (e *emitter) placeholder() {
	switch n := int64(len(e.params)); e.t.sql.name {
	case abi.Postgres:
		e.out = strconv.AppendInt(append(e.out, '$'), n, 10)
	case abi.SQLite:
		e.out = strconv.AppendInt(append(e.out, '?'), n, 10)
	default:
		e.out = append(e.out, '?')
	}
	if len(e.out) > 2*e.d.maxSQL && e.fault == nil {
		e.fault = tooLong(e.at(), e.d.maxSQL)
	}
}

// typeOfTested writes the type of a text parameter that is only tested for null,
// as in ({{ q }} IS NULL OR name = {{ q }}): PostgreSQL infers a text's type from
// what it stands beside, and there is nothing.
func (e *emitter) typeOfTested(k int) {
	word := func(k int) string {
		if k >= 0 && k < len(e.tokens) {
			return e.tokens[k].word
		}
		return ""
	}
	null := k + 2
	if word(null) == "NOT" {
		null++
	}
	const before words = " AND OR NOT WHERE WHEN ON SELECT HAVING "
	alone := before.has(word(k-1)) || k > 0 && e.tokens[k-1].kind == sPunct && e.d.text[e.tokens[k-1].start] == '('
	if e.t.sql.name != abi.Postgres || len(e.params) == 0 || word(k+1) != "IS" || word(null) != "NULL" || !alone {
		return
	}
	switch t := e.params[len(e.params)-1].Type; {
	case t.Kind == abi.Str:
		e.out = append(e.out, "::text"...)
	case t.Kind == abi.List && t.Elem != nil && t.Elem.Kind == abi.Str:
		e.out = append(e.out, "::text[]"...)
	}
}

// hole writes what was printed outside of quotes.
func (e *emitter) hole(t sqlToken) {
	p := &e.d.holes[t.hole]
	e.note(int(t.start), false)
	switch p.node.form {
	case asIdent:
		name := e.ident(p)
		e.space('"')
		e.out = append(e.out, name...)
	case asInclause:
		e.inclause(p)
	default:
		e.space('$')
		if p.v.k == kList {
			e.all.lists += paramBytes(p.v, maxBuilt)
		}
		var v abi.Value
		if e.all.lists <= maxBuilt+e.d.inputs { // else param has it
			var msg string
			if v, msg = p.v.toABI(); msg != "" {
				e.fail(p, msg, "")
			}
		}
		e.param(p, v)
	}
}

// ident is a quoted identifier; a dotted name is a quoted one for each part.
func (e *emitter) ident(p *printed) string {
	const hint = "a name has no empty parts: table, or schema.table"
	if p.v.k != kStr {
		e.fail(p, "| ident needs text, not "+p.v.name(), "")
		return ""
	}
	if len(p.v.s) > 8*maxIdent {
		e.fail(p, "| ident of a name with more than "+strconv.Itoa(8*maxIdent)+" bytes", "")
		return ""
	}
	q := string(e.t.sql.quote)
	parts := strings.Split(p.v.s, ".")
	for i, s := range parts {
		switch {
		case s == "" && len(p.v.s) > 64:
			e.fail(p, "| ident of a name which has an empty part", hint)
		case s == "":
			e.fail(p, "| ident of "+strconv.Quote(p.v.s)+", which has an empty part", hint)
		case strings.IndexByte(s, 0) >= 0:
			e.fail(p, "| ident of a name with a NUL", "")
		case len(s) > maxIdent:
			e.fail(p, "| ident of a name with more than "+strconv.Itoa(maxIdent)+" bytes", "")
		case len(s) > maxPostgresIdent && e.t.sql.name == abi.Postgres:
			e.fail(p, "| ident of a name with more than "+strconv.Itoa(maxPostgresIdent)+" bytes", "PostgreSQL would cut it off, and take another name for it")
		}
		parts[i] = q + strings.ReplaceAll(s, q, q+q) + q
	}
	return strings.Join(parts, ".")
}

// maxIdent bounds a part of a name; no dialect takes more than 64 characters
// but SQLite.
const maxIdent = 1024

// maxPostgresIdent is how many bytes of a name PostgreSQL takes. Source: its
// documentation, "Identifiers and Key Words".
const maxPostgresIdent = 63

// inclause writes (p1, p2, …).
func (e *emitter) inclause(p *printed) {
	switch {
	case p.v.k != kList:
		e.fail(p, "| inclause needs a list, not "+p.v.name(), "write IN ({{ … }}) for single values")
		return
	case len(p.v.l) == 0:
		e.fail(p, "| inclause of an empty list", "leave the condition out with {% if list %}")
		return
	}
	e.space('(')
	e.out = append(e.out, '(')
	for i, x := range p.v.l {
		if x.k == kNone {
			e.fail(p, "| inclause of a list with a null, which IN never finds", "leave nulls out, and ask for them with IS NULL")
		}
		if x.k == kList {
			e.fail(p, "| inclause of a list of lists", "")
		}
		if i > 0 {
			e.out = append(e.out, ", "...)
		}
		v, msg := x.toABI()
		if msg != "" {
			e.fail(p, msg, "")
		}
		e.param(p, v)
		if e.fault != nil {
			return
		}
	}
	e.out = append(e.out, ')')
}

// literal writes a quoted literal with expressions as one parameter, cast if
// the literal is a typed one, and returns the last token that it took.
func (e *emitter) literal(k int) int {
	t := e.tokens[k]
	v := e.literalValue(t)
	first := k
	if e.t.sql.name != abi.SQLite {
		first = typeBefore(e.t.sql, e.d, e.tokens, k)
	}
	p := &e.d.holes[t.hole]
	if first == k {
		e.copy(int(t.start))
		e.note(int(t.start), false)
		e.space('$')
		e.param(p, v)
		e.typeOfTested(k)
		e.from = int(t.end)
		return k
	}
	typ := typeText(e.d, e.tokens[first:k])
	last := k
	if strings.HasPrefix(typ, "interval") {
		if n := intervalFields(e.tokens, k+1); n > 0 {
			last = k + n
			typ += " " + typeText(e.d, e.tokens[k+1:last+1])
		}
	}
	e.copy(int(e.tokens[first].start))
	e.note(int(e.tokens[first].start), false)
	e.space('C')
	e.out = append(e.out, "CAST("...)
	e.param(p, v)
	e.out = append(e.out, " AS "+castType(e.t.sql, typ)+")"...)
	e.from = int(e.tokens[last].end)
	return last
}

// literalValue is the text of a literal with its expressions. A null alone is
// a null; a null beside other text has no meaning.
func (e *emitter) literalValue(t sqlToken) abi.Value {
	from, end := int(t.quote)+1, int(t.end)-1
	holes := e.d.holes[t.hole : t.hole+t.holes]
	typ := abi.Type{Kind: abi.Str}
	if p := &holes[0]; t.holes == 1 && from == p.at && p.at == end-1 {
		switch p.v.k {
		case kNone:
			typ.Nullable = true
			return abi.Value{Type: typ, Null: true}
		case kStr:
			return abi.Value{Type: typ, Str: p.v.s}
		}
	}
	n := end - from
	for i := range holes {
		n += len(holes[i].v.s) + 48
	}
	if !e.all.grow(n) {
		err := e.all.tooMuch()
		e.exceed(&holes[0], err.msg, err.hint)
		return abi.Value{Type: typ}
	}
	var b strings.Builder
	b.Grow(n)
	for i := range holes {
		p := &holes[i]
		e.piece(&b, t, from, p.at)
		from = p.at + 1
		if p.v.k == kNone {
			e.fail(p, "a null inside of a quoted literal with other text", "give text for it with | default('', true)")
			return abi.Value{Type: typ}
		}
		b.WriteString(e.literalText(p))
	}
	e.piece(&b, t, from, end)
	return abi.Value{Type: typ, Str: b.String()}
}

// piece writes the literal's own text between two offsets.
func (e *emitter) piece(b *strings.Builder, t sqlToken, from, to int) {
	s, ok := unescape(e.t.sql, t.prefix, e.d.text[t.quote], e.d.text[from:to])
	if !ok && e.fault == nil {
		e.fault = &fault{at: e.d.source(from), msg: "an escape in the literal makes no text", hint: "write the character itself"}
	}
	b.WriteString(s)
}

// literalText is what a value is within quotes: its text as Python has it, but
// a datetime without its zone on MySQL, which reads it as the session's, and on
// SQLite, whose own functions write none and where text is compared; bytes are
// refused.
func (e *emitter) literalText(p *printed) string {
	switch p.v.k {
	case kList, kLoop, kUndefined:
		e.fail(p, "a "+p.v.name()+" inside quotes", "use | join, or remove the quotes")
		return ""
	case kBytes:
		e.fail(p, "bytes inside quotes", "remove the quotes: bytes are a parameter of their own")
		return ""
	case kDatetime:
		if e.t.sql.name != abi.Postgres {
			return pytext.Datetime(p.v.i)
		}
	}
	return pyString(p.v)
}
