package sqldb

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/wasmsql/wasmsql/host/near"
)

// Args reads connect_args, or the options of a URI, by an allow-list: every
// name that a driver does not ask for is a Fault, with the near name and the
// accepted ones. It is used by one goroutine.
//
// Its methods leave *to alone where the name was not given or is null, and
// report whether they set it. A value of a wrong type is a Fault, which names
// what is accepted and not the value, since that may be a secret.
type Args struct {
	field    string
	values   map[string]any
	text     bool // values are text: of a URI
	asked    map[string]bool
	accepted []string
	faults   *Faults
}

// ReadArgs reads connect_args. Faults are appended to faults; field is their
// place, for instance "connect_args".
func ReadArgs(field string, values map[string]any, faults *Faults) *Args {
	return &Args{field: field, values: values, asked: map[string]bool{}, faults: faults}
}

// ReadOptions reads the options of a URI, whose values are text: a bool is any
// of the words that SQLAlchemy takes.
func ReadOptions(field string, values url.Values, faults *Faults) *Args {
	a := ReadArgs(field, map[string]any{}, faults)
	a.text = true
	for name, v := range values {
		if len(v) > 1 {
			a.fault(name, "given more than once", "")
		}
		a.values[name] = v[len(v)-1]
	}
	return a
}

// Bool reads a bool.
func (a *Args) Bool(name string, to *bool) bool {
	v, ok := a.take(name)
	if !ok {
		return false
	}
	b, ok := v.(bool)
	if s, isText := v.(string); !ok && isText && a.text {
		b, ok = boolWord(s)
	}
	if !ok {
		a.fault(name, "is not a bool", "accepted are true and false")
		return false
	}
	*to = b
	return true
}

// Int reads an int from least to most. A float without a fraction is one:
// Flyte turns every number into a float.
func (a *Args) Int(name string, to *int64, least, most int64) bool {
	v, ok := a.take(name)
	if !ok {
		return false
	}
	var n int64
	switch v := v.(type) {
	case int64:
		n = v
	case float64:
		n, ok = int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	case string:
		var err error
		n, err = strconv.ParseInt(v, 10, 64)
		ok = a.text && err == nil
	default:
		ok = false
	}
	if !ok || n < least || n > most {
		a.fault(name, "is not an int from "+strconv.FormatInt(least, 10)+" to "+strconv.FormatInt(most, 10), "")
		return false
	}
	*to = n
	return true
}

// Float reads a finite number from least to most.
func (a *Args) Float(name string, to *float64, least, most float64) bool {
	v, ok := a.take(name)
	if !ok {
		return false
	}
	var x float64
	switch v := v.(type) {
	case int64:
		x = float64(v)
	case float64:
		x = v
	case string:
		var err error
		x, err = strconv.ParseFloat(v, 64)
		ok = a.text && err == nil
	default:
		ok = false
	}
	if !ok || !(x >= least && x <= most) {
		a.fault(name, fmt.Sprintf("is not a number from %v to %v", least, most), "")
		return false
	}
	*to = x
	return true
}

// Enum reads one of the words, which are compared without case and set as
// they stand in words. A bool is the word true or false.
func (a *Args) Enum(name string, to *string, words ...string) bool {
	v, ok := a.take(name)
	if !ok {
		return false
	}
	s, isText := v.(string)
	if b, isBool := v.(bool); isBool {
		s, isText = strconv.FormatBool(b), true
	}
	for _, w := range words {
		if isText && strings.EqualFold(s, w) {
			*to = w
			return true
		}
	}
	a.fault(name, "is not an accepted value", "accepted are "+strings.Join(words, ", "))
	return false
}

// Text reads a text without NUL characters, which may be empty. A number is
// none.
func (a *Args) Text(name string, to *string) bool {
	v, ok := a.take(name)
	if !ok {
		return false
	}
	s, ok := v.(string)
	if !ok || strings.IndexByte(s, 0) >= 0 {
		a.fault(name, "is not a text", "")
		return false
	}
	*to = s
	return true
}

// Map reads a map, as the Args of its own: its faults are told below the name,
// and its Done has to be called.
func (a *Args) Map(name string) (*Args, bool) {
	v, ok := a.take(name)
	if !ok {
		return nil, false
	}
	m, ok := v.(map[string]any)
	if !ok {
		a.fault(name, "is not a map", "")
		return nil, false
	}
	return ReadArgs(a.field+"."+name, m, a.faults), true
}

// Refuse makes the name, if it was given, a Fault that says why.
func (a *Args) Refuse(name, why, hint string) {
	if _, ok := a.values[name]; ok {
		a.asked[name] = true
		a.fault(name, why, hint)
	}
}

// Done makes every name that was not asked for a Fault.
func (a *Args) Done() {
	var unknown []string
	for name := range a.values {
		if !a.asked[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	slices.Sort(a.accepted)
	for _, name := range unknown {
		*a.faults = append(*a.faults, Fault{a.field, fmt.Sprintf("unknown name %q", name), NameHint(name, a.accepted)})
	}
}

func (a *Args) take(name string) (any, bool) {
	a.asked[name] = true
	a.accepted = append(a.accepted, name)
	v, ok := a.values[name]
	return v, ok && v != nil
}

func (a *Args) fault(name, message, hint string) {
	*a.faults = append(*a.faults, Fault{a.field + "." + name, message, hint})
}

// boolWord reads a bool as SQLAlchemy does.
//
// Source: SQLAlchemy 2.0, sqlalchemy/util/langhelpers.py, asbool.
func boolWord(s string) (value, ok bool) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "yes", "on", "y", "t", "1":
		return true, true
	case "false", "no", "off", "n", "f", "0":
		return false, true
	}
	return false, false
}

// NameHint returns the hint for a name that is not accepted: the near one, if
// there is one, and all.
func NameHint(name string, accepted []string) string {
	all := "accepted are " + strings.Join(accepted, ", ")
	if meant, ok := near.Name(name, accepted); ok {
		return fmt.Sprintf("did you mean %q? ", meant) + all
	}
	return all
}
