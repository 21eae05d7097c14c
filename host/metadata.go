package host

import (
	"errors"
	"fmt"

	flatbuffers "github.com/google/flatbuffers/go"
)

// Slots of the tables in a message's metadata, as offsets into their vtables,
// and the kinds of a message's header.
//
// Source: Arrow's format/Message.fbs and format/Schema.fbs.
const (
	messageHeaderType = 6
	messageHeader     = 8
	messageBodyLength = 10
	messageCustom     = 12

	schemaFields = 6
	schemaCustom = 8

	fieldDictionary = 12
	fieldChildren   = 14
	fieldCustom     = 16

	batchNodes       = 6
	batchBuffers     = 8
	batchCompression = 10

	headerSchema      = 1
	headerDictionary  = 2
	headerRecordBatch = 3
)

// Bounds of a schema.
const (
	maxFields = 4096
	maxDepth  = 8
)

var errMetadata = errors.New("a message's metadata is malformed")

// verifyMessage checks every count and length in a message's metadata against
// what is there, and returns the length of its body. Tables may be shared, so
// that a small message can stand for a huge tree: the fields are counted as a
// reader would visit them.
func verifyMessage(metadata []byte) (body int64, err error) {
	defer func() {
		if r := recover(); r != nil { // flatbuffers panics on an offset to the outside
			err = errMetadata
		}
	}()
	v := &verifier{bytes: metadata}
	t := flatbuffers.Table{Bytes: metadata, Pos: flatbuffers.GetUOffsetT(metadata)}
	if o := t.Offset(messageBodyLength); o != 0 {
		body = t.GetInt64(t.Pos + flatbuffers.UOffsetT(o))
	}
	if body < 0 || body > maxBody {
		return 0, fmt.Errorf("a message with a body of %d bytes, the limit is %d", body, maxBody)
	}
	kind := byte(0)
	if o := t.Offset(messageHeaderType); o != 0 {
		kind = t.GetByte(t.Pos + flatbuffers.UOffsetT(o))
	}
	o := t.Offset(messageHeader)
	if o == 0 {
		return 0, errMetadata
	}
	v.keyValues(t, messageCustom)
	header := flatbuffers.Table{Bytes: metadata, Pos: t.Indirect(t.Pos + flatbuffers.UOffsetT(o))}
	switch kind {
	case headerSchema:
		v.keyValues(header, schemaCustom)
		v.fields(header, schemaFields, 0)
	case headerDictionary:
		return 0, errors.New("dictionaries are not accepted: write plain columns")
	case headerRecordBatch:
		v.batch(header, body)
	default:
		return 0, fmt.Errorf("a message of an unknown kind, %d", kind)
	}
	return body, v.err
}

// verifier walks metadata and keeps the first fault.
type verifier struct {
	bytes []byte
	seen  int // fields
	err   error
}

func (v *verifier) fail(err error) {
	if v.err == nil {
		v.err = err
	}
}

// vector returns where a vector starts and how many elements of a size it has,
// none where it is longer than what there is.
func (v *verifier) vector(t flatbuffers.Table, slot flatbuffers.VOffsetT, size int) (flatbuffers.UOffsetT, int) {
	o := flatbuffers.UOffsetT(t.Offset(slot))
	if o == 0 {
		return 0, 0
	}
	start, n := t.Vector(o), t.VectorLen(o)
	if n < 0 || int64(start)+int64(n)*int64(size) > int64(len(v.bytes)) {
		v.fail(errMetadata)
		return 0, 0
	}
	return start, n
}

func (v *verifier) keyValues(t flatbuffers.Table, slot flatbuffers.VOffsetT) {
	if _, n := v.vector(t, slot, 4); n > maxFields {
		v.fail(errMetadata)
	}
}

func (v *verifier) fields(t flatbuffers.Table, slot flatbuffers.VOffsetT, depth int) {
	start, n := v.vector(t, slot, 4)
	for i := 0; i < n && v.err == nil; i++ {
		if v.seen++; v.seen > maxFields || depth > maxDepth {
			v.fail(fmt.Errorf("a schema of more than %d fields or deeper than %d", maxFields, maxDepth))
			return
		}
		f := flatbuffers.Table{Bytes: v.bytes, Pos: t.Indirect(start + flatbuffers.UOffsetT(i*4))}
		if f.Offset(fieldDictionary) != 0 {
			v.fail(errors.New("dictionaries are not accepted: write plain columns"))
		}
		v.keyValues(f, fieldCustom)
		v.fields(f, fieldChildren, depth+1)
	}
}

// batch checks a RecordBatch: its nodes are {length, nulls} and its buffers
// {offset, length}, two 64-bit numbers each.
func (v *verifier) batch(t flatbuffers.Table, body int64) {
	if t.Offset(batchCompression) != 0 {
		v.fail(errors.New("compressed batches are not accepted: write plain ones"))
		return
	}
	pair := func(at flatbuffers.UOffsetT) (int64, int64) { return t.GetInt64(at), t.GetInt64(at + 8) }
	start, n := v.vector(t, batchNodes, 16)
	for i := range n {
		if rows, nulls := pair(start + flatbuffers.UOffsetT(i*16)); rows < 0 || rows > 64*maxGuestRows || nulls < 0 || nulls > rows {
			v.fail(fmt.Errorf("a column of %d rows with %d nulls", rows, nulls))
		}
	}
	start, n = v.vector(t, batchBuffers, 16)
	for i := range n {
		if offset, length := pair(start + flatbuffers.UOffsetT(i*16)); offset < 0 || length < 0 || offset > body || length > body-offset {
			v.fail(errors.New("a buffer is outside of its message's body"))
		}
	}
}
