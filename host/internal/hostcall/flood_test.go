package hostcall_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/internal/hostcall"
)

// callByName calls a host function by its name.
func callByName(ctx context.Context, name string, mem hostcall.Memory, args ...uint64) int64 {
	for _, f := range hostcall.Functions() {
		if f.Name == name {
			stack := append(args, 0)
			f.Call(ctx, mem, stack)
			return int64(stack[0])
		}
	}
	panic("no function " + name)
}

// TestG15PrintOverTheLimit: what a guest prints beyond its limit ends the
// execution and is not looked at, however much one call says it is, and lines of
// nothing count too.
func TestG15PrintOverTheLimit(t *testing.T) {
	for _, filler := range []byte{0, '\n', 'x'} {
		var lines, logged int
		x := hostcall.New(hostcall.Options{Limits: hostcall.Limits{Log: 1000}, Log: func(_ abi.Level, text string) { lines++; logged += len(text) }})
		mem := make(memory, 8<<20+8192)
		const vectors = 500
		for i := range 513 {
			binary.LittleEndian.PutUint32(mem[i*8:], 8192)
			binary.LittleEndian.PutUint32(mem[i*8+4:], 8<<20)
		}
		for i := range mem[8192:] {
			mem[8192+i] = filler
		}
		if errno := callByName(x.Context(context.Background()), "fd_write", mem, 1, 0, 513, 8000); errno != 28 {
			t.Errorf("more than 4 GiB: errno %d", errno)
		}
		if errno := callByName(x.Context(context.Background()), "fd_write", mem, 1, 0, vectors, 8000); errno != 29 {
			t.Fatalf("errno %d", errno)
		}
		x.Flush()
		if lines > 1000 || logged > 6*1000 || x.Used.LogDropped < 7<<20 {
			t.Errorf("filled with %q: %d lines of %d bytes, %d dropped", filler, lines, logged, x.Used.LogDropped)
		}
		e, _ := x.Err()
		if e == nil || !e.Final || e.Guest.Code != abi.Limit || !strings.Contains(e.Error(), "the guest has logged ") || !strings.HasSuffix(e.Error(), " bytes, the limit is 1000") {
			t.Errorf("filled with %q: ended by %v", filler, e)
		}
	}
}

// TestLogLimit: a guest may log as much as its limit, and not a byte more,
// however it logs.
func TestLogLimit(t *testing.T) {
	for name, last := range map[string]func(x *hostcall.Execution, mem memory){
		"log": func(x *hostcall.Execution, mem memory) {
			callByName(x.Context(context.Background()), "log", mem, 1, 0, 1)
		},
		"print": func(x *hostcall.Execution, mem memory) {
			binary.LittleEndian.PutUint32(mem[104:], 1) // the vector's length
			callByName(x.Context(context.Background()), "fd_write", mem, 1, 100, 1, 200)
			x.Flush()
		},
	} {
		var text string
		x := hostcall.New(hostcall.Options{Limits: hostcall.Limits{Log: 20}, Log: func(_ abi.Level, s string) { text += s }})
		mem := make(memory, 1000)
		copy(mem, "0123456789")
		for range 2 {
			if errno := callByName(x.Context(context.Background()), "log", mem, 1, 0, 10); errno != 0 {
				t.Errorf("errno %d", errno)
			}
		}
		if e, _ := x.Err(); e != nil {
			t.Errorf("%s: at the limit: %v", name, e)
		}
		last(x, mem)
		e, _ := x.Err()
		if e == nil || e.Error() != "the guest has logged 21 bytes, the limit is 20" || e.Guest.Hint != "raise limits.log in the configuration" || text != "01234567890123456789" {
			t.Errorf("%s: %v, logged %q", name, e, text)
		}
		if n := callByName(x.Context(context.Background()), "input_read", mem, 0, 100); n != int64(abi.Limit) {
			t.Errorf("%s: a call after the limit: %d", name, n)
		}
	}
}

// TestG15LinesOfAByte: the limit is one of lines too, however they are logged.
func TestG15LinesOfAByte(t *testing.T) {
	for name, call := range map[string]func(x *hostcall.Execution, mem memory){
		"log": func(x *hostcall.Execution, mem memory) {
			callByName(x.Context(context.Background()), "log", mem, 1, 0, 1)
		},
		"print": func(x *hostcall.Execution, mem memory) {
			binary.LittleEndian.PutUint32(mem[104:], 2) // the vector's length
			callByName(x.Context(context.Background()), "fd_write", mem, 1, 100, 1, 200)
		},
	} {
		for limit, most := range map[int64]int{1000: 100, 64 << 10: 655} {
			lines := 0
			x := hostcall.New(hostcall.Options{Limits: hostcall.Limits{Log: limit}, Log: func(abi.Level, string) { lines++ }})
			mem := make(memory, 1000)
			copy(mem, "x\n")
			for range most {
				call(x, mem)
			}
			if e, _ := x.Err(); e != nil || lines != most {
				t.Errorf("%s: %d lines: %v", name, lines, e)
			}
			call(x, mem)
			want := fmt.Sprintf("the guest has logged %d lines, the limit of %d bytes is one of %d lines", most+1, limit, most)
			if e, _ := x.Err(); e == nil || !e.Final || e.Error() != want || e.Guest.Hint != "raise limits.log in the configuration" || lines != most || x.Used.LogDropped != 1 {
				t.Errorf("%s: %d lines, %d bytes dropped: %v", name, lines, x.Used.LogDropped, e)
			}
		}
	}
}

// endsLater is a context that ends after it was asked once.
type endsLater struct {
	context.Context
	asked int
}

func (c *endsLater) Err() error {
	if c.asked++; c.asked > 1 {
		return context.DeadlineExceeded
	}
	return nil
}

// TestRandomEnds: the deadline ends also a call that asks for much.
func TestRandomEnds(t *testing.T) {
	x := hostcall.New(hostcall.Options{})
	mem := make(memory, 64<<20)
	defer func() {
		e, ok := recover().(*hostcall.Error)
		if !ok || e.Guest.Code != abi.Timeout {
			t.Errorf("ended by %v", e)
		}
		if mem[len(mem)-1] != 0 || mem[len(mem)/2] != 0 {
			t.Error("it was answered as a whole")
		}
	}()
	callByName(&endsLater{Context: x.Context(context.Background())}, "random_get", mem, 0, uint64(len(mem)))
	t.Error("it was answered")
}
