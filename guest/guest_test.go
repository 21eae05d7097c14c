//go:build !wasip1

package guest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest/internal/imports"
)

// host is a scripted one: what it answers, and what it was told.
type host struct {
	config, input, err []byte
	answer             int64 // of the calls that have no data
	messages           [][]byte
	told               []string
}

func fill(buf, b []byte) int64 {
	if len(b) <= len(buf) {
		copy(buf, b)
	}
	return int64(len(b))
}

func (h *host) say(format string, args ...any) int64 {
	h.told = append(h.told, fmt.Sprintf(format, args...))
	return h.answer
}

func (h *host) ConfigRead(buf []byte) int64 { return fill(buf, h.config) }
func (h *host) InputRead(buf []byte) int64 {
	if h.input == nil {
		return int64(abi.State)
	}
	return fill(buf, h.input)
}
func (h *host) Query(req []byte) int64 { return h.request("query", req) }
func (h *host) Exec(req []byte) int64  { return h.request("exec", req) }
func (h *host) request(call string, req []byte) int64 {
	var q abi.QueryRequest
	if err := q.Unmarshal(req); err != nil {
		return int64(abi.InvalidArg)
	}
	return h.say("%s %q %d %t", call, q.SQL, len(q.Params), q.DiscardRows)
}
func (h *host) CursorNext(handle int64, buf []byte) int64 {
	if h.answer < 0 || len(h.messages) == 0 {
		return min(h.answer, 0)
	}
	n := fill(buf, h.messages[0])
	if n <= int64(len(buf)) {
		h.messages = h.messages[1:]
	}
	return n
}
func (h *host) OutputCursor(handle int64) int64 { return h.say("output_cursor %d", handle) }
func (h *host) OutputWrite(b []byte) int64      { return h.say("output_write %q", b) }
func (h *host) Close(handle int64) int64        { return h.say("close %d", handle) }
func (h *host) ErrorRead(buf []byte) int64 {
	if h.err == nil {
		return int64(abi.NotFound)
	}
	return fill(buf, h.err)
}
func (h *host) Log(level int32, text []byte) int64 { return h.say("log %d %s", level, text) }
func (h *host) Fail(text []byte) int64             { return h.say("fail %s", text) }

func use(t *testing.T, h *host) {
	t.Helper()
	t.Cleanup(imports.Use(h))
}

func TestReads(t *testing.T) {
	// Larger than the first room, so that it takes a second call.
	c := abi.Config{Task: "t", Template: &abi.Template{Text: strings.Repeat("x", 3*firstRoom)}}
	in := abi.Input{LogicalTime: 5, Values: []abi.NamedValue{{Name: "a", Value: abi.Value{Type: abi.Type{Kind: abi.Int}, Int: 7}}}}
	use(t, &host{config: c.Marshal(), input: in.Marshal()})
	if got, err := readConfig(); err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("ReadConfig() = %+v, %v", got, err)
	}
	if got, err := readInput(); err != nil || !reflect.DeepEqual(got, in) {
		t.Errorf("ReadInput() = %+v, %v", got, err)
	}
}

func TestDamagedMessage(t *testing.T) {
	use(t, &host{config: []byte{8, 1}, input: []byte{0x80}})
	if _, err := readConfig(); err == nil || err.Error() != "abi: Config.task: wire type 0, want 2" {
		t.Errorf("ReadConfig: %v", err)
	}
	if _, err := readInput(); err == nil {
		t.Error("ReadInput: no error")
	}
}

func TestStatements(t *testing.T) {
	h := &host{answer: 3, messages: [][]byte{[]byte("schema"), []byte("a larger batch")}}
	use(t, h)
	cur, err := Start(abi.QueryRequest{SQL: "SELECT 1"})
	if err != nil || cur.handle != 3 {
		t.Fatalf("Query: %+v, %v", cur, err)
	}
	buf := make([]byte, 0, 8)
	for _, want := range []string{"schema", "a larger batch", ""} {
		if b, err := cur.Next(buf); err != nil || string(b) != want {
			t.Errorf("Next = %q, %v, want %q", b, err, want)
		}
	}
	if n, err := cur.Output(); err != nil || n != 3 {
		t.Errorf("Output = %d, %v", n, err)
	}
	if err := cur.Close(); err != nil {
		t.Error(err)
	}
	if n, err := Do(abi.QueryRequest{SQL: "DELETE", DiscardRows: true}); err != nil || n != 3 {
		t.Errorf("Exec = %d, %v", n, err)
	}
	if err := Write([]byte("arrow")); err != nil {
		t.Error(err)
	}
	Log(Warn, "careful")
	want := []string{`query "SELECT 1" 0 false`, "output_cursor 3", "close 3", `exec "DELETE" 0 true`, `output_write "arrow"`, "log 2 careful"}
	if !reflect.DeepEqual(h.told, want) {
		t.Errorf("the host was told %q, want %q", h.told, want)
	}
}

