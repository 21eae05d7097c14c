// Command template is the built-in guest: it renders the task's query template
// to statements with bound parameters and runs them. It is built for wasip1
// and embedded by package host/builtin.
package main

import (
	"errors"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/template"
)

// A module's start is its init functions; its main is never called.
func init() {
	var t task
	guest.Register(guest.Task{Configure: t.configure, Run: t.run})
}

func main() {}

// task is a template that was parsed once, and is run for each execution.
type task struct {
	template *template.Template
	outputs  abi.OutputMode
}

// configure parses the template for the dialect of the task's connection.
func (t *task) configure(c *guest.Config) (err error) {
	if c.Template == nil {
		return errors.New("the configuration has no template")
	}
	if len(c.Connections) == 0 {
		return errors.New("the task has no connection")
	}
	t.outputs = c.Outputs.Mode
	t.template, err = template.Parse(template.Options{
		Text:          c.Template.Text,
		Dialect:       c.Connections[0].Dialect,
		Interpolation: c.Template.Interpolation,
		Inputs:        c.Inputs,
	})
	return placed(err)
}

// run renders the template and runs its statements in order.
func (t *task) run(in *guest.Input) error {
	if t.template == nil {
		return errors.New("run before configure")
	}
	statements, err := t.template.Render(in.Values, in.Limits.StatementBytes)
	if err != nil {
		return placed(err)
	}
	for i, s := range statements {
		if err := t.send(s, i == len(statements)-1); err != nil {
			return t.failed(in, statements, i, err)
		}
	}
	return nil
}

var errRows = errors.New("a statement before the last returns rows")

// send runs a statement. Only the last may return rows: they are the task's
// result, or dropped where it has none.
func (t *task) send(s template.Statement, last bool) error {
	q := abi.QueryRequest{SQL: s.SQL, Params: s.Params, Last: last}
	if last && t.outputs != abi.OutputNone {
		return output(q)
	}
	q.DiscardRows = last
	_, err := guest.Do(q)
	if e, ok := err.(*guest.Error); ok && e.Errno == abi.State && strings.HasPrefix(e.Info.Message, "the statement returns rows") && !last {
		return errRows
	}
	return err
}

// output hands the rows of a query to the task's result.
func output(q abi.QueryRequest) error {
	c, err := guest.Start(q)
	if err != nil {
		return err
	}
	_, err = c.Output()
	return err
}

// failed says which statement failed, and where: at what the database points to,
// else at the statement's start. How a host call failed is left to the host,
// which knows more of it than the guest. A task of one statement needs no
// number.
func (t *task) failed(in *guest.Input, list []template.Statement, n int, err error) error {
	var f abi.Failure
	at := -1
	if e, ok := err.(*guest.Error); ok && e.Info.Position > 0 {
		at = t.template.Locate(in.Values, in.Limits.StatementBytes, n, list[n].SQL, int(e.Info.Position))
	}
	if at < 0 {
		at = list[n].At
	}
	f.Line, f.Column = t.template.Place(at)
	if len(list) > 1 {
		f.Statement, f.Statements = n+1, len(list)
	}
	if err == errRows {
		f.Message, f.Hint = "returns rows; only the last may", "remove it, or put it last"
	}
	return guest.Failures(f)
}

// placed gives errors of the template their places in the query and their
// hints.
func placed(err error) error {
	var all []*template.Error
	switch e := err.(type) {
	case template.Errors:
		all = e
	case *template.Error:
		all = append(all, e)
	default:
		return err
	}
	f := make([]abi.Failure, len(all))
	for i, e := range all {
		f[i] = abi.Failure{Line: e.Line, Column: e.Column, Limit: e.Limit, Message: e.Message, Hint: e.Hint}
	}
	return guest.Failures(f...)
}
