package abi

// Marshal returns the message in wire format.
func (m *Config) Marshal() []byte { return m.append(nil) }

// Unmarshal reads the message from wire format.
func (m *Config) Unmarshal(b []byte) error {
	*m = Config{}
	err := unmarshal("Config", b, m)
	if err != nil {
		*m = Config{}
	}
	return err
}

func (m *Config) append(b []byte) []byte {
	b = appendText(b, 1, m.Task)
	if m.Template != nil {
		b = appendMessage(b, 2, m.Template.append)
	}
	b = appendText(b, 3, string(m.Plugin))
	for i := range m.Inputs {
		b = appendMessage(b, 4, m.Inputs[i].append)
	}
	if m.Outputs.Mode != 0 || len(m.Outputs.Columns) > 0 {
		b = appendMessage(b, 5, m.Outputs.append)
	}
	for i := range m.Connections {
		b = appendMessage(b, 6, m.Connections[i].append)
	}
	return b
}

func (m *Config) decode(b []byte, left *budget) *DecodeError {
	r := reader{rest: b, left: left}
	for r.next() {
		switch r.field {
		case 1:
			m.Task = r.text("task")
		case 2:
			m.Template = new(Template)
			r.message("template", m.Template)
		case 3:
			m.Plugin = append([]byte(nil), r.bytes("plugin")...)
		case 4:
			c, i := r.item("inputs"), len(m.Inputs)
			m.Inputs = append(m.Inputs, InputDecl{})
			r.decodeItem("inputs", i, c, &m.Inputs[i])
		case 5:
			r.message("outputs", &m.Outputs)
		case 6:
			c, i := r.item("connections"), len(m.Connections)
			m.Connections = append(m.Connections, Connection{})
			r.decodeItem("connections", i, c, &m.Connections[i])
		default:
			r.skip()
		}
	}
	return r.err
}

func (m *Template) append(b []byte) []byte {
	b = appendText(b, 1, m.Text)
	return appendUint(b, 2, uint64(m.Interpolation))
}

func (m *Template) decode(b []byte, left *budget) *DecodeError {
	r := reader{rest: b, left: left}
	for r.next() {
		switch r.field {
		case 1:
			m.Text = r.text("text")
		case 2:
			m.Interpolation = Interpolation(r.upTo("interpolation", uint64(Text)))
		default:
			r.skip()
		}
	}
	return r.err
}

func (m *InputDecl) append(b []byte) []byte {
	return appendMessage(appendText(b, 1, m.Name), 2, m.Type.append)
}

func (m *InputDecl) decode(b []byte, left *budget) *DecodeError {
	return decodeDecl(b, left, &m.Name, &m.Type)
}

func (m *OutputColumn) append(b []byte) []byte {
	return appendMessage(appendText(b, 1, m.Name), 2, m.Type.append)
}

func (m *OutputColumn) decode(b []byte, left *budget) *DecodeError {
	return decodeDecl(b, left, &m.Name, &m.Type)
}

// decodeDecl reads a message of a name and a type.
func decodeDecl(b []byte, left *budget, name *string, t *Type) *DecodeError {
	r := reader{rest: b, left: left}
	for r.next() {
		switch r.field {
		case 1:
			*name = r.text("name")
		case 2:
			r.message("type", t)
		default:
			r.skip()
		}
	}
	r.missing("type", 2)
	return r.err
}

func (m *Outputs) append(b []byte) []byte {
	b = appendUint(b, 1, uint64(m.Mode))
	for i := range m.Columns {
		b = appendMessage(b, 2, m.Columns[i].append)
	}
	return b
}

func (m *Outputs) decode(b []byte, left *budget) *DecodeError {
	r := reader{rest: b, left: left}
	for r.next() {
		switch r.field {
		case 1:
			m.Mode = OutputMode(r.upTo("mode", uint64(OutputColumns)))
		case 2:
			c, i := r.item("columns"), len(m.Columns)
			m.Columns = append(m.Columns, OutputColumn{})
			r.decodeItem("columns", i, c, &m.Columns[i])
		default:
			r.skip()
		}
	}
	return r.err
}

func (m *Connection) append(b []byte) []byte {
	b = appendText(b, 1, m.Name)
	b = appendText(b, 2, string(m.Dialect))
	return appendUint(b, 3, uint64(m.Access))
}

func (m *Connection) decode(b []byte, left *budget) *DecodeError {
	r := reader{rest: b, left: left}
	for r.next() {
		switch r.field {
		case 1:
			m.Name = r.text("name")
		case 2:
			m.Dialect = Dialect(r.text("dialect"))
		case 3:
			m.Access = Access(r.upTo("access", uint64(ReadWrite)))
		default:
			r.skip()
		}
	}
	return r.err
}

// Marshal returns the message in wire format.
func (m *Input) Marshal() []byte {
	return m.append(make([]byte, 0, usualMessage+2*usualValue*min(len(m.Values), MaxItems)))
}

// Unmarshal reads the message from wire format.
func (m *Input) Unmarshal(b []byte) error {
	*m = Input{}
	err := unmarshal("Input", b, m)
	if err != nil {
		*m = Input{}
	}
	return err
}

