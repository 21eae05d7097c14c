package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/near"
)

// maxFaults is how many faults of one file are reported.
const maxFaults = 100

// reader reads the nodes of one file and collects what is wrong with them.
type reader struct {
	file   string
	text   string
	json   bool // text is JSON
	faults host.Errors
	places map[string]host.Place // of values, by path; of the current document
	warn   func(Warning)
}

// field is a key of a map and what reads its value.
type field struct {
	key  string
	read func(n *yaml.Node, path string)
}

// problem returns an error without a place. It is for whoever wrote the file
// or the flag.
func problem(hint, format string, args ...any) *host.Error {
	return &host.Error{Code: host.CodeConfig, Message: fmt.Sprintf(format, args...), Hint: hint}
}

func (r *reader) place(n *yaml.Node) host.Place {
	return host.Place{File: r.file, Line: n.Line, Column: n.Column}
}

func (r *reader) fault(n *yaml.Node, hint, format string, args ...any) {
	r.faultAt(n.Line, n.Column, hint, format, args...)
}

func (r *reader) faultAt(line, column int, hint, format string, args ...any) {
	e := problem(hint, format, args...)
	e.Place = host.Place{File: r.file, Line: line, Column: column}
	r.faults = append(r.faults, e)
}

// add adds an error that has no place yet; what goes before its message.
func (r *reader) add(n *yaml.Node, what string, e *host.Error) {
	if e != nil {
		r.fault(n, e.Hint, "%s%s", what, e.Message)
	}
}

// err returns the faults in the order of the file, or nil.
func (r *reader) err() error {
	if len(r.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(r.faults, func(a, b *host.Error) int {
		if a.Place.Line != b.Place.Line {
			return a.Place.Line - b.Place.Line
		}
		return a.Place.Column - b.Place.Column
	})
	if more := len(r.faults) - maxFaults; more > 0 {
		last := *r.faults[maxFaults]
		last.Hint = ""
		last.Message = "and " + strconv.Itoa(more) + " more faults from here on"
		r.faults = append(r.faults[:maxFaults:maxFaults], &last)
	}
	return r.faults
}

// at records where the value of path stands and returns what an alias names.
func (r *reader) at(n *yaml.Node, path string) *yaml.Node {
	n = target(n)
	if r.places == nil {
		r.places = map[string]host.Place{}
	}
	if _, there := r.places[path]; !there {
		r.places[path] = r.place(n)
	}
	return n
}

// target follows an alias.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// pairs calls f for each key of the map n, once a key. It reports false and a
// fault if n is no map; null is an empty one.
func (r *reader) pairs(n *yaml.Node, path, must string, f func(key, value *yaml.Node, path string)) bool {
	if isNull(n) {
		return true
	}
	if n.Kind != yaml.MappingNode {
		what := "the document"
		if path != "" {
			what = quote(path)
		}
		r.fault(n, "", "%s must be %s, not %s", what, must, kindOf(n))
		return false
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind != yaml.ScalarNode || seen[k.Value] || k.Tag == "!!merge" {
			continue // a fault already, of structure
		}
		seen[k.Value] = true
		p := join(path, label(k.Value))
		f(k, r.at(v, p), p)
	}
	return true
}

// fields reads the map n, whose keys are those of fs and no others. Elsewhere
// says what a key is that belongs somewhere else; it may be nil.
func (r *reader) fields(n *yaml.Node, path, must string, fs []field, elsewhere func(key string) string) bool {
	return r.pairs(n, path, must, func(k, v *yaml.Node, p string) {
		for _, f := range fs {
			if f.key == k.Value {
				f.read(v, p)
				return
			}
		}
		hint := ""
		if elsewhere != nil {
			hint = elsewhere(k.Value)
		}
		if hint == "" {
			hint = accepted(keysOf(fs))
		}
		r.fault(k, hint, "unknown key %s%s", quote(label(k.Value)), near.Question(k.Value, keysOf(fs)))
	})
}

func keysOf(fs []field) []string {
	names := make([]string, len(fs))
	for i, f := range fs {
		names[i] = f.key
	}
	return names
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// isPlain reports whether n is a scalar without quotes or a tag.
func isPlain(n *yaml.Node) bool {
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	return n.Kind == yaml.ScalarNode && n.Style&(quoted|yaml.TaggedStyle) == 0
}

// isNull reports whether n is YAML's null: nothing, ~ or null.
func isNull(n *yaml.Node) bool {
	if !isPlain(n) {
		return false
	}
	switch n.Value {
	case "", "~", "null", "Null", "NULL":
		return true
	}
	return false
}

// kindOf returns what n is, without what it holds.
func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.AliasNode:
		return "an alias"
	case n.Kind == yaml.MappingNode:
		return "a map"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n):
		return "empty"
	case isPlain(n):
		switch resolve(n.Value) {
		case plainBool:
			return "true or false"
		case plainInt, plainFloat:
			return "a number"
		}
	}
	return "a text"
}

// shown returns what n is with what it holds, for values that are no secrets.
func shown(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		return kindOf(n)
	}
	if isPlain(n) && resolve(n.Value) != plainText {
		return clip(n.Value)
	}
	return quote(n.Value)
}

// quote returns a text of the file as messages show it.
func quote(s string) string { return strconv.Quote(clip(s)) }

// clip shortens a text that would fill the screen.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n] + "..."
}

// label returns a key as messages show it: one that looks like a URI, which
// {mysql://user:password@host/db} makes of it, is not shown.
func label(key string) string {
	if strings.Contains(key, "://") || strings.Contains(key, "@") {
		return "***"
	}
	return key
}

// oneOf returns names for a sentence: "a", "b" or "c".
func oneOf(names []string) string {
	var b strings.Builder
	for i, n := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(n)
	}
	return b.String()
}

// accepted returns the hint that lists the accepted names.
func accepted(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "accepted: " + strings.Join(names, ", ")
}
