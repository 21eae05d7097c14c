package manifest

import (
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
)

// value returns the node n as a value of type t. What goes before the messages
// of faults, for instance "input \"limit\": ".
//
// The declared type decides what a scalar means, not how YAML would read it:
// 1.10 and no are texts for a str. Only null is null for every type.
func (r *reader) value(t abi.Type, n *yaml.Node, what string) abi.Value {
	n = target(n)
	if t.Kind == abi.JSON && (!t.Nullable || !isNull(n)) {
		text, _ := r.toJSON(n)
		return abi.Value{Type: t, Str: string(text)}
	}
	if isNull(n) {
		if !t.Nullable {
			r.fault(n, nullHint(t), "%snull is not %s", what, article(t))
		}
		return nullOf(t)
	}
	if t.Kind == abi.List {
		return r.list(t, n, what)
	}
	if n.Kind != yaml.ScalarNode {
		r.fault(n, "", "%s%s is not %s", what, kindOf(n), article(t))
		return abi.Value{Type: t}
	}
	v, err := scalar(t, n)
	r.add(n, what, err)
	return v
}

func (r *reader) list(t abi.Type, n *yaml.Node, what string) abi.Value {
	v := abi.Value{Type: t}
	if n.Kind != yaml.SequenceNode {
		r.fault(n, "write [1, 2], or one item a line with - in front", "%s%s is not %s", what, shown(n), article(t))
		return v
	}
	v.List = make([]abi.Value, len(n.Content))
	for i, c := range n.Content {
		v.List[i] = r.value(*t.Elem, c, what+"item "+strconv.Itoa(i+1)+": ")
	}
	return v
}

func nullHint(t abi.Type) string {
	hint := "declare " + t.String() + "? for one that may be null"
	if t.Kind == abi.Str {
		hint += `, or write "" or "null" for the text`
	}
	return hint
}

// article returns the type's name for a sentence.
func article(t abi.Type) string {
	switch t.Kind {
	case abi.Int:
		return "an " + t.String()
	case abi.Bytes:
		return t.String()
	}
	return "a " + t.String()
}

// scalar returns a scalar that is not null as a value.
func scalar(t abi.Type, n *yaml.Node) (abi.Value, *host.Error) {
	if n.Style&yaml.TaggedStyle != 0 && n.ShortTag() == "!!binary" {
		if t.Kind != abi.Bytes {
			return abi.Value{Type: t}, problem("", "!!binary is not %s", article(t))
		}
		b, err := decodeBase64(n.Value)
		return abi.Value{Type: t, Str: b}, err
	}
	switch t.Kind {
	case abi.Int:
		if !isPlain(n) {
			return abi.Value{Type: t}, notA(n.Value, "an int", "leave the quotes out")
		}
	case abi.Float:
		if !isPlain(n) && decimalKind(n.Value) != plainText {
			return abi.Value{Type: t}, notA(n.Value, "a float", "leave the quotes out")
		}
	case abi.Bool:
		if !isPlain(n) {
			return abi.Value{Type: t}, notA(n.Value, "a bool", "write true or false, without quotes")
		}
		if resolve(n.Value) != plainBool {
			return abi.Value{Type: t}, notA(n.Value, "a bool", "write true or false")
		}
	}
	return parseText(t, n.Value)
}
