// Package columns holds a result against the outputs that a task declares:
// the columns by name, order and type before the first row, then every value.
// What it converts it converts without loss or not at all.
//
// What a column of a declared type is in Arrow, and from what it can come:
//
//	int        int64                      integers; bool; float, decimal and numeric text where integral
//	float      float64                    floats; integers to ±2^53; decimal and numeric text that read back equal
//	str        utf8                       text of any kind; uuid
//	bool       bool                       bool; integers 0 and 1
//	datetime   timestamp[µs, UTC]         timestamps, without a time zone as UTC; dates as midnight; text
//	date       date32                     dates; timestamps at midnight; text
//	time       time64[µs]                 times; text
//	timedelta  duration[µs]               durations; times; intervals without months, a day being 24 hours; text
//	decimal    decimal128, as it came     decimals
//	           utf8, wasmsql.type=numeric integers, floats and text that are numbers
//	decimal(p,s)
//	           decimal128(p,s)            decimals, integers, floats and text that are such numbers
//	bytes      binary                     binary of any kind
//	uuid       fixed_size_binary(16)      uuid; binary of 16 bytes; text
//	json       utf8, arrow.json           json; text that is JSON
//	list[T]    list                       lists of what T can come from
//
// A column of nulls without a type becomes any of them. A null where the type
// does not end in ? is an error.
package columns

import (
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/wasmsql/wasmsql/abi"
)

// Error is a column, or a value in it, that is not what is declared.
type Error struct {
	Name    string // of the column, as it is declared or else as it came
	Row     int64  // from 1 over the whole result; 0: it is about the column
	Message string // lower case, no full stop; holds no value
	Hint    string // the next step, or empty
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Errors is everything that is wrong with the columns of a result.
type Errors []*Error

// Error returns the messages, one a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, x := range e {
		lines[i] = x.Message
	}
	return strings.Join(lines, "\n")
}

// Conversion makes the declared columns of those that come. It counts rows
// for its errors, so it serves one result, in one goroutine.
type Conversion struct {
	schema *arrow.Schema
	cols   []column
	same   bool // records pass as they are
	rows   int64
}

// column is what happens to one column.
type column struct {
	name string
	want abi.Type
	conv converter // nil: it stays as it is
}

