//go:build !wasip1

package main

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/internal/imports"
)

// host plays a task with one input x = 7, and records what it is asked.
type host struct {
	imports.Host
	config  abi.Config
	answers map[string]int64 // by the SQL text; 0 where there is none
	last    abi.Error
	at      int32 // the position that a failing statement has
	told    []string
}

func fill(buf, b []byte) int64 {
	if len(b) <= len(buf) {
		copy(buf, b)
	}
	return int64(len(b))
}

func (h *host) ConfigRead(buf []byte) int64 { return fill(buf, h.config.Marshal()) }

func (h *host) InputRead(buf []byte) int64 {
	in := abi.Input{Values: []abi.NamedValue{{Name: "x", Value: abi.Value{Type: abi.Type{Kind: abi.Int}, Int: 7}}}}
	return fill(buf, in.Marshal())
}

func (h *host) statement(call string, req []byte) int64 {
	var q abi.QueryRequest
	if err := q.Unmarshal(req); err != nil {
		h.last = abi.Error{Code: abi.InvalidArg, Message: err.Error()}
		return int64(abi.InvalidArg)
	}
	line := call + " " + q.SQL
	for _, p := range q.Params {
		line += fmt.Sprintf(" [%s %d]", p.Type, p.Int)
	}
	if q.DiscardRows {
		line += " discard"
	}
	h.told = append(h.told, line)
	n := h.answers[q.SQL]
	if n < 0 {
		h.last = abi.Error{Code: abi.Errno(n), Message: "refused", Position: h.at}
		if strings.HasPrefix(q.SQL, "SELECT") {
			h.last.Message = "the statement returns rows, but none are asked for"
		}
	}
	return n
}

func (h *host) Query(req []byte) int64 { return h.statement("query", req) }
func (h *host) Exec(req []byte) int64  { return h.statement("exec", req) }

func (h *host) OutputCursor(handle int64) int64 {
	h.told = append(h.told, fmt.Sprintf("output_cursor %d", handle))
	return 0
}

func (h *host) ErrorRead(buf []byte) int64 { return fill(buf, h.last.Marshal()) }

func (h *host) Fail(text []byte) int64 {
	h.told = append(h.told, "fail "+string(text))
	return 0
}

func TestTask(t *testing.T) {
	for _, c := range []struct {
		name    string
		query   string
		outputs abi.OutputMode
		answers map[string]int64
		want    []string
		ok      bool
	}{
		{"a query", "SELECT a FROM t WHERE id > {{ .inputs.x }}", abi.OutputAny, map[string]int64{"SELECT a FROM t WHERE id > ?1": 4},
			[]string{"query SELECT a FROM t WHERE id > ?1 [int 7]", "output_cursor 4"}, true},
		{"no rows", "UPDATE t SET a = {{ x }}", abi.OutputNone, nil,
			[]string{"exec UPDATE t SET a = ?1 [int 7] discard"}, true},
		{"several, the last returns rows", "DELETE FROM t; INSERT INTO t VALUES ({{ x }}); SELECT 1;", abi.OutputColumns, map[string]int64{"SELECT 1": 2},
			[]string{"exec DELETE FROM t", "exec INSERT INTO t VALUES (?1) [int 7]", "query SELECT 1", "output_cursor 2"}, true},
		{"several without rows", "DELETE FROM t WHERE a = {{ x }}; SELECT f()", abi.OutputNone, nil,
			[]string{"exec DELETE FROM t WHERE a = ?1 [int 7]", "exec SELECT f() discard"}, true},
		{"rows too early", "DELETE FROM t WHERE a = {{ x }}; SELECT 1; SELECT 2", abi.OutputAny, map[string]int64{"SELECT 1": int64(abi.State)},
			[]string{"exec DELETE FROM t WHERE a = ?1 [int 7]", "exec SELECT 1", "fail 1:34: statement 2 of 3: returns rows; only the last may\nhint: remove it, or put it last"}, false},
		{"the first ends the transaction", "CALL p(); SELECT {{ x }}", abi.OutputAny, map[string]int64{"CALL p()": int64(abi.State)},
			[]string{"exec CALL p()", "fail 1:1: statement 1 of 2"}, false},
		{"the only one fails", "SELECT {{ x }}", abi.OutputAny, map[string]int64{"SELECT ?1": int64(abi.DB)},
			[]string{"query SELECT ?1 [int 7]", "fail 1:1: "}, false},
		{"the second one fails", "DELETE FROM t WHERE a = {{ x }}; DELETE FROM u; SELECT 1", abi.OutputAny, map[string]int64{"DELETE FROM u": int64(abi.DB)},
			[]string{"exec DELETE FROM t WHERE a = ?1 [int 7]", "exec DELETE FROM u", "fail 1:34: statement 2 of 3"}, false},
		{"the last of two fails", "DELETE FROM t WHERE a = {{ x }}; SELECT 1", abi.OutputAny, map[string]int64{"SELECT 1": int64(abi.Denied)},
			[]string{"exec DELETE FROM t WHERE a = ?1 [int 7]", "query SELECT 1", "fail 1:34: statement 2 of 2"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := play(t, c.query, c.outputs)
			h.answers = c.answers
			var k task
			if k.guest().CallConfigure() != 0 {
				t.Fatalf("configure: %q", h.told)
			}
			if status := k.guest().CallRun(); (status == 0) != c.ok {
				t.Errorf("status %d", status)
			}
			if !reflect.DeepEqual(h.told, c.want) {
				t.Errorf("the host was told\n%q, want\n%q", h.told, c.want)
			}
		})
	}
}

