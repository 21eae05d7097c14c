package template

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
)

// machine evaluates the expressions of one rendering. The first fault stops
// it: from then on every evaluation is undefined.
type machine struct {
	inputs scope
	scopes []scope // innermost last
	loops  []*loopState
	budget
	fault *fault
}

// loopState is where a {% for %} is.
type loopState struct{ i, n int }

var loopNames = []string{"index", "index0", "first", "last", "length", "revindex", "revindex0"}

// attr is loop.name.
func (l *loopState) attr(name string) value {
	switch name {
	case "index":
		return intValue(int64(l.i + 1))
	case "index0":
		return intValue(int64(l.i))
	case "first":
		return boolValue(l.i == 0)
	case "last":
		return boolValue(l.i == l.n-1)
	case "revindex":
		return intValue(int64(l.n - l.i))
	case "revindex0":
		return intValue(int64(l.n - l.i - 1))
	}
	return intValue(int64(l.n))
}

func newMachine(in []abi.NamedValue) *machine {
	m := &machine{inputs: scope{few: make([]variable, 0, min(len(in), maxFew))}, scopes: make([]scope, 1)}
	for _, v := range in {
		m.inputs.set(v.Name, fromABI(v.Value))
	}
	return m
}

// fail records the first fault.
func (m *machine) fail(at pos, msg, hint string) value {
	return m.try(at, value{}, &opError{msg: msg, hint: hint})
}

// try records an operation's error.
func (m *machine) try(at pos, v value, err *opError) value {
	if err == nil {
		return v
	}
	if m.fault == nil {
		m.fault = &fault{at: int(at), msg: err.msg, hint: err.hint, limit: err.limit}
	}
	return value{}
}

// stop records that the budget is spent.
func (m *machine) stop(at pos) value { return m.try(at, value{}, m.tooMuch()) }

// need evaluates an expression that must be defined.
func (m *machine) need(x expr) value {
	v := m.eval(x)
	if v.k == kUndefined && m.fault == nil {
		return m.fail(pos(x.offset()), v.s, "give a value with | default(…)")
	}
	return v
}

// undefined is a value that is not there, with why.
func undefined(why string) value { return value{k: kUndefined, s: why} }

// eval evaluates an expression; the value may be undefined.
func (m *machine) eval(x expr) value {
	if m.fault != nil {
		return value{}
	}
	if !m.step(1) {
		return m.stop(pos(x.offset()))
	}
	switch x := x.(type) {
	case *constant:
		return x.v
	case *inputRef:
		v, _ := m.inputs.get(x.name)
		return v
	case *nameRef:
		return m.variable(x.name)
	case *loopRef:
		return m.loops[len(m.loops)-1].attr(x.name)
	case *listExpr:
		return m.list(x)
	case *unary:
		return m.unary(x)
	case *binary:
		return m.binary(x)
	case *compare:
		return m.compare(x)
	case *cond:
		return m.cond(x)
	case *index:
		return m.index(x)
	case *slice:
		return m.slice(x)
	case *filterExpr:
		return m.filter(x)
	case *testExpr:
		return m.test(x)
	}
	return value{}
}

// variable finds a name: the innermost loop's or set's variable, or an input.
func (m *machine) variable(name string) value {
	for i := len(m.scopes) - 1; i >= 0; i-- {
		if v, ok := m.scopes[i].get(name); ok {
			return v
		}
	}
	if v, ok := m.inputs.get(name); ok {
		return v
	}
	return undefined(strconv.Quote(name) + " is not defined here")
}

func (m *machine) list(x *listExpr) value {
	if !m.growList(len(x.items)) {
		return m.stop(x.pos)
	}
	v := value{k: kList, tuple: x.tuple, l: make([]value, len(x.items))}
	for i, item := range x.items {
		v.l[i] = m.need(item)
	}
	if v = v.measured(); v.deep > maxLists {
		return m.try(x.pos, value{}, &opError{msg: "lists nest deeper than " + strconv.Itoa(maxLists), limit: true})
	}
	return v
}

func (m *machine) unary(x *unary) value {
	v := m.need(x.x)
	if m.fault != nil {
		return v
	}
	switch {
	case x.op == "not":
		return boolValue(!v.truth())
	case v.k == kTimedelta && x.op == "-":
		r, err := intArith("-", 0, v.i)
		return m.try(x.pos, value{k: kTimedelta, i: r.i}, err)
	case v.k == kTimedelta:
		return v
	case !v.number():
		return m.fail(x.pos, x.op+" does not work on "+v.name(), "")
	case v.k == kDecimal:
		d := parseDecimal(v.s)
		if x.op == "-" {
			d = d.negate()
		}
		return value{k: kDecimal, s: d.String()}
	case v.k == kFloat && x.op == "-":
		return floatValue(-v.f)
	case v.k == kFloat:
		return v
	case x.op == "+":
		return intValue(v.i)
	}
	r, err := intArith("-", 0, v.i)
	return m.try(x.pos, r, err)
}

func (m *machine) binary(x *binary) value {
	spine := leftSpine(x)
	v := m.need(spine[len(spine)-1].l)
	for i := len(spine) - 1; i >= 0 && m.fault == nil; i-- {
		v = m.operate(spine[i], v)
	}
	return v
}

