package manifest

import (
	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/near"
)

// ReadInputs reads a file with inputs: one map, of YAML or JSON, from names to
// values of the declared types. Inputs that it does not give are missing from
// the result, for defaults and other sources to fill in. The error is
// host.Errors.
func ReadInputs(file string, data []byte, decls []host.Input) (host.Inputs, error) {
	r := &reader{file: file}
	docs := r.documents(data, MaxInputs)
	if r.json {
		r.wholeCharacters()
	}
	if len(docs) > 1 {
		r.fault(docs[1], "", "inputs are one document, and this is another")
	}
	values := host.Inputs{}
	if len(docs) > 0 {
		names := make([]string, len(decls))
		for i, d := range decls {
			names[i] = d.Name
		}
		r.pairs(r.at(docs[0], ""), "", "a map from names to values", func(k, v *yaml.Node, _ string) {
			for _, d := range decls {
				if d.Name == k.Value {
					r.given(d, v, values)
					return
				}
			}
			hint := accepted(names)
			if hint == "" {
				hint = "the task has no inputs"
			}
			r.fault(k, hint, "the task has no input %s%s", quote(k.Value), near.Question(k.Value, names))
		})
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return values, nil
}

// given reads the value of an input.
func (r *reader) given(d host.Input, n *yaml.Node, values host.Inputs) {
	what := "input " + quote(d.Name)
	before := len(r.faults)
	v := r.value(d.Type, n, what+": ")
	if len(r.faults) == before {
		r.inEnum(n, d, v, what)
		values[d.Name] = v
	}
	for _, f := range r.faults[before:] {
		f.Input = d.Name
	}
}

// wholeCharacters refuses a value that no text can hold: it would be another one
// by the time it is bound.
func (r *reader) wholeCharacters() {
	if at := halfCharacter(r.text); at >= 0 {
		line, column := position(r.text, at)
		r.faultAt(line, column, "a character beyond U+FFFF is two such escapes, or is written as it is", "%s is half of a character", r.text[at:at+6])
	}
}