func TestFailedPosition(t *testing.T) {
	for _, c := range []struct {
		at   int32
		want string
	}{
		{0, "fail 1:1: "},  // not known
		{8, "fail 1:8: "},  // ?1
		{14, "fail 2:3: "}, // nosuch
		{99, "fail 1:1: "}, // not in the statement
	} {
		t.Run(c.want, func(t *testing.T) {
			h := play(t, "SELECT {{ x }},\n  nosuch", abi.OutputAny)
			h.answers, h.at = map[string]int64{"SELECT ?1,\n  nosuch": int64(abi.DB)}, c.at
			var k task
			if k.guest().CallConfigure() != 0 || k.guest().CallRun() == 0 {
				t.Fatalf("the host was told %q", h.told)
			}
			if got := h.told[len(h.told)-1]; got != c.want {
				t.Errorf("position %d: %q, want %q", c.at, got, c.want)
			}
		})
	}
}

func play(t *testing.T, query string, outputs abi.OutputMode) *host {
	h := &host{config: abi.Config{
		Template:    &abi.Template{Text: query},
		Inputs:      []abi.InputDecl{{Name: "x", Type: abi.Type{Kind: abi.Int}}},
		Outputs:     abi.Outputs{Mode: outputs},
		Connections: []abi.Connection{{Name: "c", Dialect: abi.SQLite}},
	}}
	t.Cleanup(imports.Use(h))
	return h
}

func TestTemplateFaults(t *testing.T) {
	h := play(t, "SELECT {{ .inputs.y }},\n  {{ .inputs.z }}", abi.OutputAny)
	var k task
	if k.guest().CallConfigure() == 0 {
		t.Fatal("configured")
	}
	if len(h.told) != 1 {
		t.Fatalf("the host was told %q", h.told)
	}
	f := abi.ParseFailures(strings.TrimPrefix(h.told[0], "fail "))
	places := map[[2]int]bool{}
	for _, x := range f {
		if x.Message == "" {
			t.Errorf("no message: %+v", x)
		}
		places[[2]int{x.Line, x.Column}] = true
	}
	if !places[[2]int{1, 11}] || !places[[2]int{2, 6}] {
		t.Errorf("the places of y and z are not among %+v", f)
	}
}

func TestConfigureRefuses(t *testing.T) {
	h := play(t, "SELECT 1", abi.OutputAny)
	h.config.Connections = nil
	var k task
	if k.guest().CallConfigure() == 0 || k.guest().CallRun() == 0 {
		t.Error("succeeded")
	}
	h.config.Template = nil
	if k.guest().CallConfigure() == 0 {
		t.Error("configured without a template")
	}
	want := []string{"fail the task has no connection", "fail run before configure", "fail the configuration has no template"}
	if !reflect.DeepEqual(h.told, want) {
		t.Errorf("the host was told %q, want %q", h.told, want)
	}
}

// guest returns the task as the module registers it.
func (t *task) guest() guest.Task { return guest.Task{Configure: t.configure, Run: t.run} }
