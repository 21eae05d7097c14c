package mysql

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

// wire reads and writes the packets of a connection that is logged in. A
// packet is
//
//	length  3 bytes, of what follows the header
//	number  1 byte, counted from 0 in each command
//	payload
//
// and one of 2^24-1 bytes goes on in the next. It is used by one goroutine;
// stopAt alone may be called from others.
//
// Source: MySQL, "MySQL Packets"; MariaDB, "Client/Server Protocol, 0-Packet".
type wire struct {
	conn   net.Conn
	number byte
	broken bool // nothing more can be read or written

	readTimeout, writeTimeout time.Duration // for one read or write, 0 is none

	buf        []byte // what was read stands from pos to end
	pos, end   int
	long       []byte // payload of a packet that came in parts
	out        []byte // the command that is being written
	mu         sync.Mutex
	stopped    bool // the deadline is final
	bytesTaken int64

	// inspect looks at what is there of a long packet before more is read, if it
	// is not nil.
	inspect func(p []byte) error

	pace sqldb.Pace
}

const (
	headerSize = 4
	maxPayload = 1<<24 - 1
	readBuffer = 64 << 10
	// smallPacket bounds a packet that is no row: an error, a column.
	smallPacket = 1 << 20
)

// errMalformed is returned for what no server sends.
var errMalformed = errors.New("malformed packet")

// tooLarge is the error for a packet over the limit, of which nothing was
// allocated.
type tooLarge struct{ limit int64 }

func (tooLarge) Error() string { return "packet over the limit" }

func newWire(c net.Conn) *wire {
	return &wire{conn: c, buf: make([]byte, readBuffer)}
}

// stopAt makes every read and write end at t, also one that is under way,
// until resume.
func (w *wire) stopAt(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	_ = w.conn.SetDeadline(t)
}

// resume takes stopAt back.
func (w *wire) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = false
	_ = w.conn.SetDeadline(time.Time{})
}

// timedOut reports whether err is that the timeout of a read or write passed.
func (w *wire) timedOut(err error) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.stopped && errors.Is(err, os.ErrDeadlineExceeded)
}

// arm sets the timeout of one read or write.
func (w *wire) arm(d time.Duration, set func(time.Time) error) {
	if d <= 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		_ = set(time.Now().Add(d))
	}
}

// command begins a command. Its payload is appended to w.out, and sent.
func (w *wire) command(code byte) {
	w.number = 0
	w.out = append(w.out[:0], 0, 0, 0, 0, code)
}

// send sends w.out, in as many packets as it needs.
func (w *wire) send() error {
	if w.broken {
		return io.ErrClosedPipe
	}
	p := w.out
	for {
		n := min(len(p)-headerSize, maxPayload)
		p[0], p[1], p[2], p[3] = byte(n), byte(n>>8), byte(n>>16), w.number
		w.number++
		w.arm(w.writeTimeout, w.conn.SetWriteDeadline)
		if _, err := w.conn.Write(p[:headerSize+n]); err != nil {
			w.broken = true
			return err
		}
		if n < maxPayload {
			break
		}
		p = p[n:] // the next header takes the place of what was sent
	}
	if cap(w.out) > 1<<20 {
		w.out = nil
	}
	return nil
}

// enter begins a command behind what w.out has; leave, with what it returned, ends
// it. It is one packet.
func (w *wire) enter(code byte) int {
	w.out = append(w.out, 0, 0, 0, 0, code)
	return len(w.out) - headerSize - 1
}

func (w *wire) leave(at int) {
	n := len(w.out) - at - headerSize
	h := w.out[at:]
	h[0], h[1], h[2] = byte(n), byte(n>>8), byte(n>>16)
}

// flush sends w.out, of which each packet has its header.
func (w *wire) flush() error {
	if w.broken {
		return io.ErrClosedPipe
	}
	w.arm(w.writeTimeout, w.conn.SetWriteDeadline)
	w.number = 1 // of the first reply
	if _, err := w.conn.Write(w.out); err != nil {
		w.broken = true
		return err
	}
	return nil
}

// ask sends a command with a text.
func (w *wire) ask(code byte, text string) error {
	w.command(code)
	w.out = append(w.out, text...)
	return w.send()
}

