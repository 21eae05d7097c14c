package server

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
)

// taskJSON is what a client learns of a task.
type taskJSON struct {
	Name       string      `json:"name"`
	Kind       string      `json:"kind"` // query or module
	Connection string      `json:"connection"`
	Query      string      `json:"query,omitempty"`  // the template, of one task
	Inputs     any         `json:"inputs,omitempty"` // a JSON Schema, of one task
	Outputs    outputsJSON `json:"outputs"`
	Retries    int         `json:"retries"`
	Limits     limitsJSON  `json:"limits"`
}

type outputsJSON struct {
	Mode    string       `json:"mode"` // any, none or columns
	Columns []columnJSON `json:"columns,omitempty"`
}

type columnJSON struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type limitsJSON struct {
	TimeoutMillis int64 `json:"timeout_ms"`
	Rows          int64 `json:"rows,omitempty"`  // 0: not limited
	Bytes         int64 `json:"bytes,omitempty"` // 0: not limited
	Fuel          int64 `json:"fuel"`
	Memory        int64 `json:"memory"`
}

func describe(p *host.Program) taskJSON {
	t, l := p.Task(), p.Limits()
	out := taskJSON{
		Name: t.Name, Kind: "query", Connection: t.Connection, Retries: t.Retries,
		Limits: limitsJSON{TimeoutMillis: l.Timeout.Milliseconds(), Rows: l.Rows, Bytes: l.Bytes, Fuel: l.Fuel, Memory: l.Memory},
	}
	if len(t.Module) > 0 {
		out.Kind = "module"
	}
	switch t.Outputs.Mode {
	case abi.OutputNone:
		out.Outputs.Mode = "none"
	case abi.OutputColumns:
		out.Outputs.Mode = "columns"
		for _, c := range t.Outputs.Columns {
			out.Outputs.Columns = append(out.Outputs.Columns, columnJSON{c.Name, c.Type.String()})
		}
	default:
		out.Outputs.Mode = "any"
	}
	return out
}

// listTasks is GET /v1/tasks.
func (s *Server) listTasks(w *response, _ *http.Request, who principal) error {
	all := []taskJSON{}
	for _, name := range slices.Sorted(maps.Keys(who.tenant.programs)) {
		all = append(all, describe(who.tenant.programs[name]))
	}
	return respond(w, http.StatusOK, struct {
		Tasks []taskJSON `json:"tasks"`
	}{all})
}

// getTask is GET /v1/tasks/{task}.
func (s *Server) getTask(w *response, r *http.Request, who principal) error {
	p, err := who.task(r)
	if err != nil {
		return err
	}
	t := describe(p)
	t.Query, t.Inputs = p.Task().Query, inputsSchema(p.Task().Inputs)
	return respond(w, http.StatusOK, t)
}

// schema is a JSON Schema of draft 2020-12, as far as inputs need it.
type schema struct {
	Schema               string       `json:"$schema,omitempty"`
	Type                 any          `json:"type,omitempty"`
	Description          string       `json:"description,omitempty"`
	Properties           *properties  `json:"properties,omitempty"`
	Required             []string     `json:"required,omitempty"`
	AdditionalProperties *bool        `json:"additionalProperties,omitempty"`
	Items                *schema      `json:"items,omitempty"`
	Format               string       `json:"format,omitempty"`
	Enum                 []any        `json:"enum,omitempty"`
	Default              *jsonDefault `json:"default,omitempty"`
	Wasmsql              string       `json:"x-wasmsql-type,omitempty"` // as a task file writes it
}

// properties are schemas by name, in the order of the task file: a form has
// its fields in it.
type properties []property

type property struct {
	name string
	schema
}

// MarshalJSON implements json.Marshaler.
func (all properties) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, p := range all {
		if i > 0 {
			b = append(b, ',')
		}
		text, err := json.Marshal(p.schema)
		if err != nil {
			return nil, err
		}
		b = append(append(strconv.AppendQuote(b, p.name), ':'), text...) // a name is letters, digits and _
	}
	return append(b, '}'), nil
}

// jsonDefault is a default value, which may be null.
type jsonDefault struct{ value any }

// MarshalJSON implements json.Marshaler.
func (d jsonDefault) MarshalJSON() ([]byte, error) { return json.Marshal(d.value) }

// inputsSchema returns the JSON Schema of a task's inputs.
func inputsSchema(inputs []host.Input) schema {
	no := false
	s := schema{Schema: "https://json-schema.org/draft/2020-12/schema", Type: "object", Properties: &properties{}, AdditionalProperties: &no}
	for _, in := range inputs {
		p := typeSchema(in.Type)
		p.Description, p.Wasmsql = in.Description, in.Type.String()
		for _, v := range in.Enum {
			p.Enum = append(p.Enum, jsonValue(v))
		}
		if in.Default != nil {
			p.Default = &jsonDefault{jsonValue(*in.Default)}
		} else {
			s.Required = append(s.Required, in.Name)
		}
		*s.Properties = append(*s.Properties, property{in.Name, p})
	}
	return s
}

// typeSchema returns what values of a type look like in JSON.
func typeSchema(t abi.Type) schema {
	var s schema
	types := []string{"string"}
	switch t.Kind {
	case abi.Int:
		types = []string{"integer"}
	case abi.Float:
		types = []string{"number", "string"} // "inf", "-inf", "nan"
	case abi.Bool:
		types = []string{"boolean"}
	case abi.Decimal:
		types = []string{"string", "number"}
	case abi.Datetime:
		s.Format = "date-time"
	case abi.Date:
		s.Format = "date"
	case abi.UUID:
		s.Format = "uuid"
	case abi.JSON:
		return s // anything
	case abi.List:
		types = []string{"array"}
		items := typeSchema(*t.Elem)
		s.Items = &items
	}
	if t.Nullable {
		types = append(types, "null")
	}
	if s.Type = types; len(types) == 1 {
		s.Type = types[0]
	}
	return s
}

// jsonValue returns a value as a request can send it back: as a number, a word,
// a list, what the JSON of an input is, or text.
func jsonValue(v abi.Value) any {
	if v.Null {
		return nil
	}
	switch v.Type.Kind {
	case abi.Int:
		return v.Int
	case abi.Bool:
		return v.Int != 0
	case abi.Float:
		if !math.IsInf(v.Float, 0) && !math.IsNaN(v.Float) {
			return json.Number(manifest.Format(v))
		}
	case abi.Str:
		return v.Str
	case abi.JSON:
		return json.RawMessage(v.Str)
	case abi.List:
		list := make([]any, len(v.List))
		for i, e := range v.List {
			list[i] = jsonValue(e)
		}
		return list
	}
	return manifest.Format(v)
}