// operate is an operation whose left side has been evaluated.
func (m *machine) operate(x *binary, l value) value {
	if !m.step(1) {
		return m.stop(x.pos)
	}
	if x.op == "and" && !l.truth() || x.op == "or" && l.truth() {
		return l
	}
	r := m.need(x.r)
	if m.fault != nil || x.op == "and" || x.op == "or" {
		return r
	}
	if x.op == "~" {
		a, b := m.text(x.pos, l), m.text(x.pos, r)
		v, err := m.concat(a, b)
		return m.try(x.pos, v, err)
	}
	v, err := m.arith(x.op, l, r)
	return m.try(x.pos, v, err)
}

// text is str(v) within the budget.
func (m *machine) text(at pos, v value) string {
	if v.k == kStr {
		return v.s
	}
	if !m.grow(textBytes(v, maxBuilt)) {
		m.stop(at)
		return ""
	}
	return pyString(v)
}

func (m *machine) compare(x *compare) value {
	l := m.need(x.first)
	for _, c := range x.rest {
		r := m.need(c.x)
		if m.fault != nil {
			return value{}
		}
		if !m.step((l.size() + r.size()) / 16) {
			return m.stop(c.pos)
		}
		var ok bool
		var err *opError
		if c.op == "in" || c.op == "not in" {
			ok, err = member(l, r)
			ok = ok != (c.op == "not in")
		} else {
			ok, err = compareOp(c.op, l, r)
		}
		if err != nil {
			return m.try(c.pos, value{}, err)
		}
		if !ok {
			return pyFalse
		}
		l = r
	}
	return pyTrue
}

// member is Python's l in r.
func member(l, r value) (bool, *opError) {
	switch {
	case r.k == kList:
		for _, x := range r.l {
			if pyEqual(l, x) {
				return true, nil
			}
		}
		return false, nil
	case r.k == kStr && l.k == kStr:
		return strings.Contains(r.s, l.s), nil
	case r.k == kStr:
		return false, &opError{msg: "in looks for text in text, not for " + l.name(), hint: "make text of it with | string"}
	}
	return false, &opError{msg: "in needs a list or text, not " + r.name(), hint: ""}
}

func (m *machine) cond(x *cond) value {
	switch {
	case m.need(x.test).truth():
		return m.eval(x.then)
	case x.other != nil:
		return m.eval(x.other)
	}
	return undefined("the condition is false and there is no else")
}

func (m *machine) index(x *index) value {
	v, i := m.need(x.x), m.need(x.i)
	if m.fault != nil {
		return value{}
	}
	if v.k != kList && v.k != kStr {
		return m.fail(x.pos, v.name()+" has no items", itemsHint(v))
	}
	if !i.integer() {
		return m.fail(x.pos, "an index is an int, not "+i.name(), "values have no attributes")
	}
	n := int64(len(v.l))
	if v.k == kStr {
		n = int64(utf8.RuneCountInString(v.s))
	}
	at := i.i
	if at < 0 {
		at += n
	}
	if at < 0 || at >= n {
		return undefined("index " + strconv.FormatInt(i.i, 10) + " is out of range: there are " + plural(int(n), "item"))
	}
	if v.k == kList {
		return v.l[at]
	}
	m.step(len(v.s) / 16)
	from := charOffset(v.s, at)
	return strValue(v.s[from : from+charOffset(v.s[from:], 1)])
}

// itemsHint is the next step where a value without items is indexed.
func itemsHint(v value) string {
	switch v.k {
	case kJSON:
		return "take the document apart in SQL, or declare what is needed of it as an input of its own"
	case kNone:
		return "use | default([], true) for a list that may be null"
	}
	return "lists and text have items"
}

// charOffset is where the n-th character of a text begins.
func charOffset(s string, n int64) int {
	i := 0
	for ; n > 0 && i < len(s); n-- {
		_, width := utf8.DecodeRuneInString(s[i:])
		i += width
	}
	return i
}

func (m *machine) slice(x *slice) value {
	v := m.need(x.x)
	bound := func(e expr, otherwise int64) (int64, bool) {
		if e == nil {
			return otherwise, false
		}
		b := m.need(e)
		if b.k == kNone {
			return otherwise, false
		}
		if m.fault == nil && !b.integer() {
			m.fail(x.pos, "a slice goes by ints, not by "+b.name(), "")
		}
		return b.i, true
	}
	step, _ := bound(x.step, 1)
	from, hasFrom := bound(x.from, 0)
	to, hasTo := bound(x.to, 0)
	switch {
	case m.fault != nil:
		return value{}
	case step == 0:
		return m.fail(x.pos, "a slice cannot step by 0", "")
	case v.k == kStr:
		return m.sliceText(x.pos, v.s, span3{from, to, step, hasFrom, hasTo})
	case v.k != kList:
		return m.fail(x.pos, v.name()+" has no items", itemsHint(v))
	}
	return m.sliceList(x.pos, v, span3{from, to, step, hasFrom, hasTo})
}

var testNames = []string{"defined", "none", "string", "number", "even", "odd"}

func (m *machine) test(x *testExpr) value {
	v := m.eval(x.x)
	if x.name == "defined" {
		return boolValue((v.k != kUndefined) != x.not)
	}
	if v.k == kUndefined {
		v = m.need(x.x)
	}
	if m.fault != nil {
		return value{}
	}
	var ok bool
	switch x.name {
	case "none":
		ok = v.k == kNone
	case "string":
		ok = v.k == kStr
	case "number":
		ok = v.number()
	default:
		half, err := m.arith("%", v, intValue(2))
		if err != nil {
			return m.fail(x.pos, "is "+x.name+" needs a whole number, not "+v.name(), "")
		}
		ok = pyEqual(half, intValue(0))
		if x.name == "odd" {
			ok = pyEqual(half, intValue(1))
		}
	}
	return boolValue(ok != x.not)
}
