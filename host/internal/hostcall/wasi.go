package hostcall

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"time"

	"github.com/wasmsql/wasmsql/abi"
)

// The subset of WASI preview 1 that language runtimes need. There are no
// files, no environment, no arguments; the clock is logical and the random
// numbers are seeded, so that an execution can be repeated.
//
// Source: WASI snapshot preview 1, "witx" documents of the WebAssembly System
// Interface.
const wasiModule = "wasi_snapshot_preview1"

// The errnos of WASI that are answered.
const (
	wasiSuccess = 0
	wasiBadf    = 8
	wasiInval   = 28
	wasiIO      = 29
)

// wasiState is what an execution's WASI functions remember.
type wasiState struct {
	seed   [32]byte
	random *rand.ChaCha8 // of the seed; nil: nobody has asked yet
	now    int64         // logical time, in nanoseconds since 1970
	line   [2][]byte     // of standard output and standard error
}

func (w *wasiState) init(seed [32]byte, now time.Time) {
	w.seed = seed
	w.now = now.UnixNano()
}

// wasi returns the functions.
func wasi() []Function {
	fs := []Function{
		wasiFunc("args_get", "ii", func(*call) uint32 { return wasiSuccess }),
		wasiFunc("args_sizes_get", "ii", (*call).wasiNone),
		wasiFunc("environ_get", "ii", func(*call) uint32 { return wasiSuccess }),
		wasiFunc("environ_sizes_get", "ii", (*call).wasiNone),
		wasiFunc("clock_res_get", "ii", (*call).wasiClockRes),
		wasiFunc("clock_time_get", "iIi", (*call).wasiClockTime),
		wasiFunc("random_get", "ii", (*call).wasiRandom),
		wasiFunc("sched_yield", "", func(*call) uint32 { return wasiSuccess }),
		wasiFunc("poll_oneoff", "iiii", (*call).wasiPoll),
		wasiFunc("fd_write", "iiii", (*call).wasiWrite),
		wasiFunc("fd_fdstat_get", "ii", (*call).wasiFdstat),
	}
	// What asks for a file is told that there is none.
	for name, params := range map[string]string{
		"fd_advise": "iIIi", "fd_allocate": "iII", "fd_close": "i", "fd_datasync": "i",
		"fd_fdstat_set_flags": "ii", "fd_fdstat_set_rights": "iII", "fd_filestat_get": "ii",
		"fd_filestat_set_size": "iI", "fd_filestat_set_times": "iIIi", "fd_pread": "iiiIi",
		"fd_prestat_get": "ii", "fd_prestat_dir_name": "iii", "fd_pwrite": "iiiIi", "fd_read": "iiii",
		"fd_readdir": "iiiIi", "fd_renumber": "ii", "fd_seek": "iIii", "fd_sync": "i", "fd_tell": "ii",
		"path_create_directory": "iii", "path_filestat_get": "iiiii", "path_filestat_set_times": "iiiiIIi",
		"path_link": "iiiiiii", "path_open": "iiiiiIIii", "path_readlink": "iiiiii",
		"path_remove_directory": "iii", "path_rename": "iiiiii", "path_symlink": "iiiii", "path_unlink_file": "iii",
	} {
		fs = append(fs, wasiFunc(name, params, func(*call) uint32 { return wasiBadf }))
	}
	return append(fs, Function{Module: wasiModule, Name: "proc_exit", Params: "i",
		Call: func(_ context.Context, _ Memory, stack []uint64) { panic(Exit{Status: uint32(stack[0])}) }})
}

func wasiFunc(name, params string, do func(*call) uint32) Function {
	return Function{Module: wasiModule, Name: name, Params: params, Result: "i",
		Call: func(ctx context.Context, mem Memory, stack []uint64) {
			x := FromContext(ctx)
			if err := x.count(ctx); err != nil {
				x.failed(err)
				panic(err)
			}
			stack[0] = uint64(do(x.begin(ctx, mem, stack)))
		}}
}

// put32 writes a little-endian number at ptr.
func (c *call) put32(ptr, v uint32) {
	b, ok := c.mem.Read(ptr, 4)
	if !ok {
		panic(&Fault{})
	}
	binary.LittleEndian.PutUint32(b, v)
}

// put64 writes a little-endian number at ptr.
func (c *call) put64(ptr uint32, v uint64) {
	b, ok := c.mem.Read(ptr, 8)
	if !ok {
		panic(&Fault{})
	}
	binary.LittleEndian.PutUint64(b, v)
}

// wasiNone answers that there are no arguments and no variables.
func (c *call) wasiNone() uint32 {
	c.put32(uint32(c.args[0]), 0)
	c.put32(uint32(c.args[1]), 0)
	return wasiSuccess
}

func (c *call) wasiClockRes() uint32 {
	c.put64(uint32(c.args[1]), uint64(time.Microsecond))
	return wasiSuccess
}

// wasiClockTime answers the logical time, which goes on by a microsecond with
// each look at it.
func (c *call) wasiClockTime() uint32 {
	c.x.wasi.now += int64(time.Microsecond)
	c.put64(uint32(c.args[2]), uint64(c.x.wasi.now))
	return wasiSuccess
}

// randomPiece is how many random bytes are made between looks at the deadline.
const randomPiece = 256 << 10

