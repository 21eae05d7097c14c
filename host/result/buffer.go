package result

import "io"

// buffer collects what is written until it is worth writing on. It grows with
// what it holds: most results that a server sends are small.
type buffer struct {
	to   io.Writer
	size int // bytes from which on they are written
	held []byte
}

func newBuffer(to io.Writer, size int) *buffer { return &buffer{to: to, size: size} }

// Write implements io.Writer. Bytes that would fill the buffer alone are not
// copied.
func (b *buffer) Write(p []byte) (int, error) {
	if len(b.held)+len(p) <= b.size {
		b.held = append(b.held, p...)
		return len(p), nil
	}
	if err := b.Flush(); err != nil {
		return 0, err
	}
	if len(p) >= b.size {
		return b.to.Write(p)
	}
	b.held = append(b.held, p...)
	return len(p), nil
}

// WriteByte implements io.ByteWriter.
func (b *buffer) WriteByte(c byte) error {
	_, err := b.Write([]byte{c})
	return err
}

// WriteString implements io.StringWriter.
func (b *buffer) WriteString(s string) (int, error) { return b.Write([]byte(s)) }

// Flush writes what is held.
func (b *buffer) Flush() error {
	if len(b.held) == 0 {
		return nil
	}
	_, err := b.to.Write(b.held)
	b.held = b.held[:0]
	return err
}
