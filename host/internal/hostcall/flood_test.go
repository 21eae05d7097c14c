package hostcall_test

import (
	"context"
	"encoding/binary"
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

// TestPrintOverTheLimit (G15): what a guest prints over its limit is counted
// and not looked at, however much one call says it is, and lines of nothing
// count too.
func TestPrintOverTheLimit(t *testing.T) {
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
		if errno := callByName(x.Context(context.Background()), "fd_write", mem, 1, 0, vectors, 8000); errno != 0 {
			t.Fatalf("errno %d", errno)
		}
		if n := binary.LittleEndian.Uint32(mem[8000:]); n != vectors*8<<20 {
			t.Errorf("%d bytes written", n)
		}
		x.Flush()
		if lines > 1000 || logged > 6*1000 || x.Used.LogDropped < (vectors-1)*8<<20 {
			t.Errorf("filled with %q: %d lines of %d bytes, %d dropped", filler, lines, logged, x.Used.LogDropped)
		}
		if errno := callByName(x.Context(context.Background()), "fd_write", mem, 1, 0, 513, 8000); errno != 28 {
			t.Errorf("more than 4 GiB: errno %d", errno)
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