func TestErrors(t *testing.T) {
	info := abi.Error{Code: abi.DB, SQLState: "42P01", Message: "no such table", Retryable: true}
	h := &host{answer: int64(abi.DB), err: info.Marshal()}
	use(t, h)
	_, err := Start(abi.QueryRequest{})
	var e *Error
	if !errors.As(err, &e) || e.Errno != abi.DB || e.Info != info || e.Error() != "query: DB: no such table" {
		t.Fatalf("Query: %+v", err)
	}
	// An error of an earlier call is not this one's, and one that cannot be
	// read is none.
	for _, b := range [][]byte{(&abi.Error{Code: abi.Conn, Message: "old"}).Marshal(), {0xff}, nil} {
		h.err = b
		_, err = Do(abi.QueryRequest{})
		if err == nil || err.Error() != "exec: DB" {
			t.Errorf("Exec: %v", err)
		}
	}
	cur := Cursor{9}
	if _, err := cur.Next(nil); err == nil || err.Error() != "cursor_next: DB" {
		t.Errorf("Next: %v", err)
	}
	if _, err := cur.Output(); err == nil || err.Error() != "output_cursor: DB" {
		t.Errorf("Output: %v", err)
	}
	if err := cur.Close(); err == nil || err.Error() != "close: DB" {
		t.Errorf("Close: %v", err)
	}
	if err := Write(nil); err == nil || err.Error() != "output_write: DB" {
		t.Errorf("Write: %v", err)
	}
	h.input = nil
	if _, err := readInput(); err == nil || err.Error() != "input_read: STATE" {
		t.Errorf("ReadInput: %v", err)
	}
}

func TestCall(t *testing.T) {
	var none []int
	for _, c := range []struct {
		name string
		run  func(*Input) error
		want []string // what the host is told; … stands for anything
	}{
		{"success", func(*Input) error { return nil }, nil},
		{"nothing to do", nil, nil},
		{"an error", func(*Input) error { return errors.New("it broke") }, []string{"fail it broke"}},
		{"a failure", func(*Input) error { return Failures(abi.Failure{Line: 2, Column: 3, Message: "no", Hint: "yes"}) },
			[]string{"fail 2:3: no\nhint: yes"}},
		{"two failures", func(*Input) error {
			return Failures(abi.Failure{Line: 2, Column: 3, Message: "a"}, abi.Failure{Line: 4, Column: 1, Message: "b"})
		},
			[]string{"fail 2:3: a\n\n4:1: b"}},
		{"a wrapped failure", func(*Input) error { return fmt.Errorf("more: %w", Fail("no", "")) }, []string{"fail no"}},
		{"a panic", func(*Input) error { panic("at the disco") },
			[]string{"fail panic in github.com/wasmsql/wasmsql/guest.TestCall.func… (guest_test.go:…): at the disco"}},
		{"a runtime error", func(*Input) error { return fmt.Errorf("%d", none[3]) },
			[]string{"fail panic in github.com/wasmsql/wasmsql/guest.TestCall.func… (guest_test.go:…): runtime error: index out of range [3] with length 0"}},
		{"a panic of another type", func(*Input) error { panic(7) },
			[]string{"fail panic in github.com/wasmsql/wasmsql/guest.TestCall.func… (guest_test.go:…): a value that is no text"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &host{input: (&abi.Input{LogicalTime: 1}).Marshal()}
			use(t, h)
			if status := (Task{Run: c.run}).CallRun(); (status == 0) != (c.want == nil) {
				t.Errorf("status %d", status)
			}
			if len(h.told) != len(c.want) {
				t.Fatalf("the host was told %q, want %q", h.told, c.want)
			}
			for i := range c.want {
				if !like(h.told[i], c.want[i]) {
					t.Errorf("the host was told %q, want %q", h.told[i], c.want[i])
				}
			}
		})
	}
}

// like reports whether s is the pattern, in which … stands for anything.
func like(s, pattern string) bool {
	head, rest, more := strings.Cut(pattern, "…")
	s, ok := strings.CutPrefix(s, head)
	if !ok || !more {
		return ok && s == ""
	}
	for i := range s {
		if like(s[i:], rest) {
			return true
		}
	}
	return rest == ""
}

// TestCallOfHostErrors: what is around the error of a host call goes to the host
// with the call's message.
func TestCallOfHostErrors(t *testing.T) {
	info := abi.Error{Code: abi.DB, Message: "no such table", Hint: "make it"}
	h := &host{answer: int64(abi.DB), err: info.Marshal(), input: (&abi.Input{LogicalTime: 1}).Marshal()}
	use(t, h)
	for wrap, want := range map[string]string{"%w": "fail no such table\nhint: make it", "stage 2: %w": "fail stage 2: no such table\nhint: make it"} {
		h.told = nil
		run := func(*Input) error {
			_, err := Exec("ONE")
			return fmt.Errorf(wrap, err)
		}
		if (Task{Run: run}).CallRun() == 0 || !reflect.DeepEqual(h.told[1:], []string{want}) {
			t.Errorf("told %q, want %q", h.told, want)
		}
	}
}

func TestRegister(t *testing.T) {
	defer Register(registered)
	var calls string
	Register(Task{
		Configure: func(c *Config) error { calls += "c" + c.Task; return nil },
		Run:       func(in *Input) error { calls += "r"; return nil },
	})
	use(t, &host{config: (&abi.Config{Task: "t"}).Marshal(), input: (&abi.Input{LogicalTime: 1}).Marshal()})
	if Registered().CallConfigure()+Registered().CallRun() != 0 || calls != "ctr" {
		t.Errorf("called %q", calls)
	}
}

func TestNoHost(t *testing.T) {
	if _, err := readConfig(); err == nil || err.Error() != "config_read: UNSUPPORTED" {
		t.Errorf("got %v", err)
	}
}

func readConfig() (c abi.Config, err error) { err = ReadConfig(&c); return c, err }
func readInput() (in abi.Input, err error)  { err = ReadInput(&in); return in, err }
