//go:build !wasip1

package guesttest

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest/arrow"
)

// backend is what statements go to.
type backend interface {
	// query starts a statement on a granted connection.
	query(c abi.Connection, q abi.QueryRequest) (*stream, *abi.Error)
	exec(c abi.Connection, q abi.QueryRequest) (int64, *abi.Error)
	// end ends the transactions.
	end(commit bool) *abi.Error
}

// stream is the rows of a statement as messages, the schema's first. After the
// last comes err, or the end.
type stream struct {
	messages [][]byte
	err      *abi.Error
}

// host is the host of one execution. It implements imports.Host, and keeps the
// rules that package abi has for each function.
type host struct {
	backend     backend
	c           Case
	configuring bool
	calls       int64
	logged      int64
	handles     int64
	cursors     map[int64]*cursor
	last        *abi.Error
	failing     bool // the last call that did something has failed
	final       bool // the execution cannot succeed any more
	failure     string
	result      result
	log         []Line
}

// cursor is an open statement.
type cursor struct {
	on      string
	stream  *stream
	started bool
	ended   bool
}

func newHost(c Case, b backend) *host {
	if len(c.Connections) == 0 {
		c.Connections = []abi.Connection{{Name: "db", Dialect: abi.SQLite, Access: abi.ReadWrite}}
	}
	return &host{backend: b, c: c, cursors: map[int64]*cursor{}}
}

// end ends the execution and says how.
func (h *host) end(status int32) *Outcome {
	var broken *abi.Error
	if status == 0 && !h.final {
		broken = h.result.finish()
	}
	if broken == nil && status == 0 && !h.final {
		broken = h.backend.end(true)
	} else {
		_ = h.backend.end(false)
	}
	o := &Outcome{Log: h.log}
	switch {
	case broken != nil:
		o.Err, o.Failures = broken, failures(broken)
	case status != 0 || h.final:
		if h.failing || h.final {
			o.Err = h.last
		}
		switch {
		case h.failure != "" && !h.final:
			o.Failures = abi.ParseFailures(h.failure)
		case o.Err != nil:
			o.Failures = failures(o.Err)
		default:
			o.Failures = abi.Failures{{Message: "the plugin failed with no message"}}
		}
	default:
		o.HasResult = h.result.kind != noResult
		o.Columns, o.Rows = h.result.columns, h.result.rows
	}
	return o
}

func failures(e *abi.Error) abi.Failures {
	return abi.Failures{{Message: e.Message, Hint: e.Hint}}
}

// fail keeps an error for error_read and returns its errno.
func (h *host) fail(e *abi.Error) int64 {
	h.last, h.failing = e, true
	h.final = h.final || e.Code == abi.Limit || e.Code == abi.Timeout || e.Code == abi.Canceled
	return int64(e.Code)
}

