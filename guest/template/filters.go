package template

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// filterDef is a filter: what it is called with and what it does.
type filterDef struct {
	name     string
	params   []string
	required int // how many of the params must be given
	apply    func(m *machine, at pos, v value, args []value) value
}

// filterSpec returns a filter by its name, or nil. ident and inclause have no
// apply: they are a form of printing.
func filterSpec(name string) *filterDef {
	list := filterList()
	for i := range list {
		if list[i].name == name {
			return &list[i]
		}
	}
	return nil
}

func filterList() []filterDef {
	return []filterDef{
		{"default", []string{"default_value", "boolean"}, 0, nil},
		{"length", nil, 0, (*machine).lengthFilter},
		{"upper", nil, 0, (*machine).upperFilter},
		{"lower", nil, 0, (*machine).lowerFilter},
		{"trim", []string{"chars"}, 0, (*machine).trimFilter},
		{"replace", []string{"old", "new", "count"}, 2, (*machine).replaceFilter},
		{"join", []string{"d"}, 0, (*machine).joinFilter},
		{"first", nil, 0, (*machine).firstFilter},
		{"last", nil, 0, (*machine).lastFilter},
		{"unique", []string{"case_sensitive"}, 0, (*machine).uniqueFilter},
		{"abs", nil, 0, (*machine).absFilter},
		{"round", []string{"precision", "method"}, 0, (*machine).roundFilter},
		{"int", []string{"default", "base"}, 0, (*machine).intFilter},
		{"float", []string{"default"}, 0, (*machine).floatFilter},
		{"string", nil, 0, (*machine).stringFilter},
		{"list", nil, 0, (*machine).listFilter},
		{"tojson", []string{"indent"}, 0, (*machine).tojsonFilter},
		{"ident", nil, 0, nil},
		{"inclause", nil, 0, nil},
	}
}

// filterHint is the next step for a filter that is not known.
func filterHint(name string) string {
	switch name {
	case "safe", "raw", "e", "escape", "sqlsafe":
		return "values are bound, never escaped, and none can be printed as SQL text"
	case "d":
		return `did you mean "default"?`
	case "count", "len":
		return `did you mean "length"?`
	case "identifier":
		return `did you mean "ident"?`
	}
	var names []string
	for _, f := range filterList() {
		names = append(names, f.name)
	}
	return didYouMean(name, names, "filters are "+strings.Join(names, ", "))
}

// filter evaluates x | name(args).
func (m *machine) filter(x *filterExpr) value {
	args := make([]value, len(x.args))
	arg := func() {
		for i, a := range x.args {
			if a != nil {
				args[i] = m.need(a)
			}
		}
	}
	if x.name == "default" {
		v := m.eval(x.x)
		if arg(); m.fault != nil {
			return value{}
		}
		if v.k == kUndefined || args[1].truth() && !v.truth() {
			if x.args[0] == nil {
				return strValue("")
			}
			return args[0]
		}
		return v
	}
	v := m.need(x.x)
	if arg(); m.fault != nil {
		return value{}
	}
	if !m.step(1 + len(v.l) + len(v.s)/16) {
		return m.stop(x.pos)
	}
	f := filterSpec(x.name)
	if f == nil || f.apply == nil {
		return m.fail(x.pos, "| "+x.name+" must be the last filter of a printed expression", "")
	}
	return f.apply(m, x.pos, v, args)
}

// wrong reports a value that a filter does not take.
func (m *machine) wrong(at pos, name string, v value, wants string) value {
	return m.fail(at, "| "+name+" needs "+wants+", not "+v.name(), "")
}

func (m *machine) lengthFilter(at pos, v value, _ []value) value {
	switch v.k {
	case kStr:
		return intValue(int64(utf8.RuneCountInString(v.s)))
	case kBytes:
		return intValue(int64(len(v.s)))
	case kList:
		return intValue(int64(len(v.l)))
	}
	return m.wrong(at, "length", v, "text or a list")
}

func (m *machine) upperFilter(at pos, v value, _ []value) value {
	return m.mapText(at, v, pyUpper)
}

func (m *machine) lowerFilter(at pos, v value, _ []value) value {
	return m.mapText(at, v, pyLower)
}

// mapText applies a function to str(v).
func (m *machine) mapText(at pos, v value, f func(string) string) value {
	s := m.text(at, v)
	if !m.grow(casedBytes(s)) {
		return m.stop(at)
	}
	return strValue(f(s))
}

func (m *machine) stringFilter(at pos, v value, _ []value) value { return strValue(m.text(at, v)) }

func (m *machine) trimFilter(at pos, v value, args []value) value {
	s := m.text(at, v)
	switch args[0].k {
	case kUndefined, kNone:
		return strValue(strings.TrimFunc(s, pySpace))
	case kStr:
		m.step(len(s) / 16 * (len(args[0].s)/16 + 1))
		return strValue(strings.Trim(s, args[0].s))
	}
	return m.wrong(at, "trim", args[0], "text as its characters")
}