// Check compares what comes with what is declared. Its error is Errors: all
// differences at once.
func Check(schema *arrow.Schema, want abi.Outputs) (*Conversion, error) {
	switch want.Mode {
	case abi.OutputAny:
		return &Conversion{schema: schema, same: true}, nil
	case abi.OutputNone:
		if n := schema.NumFields(); n > 0 {
			return nil, Errors{{
				Message: "the query returns " + count(n) + ", outputs declare none",
				Hint:    "leave outputs out, or declare the columns",
			}}
		}
		return &Conversion{schema: schema, same: true}, nil
	}
	if errs := compareNames(schema.Fields(), want.Columns); len(errs) > 0 {
		return nil, append(errs, compareTypes(schema.Fields(), want.Columns)...)
	}
	c := &Conversion{same: true}
	var errs Errors
	fields := make([]arrow.Field, schema.NumFields())
	for i, w := range want.Columns {
		from := schema.Field(i)
		field, conv, ok := plan(from, w.Type)
		if !ok {
			errs = append(errs, typeError(i, from, w))
			continue
		}
		field.Name = w.Name
		fields[i] = field
		c.cols = append(c.cols, column{w.Name, w.Type, conv})
		c.same = c.same && conv == nil && field.Equal(from)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	meta := schema.Metadata()
	c.schema = arrow.NewSchema(fields, &meta)
	return c, nil
}

// compareNames finds columns that are missing, too many, or elsewhere.
func compareNames(came []arrow.Field, want []abi.OutputColumn) Errors {
	var errs Errors
	if len(came) == len(want) {
		for i, w := range want {
			if came[i].Name != w.Name {
				errs = append(errs, &Error{
					Name:    w.Name,
					Message: "column " + strconv.Itoa(i+1) + " is " + strconv.Quote(came[i].Name) + ", declared " + strconv.Quote(w.Name),
					Hint:    nameHint(came, want, i),
				})
			}
		}
		return errs
	}
	errs = append(errs, &Error{
		Message: "the query returns " + count(len(came)) + ", outputs declare " + strconv.Itoa(len(want)),
		Hint:    "declare every column of the query, in its order, or leave outputs out",
	})
	for i, w := range want {
		if indexOf(came, w.Name) < 0 {
			errs = append(errs, &Error{
				Name:    w.Name,
				Message: "column " + strconv.Itoa(i+1) + ", declared " + strconv.Quote(w.Name) + ", does not come",
				Hint:    "add it to the query, or remove it from outputs",
			})
		}
	}
	left := map[string]int{}
	for _, w := range want {
		left[w.Name]++
	}
	for i, f := range came {
		if left[f.Name]--; left[f.Name] < 0 {
			errs = append(errs, &Error{
				Name:    f.Name,
				Message: "column " + strconv.Itoa(i+1) + ", " + strconv.Quote(f.Name) + ", is not declared",
				Hint:    "declare " + declaration(f) + ", or remove it from the query",
			})
		}
	}
	return errs
}

func nameHint(came []arrow.Field, want []abi.OutputColumn, i int) string {
	declared := false
	for _, w := range want {
		declared = declared || w.Name == came[i].Name
	}
	if declared && indexOf(came, want[i].Name) >= 0 {
		return "the order counts: put the query's columns, or outputs, in the other's order"
	}
	return "name it in the query: … AS " + strconv.Quote(want[i].Name)
}

func indexOf(came []arrow.Field, name string) int {
	for i, f := range came {
		if f.Name == name {
			return i
		}
	}
	return -1
}

// compareTypes finds wrong types where names are wrong too: of the columns
// that can be told by name.
func compareTypes(came []arrow.Field, want []abi.OutputColumn) Errors {
	var errs Errors
	for _, w := range want {
		if i := indexOf(came, w.Name); i >= 0 {
			if _, _, ok := plan(came[i], w.Type); !ok {
				errs = append(errs, typeError(i, came[i], w))
			}
		}
	}
	return errs
}

func typeError(i int, came arrow.Field, want abi.OutputColumn) *Error {
	t := came.Type.String()
	if name := metaOf(came, typeKey); name != "" {
		t += " (" + name + ")"
	} else if name := metaOf(came, extensionKey); name != "" {
		t += " (" + strings.TrimPrefix(name, "arrow.") + ")"
	}
	return &Error{
		Name:    want.Name,
		Message: "column " + strconv.Itoa(i+1) + ", " + strconv.Quote(want.Name) + ": declared " + want.Type.String() + ", came " + t,
		Hint:    "declare " + declaration(came) + ", or cast it in the query",
	}
}

// declaration returns the entry of outputs that would fit a column.
func declaration(f arrow.Field) string { return strconv.Quote(f.Name + ": " + Nearest(f)) }

func count(n int) string {
	if n == 1 {
		return "1 column"
	}
	return strconv.Itoa(n) + " columns"
}

// Schema returns the columns that Apply makes.
func (c *Conversion) Schema() *arrow.Schema { return c.schema }

// Apply returns a record of the declared columns, which the caller releases.
// Its error is an *Error for the first value, by column and then by row, that
// would lose something or is null where it may not be.
func (c *Conversion) Apply(rec arrow.Record) (arrow.Record, error) {
	before := c.rows
	c.rows += rec.NumRows()
	if err := c.nulls(rec, before); err != nil {
		return nil, err
	}
	if c.same {
		rec.Retain()
		return rec, nil
	}
	out := make([]arrow.Array, 0, len(c.cols))
	defer func() {
		for _, a := range out {
			a.Release()
		}
	}()
	for i, col := range c.cols {
		a := rec.Column(i)
		if col.conv == nil {
			a.Retain()
			out = append(out, a)
			continue
		}
		b, bad := col.conv(a)
		if bad != nil {
			return nil, col.fail(before, bad)
		}
		out = append(out, b)
	}
	return array.NewRecord(c.schema, out, rec.NumRows()), nil
}

// nulls finds the first null where none may be.
func (c *Conversion) nulls(rec arrow.Record, before int64) error {
	for i, col := range c.cols {
		if bad := refuseNull(rec.Column(i), col.want); bad != nil {
			return col.fail(before, bad)
		}
	}
	return nil
}

func (c column) fail(before int64, bad *fault) error {
	row := before + int64(bad.row) + 1
	hint := bad.hint
	if bad.null {
		t := c.want
		for p := &t; ; p = p.Elem {
			if p.Kind != abi.List || !p.Nullable && !bad.elem {
				p.Nullable = true
				break
			}
			elem := *p.Elem
			p.Elem = &elem
		}
		hint = "declare " + strconv.Quote(c.name+": "+t.String())
	}
	return &Error{
		Name:    c.name,
		Row:     row,
		Message: "row " + strconv.FormatInt(row, 10) + ", column " + strconv.Quote(c.name) + ": " + bad.what + ", declared " + c.want.String(),
		Hint:    hint,
	}
}
