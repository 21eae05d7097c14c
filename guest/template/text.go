package template

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/abi/pytext"
)

// textMatch is a place where flytekit's regular expression
// ({{\s*.inputs.(\w+)\s*}}), with IGNORECASE, matches.
type textMatch struct {
	at   int    // offset in the template
	expr string // the whole of it
	name string
}

// textMatches finds the places in order. Both dots match any character but a
// newline; \s and \w are Python's, over all of Unicode.
func textMatches(s string) []textMatch {
	var out []textMatch
	for i := 0; i+1 < len(s); {
		if s[i] == '{' && s[i+1] == '{' {
			if m, ok := matchText(s, i); ok {
				out = append(out, m)
				i += len(m.expr)
				continue
			}
		}
		i++
	}
	return out
}

// matchText matches the expression at s[at:]. The white space in front gives
// back a character at a time, as in a backtracking engine, since the dot may
// need one of them.
func matchText(s string, at int) (textMatch, bool) {
	starts := []int{at + 2}
	for i := at + 2; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !pySpace(r) {
			break
		}
		i += n
		starts = append(starts, i)
	}
	// Only the last two can succeed: the dot is the last white space, or the
	// character behind it.
	for k := len(starts) - 1; k >= 0 && k >= len(starts)-2; k-- {
		if m, ok := matchInput(s, at, starts[k]); ok {
			return m, true
		}
	}
	return textMatch{}, false
}

// matchInput matches .inputs.(\w+)\s*}} at s[i:].
func matchInput(s string, at, i int) (textMatch, bool) {
	i, ok := anyRune(s, i)
	if !ok {
		return textMatch{}, false
	}
	for _, want := range "inputs" {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !sameLetter(r, want) {
			return textMatch{}, false
		}
		i += n
	}
	if i, ok = anyRune(s, i); !ok {
		return textMatch{}, false
	}
	from := i
	i = skipRunes(s, i, pyWord)
	name := s[from:i]
	i = skipRunes(s, i, pySpace)
	if name == "" || !strings.HasPrefix(s[i:], "}}") {
		return textMatch{}, false
	}
	return textMatch{at, s[at : i+2], name}, true
}

// anyRune steps over one character that is not a newline.
func anyRune(s string, i int) (int, bool) {
	if i >= len(s) || s[i] == '\n' {
		return i, false
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	return i + n, true
}

// skipRunes steps over the characters of a class.
func skipRunes(s string, i int, class func(rune) bool) int {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !class(r) {
			break
		}
		i += n
	}
	return i
}

// sameLetter compares as Python's re does with IGNORECASE: the dotted and the
// dotless i are an i, the long s is an s.
func sameLetter(r, want rune) bool {
	switch {
	case r == want || r == want-'a'+'A':
		return true
	case want == 'i':
		return r == 'ı' || r == 'İ'
	case want == 's':
		return r == 'ſ'
	}
	return false
}

// pySpace is Python's \s and str.isspace.
func pySpace(r rune) bool {
	switch {
	case r >= '\t' && r <= '\r', r >= 0x1c && r <= ' ':
		return true
	case r == 0x85, r == 0xa0, r == 0x1680, r >= 0x2000 && r <= 0x200a:
		return true
	case r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000:
		return true
	}
	return false
}

// pyWord is Python's \w: letters and numbers, without marks, and the
// underscore.
func pyWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsNumber(r))
}

// checkText finds the expressions of a template with text interpolation and
// reports flytekit's two errors, in flytekit's words.
func checkText(r *faults, inputs []abi.InputDecl) []textMatch {
	names := make([]string, len(inputs))
	for i, d := range inputs {
		names[i] = d.Name
	}
	found := textMatches(r.src)
	if f := textFault(found, names); f != nil {
		r.list = append(r.list, f)
	}
	return found
}

// textFault is flytekit's error for a name that was not given or a value that
// has no place, or nil.
func textFault(found []textMatch, names []string) *fault {
	matched := make(map[string]bool)
	for _, m := range found {
		if !contains(names, m.name) {
			return &fault{at: m.at, msg: "Variable " + m.name + " in Query (part of " + m.expr +
				") not found in inputs dict_keys(" + reprNames(names, "[", "]") + ")", hint: "declare the input, or correct its name"}
		}
		matched[m.name] = true
	}
	var missing []string
	for _, n := range names {
		if !matched[n] {
			missing = append(missing, n)
		}
	}
	if missing != nil {
		return &fault{at: -1, msg: "Extra Inputs have no matches in query template - missing " + reprNames(missing, "{", "}"),
			hint: "use the input as {{ .inputs." + missing[0] + " }}, or do not declare it"}
	}
	return nil
}

// reprNames writes names as Python writes a list or a set of strings.
func reprNames(names []string, open, end string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = pytext.ReprText(n)
	}
	return open + strings.Join(quoted, ", ") + end
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// renderText makes of the template what flytekit and then SQLAlchemy's text()
// make of it, as one statement.
func (t *Template) renderText(in []abi.NamedValue, maxSQL int) ([]Statement, *fault) {
	sql, f := t.interpolate(in, maxSQL)
	if f != nil {
		return nil, f
	}
	out, bind, at := unescapeColons(sql)
	if at < 0 {
		return []Statement{{SQL: out}}, nil
	}
	f = &fault{at: -1, msg: "A value is required for bind parameter " + pytext.ReprText(bind), hint: `write \:` + bind + " for the text :" + bind}
	if _, same, at := unescapeColons(t.o.Text); same == bind {
		f.at = at
	}
	return nil, f
}

// interpolate replaces as flytekit does: match after match of the template,
// each of them everywhere in the text that grew so far, so that a value may
// hold a later expression.
func (t *Template) interpolate(in []abi.NamedValue, maxSQL int) (string, *fault) {
	names := make([]string, len(in))
	text := make(map[string]string, len(in))
	m := &machine{}
	for i, v := range in {
		names[i] = v.Name
		text[v.Name] = m.flyteText(fromABI(v.Value))
	}
	if m.fault != nil {
		return "", m.fault
	}
	if f := textFault(t.texts, names); f != nil {
		return "", f
	}
	sql := t.o.Text
	for _, m := range t.texts {
		val := text[m.name]
		if n := strings.Count(sql, m.expr); len(sql)+n*(len(val)-len(m.expr)) > maxSQL {
			return "", tooLong(m.at, maxSQL)
		}
		sql = strings.ReplaceAll(sql, m.expr, val)
	}
	if len(sql) > maxSQL {
		return "", tooLong(-1, maxSQL)
	}
	return sql, nil
}

// flyteText is Python's str of what flytekit makes of an input: a JSON document
// is a dict or a list.
func (m *machine) flyteText(v value) string {
	if v.k != kJSON {
		return m.text(-1, v)
	}
	if !m.grow(jsonReprBytes(v.s)) {
		m.stop(-1)
		return ""
	}
	if d, ok := parseJSON(v.s); ok && d.kind == '"' {
		return d.text
	}
	return pyRepr(v)
}