func (m *Input) append(b []byte) []byte {
	for i := range m.Values {
		b = appendMessage(b, 1, m.Values[i].append)
	}
	b = appendSint(b, 2, m.LogicalTime)
	if m.Limits != (Limits{}) {
		b = appendMessage(b, 3, m.Limits.append)
	}
	return b
}

func (m *Input) decode(b []byte, left *budget) *DecodeError {
	r := reader{rest: b, left: left}
	for r.next() {
		switch r.field {
		case 1:
			c, i := r.item("values"), len(m.Values)
			m.Values = append(m.Values, NamedValue{})
			r.decodeItem("values", i, c, &m.Values[i])
		case 2:
			m.LogicalTime = r.sint("logical_time")
		case 3:
			r.message("limits", &m.Limits)
		default:
			r.skip()
		}
	}
	return r.err
}

func (m *NamedValue) append(b []byte) []byte {
	return appendMessage(appendText(b, 1, m.Name), 2, m.Value.append)
}

func (m *NamedValue) decode(b []byte, left *budget) *DecodeError {
	r := reader{rest: b, left: left}
	for r.next() {
		switch r.field {
		case 1:
			m.Name = r.text("name")
		case 2:
			r.message("value", &m.Value)
		default:
			r.skip()
		}
	}
	r.missing("value", 2)
	return r.err
}

func (m *Limits) append(b []byte) []byte {
	b = appendUint(b, 1, uint64(m.StatementBytes))
	b = appendUint(b, 2, uint64(m.HostCalls))
	return appendUint(b, 3, uint64(m.DeadlineMicros))
}

func (m *Limits) decode(b []byte, left *budget) *DecodeError {
	const maxInt64 = 1<<63 - 1
	r := reader{rest: b, left: left}
	for r.next() {
		switch r.field {
		case 1:
			m.StatementBytes = int64(r.upTo("statement_bytes", maxInt64))
		case 2:
			m.HostCalls = int64(r.upTo("host_calls", maxInt64))
		case 3:
			m.DeadlineMicros = int64(r.upTo("deadline_micros", maxInt64))
		default:
			r.skip()
		}
	}
	return r.err
}

// Marshal returns the message in wire format.
func (m *QueryRequest) Marshal() []byte {
	return m.append(make([]byte, 0, usualMessage+len(m.SQL)+usualValue*min(len(m.Params), MaxItems)))
}

// Unmarshal reads the message from wire format.
func (m *QueryRequest) Unmarshal(b []byte) error {
	*m = QueryRequest{}
	err := unmarshal("QueryRequest", b, m)
	if err != nil {
		*m = QueryRequest{}
	}
	return err
}

func (m *QueryRequest) append(b []byte) []byte {
	b = appendText(b, 1, m.Connection)
	b = appendText(b, 2, m.SQL)
	for i := range m.Params {
		b = appendMessage(b, 3, m.Params[i].append)
	}
	return appendBool(appendBool(b, 4, m.DiscardRows), 5, m.Last)
}

func (m *QueryRequest) decode(b []byte, left *budget) *DecodeError {
	r := reader{rest: b, left: left}
	for r.next() {
		switch r.field {
		case 1:
			m.Connection = r.text("connection")
		case 2:
			m.SQL = r.text("sql")
		case 3:
			c, i := r.item("params"), len(m.Params)
			m.Params = append(m.Params, Value{})
			r.decodeItem("params", i, c, &m.Params[i])
		case 4:
			m.DiscardRows = r.boolean("discard_rows")
		case 5:
			m.Last = r.boolean("last")
		default:
			r.skip()
		}
	}
	return r.err
}

// Marshal returns the message in wire format. Its texts often come from a
// database, so what is not UTF-8 in them becomes U+FFFD.
func (m *Error) Marshal() []byte { return m.append(nil) }

// Unmarshal reads the message from wire format.
func (m *Error) Unmarshal(b []byte) error {
	*m = Error{}
	err := unmarshal("Error", b, m)
	if err != nil {
		*m = Error{}
	}
	return err
}

func (m *Error) append(b []byte) []byte {
	b = appendSint(b, 1, int64(m.Code))
	for i, s := range [...]string{m.SQLState, m.Message, m.Detail, m.Hint} {
		b = appendText(b, 2+i, validUTF8(s))
	}
	b = appendUint(b, 6, uint64(max(m.Position, 0)))
	return appendBool(b, 7, m.Retryable)
}

func (m *Error) decode(b []byte, left *budget) *DecodeError {
	r := reader{rest: b, left: left}
	for r.next() {
		switch r.field {
		case 1:
			code := r.sint("code")
			if code > -1 || code <= -int64(len(errnoNames)) {
				r.fail("code", "not the number of an error")
			}
			m.Code = Errno(code)
		case 2:
			m.SQLState = r.text("sqlstate")
		case 3:
			m.Message = r.text("message")
		case 4:
			m.Detail = r.text("detail")
		case 5:
			m.Hint = r.text("hint")
		case 6:
			m.Position = int32(r.upTo("position", 1<<31-1))
		case 7:
			m.Retryable = r.boolean("retryable")
		default:
			r.skip()
		}
	}
	r.missing("code", 1)
	return r.err
}