func fault(code abi.Errno, format string, args ...any) *abi.Error {
	return &abi.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// begin counts a call and returns why it may not be made, or nil.
func (h *host) begin(always bool) *abi.Error {
	h.calls++
	switch l := h.c.Limits.HostCalls; {
	case h.final && h.last != nil:
		return h.last
	case l > 0 && h.calls > l:
		return fault(abi.Limit, "the guest has made %d host calls, the limit is %d", h.calls, l)
	case h.configuring && !always:
		return fault(abi.State, "not in configure: only config_read, log, fail and error_read may be called")
	}
	return nil
}

// fill answers by the fill rule.
func fill(buf, b []byte) int64 {
	if len(b) <= len(buf) {
		copy(buf, b)
	}
	return int64(len(b))
}

// ConfigRead implements imports.Host.
func (h *host) ConfigRead(buf []byte) int64 {
	if e := h.begin(true); e != nil {
		return h.fail(e)
	}
	return fill(buf, h.c.config().Marshal())
}

// InputRead implements imports.Host.
func (h *host) InputRead(buf []byte) int64 {
	if e := h.begin(false); e != nil {
		return h.fail(e)
	}
	return fill(buf, h.c.input().Marshal())
}

// request decodes a QueryRequest and finds its connection.
func (h *host) request(b []byte) (abi.Connection, abi.QueryRequest, *abi.Error) {
	var q abi.QueryRequest
	if e := h.begin(false); e != nil {
		return abi.Connection{}, q, e
	}
	h.failing = false
	if err := q.Unmarshal(b); err != nil {
		return abi.Connection{}, q, fault(abi.InvalidArg, "%s", err)
	}
	if l := h.c.Limits.Statement; l > 0 && int64(len(q.SQL)) > l {
		return abi.Connection{}, q, fault(abi.Limit, "a statement of %d bytes, the limit is %d", len(q.SQL), l)
	}
	if q.Connection == "" {
		q.Connection = h.c.Connections[0].Name
	}
	for _, c := range h.c.Connections {
		if c.Name != q.Connection {
			continue
		}
		for _, cur := range h.cursors {
			if cur.on == c.Name && !cur.ended {
				e := fault(abi.State, "a cursor is open")
				e.Hint = "read it to its end, or close it, before the next statement"
				return c, q, e
			}
		}
		return c, q, nil
	}
	e := fault(abi.Denied, "connection %q is not granted to this task", q.Connection)
	e.Hint = "the task's connection names what it may use"
	return abi.Connection{}, q, e
}

// Query implements imports.Host.
func (h *host) Query(req []byte) int64 {
	c, q, e := h.request(req)
	if e != nil {
		return h.fail(e)
	}
	s, e := h.backend.query(c, q)
	if e != nil {
		return h.fail(e)
	}
	h.handles++
	h.cursors[h.handles] = &cursor{on: c.Name, stream: s}
	return h.handles
}

// Exec implements imports.Host.
func (h *host) Exec(req []byte) int64 {
	c, q, e := h.request(req)
	if e != nil {
		return h.fail(e)
	}
	n, e := h.backend.exec(c, q)
	if e != nil {
		return h.fail(e)
	}
	return n
}

// cursor returns an open cursor.
func (h *host) cursor(handle int64) (*cursor, *abi.Error) {
	if e := h.begin(false); e != nil {
		return nil, e
	}
	h.failing = false
	if c, ok := h.cursors[handle]; ok {
		return c, nil
	}
	return nil, fault(abi.BadHandle, "%d is not an open handle", handle)
}

// CursorNext implements imports.Host.
func (h *host) CursorNext(handle int64, buf []byte) int64 {
	c, e := h.cursor(handle)
	if e != nil {
		return h.fail(e)
	}
	c.started = true
	if len(c.stream.messages) == 0 {
		if e := c.stream.err; e != nil {
			c.stream.err = nil
			return h.fail(e)
		}
		c.ended = true
		return 0
	}
	n := fill(buf, c.stream.messages[0])
	if n <= int64(len(buf)) {
		c.stream.messages = c.stream.messages[1:]
	}
	return n
}

// OutputCursor implements imports.Host.
func (h *host) OutputCursor(handle int64) int64 {
	c, e := h.cursor(handle)
	if e == nil && c.started {
		e = fault(abi.State, "the guest has read rows of this cursor already")
	}
	if e == nil {
		e = h.result.claim(h.c.Outputs, rowsResult)
	}
	if e != nil {
		return h.fail(e)
	}
	delete(h.cursors, handle)
	for _, m := range c.stream.messages {
		if e := h.result.message(m, h.c.Limits.Rows); e != nil {
			return h.fail(e)
		}
	}
	if e := c.stream.err; e != nil {
		h.final = true
		return h.fail(e)
	}
	return int64(len(h.result.rows))
}

// OutputWrite implements imports.Host.
func (h *host) OutputWrite(b []byte) int64 {
	e := h.begin(false)
	if e == nil && h.result.kind != streamResult {
		e = h.result.claim(h.c.Outputs, streamResult)
	}
	if e == nil {
		h.failing = false
		e = h.result.write(b, h.c.Limits.Rows)
	}
	if e != nil {
		return h.fail(e)
	}
	return int64(len(b))
}

// Close implements imports.Host.
func (h *host) Close(handle int64) int64 {
	if _, e := h.cursor(handle); e != nil {
		return h.fail(e)
	}
	delete(h.cursors, handle)
	return 0
}

// ErrorRead implements imports.Host.
func (h *host) ErrorRead(buf []byte) int64 {
	h.calls++
	if h.last == nil {
		return int64(abi.NotFound)
	}
	return fill(buf, h.last.Marshal())
}

// Log implements imports.Host.
func (h *host) Log(level int32, text []byte) int64 {
	h.calls++
	if level < int32(abi.LevelDebug) || level > int32(abi.LevelError) {
		return h.fail(fault(abi.InvalidArg, "a log level is 0 to 3"))
	}
	if l := h.c.Limits.Log; l > 0 {
		text = text[:min(int64(len(text)), max(0, l-h.logged))]
		for len(text) > 0 && !utf8.Valid(text) {
			text = text[:len(text)-1]
		}
		if len(text) == 0 {
			return 0
		}
	}
	h.logged += int64(len(text))
	h.log = append(h.log, Line{abi.Level(level), string(text)})
	return 0
}

// Fail implements imports.Host.
func (h *host) Fail(text []byte) int64 {
	h.calls++
	h.failure = strings.ToValidUTF8(string(text), "\uFFFD")
	return 0
}

// kindOfResult is how the result was given.
type kindOfResult uint8

const (
	noResult kindOfResult = iota
	rowsResult
	streamResult
)

// result collects the task's result.
type result struct {
	kind    kindOfResult
	columns []arrow.Field
	rows    [][]any
	batch   *arrow.Batch
	pending []byte // of a stream
	ended   bool
}

// claim makes sure that there is one result.
func (r *result) claim(outputs abi.Outputs, kind kindOfResult) *abi.Error {
	if outputs.Mode == abi.OutputNone {
		return fault(abi.State, "the task returns no rows (outputs: none)")
	}
	if r.kind != noResult {
		return fault(abi.State, "the task has given its result already")
	}
	r.kind = kind
	return nil
}

// write takes a piece of a stream, and reads what is whole in it.
func (r *result) write(b []byte, limit int64) *abi.Error {
	r.pending = append(r.pending, b...)
	for len(r.pending) > 0 {
		n, err := arrow.MessageSize(r.pending)
		switch {
		case err != nil:
			return notArrow(err.Error())
		case r.ended:
			return notArrow(fmt.Sprintf("%d bytes follow its end", len(r.pending)))
		case n == 0 || n > len(r.pending):
			return nil
		case n == 8:
			r.ended = true
		default:
			if e := r.message(r.pending[:n], limit); e != nil {
				return e
			}
		}
		r.pending = r.pending[n:]
	}
	return nil
}

// message takes one message of the result.
func (r *result) message(b []byte, limit int64) *abi.Error {
	if r.batch == nil {
		s, err := arrow.ReadSchema(b)
		if err != nil {
			return notArrow(err.Error())
		}
		r.columns, r.batch = s.Fields, arrow.NewBatch(s)
		return nil
	}
	if err := r.batch.Read(b); err != nil {
		return notArrow(err.Error())
	}
	for i := range r.batch.Rows() {
		row := make([]any, len(r.columns))
		for j := range row {
			row[j] = Value(r.batch.Column(j), i)
		}
		r.rows = append(r.rows, row)
	}
	if limit > 0 && int64(len(r.rows)) > limit {
		some := "rows"
		if limit == 1 {
			some = "row"
		}
		return fault(abi.Limit, "the result has more than %d %s", limit, some)
	}
	return nil
}

// finish finds a stream that is not whole.
func (r *result) finish() *abi.Error {
	if r.kind == streamResult && (len(r.pending) > 0 || r.batch == nil) {
		return notArrow("unexpected EOF")
	}
	return nil
}

func notArrow(problem string) *abi.Error {
	return fault(abi.InvalidArg, "the guest's result is not a valid Arrow IPC stream: %s", problem)
}
