package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// node is a value of the section. Objects keep the order of their keys: that
// of inputs and columns means something.
type node struct {
	kind  kind
	keys  []string
	items []*node         // of an array, or an object's values
	text  string          // of a string or a number
	raw   json.RawMessage // as it stands
}

type kind string

const (
	object kind = "a map"
	array  kind = "a list"
	text   kind = "a text"
	number kind = "a number"
	truth  kind = "true or false"
	null   kind = "empty"
)

// maxDepth is how deep a manifest may be nested.
const maxDepth = 20

// parse reads the section into nodes.
func parse(section []byte) (*node, error) {
	if !json.Valid(section) {
		var v any
		err := json.Unmarshal(section, &v)
		var at *json.SyntaxError
		if errors.As(err, &at) {
			return nil, fmt.Errorf("it is not JSON: byte %d: %w", at.Offset, err)
		}
		return nil, errors.New("it is not JSON")
	}
	p := parser{section: section, dec: json.NewDecoder(bytes.NewReader(section))}
	p.dec.UseNumber()
	return p.value(0)
}

type parser struct {
	section []byte
	dec     *json.Decoder
}

func (p *parser) value(depth int) (*node, error) {
	t, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	start := int(p.dec.InputOffset())
	n := &node{}
	switch t := t.(type) {
	case json.Delim:
		start--
		if depth >= maxDepth {
			return nil, fmt.Errorf("maps and lists are nested more than %d deep", maxDepth)
		}
		n.kind = array
		if t == '{' {
			n.kind = object
		}
		if err := p.children(n, depth); err != nil {
			return nil, err
		}
		n.raw = p.section[start:p.dec.InputOffset()]
		return n, nil
	case string:
		n.kind, n.text = text, t
	case json.Number:
		n.kind, n.text = number, t.String()
	case bool:
		n.kind = truth
	default:
		n.kind = null
	}
	n.raw, err = json.Marshal(t)
	return n, err
}

// children reads what stands in a bracket that is open.
func (p *parser) children(n *node, depth int) error {
	for p.dec.More() {
		if n.kind == object {
			key, err := p.dec.Token()
			if err != nil {
				return err
			}
			name, _ := key.(string)
			n.keys = append(n.keys, name)
		}
		item, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	_, err := p.dec.Token()
	return err
}
