package plugin

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/wasmsql/wasmsql/abi"
)

// Section returns the manifest as the data of its section: the same bytes for
// the same manifest. Read reads it back.
func (m *Manifest) Section() []byte {
	w := &writer{}
	w.open()
	w.text("name", m.Name)
	w.text("version", m.Version)
	w.text("description", m.Description)
	w.key("abi")
	w.b.WriteString(strconv.Itoa(m.ABI))
	w.text("sdk", m.SDK)
	if len(m.Connections) > 0 {
		w.key("connections")
		w.open()
		for _, c := range m.Connections {
			w.connection(c)
		}
		w.close()
	}
	if len(m.Inputs) > 0 {
		w.key("inputs")
		w.open()
		for _, in := range m.Inputs {
			w.input(in)
		}
		w.close()
	}
	w.outputs(m.Outputs)
	w.limits(m.Limits)
	w.close()
	return w.b.Bytes()
}

// writer writes JSON objects in the order in which keys come.
type writer struct {
	b     bytes.Buffer
	empty bool // nothing stands in the open object yet
}

func (w *writer) open()  { w.b.WriteByte('{'); w.empty = true }
func (w *writer) close() { w.b.WriteByte('}'); w.empty = false }

func (w *writer) key(key string) {
	if !w.empty {
		w.b.WriteByte(',')
	}
	w.empty = false
	w.string(key)
	w.b.WriteByte(':')
}

func (w *writer) string(s string) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a text never fails
	w.b.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// text writes a key with a text, unless that is empty.
func (w *writer) text(key, value string) {
	if value != "" {
		w.key(key)
		w.string(value)
	}
}

func (w *writer) raw(key string, value json.RawMessage) {
	if value != nil {
		w.key(key)
		w.b.Write(value)
	}
}

func (w *writer) connection(c Connection) {
	w.key(c.Name)
	w.open()
	w.text("access", c.Access.String())
	if len(c.Dialects) > 0 {
		w.key("dialects")
		for i, d := range c.Dialects {
			w.b.WriteByte("[,"[min(i, 1)])
			w.string(string(d))
		}
		w.b.WriteByte(']')
	}
	w.text("description", c.Description)
	w.close()
}

func (w *writer) input(in Input) {
	w.key(in.Name)
	w.open()
	w.text("type", in.Type.String())
	w.raw("default", in.Default)
	w.raw("enum", in.Enum)
	w.text("description", in.Description)
	w.close()
}

func (w *writer) outputs(o abi.Outputs) {
	switch o.Mode {
	case abi.OutputNone:
		w.text("outputs", "none")
	case abi.OutputColumns:
		w.key("outputs")
		w.open()
		for _, c := range o.Columns {
			w.text(c.Name, c.Type.String())
		}
		w.close()
	}
}

func (w *writer) limits(l Limits) {
	if l == (Limits{}) {
		return
	}
	w.key("limits")
	w.open()
	for _, f := range []struct {
		key   string
		value int64
	}{
		{"memory", l.Memory}, {"fuel", l.Fuel}, {"host_calls", l.HostCalls}, {"cursors", l.Cursors}, {"statement", l.Statement},
		{"parameters", l.Parameters}, {"parameter_count", l.ParameterCount}, {"log", l.Log}, {"rows", l.Rows}, {"bytes", l.Bytes},
	} {
		if f.value > 0 {
			w.key(f.key)
			w.b.WriteString(strconv.FormatInt(f.value, 10))
		}
	}
	if l.Timeout > 0 {
		w.text("timeout", l.Timeout.String())
	}
	w.close()
}
