package host_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

// orderSink notes what is called, and what the database has at that time.
type orderSink struct {
	left  func() string
	calls []string
}

func (s *orderSink) note(call string)         { s.calls = append(s.calls, call+" "+s.left()) }
func (s *orderSink) Open(*arrow.Schema) error { s.note("open"); return nil }
func (s *orderSink) Write(arrow.Record) error { s.note("write"); return nil }
func (s *orderSink) Finish() error            { s.note("finish"); return nil }
func (s *orderSink) Close() error             { s.note("close"); return nil }
func (s *orderSink) Abort(error)              { s.note("abort") }

// TestFinishComesBeforeTheCommit: once, after the rows, also for a task
// without a result.
func TestFinishComesBeforeTheCommit(t *testing.T) {
	db := hosttest.SQLite(t, people)
	h, other := hosttest.Open(t, db), hosttest.Open(t, db)
	count := loadOn(t, other, host.Task{Query: "SELECT count(*) AS n FROM people"})
	left := func() string {
		var rows hosttest.Rows
		if _, err := count.Run(context.Background(), nil, &rows); err != nil {
			t.Error(err)
		}
		return strings.Trim(fmt.Sprint(rows.Cells), "[]")
	}
	runs := []struct{ query, want string }{
		{"INSERT INTO people VALUES (4, 'new', 0) RETURNING id", "open 3, write 3, finish 3, close 4"},
		{"SELECT id FROM people WHERE id < 0", "open 4, finish 4, close 4"},
	}
	for _, r := range runs {
		s := &orderSink{left: left}
		p := loadOn(t, h, host.Task{Query: r.query})
		if _, err := p.Run(context.Background(), nil, s); err != nil || strings.Join(s.calls, ", ") != r.want {
			t.Errorf("%s: %v, %q; want %q", r.query, err, s.calls, r.want)
		}
	}
	s := &orderSink{left: left}
	p := loadOn(t, h, host.Task{Query: "DELETE FROM people WHERE id = 4", Outputs: abi.Outputs{Mode: abi.OutputNone}})
	if _, err := p.Run(context.Background(), nil, s); err != nil || strings.Join(s.calls, ", ") != "finish 4" {
		t.Errorf("outputs: none: %v, %q", err, s.calls)
	}
}
