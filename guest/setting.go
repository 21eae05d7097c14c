package guest

import (
	"strconv"

	"github.com/wasmsql/wasmsql/abi"
)

// Config is what a plugin may know of its task before it runs.
type Config struct {
	abi.Config
	settings *Section
	unread   func() error // finds settings that nobody asked for
}

// Connection returns a connection that the task was granted, and whether it
// was.
func (c *Config) Connection(name string) (abi.Connection, bool) {
	for _, x := range c.Connections {
		if x.Name == name {
			return x, true
		}
	}
	return abi.Connection{}, false
}

// Settings returns the task file's config. Once Configure has asked for it, a
// setting that it does not read is an error, so that a mistyped name is found.
func (c *Config) Settings() *Section {
	if c.settings != nil {
		return c.settings
	}
	root := jsonValue{kind: '{'}
	if len(c.Plugin) > 0 {
		p := jsonParser{text: string(c.Plugin)}
		root = p.document()
		if p.problem != "" {
			stop("config: "+p.problem, "")
		}
		if root.kind != '{' {
			stop("config: "+root.kindName()+", and the plugin takes named settings", "write config as a map")
		}
	}
	c.settings = newSection("config", root)
	c.unread = func() error {
		if f := c.settings.unread(nil); f != nil {
			return Failures(f...)
		}
		return nil
	}
	return c.settings
}

// Section is a map of settings: a task file's config, or a map in one.
//
// The getters are like those of Input: a setting that is missing or of another
// type ends the configuration with a message that says so. Those that end in
// Or return another value where the setting is missing.
type Section struct {
	path   string
	object jsonValue
	read   []bool
	absent []string // that were asked for
	inner  []*Section
}

func newSection(path string, v jsonValue) *Section {
	return &Section{path: path, object: v, read: make([]bool, len(v.keys))}
}

// unread returns a failure for each setting that was not asked for.
func (s *Section) unread(f []abi.Failure) []abi.Failure {
	known := s.absent
	for i, k := range s.object.keys {
		if s.read[i] {
			known = append(known, k)
		}
	}
	for i, k := range s.object.keys {
		if s.read[i] {
			continue
		}
		hint := "remove it"
		if n := near(k, known); n != "" {
			hint = "the plugin knows " + quote(n)
		}
		f = append(f, abi.Failure{Message: s.path + ": the plugin has no setting " + quote(k), Hint: hint})
	}
	for _, x := range s.inner {
		f = x.unread(f)
	}
	return f
}

// Keys returns the names of the settings, in the order of the text.
func (s *Section) Keys() []string { return s.object.keys }

// Has reports whether a setting is there and not null.
func (s *Section) Has(name string) bool {
	v := s.find(name)
	return v != nil && v.kind != 'n'
}

func (s *Section) find(name string) *jsonValue {
	for i, k := range s.object.keys {
		if k == name {
			s.read[i] = true
			return &s.object.items[i]
		}
	}
	s.absent = append(s.absent, name)
	return nil
}

// of returns a setting of a kind.
func (s *Section) of(name string, kind byte) *jsonValue {
	v := s.find(name)
	if v == nil {
		hint := "give it in the task file"
		if n := near(name, s.object.keys); n != "" {
			hint = "there is " + quote(n)
		}
		stop(s.path+"."+name+": missing, the plugin needs it", hint)
	}
	s.want(name, v, kind)
	return v
}

func (s *Section) want(name string, v *jsonValue, kind byte) {
	if v.kind != kind {
		want := jsonValue{kind: kind}
		stop(s.path+"."+name+": "+v.kindName()+", want "+want.kindName(), "")
	}
}

// Text returns a text.
func (s *Section) Text(name string) string { return s.of(name, '"').text }

// Int returns a whole number.
func (s *Section) Int(name string) int64 { return s.integer(name, s.of(name, '0')) }

func (s *Section) integer(name string, v *jsonValue) int64 {
	n, err := strconv.ParseInt(v.text, 10, 64)
	if err != nil {
		stop(s.path+"."+name+": "+v.text+" is no whole number of 64 bits", "")
	}
	return n
}

