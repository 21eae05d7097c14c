package flyte

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/abi/pytext"
)

// expression finds the places of inputs in a query as flytekit does, with
// ({{\s*.inputs.(\w+)\s*}}) and IGNORECASE: both dots are any character, the
// classes are Unicode's, and İ, ı and ſ are letters of the word too.
//
// Source: SQLTask._INPUT_REGEX in flytekit's base_sql_task.py.
var expression = sync.OnceValue(func() *regexp.Regexp {
	const space = `[\t-\r\x1c- \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]*`
	return regexp.MustCompile(`\{\{` + space + `.[iIıİ](?i:nputs).([\pL\pN_]+)` + space + `\}\}`)
})

// place is where a query names an input.
type place struct {
	start, end int
	name       string
}

// places returns where flytekit would put values, in order.
func places(query string) []place {
	var out []place
	for _, m := range expression().FindAllStringSubmatchIndex(query, -1) {
		out = append(out, place{m[0], m[1], query[m[2]:m[3]]})
	}
	return out
}

// byName are the values of arguments by their names.
type byName map[string]pyValue

func valuesOf(in []argument) byName {
	all := make(byName, len(in))
	for _, a := range in {
		all[a.name] = a.value
	}
	return all
}

// missing is flytekit's error for a place without a value, or nil.
func missing(query string, found []place, in byName) error {
	for _, p := range found {
		if _, there := in[p.name]; !there {
			var names []string
			for _, name := range sortedKeys(in) {
				names = append(names, pytext.ReprText(name))
			}
			return &inputError{kind: "ValueError",
				message: "Variable " + p.name + " in Query (part of " + query[p.start:p.end] + ") not found in inputs dict_keys([" + strings.Join(names, ", ") + "])",
				hint:    "declare the input and give it a value, or correct its name in the query"}
		}
	}
	return nil
}

// superfluous is flytekit's error for values without a place, or nil.
func superfluous(found []place, in []argument) error {
	used := map[string]bool{}
	for _, p := range found {
		used[p.name] = true
	}
	var left []string
	for _, a := range in {
		if !used[a.name] {
			left = append(left, pytext.ReprText(a.name))
		}
	}
	if left == nil {
		return nil
	}
	return &inputError{kind: "ValueError", message: "Extra Inputs have no matches in query template - missing {" + strings.Join(left, ", ") + "}",
		hint: "use the input in the query, or do not declare it"}
}

// maxPasses is how many bytes are looked through for places at most: a value
// may bring those that were replaced back.
const maxPasses = 8 << 30

// spliced is the query as flytekit sends it: place after place of the
// template, each of them everywhere in the text that grew so far, so that a
// value may hold a later place.
func spliced(query string, in []argument) (string, error) {
	found, values := places(query), valuesOf(in)
	if err := missing(query, found, values); err != nil {
		return "", err
	}
	if err := superfluous(found, in); err != nil {
		return "", err
	}
	sql, texts, passes := query, map[string]string{}, 0
	for _, p := range found {
		text, there := texts[p.name]
		if !there {
			text = values[p.name].str()
			texts[p.name] = text
		}
		expr := query[p.start:p.end]
		times := strings.Count(sql, expr)
		if passes += len(sql); passes > maxPasses || len(sql)+times*(len(text)-len(expr)) > max(maxSQL, len(sql)) {
			return "", &inputError{kind: "MemoryError", message: fmt.Sprintf("the query has more than %d bytes with its inputs in it", maxSQL),
				hint: "bind the values, or load them into a table first"}
		}
		if times > 0 {
			sql = strings.ReplaceAll(sql, expr, text)
		}
	}
	return sql, nil
}

// templated turns flytekit's query into one for the template module, which
// binds values: its places are written as the module reads them, under the
// names that aliases gives where a name is none there, and what SQLAlchemy
// unescapes is unescaped.
func templated(query string, in []argument, dialect abi.Dialect) (_ string, aliases map[string]string, err error) {
	found, values := places(query), valuesOf(in)
	if err := missing(query, found, values); err != nil {
		return "", nil, err
	}
	aliases = map[string]string{}
	for i, a := range in {
		aliases[a.name] = a.name
		if c := a.name[0]; c >= '0' && c <= '9' {
			aliases[a.name] = "input_" + strconv.Itoa(i+1) + "_" + a.name
		}
	}
	var b strings.Builder
	at := 0
	for _, p := range found {
		between, cast := unescaped(query[at:p.start]), ""
		if v := values[p.name]; v.kind == pyList && dialect == abi.Postgres {
			if c := constructor(); c.MatchString(between) { // a list is bound as an array
				between = c.ReplaceAllString(between, "$1")
				cast = textArray(v)
			}
		}
		if p.start > 0 && query[p.start-1] == '{' { // or the three braces would be read as two and one
			between = strings.TrimSuffix(between, "{") + "{% raw %}{{% endraw %}"
		}
		b.WriteString(between)
		if expr := query[p.start:p.end]; plain(expr, p.name) && aliases[p.name] == p.name {
			b.WriteString(expr)
		} else {
			b.WriteString("{{ .inputs." + aliases[p.name] + " }}")
		}
		b.WriteString(cast)
		at = p.end
	}
	b.WriteString(unescaped(query[at:]))
	return b.String(), aliases, nil
}

// bare returns the inputs that have a place that is not within single quotes.
// Of the others, flytekit's text of a value is what the query was written for.
func bare(query string) map[string]bool {
	all, quotes, at := map[string]bool{}, 0, 0
	for _, p := range places(query) {
		quotes += strings.Count(query[at:p.start], "'")
		at = p.start
		if quotes%2 == 0 {
			all[p.name] = true
		}
	}
	return all
}

// constructor is the word before a list whose Python text would make an array
// of it: array{{.inputs.ids}}.
var constructor = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)(^|[^\pL\pN_$])array\s*$`) })

// textArray is the cast that a list of texts needs to be what array['a'] is.
func textArray(v pyValue) string {
	if len(v.list) > 0 && v.list[0].kind == pyStr {
		return "::text[]"
	}
	return ""
}

// plain reports whether the template module reads an expression as flytekit
// does.
func plain(expr, name string) bool {
	inner := strings.TrimFunc(expr[2:len(expr)-2], func(r rune) bool { return r == ' ' })
	return strings.TrimPrefix(inner, ".") == "inputs."+name
}

// escaped is how SQLAlchemy's text() finds a colon that begins no parameter:
// \x5c(:[\w\$]*)(?![:\w\$]).
//
// Source: SQLAlchemy 2.1, sql/compiler.py, BIND_PARAMS_ESC.
var escaped = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\\(:[\pL\pN_$]*)`) })

// unescaped drops the backslash of \:name, as text() does. Nothing else of
// text() is done to a query whose values are bound: a :name stays what it is.
func unescaped(sql string) string {
	if !strings.Contains(sql, `\:`) {
		return sql
	}
	var b strings.Builder
	at := 0
	for _, m := range escaped().FindAllStringIndex(sql, -1) {
		if m[1] < len(sql) && sql[m[1]] == ':' {
			continue
		}
		b.WriteString(sql[at:m[0]])
		at = m[0] + 1
	}
	b.WriteString(sql[at:])
	return b.String()
}
