package postgres

import (
	"encoding/binary"
	"errors"
	"net"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

// wire reads and writes the messages of the protocol, version 3. It is used by
// one goroutine.
//
// A message is a letter, its length as an int32 that counts itself, and a body.
// Numbers are big-endian. What next, take and rest return is part of the read
// buffer, and good until the next call.
//
// Source: the PostgreSQL documentation, "Message Formats".
type wire struct {
	conn net.Conn
	in   []byte // read and not yet used is in[r:w]
	r, w int
	left int // bytes of the current message's body that were not taken
	out  []byte
	pace sqldb.Pace
}

const (
	readBuffer = 128 << 10
	// maxOther bounds a message that is not a row: a description of 1600
	// columns has 140 KB.
	maxOther = 8 << 20
	// maxSaid bounds an error or a notice, which may repeat a value of the
	// statement, and keptFailure is what is read of an error.
	maxSaid     = 256 << 20
	keptFailure = 16 << 10
	// maxMessage is what a server takes at most: PQ_LARGE_MESSAGE_LIMIT.
	maxMessage = 1<<30 - 2
)

var errProtocol = errors.New("the server breaks the protocol")

// next returns the kind of the next message and the size of its body, which is
// then to be taken. What is left of the message before is skipped.
func (w *wire) next() (kind byte, size int, err error) {
	if err := w.skip(); err != nil {
		return 0, 0, err
	}
	if err := w.want(5); err != nil {
		return 0, 0, err
	}
	h := w.in[w.r : w.r+5]
	n := int64(binary.BigEndian.Uint32(h[1:])) - 4
	if n < 0 || n > maxMessage {
		return 0, 0, errProtocol
	}
	w.r += 5
	w.left = int(n)
	return h[0], w.left, nil
}

// take returns the next n bytes of the body.
func (w *wire) take(n int) ([]byte, error) {
	if n > w.left {
		return nil, errProtocol
	}
	if err := w.want(n); err != nil {
		return nil, err
	}
	b := w.in[w.r : w.r+n : w.r+n]
	w.r += n
	w.left -= n
	return b, nil
}

// rest returns all of the body that was not taken, of a message that is not a
// row.
func (w *wire) rest() ([]byte, error) {
	if w.left > maxOther {
		return nil, errProtocol
	}
	return w.take(w.left)
}

// skip goes to the end of the message without keeping it.
func (w *wire) skip() error {
	for w.left > 0 {
		if w.r == w.w {
			if err := w.want(1); err != nil {
				return err
			}
		}
		n := min(w.left, w.w-w.r)
		w.r += n
		w.left -= n
	}
	return nil
}

// want reads until n bytes are there. The buffer grows with what has arrived,
// not with what a length claims.
func (w *wire) want(n int) error {
	if w.w-w.r >= n {
		return nil
	}
	if w.in == nil {
		w.in = make([]byte, readBuffer)
	}
	if w.r > 0 && (w.r == w.w || len(w.in)-w.r < n) {
		w.w = copy(w.in, w.in[w.r:w.w])
		w.r = 0
	}
	for w.w-w.r < n {
		if w.w == len(w.in) {
			grown := make([]byte, min(w.r+n, 2*len(w.in)))
			copy(grown, w.in)
			w.in = grown
		}
		w.pace.Rest()
		got, err := w.conn.Read(w.in[w.w:])
		w.pace.Tick()
		w.w += got
		if err != nil && w.w-w.r < n {
			return err
		}
	}
	return nil
}

// shrink gives a large buffer back. It is called between batches.
func (w *wire) shrink() {
	if n := w.w - w.r; len(w.in) > 4*readBuffer && n <= readBuffer {
		small := make([]byte, readBuffer)
		w.w = copy(small, w.in[w.r:w.w])
		w.r = 0
		w.in = small
	}
}

// flush sends what was put.
func (w *wire) flush() error {
	_, err := w.conn.Write(w.out)
	if cap(w.out) > readBuffer {
		w.out = nil
	}
	w.out = w.out[:0]
	return err
}

// begin begins a message; end, with what it returned, ends it.
func (w *wire) begin(kind byte) int {
	w.out = append(w.out, kind, 0, 0, 0, 0)
	return len(w.out) - 4
}

func (w *wire) end(at int) { binary.BigEndian.PutUint32(w.out[at:], uint32(len(w.out)-at)) }

func (w *wire) text(s string) { w.out = append(append(w.out, s...), 0) }
func (w *wire) int16(v int)   { w.out = binary.BigEndian.AppendUint16(w.out, uint16(v)) }
func (w *wire) int32(v int)   { w.out = binary.BigEndian.AppendUint32(w.out, uint32(v)) }

// query puts a simple query, which is ours: it may hold many statements.
func (w *wire) query(sql string) {
	at := w.begin('Q')
	w.text(sql)
	w.end(at)
}

// parse puts a statement with the types of its parameters; 0 is for the server
// to infer.
func (w *wire) parse(name, sql string, oids []uint32) {
	at := w.begin('P')
	w.text(name)
	w.text(sql)
	w.int16(len(oids))
	for _, oid := range oids {
		w.int32(int(oid))
	}
	w.end(at)
}

// describe puts the question for a statement ('S') or the portal ('P').
func (w *wire) describe(what byte, name string) {
	at := w.begin('D')
	w.out = append(w.out, what)
	w.text(name)
	w.end(at)
}

// bind puts the parameters, encoded by bindings, and the formats of the
// columns.
func (w *wire) bind(name string, b *bindings, formats []int16) {
	at := w.begin('B')
	w.text("") // the portal
	w.text(name)
	w.int16(len(b.formats))
	for _, f := range b.formats {
		w.int16(int(f))
	}
	w.int16(len(b.formats))
	w.out = append(w.out, b.values...)
	w.int16(len(formats))
	for _, f := range formats {
		w.int16(int(f))
	}
	w.end(at)
}

// execute puts the execution of the portal to its end.
func (w *wire) execute() {
	at := w.begin('E')
	w.text("")
	w.int32(0)
	w.end(at)
}

// once puts a statement of ours that has no parameters and is run once.
func (w *wire) once(sql string) {
	w.parse("", sql, nil)
	w.bind("", &bindings{}, nil)
	w.execute()
}

// closeStatement puts the end of a named statement.
func (w *wire) closeStatement(name string) {
	at := w.begin('C')
	w.out = append(w.out, 'S')
	w.text(name)
	w.end(at)
}

func (w *wire) copyFail() {
	at := w.begin('f')
	w.text("refused")
	w.end(at)
}

// push has the server send its answers so far before it goes on.
func (w *wire) push() { w.end(w.begin('H')) }

func (w *wire) sync() { w.end(w.begin('S')) }

func (w *wire) terminate() { w.end(w.begin('X')) }

// body reads the fields of a message's body. A field that is not there sets
// bad, and is zero.
type body struct {
	b   []byte
	bad bool
}

func (r *body) bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *body) int16() int {
	if b := r.bytes(2); b != nil {
		return int(int16(binary.BigEndian.Uint16(b)))
	}
	return 0
}

func (r *body) int32() int {
	if b := r.bytes(4); b != nil {
		return int(int32(binary.BigEndian.Uint32(b)))
	}
	return 0
}

// text reads up to a NUL.
func (r *body) text() string {
	for i, c := range r.b {
		if c == 0 {
			s := string(r.b[:i])
			r.b = r.b[i+1:]
			return s
		}
	}
	r.bad, r.b = true, nil
	return ""
}