// Float returns a number.
func (s *Section) Float(name string) float64 { return s.float(name, s.of(name, '0')) }

func (s *Section) float(name string, v *jsonValue) float64 {
	f, err := strconv.ParseFloat(v.text, 64)
	if err != nil {
		stop(s.path+"."+name+": "+v.text+" is out of the range of a float", "")
	}
	return f
}

// Bool returns a true or false.
func (s *Section) Bool(name string) bool { return s.of(name, 't').text == "true" }

// TextOr returns a text, or missing.
func (s *Section) TextOr(name, missing string) string {
	if !s.Has(name) {
		return missing
	}
	return s.Text(name)
}

// IntOr returns a whole number, or missing.
func (s *Section) IntOr(name string, missing int64) int64 {
	if !s.Has(name) {
		return missing
	}
	return s.Int(name)
}

// FloatOr returns a number, or missing.
func (s *Section) FloatOr(name string, missing float64) float64 {
	if !s.Has(name) {
		return missing
	}
	return s.Float(name)
}

// BoolOr returns a true or false, or missing.
func (s *Section) BoolOr(name string, missing bool) bool {
	if !s.Has(name) {
		return missing
	}
	return s.Bool(name)
}

// Texts returns a list of texts, nil where there is none.
func (s *Section) Texts(name string) []string {
	if !s.Has(name) {
		return nil
	}
	list := s.of(name, '[')
	out := make([]string, len(list.items))
	for i := range out {
		at := name + "[" + strconv.Itoa(i) + "]"
		s.want(at, &list.items[i], '"')
		out[i] = list.items[i].text
	}
	return out
}

// Ints returns a list of whole numbers, nil where there is none.
func (s *Section) Ints(name string) (out []int64) {
	if !s.Has(name) {
		return nil
	}
	list := s.of(name, '[')
	for i := range list.items {
		at := name + "[" + strconv.Itoa(i) + "]"
		s.want(at, &list.items[i], '0')
		out = append(out, s.integer(at, &list.items[i]))
	}
	return out
}

// Floats returns a list of numbers, nil where there is none.
func (s *Section) Floats(name string) (out []float64) {
	if !s.Has(name) {
		return nil
	}
	list := s.of(name, '[')
	for i := range list.items {
		at := name + "[" + strconv.Itoa(i) + "]"
		s.want(at, &list.items[i], '0')
		out = append(out, s.float(at, &list.items[i]))
	}
	return out
}

// Section returns a map of settings.
func (s *Section) Section(name string) *Section { return s.enter(name, s.of(name, '{')) }

// Sections returns a list of maps of settings, nil where there is none.
func (s *Section) Sections(name string) []*Section {
	if !s.Has(name) {
		return nil
	}
	list := s.of(name, '[')
	out := make([]*Section, len(list.items))
	for i := range out {
		at := name + "[" + strconv.Itoa(i) + "]"
		s.want(at, &list.items[i], '{')
		out[i] = s.enter(at, &list.items[i])
	}
	return out
}

func (s *Section) enter(name string, v *jsonValue) *Section {
	path := s.path + "." + name
	for _, x := range s.inner {
		if x.path == path {
			return x
		}
	}
	x := newSection(path, *v)
	s.inner = append(s.inner, x)
	return x
}

// Path returns where the section stands, for instance "config.rules[1]".
func (s *Section) Path() string { return s.path }

// near returns which of some names one was probably meant to be, or nothing:
// one that differs in case or in at most two letters.
func near(name string, names []string) string {
	best, least := "", 3
	for _, n := range names {
		if d := distance(name, n, least); d < least && d < max(len(name), 2) {
			best, least = n, d
		}
	}
	return best
}

// distance returns how many letters are to be put in, left out or changed to
// make b of a, ASCII case aside, or limit if it is that or more.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if lower(a[i]) != lower(b[j]) {
				d++
			}
			diagonal = row[j+1]
			row[j+1] = min(d, row[j]+1, diagonal+1)
		}
	}
	return min(row[len(b)], limit)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return c
}
