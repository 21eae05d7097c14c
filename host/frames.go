package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	flatbuffers "github.com/google/flatbuffers/go"
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
	body, err := bodyLength(f.pending[8:])
	f.body = body
	return err
}

// The fields of the tables Message and RecordBatch, as offsets into their
// vtables, and the kinds of a message's header.
const (
	messageHeaderType = 6
	messageHeader     = 8
	messageBodyLength = 10
	batchCompression  = 10
	headerSchema      = 1
	headerRecordBatch = 3
	headerDictionary  = 2
	flatbufferMinimum = 8
)

// bodyLength returns how long the body of a message says it is.
func bodyLength(metadata []byte) (n int64, err error) {
	defer func() {
		if r := recover(); r != nil { // flatbuffers checks no offset
			err = errors.New("a message's metadata is malformed")
		}
	}()
	if len(metadata) < flatbufferMinimum {
		return 0, errors.New("a message's metadata is malformed")
	}
	t := flatbuffers.Table{Bytes: metadata, Pos: flatbuffers.GetUOffsetT(metadata)}
	if o := t.Offset(messageBodyLength); o != 0 {
		n = t.GetInt64(t.Pos + flatbuffers.UOffsetT(o))
	}
	if n < 0 || n > maxBody {
		return 0, fmt.Errorf("a message with a body of %d bytes, the limit is %d", n, maxBody)
	}
	kind := byte(0)
	if o := t.Offset(messageHeaderType); o != 0 {
		kind = t.GetByte(t.Pos + flatbuffers.UOffsetT(o))
	}
	switch kind {
	case headerSchema:
	case headerDictionary:
		return 0, errors.New("dictionaries are not accepted: write plain columns")
	case headerRecordBatch:
		o := t.Offset(messageHeader)
		if o == 0 {
			return 0, errors.New("a message has no header")
		}
		batch := flatbuffers.Table{Bytes: metadata, Pos: t.Indirect(t.Pos + flatbuffers.UOffsetT(o))}
		if batch.Offset(batchCompression) != 0 {
			return 0, errors.New("compressed batches are not accepted: write plain ones")
		}
	default:
		return 0, fmt.Errorf("a message of an unknown kind, %d", kind)
	}
	return n, nil
}
