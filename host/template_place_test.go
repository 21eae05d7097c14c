package host_test

import (
	"context"
	"errors"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

// TestErrorPlace (M6): an error of the database is placed at what the database
// points to.
func TestErrorPlace(t *testing.T) {
	conn := hosttest.SQLite(t, "CREATE TABLE t (a);\n")
	conn.AllowText = true
	h := hosttest.Open(t, conn)
	for _, c := range []struct {
		query        string
		text         bool
		line, column int
	}{
		{"SELECT {{ s }},\n  nosuch FROM t", false, 2, 3},
		{"SELECT '{{ s }}ä', 'ä', nosuch FROM t", false, 1, 25},
		{"SELECT a\nFROM t\nWHERE {{ s }} = 1 AN a", false, 3, 19},
		{"DELETE FROM t WHERE a = {{ s }};\nSELECT a FROM t\nORDER BY nosuch", false, 3, 10},
		{"SELECT '{{ .inputs.s }}' FROM nosuch", false, 1, 1}, // SQLite gives no position
		{"SELECT\n nosuch, '{{ .inputs.s }}' FROM t", true, 2, 2},
	} {
		str := abi.Type{Kind: abi.Str}
		task := host.Task{Name: "t", Connection: "db", Query: c.query, Inputs: []host.Input{{Name: "s", Type: str}}}
		if c.text {
			task.Interpolation = abi.Text
		}
		p, err := h.Load(context.Background(), task)
		if err != nil {
			t.Errorf("%s: %v", c.query, err)
			continue
		}
		_, err = p.Run(context.Background(), host.Inputs{"s": {Type: str, Str: "längér"}}, host.Discard())
		var e *host.Error
		if !errors.As(err, &e) || e.Place.Line != c.line || e.Place.Column != c.column {
			t.Errorf("%s: %v, want it at %d:%d", c.query, err, c.line, c.column)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}
