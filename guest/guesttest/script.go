//go:build !wasip1

package guesttest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
)

// script is a backend that expects statements in order.
type script struct {
	t    testing.TB
	left []Statement
	sent int
}

// String returns the statement as a test's message has it.
func (s *Statement) String() string {
	what, sql := "query", s.Query
	if s.Exec != "" {
		what, sql = "exec", s.Exec
	}
	if s.On != "" {
		what += " on " + s.On
	}
	text := what + ": " + strings.Join(strings.Fields(sql), " ")
	for i, p := range s.Params {
		text += fmt.Sprintf("\n  %d: %s", i+1, paramText(p))
	}
	return text
}

// paramText returns a parameter with its type: int 5.
func paramText(v guest.Value) string {
	switch {
	case v.Null:
		return v.Type.String() + " null"
	case v.Type.Kind == abi.List:
		var items []string
		for _, x := range v.List {
			items = append(items, paramText(x))
		}
		return v.Type.String() + " [" + strings.Join(items, ", ") + "]"
	case v.Type.Kind == abi.Str, v.Type.Kind == abi.JSON, v.Type.Kind == abi.Bytes:
		return fmt.Sprintf("%s %q", v.Type, v.Str)
	}
	return v.Type.String() + " " + guest.ValueText(v)
}

// next takes the next statement of the script and holds what came against it.
func (s *script) next(c abi.Connection, q abi.QueryRequest, exec bool) (*Statement, *abi.Error) {
	s.t.Helper()
	s.sent++
	came := Statement{On: c.Name, Params: q.Params}
	if came.Query = q.SQL; exec {
		came.Query, came.Exec = "", q.SQL
	}
	if len(s.left) == 0 {
		came.On = q.Connection
		s.t.Errorf("statement %d: nothing more was expected, the plugin sent\n%s", s.sent, indent(came.String()))
		return nil, unexpected
	}
	want := s.left[0]
	s.left = s.left[1:]
	if want.On == "" {
		came.On = ""
		if q.Connection != "" && q.Connection != c.Name {
			came.On = c.Name
		}
	}
	if a, b := came.String(), want.String(); a != b {
		s.t.Errorf("statement %d is not the expected one (- expected, + sent)\n%s", s.sent, indent(diff(b, a)))
		return nil, unexpected
	}
	return &want, nil
}

var unexpected = &abi.Error{Code: abi.DB, Message: "guesttest: the statement was not expected"}

func (s *script) query(c abi.Connection, q abi.QueryRequest) (*stream, *abi.Error) {
	s.t.Helper()
	st, e := s.next(c, q, false)
	switch {
	case e != nil:
		return nil, e
	case st.Err != nil && st.Rows == nil:
		return nil, st.Err
	}
	out, err := encode(st.Columns, st.Rows, st.Batch)
	if err != nil {
		s.t.Errorf("statement %d: the rows of the script: %s", s.sent, err)
		return nil, unexpected
	}
	out.err = st.Err
	return out, nil
}

func (s *script) exec(c abi.Connection, q abi.QueryRequest) (int64, *abi.Error) {
	s.t.Helper()
	st, e := s.next(c, q, true)
	if e != nil {
		return 0, e
	}
	return st.Changed, st.Err
}

func (s *script) end(bool) *abi.Error { return nil }

// diff returns the lines of two texts: those of both, and with - and + in
// front what only one has.
func diff(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out []string
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		out = append(out, "  "+x[0])
		x, y = x[1:], y[1:]
	}
	var tail []string
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		tail = append([]string{"  " + x[len(x)-1]}, tail...)
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	for _, l := range x {
		out = append(out, "- "+l)
	}
	for _, l := range y {
		out = append(out, "+ "+l)
	}
	return strings.Join(append(out, tail...), "\n")
}