func (m *machine) replaceFilter(at pos, v value, args []value) value {
	s, old, new := m.text(at, v), m.text(at, args[0]), m.text(at, args[1])
	n := -1
	switch c := args[2]; {
	case c.integer():
		n = int(max(-1, min(c.i, 1<<30)))
	case c.k != kUndefined && c.k != kNone:
		return m.wrong(at, "replace", c, "an int as its count")
	}
	count := strings.Count(s, old)
	if n >= 0 {
		count = min(count, n)
	}
	if count > 0 && !m.grow(len(s)+count*min(len(new), maxBuilt+1)) {
		return m.stop(at)
	}
	return strValue(strings.Replace(s, old, new, n))
}

func (m *machine) joinFilter(at pos, v value, args []value) value {
	items := m.items(at, "join", v)
	sep := ""
	if args[0].k != kUndefined {
		sep = m.text(at, args[0])
	}
	n := 0
	for i := 0; i < len(items) && n <= maxBuilt; i++ {
		n += len(sep) + textBytes(items[i], maxBuilt)
		if k := items[i].k; k == kStr || k == kJSON {
			n += len(items[i].s)
		}
	}
	if m.fault != nil || !m.grow(n) {
		return m.stop(at)
	}
	var b strings.Builder
	b.Grow(n)
	for i, x := range items {
		if i > 0 {
			b.WriteString(sep)
		}
		writeString(&b, x)
	}
	return strValue(b.String())
}

// items is what a loop or a filter goes over: a list, or the characters of a
// text.
func (m *machine) items(at pos, what string, v value) []value {
	switch v.k {
	case kList:
		return v.l
	case kStr:
		n := utf8.RuneCountInString(v.s)
		if !m.growList(n) {
			m.stop(at)
			return nil
		}
		out := make([]value, 0, n)
		for s := v.s; s != ""; {
			width := charOffset(s, 1)
			out = append(out, strValue(s[:width]))
			s = s[width:]
		}
		return out
	}
	if m.fault == nil {
		hint := ""
		if v.k == kNone {
			hint = "use | default([], true) for a list that may be null"
		}
		m.fail(at, what+" needs a list or text, not "+v.name(), hint)
	}
	return nil
}

func (m *machine) firstFilter(at pos, v value, _ []value) value {
	if v.k == kStr && v.s != "" {
		return strValue(v.s[:charOffset(v.s, 1)])
	}
	items := m.items(at, "| first", v)
	if len(items) == 0 {
		return undefined("there is no first item, the list is empty")
	}
	return items[0]
}

func (m *machine) lastFilter(at pos, v value, _ []value) value {
	if v.k == kStr && v.s != "" {
		_, width := utf8.DecodeLastRuneInString(v.s)
		return strValue(v.s[len(v.s)-width:])
	}
	items := m.items(at, "| last", v)
	if len(items) == 0 {
		return undefined("there is no last item, the list is empty")
	}
	return items[len(items)-1]
}

// uniqueFilter keeps the first of equal items; text that differs in case only
// is equal unless case_sensitive.
func (m *machine) uniqueFilter(at pos, v value, args []value) value {
	out := value{k: kList, typ: v.typ}
	if v.k != kList {
		out.typ.Kind = 0
	}
	const entry = 64 // of the two tables below
	items := m.items(at, "| unique", v)
	if m.fault != nil || !m.grow(len(items)*(valueBytes+entry)) {
		return m.stop(at)
	}
	out.l = make([]value, 0, len(items))
	last := make(map[string]int32, len(items)) // by key, 1 + the last item of it in out
	before := make([]int32, 0, len(items))     // by item, 1 + the one before it with the same key
	for _, x := range items {
		key, ok := m.uniqueKey(x, args[0].truth())
		if !ok {
			return m.stop(at)
		}
		i := last[key]
		for i > 0 && x.k != kStr && !pyEqual(x, out.l[i-1]) {
			i = before[i-1]
			if !m.step(1 + x.size()/16) {
				return m.stop(at)
			}
		}
		if i == 0 {
			before = append(before, last[key])
			out.l = append(out.l, x)
			last[key] = int32(len(out.l))
		}
	}
	return out.measured()
}

// uniqueKey is the same for equal values: numbers of all kinds share it where
// they have the same whole part. For text it is the same for equal text only.
// ok is false when the budget is spent.
func (m *machine) uniqueKey(v value, caseSensitive bool) (key string, ok bool) {
	switch {
	case v.integer():
		return "n" + strconv.FormatInt(v.i, 10), true
	case v.k == kFloat:
		return "n" + strings.TrimSuffix(strconv.FormatFloat(floatTrunc(v.f), 'f', 0, 64), ".0"), true
	case v.k == kDecimal:
		return "n" + plainZero(parseDecimal(v.s).truncate()).String(), m.grow(len(v.s))
	case v.k == kStr && caseSensitive:
		return "s" + v.s, m.grow(len(v.s))
	case v.k == kStr:
		if !m.grow(casedBytes(v.s)) {
			return "", false
		}
		return "s" + pyLower(v.s), true
	}
	if n := reprBytes(v, maxBuilt); !m.grow(n) {
		return "", false
	}
	return v.name() + pyString(v), true
}

func (m *machine) listFilter(at pos, v value, _ []value) value {
	items := m.items(at, "| list", v)
	out := value{k: kList, l: items}
	if v.k == kList {
		out.typ = v.typ
	}
	return out.measured()
}
