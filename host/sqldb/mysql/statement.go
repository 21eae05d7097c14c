package mysql

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// reply is the beginning of the reply to a statement: columns of the rows that
// follow, or else what it came to.
type reply struct {
	columns []definition
	text    bool // rows are in the text protocol
	done    outcome
}

const (
	errNotPreparable = 1295 // ER_UNSUPPORTED_PS
	maxColumns       = 4096 // of a table, and so of a query here; MariaDB has queries with more
)

// errFile is returned when the server asks for a file of ours, which it may do
// in reply to any statement.
var errFile = errors.New("the server asked for a file")

// prepared is a statement that the server knows.
type prepared struct {
	id      uint32
	columns int
	params  int
}

// prepare has the server parse a statement.
func (c *conn) prepare(sql string) (prepared, error) {
	if err := c.forgetAll(); err != nil {
		return prepared{}, err
	}
	if err := c.ask(commandPrepare, sql); err != nil {
		return prepared{}, err
	}
	return c.preparedReply()
}

// forgetAll lets the server drop what it has prepared before.
func (c *conn) forgetAll() error {
	for _, s := range c.stale {
		if err := c.forget(s); err != nil {
			return err
		}
	}
	c.stale = c.stale[:0]
	return nil
}

// preparedReply reads the reply to prepare.
func (c *conn) preparedReply() (prepared, error) {
	p, err := c.packet(smallPacket)
	if err != nil {
		return prepared{}, err
	}
	if p[0] == replyError {
		return prepared{}, parseError(p)
	}
	// 0, id 4, columns 2, parameters 2, filler 1, warnings 2
	if p[0] != replyOK || len(p) < 9 {
		return prepared{}, c.malformed()
	}
	s := prepared{
		id:      binary.LittleEndian.Uint32(p[1:]),
		columns: int(binary.LittleEndian.Uint16(p[5:])),
		params:  int(binary.LittleEndian.Uint16(p[7:])),
	}
	c.stale = append(c.stale, s)
	if _, err := c.definitions(s.params, false); err != nil {
		return prepared{}, err
	}
	c.columns, err = c.definitions(s.columns, c.can&canKeepColumns != 0)
	return s, err
}

// malformed breaks the connection.
func (c *conn) malformed() error {
	c.broken = true
	return errMalformed
}

