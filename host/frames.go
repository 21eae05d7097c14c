package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Bounds of one Arrow IPC message of a guest, in bytes.
const (
	maxMetadata = 1 << 20
	maxBody     = 64 << 20
)

// frames passes an Arrow IPC stream on, message by message, and refuses what
// would make a reader allocate more than the message holds: Arrow's reader
// believes every length.
//
//	ff ff ff ff | length of the metadata, 4 bytes | metadata | body
//
// Source: Arrow columnar format, "Encapsulated message format"; format/Message.fbs.
type frames struct {
	in      io.Reader
	pending []byte // header and metadata, not yet passed on
	body    int64  // bytes of the body, not yet passed on
	ended   bool   // the end of the stream was seen
}

// Read implements io.Reader.
func (f *frames) Read(p []byte) (int, error) {
	if len(f.pending) == 0 && f.body == 0 {
		if f.ended {
			return 0, io.EOF
		}
		if err := f.next(); err != nil {
			return 0, err
		}
	}
	if len(f.pending) > 0 {
		n := copy(p, f.pending)
		f.pending = f.pending[n:]
		return n, nil
	}
	n, err := f.in.Read(p[:min(int64(len(p)), f.body)])
	f.body -= int64(n)
	return n, err
}

// next reads the header and the metadata of a message.
func (f *frames) next() error {
	head := make([]byte, 8)
	if _, err := io.ReadFull(f.in, head); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(head) != 0xffffffff {
		return errors.New("a message does not begin with ff ff ff ff")
	}
	size := binary.LittleEndian.Uint32(head[4:])
	if size == 0 {
		f.pending, f.ended = head, true
		return nil
	}
	if size > maxMetadata {
		return fmt.Errorf("a message with %d bytes of metadata, the limit is %d", size, maxMetadata)
	}
	f.pending = append(head, make([]byte, size)...)
	if _, err := io.ReadFull(f.in, f.pending[8:]); err != nil {
		return err
	}
	body, err := verifyMessage(f.pending[8:])
	f.body = body
	return err
}
