package hostcall

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
	"unsafe"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/policy"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// configRead implements abi.FuncConfigRead.
func (c *call) configRead() (int64, error) {
	n, _ := c.fill(0, c.x.o.Config)
	return n, nil
}

// inputRead implements abi.FuncInputRead.
func (c *call) inputRead() (int64, error) {
	n, _ := c.fill(0, c.x.o.Input)
	return n, nil
}

// query implements abi.FuncQuery.
func (c *call) query() (int64, error) {
	conn, req, err := c.request()
	if err != nil {
		return 0, err
	}
	x := c.x
	if l := x.o.Limits.Cursors; l > 0 && int64(len(x.cursors)) >= l {
		return 0, errLimit("cursors", fmt.Sprintf("the guest has %d cursors open and opens one more, the limit is %d", len(x.cursors), l))
	}
	if x.o.DryRun {
		return x.open(&cursor{}), x.keep(Statement{conn, req, true})
	}
	cur := &cursor{}
	if berr := x.block(c.ctx, &x.Used.Query, func() {
		var tx sqldb.Tx
		if tx, err = x.tx(c.ctx, conn, req.Last); err == nil {
			cur.rows, err = tx.Query(c.ctx, req.SQL, req.Params)
		}
		if err == nil && cur.rows.Schema().NumFields() == 0 {
			err = x.drain(c.ctx, cur)
		}
	}); berr != nil {
		return 0, berr
	}
	if err != nil {
		return 0, err
	}
	return x.open(cur), nil
}

// drain runs a statement that returns no columns to its end, whether the guest
// asks for rows or not.
func (x *Execution) drain(ctx context.Context, c *cursor) error {
	for {
		rec, err := c.rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			x.affected(c)
			return nil
		}
		if err != nil {
			return errors.Join(err, c.rows.Close())
		}
		rec.Release()
	}
}

// affected counts, once, the rows that a cursor's statement has changed.
func (x *Execution) affected(c *cursor) {
	if !c.counted {
		c.counted = true
		x.Used.RowsAffected += c.rows.Changed()
	}
}

// exec implements abi.FuncExec.
func (c *call) exec() (int64, error) {
	conn, req, err := c.request()
	if err != nil {
		return 0, err
	}
	x := c.x
	if x.o.DryRun {
		return 0, x.keep(Statement{conn, req, false})
	}
	var n int64
	if berr := x.block(c.ctx, &x.Used.Query, func() {
		var tx sqldb.Tx
		if tx, err = x.tx(c.ctx, conn, req.Last); err == nil {
			n, err = tx.Exec(c.ctx, req.SQL, req.Params, req.DiscardRows)
		}
	}); berr != nil {
		return 0, berr
	}
	if err != nil {
		return 0, err
	}
	x.Used.RowsAffected += n
	return n, nil
}

// maxKept bounds what a dry run keeps of its statements, in bytes.
const maxKept = 64 << 20

// valueBytes returns about how much memory values take.
func valueBytes(values []abi.Value) int64 {
	n := int64(0)
	for i := range values {
		v := &values[i]
		n += int64(unsafe.Sizeof(*v)) + int64(len(v.Str)) + valueBytes(v.List)
	}
	return n
}

// keep notes a statement of a dry run.
func (x *Execution) keep(s Statement) error {
	x.kept += int64(len(s.SQL)) + valueBytes(s.Params)
	if x.kept > maxKept {
		return errLimit("statement", fmt.Sprintf("the statements of a dry run have %d bytes, the limit is %d", x.kept, maxKept))
	}
	x.Statements = append(x.Statements, s)
	return nil
}

// request decodes a QueryRequest and decides whether it may run.
func (c *call) request() (Connection, abi.QueryRequest, error) {
	x := c.x
	x.failing = false
	raw := c.bytes(0)
	if l := x.o.Limits; l.Statement > 0 && l.Parameters > 0 && int64(len(raw)) > l.Statement+l.Parameters+4096 {
		return Connection{}, abi.QueryRequest{}, errLimit("statement", fmt.Sprintf("a request of %d bytes, the limit is %d for a statement and %d for its parameters", len(raw), l.Statement, l.Parameters))
	}
	var req abi.QueryRequest
	if err := req.Unmarshal(raw); err != nil {
		e := errOf(abi.InvalidArg, err.Error())
		e.Guest.Hint = "look at the pointer and the length; by the fill rule, an answer of more than a buffer holds means that nothing is in it"
		return Connection{}, req, e
	}
	conn, err := x.connection(req.Connection)
	if err != nil {
		return conn, req, err
	}
	if l := x.o.Limits.Statement; l > 0 && int64(len(req.SQL)) > l {
		return conn, req, errLimit("statement", fmt.Sprintf("a statement of %d bytes, the limit is %d", len(req.SQL), l))
	}
	if l := x.o.Limits.Parameters; l > 0 && int64(len(raw)-len(req.SQL)) > l {
		return conn, req, errLimit("parameters", fmt.Sprintf("parameters of %d bytes, the limit is %d", len(raw)-len(req.SQL), l))
	}
	if l := x.o.Limits.ParameterCount; l > 0 && int64(len(req.Params)) > l {
		return conn, req, errLimit("parameter_count", fmt.Sprintf("a statement of %d parameters, the limit is %d", len(req.Params), l))
	}
	if slices.Contains(x.ended, conn.Name) {
		return conn, req, errOf(abi.State, "a statement follows one that was said to be the last")
	}
	if req.Last {
		x.ended = append(x.ended, conn.Name)
	}
	x.Used.Statements++
	if x.hash == nil {
		x.hash = sha256.New()
	}
	x.hash.Write([]byte(req.SQL))
	x.hash.Write([]byte{0})
	return conn, req, conn.check(req.SQL)
}

