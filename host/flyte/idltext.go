package flyte

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wasmsql/wasmsql/abi/pytext"
)

// How flytekit and Python print protobuf messages in errors.

// maxPrinted is how much of a message or a type is printed, in bytes; a message
// that is nested deeply would be printed with the square of its depth in spaces.
const maxPrinted = 64 << 10

// shortString is str of one of flytekit's models.
//
// Source: FlyteIdlEntity.short_string in flytekit's models/common.py.
func shortString(class string, m proto.Message) string {
	var b strings.Builder
	yamlLike(&b, m.ProtoReflect(), 2)
	return "Flyte Serialized object (" + class + "):\n" + strings.TrimRight(b.String(), "\n")
}

// yamlLike prints a message with a line for each field, and none for a message
// without fields.
func yamlLike(b *strings.Builder, m protoreflect.Message, indent int) {
	if b.Len() > maxPrinted {
		return
	}
	pad := strings.Repeat(" ", indent)
	for _, f := range fieldsOf(m) {
		v := m.Get(f)
		if f.Message() != nil && !f.IsList() && !f.IsMap() {
			if len(fieldsOf(v.Message())) > 0 {
				b.WriteString(pad + string(f.Name()) + ":\n")
				yamlLike(b, v.Message(), indent+2)
			}
			continue
		}
		if s := shorten(strings.TrimSpace(pyPrinted(f, v)), 80); s != "" {
			b.WriteString(pad + string(f.Name()) + ": " + s + "\n")
		}
	}
}

// fieldsOf returns the fields that are set, in the order of their numbers.
func fieldsOf(m protoreflect.Message) []protoreflect.FieldDescriptor {
	var out []protoreflect.FieldDescriptor
	m.Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		out = append(out, f)
		return true
	})
	slices.SortFunc(out, func(a, b protoreflect.FieldDescriptor) int { return int(a.Number()) - int(b.Number()) })
	return out
}

// pyPrinted is Python's str of a field's value that is no message.
func pyPrinted(f protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch {
	case f.IsMap():
		var parts []string
		eachKey(v.Map(), func(k protoreflect.MapKey, x protoreflect.Value) {
			parts = append(parts, pytext.ReprText(k.String())+": "+element(f.MapValue(), x))
		})
		return "{" + strings.Join(parts, ", ") + "}"
	case f.IsList():
		var parts []string
		for i, size := 0, 0; i < v.List().Len() && size <= maxPrinted; i++ {
			parts = append(parts, element(f, v.List().Get(i)))
			size += len(parts[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	switch f.Kind() {
	case protoreflect.BoolKind:
		return pyValue{kind: pyBool, i: map[bool]int64{true: 1}[v.Bool()]}.str()
	case protoreflect.DoubleKind:
		return pytext.Float(v.Float())
	case protoreflect.EnumKind:
		return strconv.Itoa(int(v.Enum()))
	case protoreflect.BytesKind:
		return pytext.ReprBytes(string(v.Bytes()))
	}
	return v.String()
}

// element is how a value prints within a list.
func element(f protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch f.Kind() {
	case protoreflect.MessageKind:
		return textFormat(v.Message().Interface())
	case protoreflect.StringKind:
		return pytext.ReprText(v.String())
	}
	return v.String()
}

func eachKey(m protoreflect.Map, each func(protoreflect.MapKey, protoreflect.Value)) {
	var keys []protoreflect.MapKey
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k)
		return true
	})
	slices.SortFunc(keys, func(a, b protoreflect.MapKey) int { return strings.Compare(a.String(), b.String()) })
	for _, k := range keys {
		each(k, m.Get(k))
	}
}

// shorten is Python's textwrap.shorten.
func shorten(s string, width int) string {
	words := strings.FieldsFunc(s, isSpace)
	if s = strings.Join(words, " "); len([]rune(s)) <= width {
		return s
	}
	const placeholder = "[...]"
	kept, n := 0, 0
	for _, w := range words {
		if n += len([]rune(w)) + 1; n+len(placeholder) > width {
			break
		}
		kept++
	}
	return strings.Join(append(words[:kept:kept], placeholder), " ")
}

// textFormat is Python's str of a message: protobuf's text format.
func textFormat(m proto.Message) string {
	var b strings.Builder
	writeText(&b, m.ProtoReflect(), "")
	return b.String()
}

func writeText(b *strings.Builder, m protoreflect.Message, pad string) {
	for _, f := range fieldsOf(m) {
		if b.Len() > maxPrinted {
			return
		}
		v := m.Get(f)
		switch {
		case f.IsMap():
			eachKey(v.Map(), func(k protoreflect.MapKey, x protoreflect.Value) {
				b.WriteString(pad + string(f.Name()) + " {\n" + pad + "  key: " + quoted(k.String()) + "\n")
				writeField(b, "value", f.MapValue(), x, pad+"  ")
				b.WriteString(pad + "}\n")
			})
		case f.IsList():
			for i := 0; i < v.List().Len() && b.Len() <= maxPrinted; i++ {
				writeField(b, string(f.Name()), f, v.List().Get(i), pad)
			}
		default:
			writeField(b, string(f.Name()), f, v, pad)
		}
	}
}

func writeField(b *strings.Builder, name string, f protoreflect.FieldDescriptor, v protoreflect.Value, pad string) {
	var s string
	switch f.Kind() {
	case protoreflect.MessageKind:
		b.WriteString(pad + name + " {\n")
		writeText(b, v.Message(), pad+"  ")
		b.WriteString(pad + "}\n")
		return
	case protoreflect.StringKind:
		s = quoted(v.String())
	case protoreflect.BytesKind:
		s = quotedBytes(v.Bytes())
	case protoreflect.EnumKind:
		s = strconv.Itoa(int(v.Enum()))
		if d := f.Enum().Values().ByNumber(v.Enum()); d != nil {
			s = string(d.Name())
		}
	case protoreflect.DoubleKind:
		s = strings.TrimSuffix(pytext.Float(v.Float()), ".0")
	default:
		s = v.String()
	}
	b.WriteString(pad + name + ": " + s + "\n")
}

// quoted writes a text of protobuf's text format: UTF-8 stays.
func quoted(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		writeByte(&b, s[i], s[i] >= 0x80)
	}
	b.WriteByte('"')
	return b.String()
}

func quotedBytes(s []byte) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		writeByte(&b, c, false)
	}
	b.WriteByte('"')
	return b.String()
}

func writeByte(b *strings.Builder, c byte, plain bool) {
	switch {
	case plain:
		b.WriteByte(c)
	case c == '\n':
		b.WriteString(`\n`)
	case c == '\r':
		b.WriteString(`\r`)
	case c == '\t':
		b.WriteString(`\t`)
	case c == '"' || c == '\'' || c == '\\':
		b.WriteByte('\\')
		b.WriteByte(c)
	case c < ' ' || c >= 0x7f:
		fmt.Fprintf(b, `\%03o`, c)
	default:
		b.WriteByte(c)
	}
}
