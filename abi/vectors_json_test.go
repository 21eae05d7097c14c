package abi

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
)

// object is a JSON object of proto3's mapping, in which what has the zero
// value of its type is left out.
type object map[string]any

func (o object) text(name, s string) object {
	if s != "" {
		o[name] = s
	}
	return o
}

func (o object) int64(name string, n int64) object {
	if n != 0 {
		o[name] = strconv.FormatInt(n, 10)
	}
	return o
}

func (o object) int32(name string, n int32) object {
	if n != 0 {
		o[name] = n
	}
	return o
}

func (o object) enum(name string, n int, names ...string) object {
	if n != 0 {
		o[name] = names[n]
	}
	return o
}

func (o object) flag(name string, b bool) object {
	if b {
		o[name] = true
	}
	return o
}

func entries[T any](o object, name string, items []T, render func(T) any) object {
	var out []any
	for _, x := range items {
		out = append(out, render(x))
	}
	if out != nil {
		o[name] = out
	}
	return o
}

func jsonOf(m message) any {
	switch m := m.(type) {
	case *Config:
		return configJSON(m)
	case *Input:
		o := entries(object{}, "values", m.Values, func(n NamedValue) any {
			o := object{}.text("name", n.Name)
			o["value"] = valueJSON(n.Value, nil)
			return o
		}).int64("logicalTime", m.LogicalTime)
		if l := m.Limits; l != (Limits{}) {
			o["limits"] = object{}.int64("statementBytes", l.StatementBytes).
				int64("hostCalls", l.HostCalls).int64("deadlineMicros", l.DeadlineMicros)
		}
		return o
	case *QueryRequest:
		o := object{}.text("connection", m.Connection).text("sql", m.SQL).flag("discardRows", m.DiscardRows).flag("last", m.Last)
		return entries(o, "params", m.Params, func(v Value) any { return valueJSON(v, nil) })
	case *Error:
		return object{}.int32("code", int32(m.Code)).text("sqlstate", m.SQLState).text("message", m.Message).
			text("detail", m.Detail).text("hint", m.Hint).int32("position", m.Position).flag("retryable", m.Retryable)
	case *Value:
		return valueJSON(*m, nil)
	}
	return nil
}

func configJSON(m *Config) any {
	o := object{}.text("task", m.Task).text("plugin", base64.StdEncoding.EncodeToString(m.Plugin))
	if m.Template != nil {
		o["template"] = object{}.text("text", m.Template.Text).
			enum("interpolation", int(m.Template.Interpolation), "INTERPOLATION_BIND", "INTERPOLATION_TEXT")
	}
	decl := func(name string, t Type) any {
		o := object{}.text("name", name)
		o["type"] = typeJSON(t)
		return o
	}
	entries(o, "inputs", m.Inputs, func(d InputDecl) any { return decl(d.Name, d.Type) })
	if m.Outputs.Mode != 0 || m.Outputs.Columns != nil {
		out := object{}.enum("mode", int(m.Outputs.Mode), "OUTPUT_ANY", "OUTPUT_NONE", "OUTPUT_COLUMNS")
		o["outputs"] = entries(out, "columns", m.Outputs.Columns, func(c OutputColumn) any { return decl(c.Name, c.Type) })
	}
	return entries(o, "connections", m.Connections, func(c Connection) any {
		return object{}.text("name", c.Name).text("dialect", string(c.Dialect)).
			enum("access", int(c.Access), "ACCESS_READ_ONLY", "ACCESS_READ_WRITE")
	})
}

func typeJSON(t Type) any {
	o := object{}.enum("kind", int(t.Kind), "", "KIND_INT", "KIND_FLOAT", "KIND_STR", "KIND_BOOL", "KIND_DATETIME",
		"KIND_DATE", "KIND_TIME", "KIND_TIMEDELTA", "KIND_DECIMAL", "KIND_BYTES", "KIND_UUID", "KIND_JSON", "KIND_LIST")
	if t.Elem != nil {
		o["elem"] = typeJSON(*t.Elem)
	}
	return o.flag("nullable", t.Nullable).int32("precision", int32(t.Precision)).int32("scale", int32(t.Scale))
}

// valueJSON renders a value, without its type where it is in a list of that.
func valueJSON(v Value, elem *Type) any {
	o := object{}
	if elem == nil || !v.Type.Equal(*elem) {
		o["type"] = typeJSON(v.Type)
	}
	if v.Null {
		return o
	}
	switch v.Type.Kind {
	case Float:
		o["floatValue"] = floatJSON(v.Float)
	case Str, Decimal, Bytes, UUID, JSON:
		o["bytesValue"] = base64.StdEncoding.EncodeToString([]byte(v.Str))
	case List:
		o["listValue"] = entries(object{}, "values", v.List, func(e Value) any { return valueJSON(e, v.Type.Elem) })
	default:
		o["intValue"] = strconv.FormatInt(v.Int, 10)
	}
	return o
}

func floatJSON(f float64) any {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0 && math.Signbit(f):
		return json.RawMessage("-0.0") // "-0" is an integer to some readers
	}
	return f
}
