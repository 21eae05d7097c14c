package template

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
)

// Options is what Parse works on. Text and Dialect are required.
type Options struct {
	Text          string
	Dialect       abi.Dialect
	Interpolation abi.Interpolation
	Inputs        []abi.InputDecl
	MaxParams     int // parameters of one statement; 0, or more than the dialect takes, is what it takes
}

// Statement is one statement with its parameters, ready to be sent.
type Statement struct {
	SQL    string
	Params []abi.Value
	At     int // the offset of its first token in Options.Text
}

// Template is a parsed template. It is not changed after Parse and safe for
// concurrent use.
type Template struct {
	o     Options
	sql   *dialect
	body  []node
	texts []textMatch // of abi.Text
	known []knownDraft
}

const (
	defaultMaxSQL = 256 << 10
	// maxText bounds a template's own text.
	maxText = 4 << 20
)

// Parse reads a template and makes every check that needs no values. The error
// is of type Errors.
func Parse(o Options) (*Template, error) {
	r := &faults{src: o.Text}
	d := dialectOf(o.Dialect)
	if d == nil {
		r.add(-1, "unknown dialect "+strconv.Quote(string(o.Dialect)), "sqlite, postgres and mysql are known")
		return nil, r.err()
	}
	if o.MaxParams <= 0 || o.MaxParams > d.maxParams {
		o.MaxParams = d.maxParams
	}
	t := &Template{o: o, sql: d}
	if len(o.Text) > maxText {
		r.add(-1, "the template has "+strconv.Itoa(len(o.Text))+" bytes, "+strconv.Itoa(maxText)+" is the most", "")
		return nil, r.err()
	}
	if o.Interpolation == abi.Text {
		t.texts = checkText(r, o.Inputs)
		return finish(t, r)
	}
	if at := invalidText(o.Text); at >= 0 {
		r.add(at, "the template holds a character that SQL text cannot", "remove the NUL or the bytes that are not UTF-8")
		return nil, r.err()
	}
	body, ok := parseTemplate(r, o.Inputs)
	if t.body = body; ok {
		checkPaths(r, t)
	}
	return finish(t, r)
}

// finish is the end of Parse: the template, or what is wrong with it.
func finish(t *Template, r *faults) (*Template, error) {
	if err := r.err(); err != nil {
		return nil, err
	}
	return t, nil
}

// invalidText returns the offset of the first NUL or byte that is not UTF-8,
// or -1.
func invalidText(s string) int {
	bad := strings.IndexByte(s, 0)
	if utf8.ValidString(s) {
		return bad
	}
	for i, c := range s {
		if c == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				if bad < 0 || i < bad {
					return i
				}
				break
			}
		}
	}
	return bad
}

// Render makes the statements of one execution, in order. Every declared input
// must be given, null where its type allows it. The limit is on the bytes of one
// statement's SQL; 0 is 256 KiB. The error is of type *Error.
func (t *Template) Render(in []abi.NamedValue, limit int64) ([]Statement, error) {
	out, f := t.render(in, maxSQL(limit))
	if f != nil {
		return nil, f.place(t.o.Text)
	}
	return out, nil
}

// maxSQL is the bytes that one statement may have.
func maxSQL(limit int64) int {
	if limit <= 0 {
		return defaultMaxSQL
	}
	return int(min(limit, 1<<30))
}

// Place returns the line and the column of an offset of the template's text,
// counted from 1, the column in characters.
func (t *Template) Place(at int) (line, column int) {
	return place(t.o.Text, at)
}

// render is Render with the fault still at an offset.
func (t *Template) render(in []abi.NamedValue, maxSQL int) ([]Statement, *fault) {
	if f := t.checkInputs(in); f != nil {
		return nil, f
	}
	if t.o.Interpolation == abi.Text {
		return t.renderText(in, maxSQL)
	}
	d, f := t.execute(in, maxSQL)
	if f != nil {
		return nil, f
	}
	return t.finishSQL(d)
}

// checkInputs checks that the values are those that were declared.
func (t *Template) checkInputs(in []abi.NamedValue) *fault {
	given := make([]bool, len(t.o.Inputs))
	for _, v := range in {
		n := t.input(v.Name)
		if n < 0 {
			return &fault{at: -1, msg: "a value for input " + strconv.Quote(v.Name) + ", which is not declared"}
		}
		if given[n] {
			return &fault{at: -1, msg: "input " + strconv.Quote(v.Name) + " is given twice"}
		}
		given[n] = true
		decl := &t.o.Inputs[n]
		if msg := mismatch(decl.Type, v.Value); msg != "" {
			return &fault{at: -1, msg: "input " + strconv.Quote(v.Name) + " is declared as " + decl.Type.String() + " and " + msg}
		}
	}
	for n, decl := range t.o.Inputs {
		if !given[n] {
			return &fault{at: -1, msg: "no value for input " + strconv.Quote(decl.Name), hint: "give it, or declare a default"}
		}
	}
	return nil
}

// input returns the index of an input's declaration, or -1.
func (t *Template) input(name string) int {
	for i := range t.o.Inputs {
		if t.o.Inputs[i].Name == name {
			return i
		}
	}
	return -1
}

// mismatch says how a value differs from its declared type, or "".
func mismatch(t abi.Type, v abi.Value) string {
	if v.Type.Kind != t.Kind {
		return "was given a value of type " + v.Type.String()
	}
	if v.Null {
		if !t.Nullable {
			return "was given null"
		}
		return ""
	}
	if t.Kind == abi.List && t.Elem != nil {
		for _, x := range v.List {
			if msg := mismatch(*t.Elem, x); msg != "" {
				return msg + " in the list"
			}
		}
	}
	return ""
}