// definitions reads n columns, or skips them, and what ends them.
func (c *conn) definitions(n int, wanted bool) ([]definition, error) {
	if n == 0 {
		return nil, nil
	}
	var out []definition
	for range n {
		p, err := c.packet(smallPacket)
		if err != nil {
			return nil, err
		}
		if p[0] == replyError {
			c.broken = true
			return nil, parseError(p)
		}
		if !wanted {
			continue
		}
		d, ok := parseDefinition(p, c.can&canNameTypes != 0)
		if !ok {
			return nil, c.malformed()
		}
		out = append(out, d)
	}
	if c.can&canNoEOF == 0 {
		if _, err := c.packet(smallPacket); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// execute runs a prepared statement and reads the beginning of its reply.
func (c *conn) execute(s prepared, params []abi.Value) (reply, error) {
	c.command(commandExecute)
	out := binary.LittleEndian.AppendUint32(c.out, s.id)
	out = append(out, 0)                            // no cursor
	out = binary.LittleEndian.AppendUint32(out, 1)  // once
	out, err := appendParams(out, params, c.most-1) // without the command
	c.out = out
	if err != nil {
		c.out = nil
		return reply{}, err
	}
	if err := c.send(); err != nil {
		return reply{}, err
	}
	return c.header()
}

// query runs a statement in the text protocol and reads the beginning of its
// reply.
func (c *conn) query(sql string) (reply, error) {
	if err := c.ask(commandQuery, sql); err != nil {
		return reply{}, err
	}
	r, err := c.header()
	r.text = true
	return r, err
}

// forget lets the server drop a prepared statement. It has no reply.
func (c *conn) forget(s prepared) error {
	c.command(commandForget)
	c.out = binary.LittleEndian.AppendUint32(c.out, s.id)
	return c.send()
}

// header reads the beginning of a reply. If rows follow the connection is busy
// until their end.
func (c *conn) header() (reply, error) {
	p, err := c.packet(smallPacket)
	if err != nil {
		return reply{}, err
	}
	switch p[0] {
	case replyOK:
		done, err := parseOK(p)
		if err != nil {
			return reply{}, c.malformed()
		}
		return reply{done: done}, nil
	case replyError:
		return reply{}, parseError(p)
	case replyFile:
		c.broken = true
		return reply{}, errFile
	}
	count, n := lengthInt(p)
	switch {
	case n == 0, count == 0, count > math.MaxUint16:
		return reply{}, c.malformed()
	case count > maxColumns:
		c.broken = true
		return reply{}, &sqldb.Error{Code: abi.Limit, Message: fmt.Sprintf("the query has %d columns, the limit is %d", count, maxColumns)}
	}
	c.busy = true
	if c.can&canKeepColumns != 0 {
		if len(p) <= n {
			return reply{}, c.malformed()
		}
		if p[n] == 0 { // they are as prepare said
			if len(c.columns) != int(count) {
				return reply{}, c.malformed()
			}
			if c.can&canNoEOF == 0 {
				if _, err := c.packet(smallPacket); err != nil {
					return reply{}, err
				}
			}
			return reply{columns: c.columns}, nil
		}
	}
	columns, err := c.definitions(int(count), true)
	return reply{columns: columns}, err
}

// next reads a row, or the end of the rows: then the row is nil. The
// connection is busy if another reply follows.
func (c *conn) next(text bool, limit int64) ([]byte, outcome, error) {
	p, err := c.packet(limit)
	if err != nil {
		return nil, outcome{}, err
	}
	switch {
	case p[0] == replyError:
		c.busy = false
		return nil, outcome{}, parseError(p)
	case p[0] == replyEnd && len(p) < maxPayload:
		end, err := parseEnd(p, c.can&canNoEOF == 0)
		if err != nil {
			return nil, end, c.malformed()
		}
		c.busy = end.status&moreResults != 0
		return nil, end, nil
	case !text && p[0] != 0:
		return nil, outcome{}, c.malformed()
	}
	return p, outcome{}, nil
}

// rest reads the replies after the first, which a procedure has: one for each
// of its queries, and one of its own. It returns the last outcome, and whether
// there were rows in between.
func (c *conn) rest(o outcome) (_ outcome, rows bool, err error) {
	for o.status&moreResults != 0 {
		c.busy = true
		r, err := c.header()
		if err != nil {
			c.busy = false
			return o, rows, err
		}
		if r.columns == nil {
			o = r.done
			c.busy = o.status&moreResults != 0
			continue
		}
		rows = true
		if o, _, err = c.skip(); err != nil {
			return o, rows, err
		}
	}
	return o, rows, nil
}

// skip reads rows to their end without keeping them, and counts them.
func (c *conn) skip() (o outcome, rows int64, err error) {
	for {
		p, end, err := c.next(true, maxRow)
		if err != nil || p == nil {
			return end, rows, err
		}
		rows++
	}
}

// maxRow bounds a row that is not looked at. No server sends more: its
// max_allowed_packet goes to 1 GiB.
const maxRow = 1<<30 + 1<<24

// start runs the statement with its parameters, as a prepared one. What the
// server cannot prepare it runs as text, if there are no parameters. before is
// asked before anything runs.
func (c *conn) start(sql string, params []abi.Value, before func(columns int) error) (reply, error) {
	if int64(len(sql)) >= c.most {
		return reply{}, &sqldb.Error{
			Code: abi.Limit, Message: fmt.Sprintf("the statement is over the %d bytes that the server takes", c.most-1),
			Hint: "the server's max_allowed_packet bounds it; pass long values as parameters",
		}
	}
	s, err := c.prepare(sql)
	var refused *serverError
	switch {
	case errors.As(err, &refused) && refused.number == errNotPreparable && len(params) == 0:
		if err := before(0); err != nil {
			return reply{}, err
		}
		return c.query(sql)
	case err != nil:
		return reply{}, err
	}
	if s.params != len(params) {
		return reply{}, &sqldb.Error{
			Code:    abi.InvalidArg,
			Message: fmt.Sprintf("the statement has %d placeholders, but %d parameters were given", s.params, len(params)),
		}
	}
	if err := before(s.columns); err != nil {
		return reply{}, err
	}
	return c.execute(s, params)
}
