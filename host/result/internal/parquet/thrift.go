package parquet

import "encoding/binary"

// thrift writes structs in Thrift's compact protocol, which Parquet's headers
// and footer are in:
//
//	field     one byte: the number of fields since the last one << 4 | type
//	integer   zigzag varint
//	binary    varint length, bytes
//	list      one byte: length << 4 | type, or 0xf0 | type and a varint length
//	struct    its fields, then 0
//
// Source: thrift/doc/specs/thrift-compact-protocol.md.
type thrift struct {
	b    []byte
	last []int16 // the last field's number, of each struct that is open
}

const (
	typeTrue   = 1
	typeFalse  = 2
	typeI8     = 3
	typeI16    = 4
	typeI32    = 5
	typeI64    = 6
	typeBinary = 8
	typeList   = 9
	typeStruct = 12
)

// begin opens a struct that is not a field: the outermost, or a list's.
func (t *thrift) begin() { t.last = append(t.last, 0) }

func (t *thrift) end() {
	t.b = append(t.b, 0)
	t.last = t.last[:len(t.last)-1]
}

func (t *thrift) field(id int16, typ byte) {
	last := &t.last[len(t.last)-1]
	// The fields of Parquet's structs are never more than 15 apart.
	t.b = append(t.b, byte(id-*last)<<4|typ)
	*last = id
}

func (t *thrift) i8(id int16, v int8) {
	t.field(id, typeI8)
	t.b = append(t.b, byte(v))
}

func (t *thrift) i32(id int16, v int32) {
	t.field(id, typeI32)
	t.b = appendZigzag(t.b, int64(v))
}

func (t *thrift) i64(id int16, v int64) {
	t.field(id, typeI64)
	t.b = appendZigzag(t.b, v)
}

func (t *thrift) bool(id int16, v bool) {
	if v {
		t.field(id, typeTrue)
	} else {
		t.field(id, typeFalse)
	}
}

func (t *thrift) str(id int16, s string) {
	t.field(id, typeBinary)
	t.raw(s)
}

// raw writes a binary that is not a field.
func (t *thrift) raw(s string) {
	t.b = append(binary.AppendUvarint(t.b, uint64(len(s))), s...)
}

func (t *thrift) list(id int16, typ byte, n int) {
	t.field(id, typeList)
	if n < 15 {
		t.b = append(t.b, byte(n)<<4|typ)
		return
	}
	t.b = binary.AppendUvarint(append(t.b, 0xf0|typ), uint64(n))
}

// structure opens a struct that is a field.
func (t *thrift) structure(id int16) {
	t.field(id, typeStruct)
	t.begin()
}

// empty writes a struct without fields.
func (t *thrift) empty(id int16) {
	t.structure(id)
	t.end()
}

func appendZigzag(b []byte, v int64) []byte {
	return binary.AppendUvarint(b, uint64(v)<<1^uint64(v>>63))
}
