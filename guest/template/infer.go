package template

import "github.com/wasmsql/wasmsql/abi"

// infer is the type that an expression has whatever the values are, or one of
// Kind 0 where that is not known. Nullable is not followed.
func (w *tracer) infer(x expr) abi.Type {
	of := func(k abi.Kind) abi.Type { return abi.Type{Kind: k} }
	switch x := x.(type) {
	case *constant:
		if x.v.k < kNone {
			return of(abi.Kind(x.v.k))
		}
	case *inputRef:
		return w.inputType(x.name)
	case *nameRef:
		for i := len(w.types) - 1; i >= 0; i-- {
			if t, ok := w.types[i][x.name]; ok {
				return t
			}
		}
		return w.inputType(x.name)
	case *loopRef:
		if x.name == "first" || x.name == "last" {
			return of(abi.Bool)
		}
		return of(abi.Int)
	case *listExpr:
		return w.inferList(x)
	case *unary:
		if x.op == "not" {
			return of(abi.Bool)
		}
		return w.infer(x.x)
	case *binary:
		return w.inferBinary(x)
	case *compare, *testExpr:
		return of(abi.Bool)
	case *cond:
		if x.other != nil {
			return same(w.infer(x.then), w.infer(x.other))
		}
		return w.infer(x.then)
	case *index:
		return elemType(w.infer(x.x))
	case *slice:
		return w.infer(x.x)
	case *filterExpr:
		return w.inferFilter(x)
	}
	return abi.Type{}
}

func (w *tracer) inputType(name string) abi.Type {
	if n := w.t.input(name); n >= 0 {
		return w.t.o.Inputs[n].Type
	}
	return abi.Type{}
}

// same is the type of two values of which one is taken.
func same(a, b abi.Type) abi.Type {
	if a.Kind != b.Kind {
		return abi.Type{}
	}
	if a.Kind == abi.List && (a.Elem == nil || b.Elem == nil || a.Elem.Kind != b.Elem.Kind) {
		return abi.Type{Kind: abi.List}
	}
	return a
}

// elemType is the type of an item of a list or a text.
func elemType(t abi.Type) abi.Type {
	switch {
	case t.Kind == abi.Str:
		return t
	case t.Kind == abi.List && t.Elem != nil:
		return *t.Elem
	}
	return abi.Type{}
}

func (w *tracer) inferList(x *listExpr) abi.Type {
	out := abi.Type{Kind: abi.List}
	for i, item := range x.items {
		t := w.infer(item)
		if i > 0 && out.Elem != nil {
			t = same(*out.Elem, t)
		}
		if t.Kind == 0 {
			return abi.Type{Kind: abi.List}
		}
		out.Elem = &t
	}
	return out
}

func (w *tracer) inferBinary(x *binary) abi.Type {
	spine := leftSpine(x)
	t := w.infer(spine[len(spine)-1].l)
	for i := len(spine) - 1; i >= 0; i-- {
		switch b := spine[i]; b.op {
		case "~":
			t = abi.Type{Kind: abi.Str}
		case "and", "or", "+":
			t = same(t, w.infer(b.r))
		default:
			t = abi.Type{}
		}
	}
	return t
}

func (w *tracer) inferFilter(x *filterExpr) abi.Type {
	switch x.name {
	case "length":
		return abi.Type{Kind: abi.Int}
	case "upper", "lower", "trim", "replace", "join", "string", "tojson":
		return abi.Type{Kind: abi.Str}
	case "first", "last":
		return elemType(w.infer(x.x))
	case "unique", "list":
		if t := w.infer(x.x); t.Kind == abi.List {
			return t
		}
		return abi.Type{Kind: abi.List}
	case "default":
		t := abi.Type{Kind: abi.Str}
		if x.args[0] != nil {
			t = w.infer(x.args[0])
		}
		return same(w.infer(x.x), t)
	}
	return abi.Type{}
}