func (c *call) wasiRandom() uint32 {
	if c.x.wasi.random == nil {
		c.x.wasi.random = rand.NewChaCha8(c.x.wasi.seed)
	}
	for b := c.bytes(0); len(b) > 0; { // the guest's memory itself
		n := min(len(b), randomPiece)
		_, _ = c.x.wasi.random.Read(b[:n]) // it never fails
		b = b[n:]
		if err := c.ctx.Err(); err != nil {
			e := Classify(err)
			c.x.failed(e)
			panic(e)
		}
	}
	return wasiSuccess
}

// wasiPoll lets the logical time go on to the nearest of the clocks that the
// guest waits for. Layout of a subscription, 48 bytes: user data 0, tag 8 (0
// is a clock), clock id 16, timeout 24, precision 32, flags 40 (1 is absolute).
// Of an event, 32 bytes: user data 0, errno 8, type 10.
func (c *call) wasiPoll() uint32 {
	const subscription, event = 48, 32
	n := uint32(c.args[2])
	if n == 0 || n > 1024 {
		return wasiInval
	}
	in, ok := c.mem.Read(uint32(c.args[0]), n*subscription)
	if !ok {
		panic(&Fault{})
	}
	w := &c.x.wasi
	at := func(s []byte) int64 {
		t := int64(binary.LittleEndian.Uint64(s[24:]))
		if binary.LittleEndian.Uint16(s[40:])&1 == 0 {
			t += w.now
		}
		return t
	}
	next, clocks := int64(0), 0
	for s := in; len(s) > 0; s = s[subscription:] {
		if s[8] == 0 {
			if t := at(s); clocks == 0 || t < next {
				next = t
			}
			clocks++
		}
	}
	var out []byte
	for s := in; len(s) > 0; s = s[subscription:] {
		e := [event]byte{10: s[8]}
		copy(e[:8], s[:8])
		switch {
		case s[8] != 0:
			e[8] = wasiBadf
		case at(s) > next:
			continue
		}
		out = append(out, e[:]...)
	}
	if clocks > 0 {
		w.now = max(w.now, next)
	}
	if !c.mem.Write(uint32(c.args[1]), out) {
		panic(&Fault{})
	}
	c.put32(uint32(c.args[3]), uint32(len(out)/event))
	return wasiSuccess
}

// wasiWrite captures what is written to standard output and standard error,
// line by line, as log lines.
func (c *call) wasiWrite() uint32 {
	fd := uint32(c.args[0])
	if fd != 1 && fd != 2 {
		return wasiBadf
	}
	n := uint32(c.args[2])
	if n > 1024 {
		return wasiInval
	}
	iovs, ok := c.mem.Read(uint32(c.args[1]), n*8)
	if !ok {
		panic(&Fault{})
	}
	piece := func(at uint32) []byte {
		b, ok := c.mem.Read(binary.LittleEndian.Uint32(iovs[at*8:]), binary.LittleEndian.Uint32(iovs[at*8+4:]))
		if !ok {
			panic(&Fault{})
		}
		return b
	}
	total := uint64(0)
	for i := range n {
		total += uint64(len(piece(i)))
	}
	if total > math.MaxUint32 {
		return wasiInval
	}
	for i := range n {
		if err := c.x.print(fd, piece(i)); err != nil {
			c.x.failed(err)
			return wasiIO
		}
	}
	c.put32(uint32(c.args[3]), uint32(total))
	return wasiSuccess
}

// wasiFdstat says of the standard streams that they are character devices.
func (c *call) wasiFdstat() uint32 {
	if fd := uint32(c.args[0]); fd > 2 {
		return wasiBadf
	}
	stat := [24]byte{2} // the file type; no flags, no rights
	if !c.mem.Write(uint32(c.args[1]), stat[:]) {
		panic(&Fault{})
	}
	return wasiSuccess
}

// maxLine bounds what is kept of a line that has not ended, in bytes.
const maxLine = 4 << 10

// print logs whole lines of what a guest prints, and keeps the rest. The end of
// a line counts as a byte of it; what is over the limit is not looked at.
func (x *Execution) print(fd uint32, b []byte) error {
	line := &x.wasi.line[fd-1]
	for len(b) > 0 {
		if l := x.o.Limits.Log; l > 0 && x.logged >= l {
			return x.overLog(len(b))
		}
		piece := b[:min(len(b), maxLine-len(*line))]
		end := bytes.IndexByte(piece, '\n')
		if end >= 0 {
			piece = piece[:end]
		}
		*line = append(*line, piece...)
		b = b[len(piece):]
		if end >= 0 {
			b = b[1:]
			x.logged++
		}
		if l := x.o.Limits.Log; end >= 0 || len(*line) >= maxLine || l > 0 && x.logged+int64(len(*line)) > l {
			err := x.logText(printLevel(fd), *line)
			*line = (*line)[:0]
			if err != nil {
				x.Used.LogDropped += int64(len(b))
				return err
			}
		}
	}
	return nil
}

// Flush logs what the guest printed without ending the line.
func (x *Execution) Flush() {
	for i := range x.wasi.line {
		if err := x.logText(printLevel(uint32(i+1)), x.wasi.line[i]); err != nil {
			x.failed(err)
		}
		x.wasi.line[i] = nil
	}
}

func printLevel(fd uint32) abi.Level {
	if fd == 2 {
		return abi.LevelWarn
	}
	return abi.LevelInfo
}