// check decides whether a statement may run on the connection.
func (c Connection) check(sql string) error {
	err := policy.Check(c.Dialect, c.Access, sql)
	if err == nil {
		return nil
	}
	e := *Classify(err)
	e.Connection = c.Name
	e.Refused = c.Access == abi.ReadOnly && policy.Check(c.Dialect, abi.ReadWrite, sql) == nil
	return &e
}

// connection finds a granted connection by name. One that was not granted and
// one that does not exist get the same answer.
func (x *Execution) connection(name string) (Connection, error) {
	if name == "" && len(x.o.Connections) > 0 {
		return x.o.Connections[0], nil
	}
	for _, c := range x.o.Connections {
		if c.Name == name {
			return c, nil
		}
	}
	e := *Classify(policy.NotGranted(name))
	e.Connection, e.Refused = name, true
	return Connection{}, &e
}

// close implements abi.FuncClose.
func (c *call) close() (int64, error) {
	cur, err := c.x.cursor(int64(c.args[0]))
	if err != nil {
		return 0, err
	}
	delete(c.x.cursors, int64(c.args[0]))
	return 0, c.x.block(c.ctx, &c.x.Used.Query, cur.close)
}

// open gives out a handle. Handles are never used again in an execution.
func (x *Execution) open(c *cursor) int64 {
	if x.cursors == nil {
		x.cursors = map[int64]*cursor{}
	}
	x.handles++
	x.cursors[x.handles] = c
	return x.handles
}

func (x *Execution) cursor(h int64) (*cursor, error) {
	x.failing = false
	if c, ok := x.cursors[h]; ok {
		return c, nil
	}
	return nil, x.fails(abi.BadHandle, strconv.FormatInt(h, 10)+" is not an open handle")
}

// outputCursor implements abi.FuncOutputCursor.
func (c *call) outputCursor() (int64, error) {
	x, h := c.x, int64(c.args[0])
	cur, err := x.cursor(h)
	if err != nil {
		return 0, err
	}
	if cur.started {
		return 0, x.fails(abi.State, "the guest has read rows of this cursor already")
	}
	if err := x.claimOutput(outputRows); err != nil {
		return 0, err
	}
	delete(x.cursors, h)
	if x.o.DryRun {
		return 0, nil
	}
	var n int64
	berr := x.block(c.ctx, &x.Used.Query, func() {
		if n, err = x.o.Output.Cursor(c.ctx, cur.rows); err == nil {
			x.affected(cur)
		}
		cur.close()
	})
	if berr != nil {
		return 0, berr
	}
	return n, err
}

// outputWrite implements abi.FuncOutputWrite.
func (c *call) outputWrite() (int64, error) {
	x := c.x
	x.failing = false
	p := c.bytes(0)
	if x.output != outputStream {
		if err := x.claimOutput(outputStream); err != nil {
			return 0, err
		}
	}
	if x.o.DryRun {
		return int64(len(p)), nil
	}
	var err error
	var sum time.Duration
	if berr := x.block(c.ctx, &sum, func() { err = x.o.Output.Write(c.ctx, p) }); berr != nil {
		return 0, berr
	}
	return int64(len(p)), err
}

// outputKind is how the result was given.
type outputKind uint8

const (
	outputNone   outputKind = iota
	outputRows              // a cursor, whole
	outputStream            // bytes of an Arrow IPC stream
)

// claimOutput makes sure that there is one result.
func (x *Execution) claimOutput(as outputKind) error {
	if x.o.Output == nil && !x.o.DryRun {
		return x.fails(abi.State, "the task returns no rows (outputs: none)")
	}
	if x.output != outputNone {
		return x.fails(abi.State, "the task has given its result already")
	}
	x.output = as
	return nil
}

// errorRead implements abi.FuncErrorRead. It leaves the error as it is.
func (c *call) errorRead() (int64, error) {
	c.bytes(0)
	if c.x.last == nil {
		return int64(abi.NotFound), nil
	}
	n, _ := c.fill(0, c.x.last.Guest.Marshal())
	return n, nil
}