// packet reads a packet of at most limit bytes. It is valid until the next
// read. Any error breaks the connection.
func (w *wire) packet(limit int64) ([]byte, error) {
	if w.broken {
		return nil, io.ErrClosedPipe
	}
	p, err := w.part(limit)
	if err == nil && len(p) == maxPayload {
		p, err = w.parts(p, limit)
	}
	if err != nil {
		w.broken = true
		return nil, err
	}
	if len(p) == 0 {
		w.broken = true
		return nil, errMalformed
	}
	w.bytesTaken += int64(len(p))
	return p, nil
}

// parts puts a long packet together.
func (w *wire) parts(first []byte, limit int64) ([]byte, error) {
	w.long = append(w.long[:0], first...)
	for {
		if w.inspect != nil {
			if err := w.inspect(w.long); err != nil {
				return nil, err
			}
		}
		p, err := w.part(limit - int64(len(w.long)))
		if err != nil {
			var large tooLarge
			if errors.As(err, &large) {
				err = tooLarge{limit}
			}
			return nil, err
		}
		w.long = append(w.long, p...)
		if len(p) < maxPayload {
			break
		}
	}
	p := w.long
	if cap(p) > 4*maxPayload {
		w.long = nil
	}
	return p, nil
}

// part reads one packet as it is on the wire.
func (w *wire) part(limit int64) ([]byte, error) {
	if err := w.fill(headerSize); err != nil {
		return nil, err
	}
	h := w.buf[w.pos:]
	n := int(h[0]) | int(h[1])<<8 | int(h[2])<<16
	if h[3] != w.number {
		return nil, errMalformed
	}
	if int64(n) > limit {
		return nil, tooLarge{limit}
	}
	w.number++
	if err := w.fill(headerSize + n); err != nil {
		return nil, err
	}
	p := w.buf[w.pos+headerSize : w.pos+headerSize+n]
	w.pos += headerSize + n
	return p, nil
}

// fill reads until n bytes are there.
func (w *wire) fill(n int) error {
	if w.end-w.pos >= n {
		return nil
	}
	if n > len(w.buf) {
		old := w.buf
		w.buf = make([]byte, n)
		copy(w.buf, old[w.pos:w.end])
	} else {
		if len(w.buf) > 16*readBuffer && n <= readBuffer && w.end-w.pos <= readBuffer {
			old := w.buf
			w.buf = make([]byte, readBuffer)
			copy(w.buf, old[w.pos:w.end])
		} else {
			copy(w.buf, w.buf[w.pos:w.end])
		}
	}
	w.end -= w.pos
	w.pos = 0
	for w.end < n {
		w.arm(w.readTimeout, w.conn.SetReadDeadline)
		w.pace.Rest()
		got, err := w.conn.Read(w.buf[w.end:])
		w.pace.Tick()
		w.end += got
		if err != nil && w.end < n {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// lengthInt reads a length-encoded integer and returns how many bytes it
// takes: 0 if p is too short or it is none.
func lengthInt(p []byte) (v uint64, n int) {
	if len(p) == 0 {
		return 0, 0
	}
	switch c := p[0]; {
	case c < 0xfb:
		return uint64(c), 1
	case c == 0xfc && len(p) >= 3:
		return uint64(binary.LittleEndian.Uint16(p[1:])), 3
	case c == 0xfd && len(p) >= 4:
		return uint64(p[1]) | uint64(p[2])<<8 | uint64(p[3])<<16, 4
	case c == 0xfe && len(p) >= 9:
		return binary.LittleEndian.Uint64(p[1:]), 9
	}
	return 0, 0
}

// lengthBytes reads a length-encoded string, and returns how many bytes it
// takes with its length: 0 if it is none or not whole.
func lengthBytes(p []byte) (s []byte, n int) {
	size, n := lengthInt(p)
	if n == 0 || size > uint64(len(p)-n) {
		return nil, 0
	}
	return p[n : n+int(size)], n + int(size)
}

// appendLengthInt appends a length-encoded integer.
func appendLengthInt(p []byte, v uint64) []byte {
	switch {
	case v < 0xfb:
		return append(p, byte(v))
	case v < 1<<16:
		return append(p, 0xfc, byte(v), byte(v>>8))
	case v < 1<<24:
		return append(p, 0xfd, byte(v), byte(v>>8), byte(v>>16))
	}
	return binary.LittleEndian.AppendUint64(append(p, 0xfe), v)
}
