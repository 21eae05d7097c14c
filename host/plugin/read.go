package plugin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/near"
)

// Read reads the data of a manifest section. Its error is Faults: everything
// that is wrong at once.
func Read(section []byte) (*Manifest, error) {
	if len(section) > MaxSection {
		return nil, Faults{{Message: fmt.Sprintf("it has %d bytes, the limit is %d", len(section), MaxSection)}}
	}
	root, err := parse(section)
	if err != nil {
		return nil, Faults{{Message: err.Error(), Hint: "wasmsql build writes it from " + SourceName}}
	}
	r := &reader{}
	m := r.manifest(root)
	if len(r.faults) > 0 {
		return nil, r.faults
	}
	return m, nil
}

// reader reads nodes and collects what is wrong with them.
type reader struct{ faults Faults }

// field is a key of a map and what reads its value.
type field struct {
	key  string
	read func(n *node, path string)
}

func (r *reader) fault(path, hint, format string, args ...any) {
	r.faults = append(r.faults, &Fault{Path: path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (r *reader) manifest(root *node) *Manifest {
	m := &Manifest{}
	if !r.fields(root, "", r.manifestFields(m)) {
		return m
	}
	if m.Name == "" && !slices.Contains(root.keys, "name") {
		r.fault("", "write name: my-plugin", "it has no name")
	}
	if m.Version == "" && !slices.Contains(root.keys, "version") {
		r.fault("", "write version: 0.1.0", "it has no version")
	}
	return m
}

func (r *reader) manifestFields(m *Manifest) []field {
	return []field{
		{"name", func(n *node, path string) {
			if m.Name = r.str(n, path); m.Name != "" && !IsName(m.Name) {
				r.fault(path, NameHint, "%q cannot be the name of a plugin", m.Name)
			}
		}},
		{"version", func(n *node, path string) {
			if m.Version = r.str(n, path); m.Version != "" && !IsVersion(m.Version) {
				r.fault(path, VersionHint, "%q is not a version", m.Version)
			}
		}},
		{"description", func(n *node, path string) { m.Description = r.str(n, path) }},
		{"abi", func(n *node, path string) { m.ABI = int(r.whole(n, path, 0)) }},
		{"sdk", func(n *node, path string) { m.SDK = r.str(n, path) }},
		{"connections", func(n *node, path string) {
			r.pairs(n, path, func(name string, v *node, p string) {
				m.Connections = append(m.Connections, r.connection(name, v, p))
			})
		}},
		{"inputs", func(n *node, path string) {
			r.pairs(n, path, func(name string, v *node, p string) { m.Inputs = append(m.Inputs, r.input(name, v, p)) })
		}},
		{"outputs", func(n *node, path string) { m.Outputs = r.outputs(n, path) }},
		{"limits", func(n *node, path string) { r.fields(n, path, r.limitFields(&m.Limits)) }},
	}
}

func (r *reader) connection(name string, n *node, path string) Connection {
	c := Connection{Name: name}
	if !IsName(name) {
		r.fault(path, NameHint, "%q cannot be the name of a connection", name)
	}
	if n.kind == text {
		c.Access = r.access(n, path)
		return c
	}
	r.fields(n, path, r.connectionFields(&c))
	return c
}

func (r *reader) connectionFields(c *Connection) []field {
	return []field{
		{"access", func(n *node, path string) { c.Access = r.access(n, path) }},
		{"dialects", func(n *node, path string) { c.Dialects = r.dialects(n, path) }},
		{"description", func(n *node, path string) { c.Description = r.str(n, path) }},
	}
}

func (r *reader) access(n *node, path string) abi.Access {
	if r.word(n, path, abi.ReadOnly.String(), abi.ReadWrite.String()) == abi.ReadWrite.String() {
		return abi.ReadWrite
	}
	return abi.ReadOnly
}

// dialectNames are the dialects of SQL that there are.
var dialectNames = []string{string(abi.SQLite), string(abi.Postgres), string(abi.MySQL)}

func (r *reader) dialects(n *node, path string) []abi.Dialect {
	if n.kind != array || len(n.items) == 0 {
		r.fault(path, "write [sqlite, postgres]", "it must be a list of dialects, not %s", n.kind)
		return nil
	}
	var all []abi.Dialect
	for _, item := range n.items {
		all = append(all, abi.Dialect(r.word(item, path, dialectNames...)))
	}
	return all
}

func (r *reader) input(name string, n *node, path string) Input {
	in := Input{Name: name}
	if !isInputName(name) {
		r.fault(path, "letters, digits and _, the first no digit", "%q cannot be the name of an input", name)
	}
	if n.kind == text {
		in.Type = r.inputType(n, path)
		return in
	}
	if r.fields(n, path, r.inputFields(&in)) && !slices.Contains(n.keys, "type") {
		r.fault(path, typesHint, "the input has no type")
	}
	return in
}

func (r *reader) inputFields(in *Input) []field {
	return []field{
		{"type", func(n *node, path string) { in.Type = r.inputType(n, path) }},
		{"default", func(n *node, _ string) { in.Default = n.raw }},
		{"description", func(n *node, path string) { in.Description = r.str(n, path) }},
		{"enum", func(n *node, path string) {
			if n.kind != array || len(n.items) == 0 {
				r.fault(path, "", "it must be a list of the accepted values, not %s", n.kind)
			}
			in.Enum = n.raw
		}},
	}
}

func (r *reader) outputs(n *node, path string) abi.Outputs {
	if n.kind == text {
		if r.word(n, path, "any", "none") == "none" {
			return abi.Outputs{Mode: abi.OutputNone}
		}
		return abi.Outputs{}
	}
	out := abi.Outputs{Mode: abi.OutputColumns}
	if n.kind != object || len(n.keys) == 0 {
		r.fault(path, "write any, none, or a map such as {id: int, name: str}", "it must be any, none or a map of columns, not %s", n.kind)
		return out
	}
	r.pairs(n, path, func(name string, v *node, p string) {
		out.Columns = append(out.Columns, abi.OutputColumn{Name: name, Type: r.typeOf(v, p)})
	})
	return out
}

func (r *reader) limitFields(l *Limits) []field {
	count := func(key string, to *int64) field {
		return field{key, func(n *node, path string) { *to = r.whole(n, path, 1) }}
	}
	return []field{
		count("memory", &l.Memory), count("fuel", &l.Fuel),
		{"timeout", func(n *node, path string) { l.Timeout = r.duration(n, path) }},
		count("host_calls", &l.HostCalls), count("cursors", &l.Cursors), count("statement", &l.Statement),
		count("parameters", &l.Parameters), count("parameter_count", &l.ParameterCount), count("log", &l.Log), count("rows", &l.Rows), count("bytes", &l.Bytes),
	}
}

// pairs calls f for each key of the map n. It reports false and a fault if n
// is none; null is an empty one.
func (r *reader) pairs(n *node, path string, f func(key string, value *node, path string)) bool {
	if n.kind == null && path != "" {
		return true
	}
	if n.kind != object {
		r.fault(path, "", "it must be a map, not %s", n.kind)
		return false
	}
	for i, key := range n.keys {
		p := key
		if path != "" {
			p = path + "." + key
		}
		if slices.Contains(n.keys[:i], key) {
			r.fault(p, "", "the key stands there twice")
			continue
		}
		f(key, n.items[i], p)
	}
	return true
}

// fields reads the map n, whose keys are those of fs and no others.
func (r *reader) fields(n *node, path string, fs []field) bool {
	return r.pairs(n, path, func(key string, v *node, p string) {
		names := make([]string, len(fs))
		for i, f := range fs {
			if names[i] = f.key; f.key == key {
				f.read(v, p)
				return
			}
		}
		r.fault(p, "accepted: "+strings.Join(names, ", "), "unknown key%s", near.Question(key, names))
	})
}

func (r *reader) str(n *node, path string) string {
	if n.kind != text || n.text == "" {
		r.fault(path, "", "it must be a text, not %s", emptyOr(n))
		return ""
	}
	return n.text
}

func emptyOr(n *node) kind {
	if n.kind == text {
		return null
	}
	return n.kind
}

func (r *reader) word(n *node, path string, words ...string) string {
	if n.kind == text && slices.Contains(words, n.text) {
		return n.text
	}
	what := string(n.kind)
	if n.kind == text {
		what = strconv.Quote(n.text) + near.Question(n.text, words)
	}
	r.fault(path, "", "it must be %s, not %s", strings.Join(words, " or "), what)
	return ""
}

// whole reads a whole number from lo on.
func (r *reader) whole(n *node, path string, lo int64) int64 {
	if n.kind == number {
		if i, err := strconv.ParseInt(n.text, 10, 64); err == nil && i >= lo {
			return i
		}
	}
	r.fault(path, "", "it must be a whole number from %d", lo)
	return 0
}

func (r *reader) duration(n *node, path string) time.Duration {
	if n.kind == number {
		if i, err := strconv.ParseInt(n.text, 10, 32); err == nil && i > 0 {
			return time.Duration(i) * time.Second
		}
	}
	if n.kind == text {
		if d, err := time.ParseDuration(n.text); err == nil && d > 0 {
			return d
		}
	}
	r.fault(path, "units: ms s m h", "it must be a duration such as 30s")
	return 0
}

const typesHint = "types: int float str bool datetime date time timedelta decimal bytes uuid json list[T], and T? for one that may be null"

func (r *reader) typeOf(n *node, path string) abi.Type {
	if n.kind == text {
		if t, ok := parseType(n.text, 0); ok {
			return t
		}
		r.fault(path, typesHint, "unknown type %q", n.text)
		return abi.Type{}
	}
	r.fault(path, typesHint, "it must be a type, not %s", n.kind)
	return abi.Type{}
}

// inputType is typeOf for an input, whose decimals have any number of digits.
func (r *reader) inputType(n *node, path string) abi.Type {
	t := r.typeOf(n, path)
	for e := &t; e != nil; e = e.Elem {
		if e.Precision > 0 {
			r.fault(path, "write decimal", "the digits of a decimal are declared for outputs only")
			return abi.Type{}
		}
	}
	return t
}

// parseType is the inverse of abi.Type.String.
func parseType(s string, depth int) (t abi.Type, ok bool) {
	s, t.Nullable = strings.CutSuffix(s, "?")
	if inner, isList := strings.CutPrefix(s, "list["); isList {
		inner, closed := strings.CutSuffix(inner, "]")
		elem, ok := parseType(inner, depth+1)
		t.Kind, t.Elem = abi.List, &elem
		return t, ok && closed && depth < 4
	}
	if digits, is := strings.CutPrefix(s, "decimal("); is {
		precision, scale, _ := strings.Cut(strings.TrimSuffix(digits, ")"), ",")
		p, perr := strconv.ParseUint(precision, 10, 8)
		n, serr := strconv.ParseUint(scale, 10, 8)
		t.Kind, t.Precision, t.Scale = abi.Decimal, uint8(p), uint8(n)
		return t, perr == nil && serr == nil && p > 0 && t.Check() == nil && strings.HasSuffix(s, ")")
	}
	for k := abi.Int; k < abi.List; k++ {
		if k.String() == s {
			t.Kind = k
			return t, true
		}
	}
	return t, false
}

// The hints of names and versions.
const (
	NameHint    = "letters, digits, _ . and -, the first a letter, a digit or _, at most 200"
	VersionHint = "three numbers with dots, as in 0.1.0; after them may stand -rc.1 or +build"
)

// IsName reports whether s can name a plugin or a connection.
func IsName(s string) bool {
	for i, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_':
		case i > 0 && (c == '.' || c == '-'):
		default:
			return false
		}
	}
	return s != "" && len(s) <= 200
}

func isInputName(s string) bool {
	return IsName(s) && !strings.ContainsAny(s, ".-") && (s[0] < '0' || s[0] > '9')
}
