package parquet

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"
)

// Physical types, by their numbers in parquet.thrift.
const (
	physBool   = 0
	physInt32  = 1
	physInt64  = 2
	physFloat  = 4
	physDouble = 5
	physBytes  = 6
	physFixed  = 7
)

// Repetitions.
const (
	required = 0
	optional = 1
	repeated = 2
)

// Converted types, which are the older form of logical types.
const (
	noConverted = -1
	convUTF8    = 0
	convList    = 3
	convDecimal = 5
	convDate    = 6
	convMillis  = 9
	convMicros  = 10
	convUint8   = 11
	convInt8    = 15
	convJSON    = 19
)

// kind is how the values of a leaf are stored.
type kind struct {
	phys      int32
	width     int32 // of physFixed
	converted int32
	scale     int32
	precision int32
	logical   func(t *thrift) // writes the field of the union; may be nil
}

// leaf is a column as Parquet has it: a path through lists to values.
type leaf struct {
	path   []string
	lists  []bool // of each list, from the outside: may it be null
	null   bool   // may a value be null
	field  arrow.Field
	kind   kind
	maxDef uint8
}

// UnsupportedError says that Parquet has no place for a column.
type UnsupportedError struct{ Field arrow.Field }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("column %q has type %s, which parquet cannot hold", e.Field.Name, e.Field.Type)
}

func newLeaf(f arrow.Field) (leaf, error) {
	l := leaf{path: []string{f.Name}, field: f}
	for {
		elem, ok := listElem(l.field.Type)
		if !ok {
			break
		}
		l.lists = append(l.lists, l.field.Nullable)
		l.path = append(l.path, "list", "element")
		l.maxDef++ // the list has an element
		if l.field.Nullable {
			l.maxDef++
		}
		l.field = elem
	}
	l.null = l.field.Nullable || l.field.Type.ID() == arrow.NULL
	if l.null {
		l.maxDef++
	}
	var ok bool
	if l.kind, ok = kindOf(l.field); !ok {
		return l, &UnsupportedError{f}
	}
	return l, nil
}

func listElem(t arrow.DataType) (arrow.Field, bool) {
	switch t := t.(type) {
	case *arrow.ListType:
		return t.ElemField(), true
	case *arrow.LargeListType:
		return t.ElemField(), true
	case *arrow.FixedSizeListType:
		return t.ElemField(), true
	}
	return arrow.Field{}, false
}

func simple(phys, converted int32, logical func(*thrift)) kind {
	return kind{phys: phys, converted: converted, logical: logical}
}

func emptyLogical(id int16) func(*thrift) { return func(t *thrift) { t.empty(id) } }

// kindOf chooses as Arrow's C++ library does where it has a choice, so that
// the Arrow schema in the file brings back what it was.
func kindOf(f arrow.Field) (kind, bool) {
	switch t := f.Type.(type) {
	case *arrow.NullType:
		return simple(physInt32, noConverted, emptyLogical(11)), true
	case *arrow.BooleanType:
		return simple(physBool, noConverted, nil), true
	case *arrow.Int8Type, *arrow.Int16Type, *arrow.Int32Type, *arrow.Int64Type,
		*arrow.Uint8Type, *arrow.Uint16Type, *arrow.Uint32Type, *arrow.Uint64Type:
		return integerKind(f.Type), true
	case *arrow.Float32Type:
		return simple(physFloat, noConverted, nil), true
	case *arrow.Float64Type:
		return simple(physDouble, noConverted, nil), true
	case *arrow.StringType, *arrow.LargeStringType:
		if extension(f) == "arrow.json" {
			return simple(physBytes, convJSON, emptyLogical(12)), true
		}
		return simple(physBytes, convUTF8, emptyLogical(1)), true
	case *arrow.BinaryType, *arrow.LargeBinaryType:
		return simple(physBytes, noConverted, nil), true
	case *arrow.FixedSizeBinaryType:
		k := kind{phys: physFixed, width: int32(t.ByteWidth), converted: noConverted}
		if t.ByteWidth == 16 && extension(f) == "arrow.uuid" {
			k.logical = emptyLogical(14)
		}
		return k, t.ByteWidth > 0
	case *arrow.Decimal128Type:
		return decimalKind(t.Precision, t.Scale)
	}
	return temporalKind(f.Type)
}

func extension(f arrow.Field) string {
	if i := f.Metadata.FindKey("ARROW:extension:name"); i >= 0 {
		return f.Metadata.Values()[i]
	}
	return ""
}

func integerKind(t arrow.DataType) kind {
	width := t.(arrow.FixedWidthDataType).BitWidth()
	k := kind{phys: physInt32, converted: convInt8}
	if width == 64 {
		k.phys = physInt64
	}
	signed := !arrow.IsUnsignedInteger(t.ID())
	if signed && width >= 32 {
		return simple(k.phys, noConverted, nil) // what the physical type means anyway
	}
	if !signed {
		k.converted = convUint8
	}
	for w := width; w > 8; w /= 2 {
		k.converted++
	}
	k.logical = func(t *thrift) {
		t.structure(10)
		t.i8(1, int8(width))
		t.bool(2, signed)
		t.end()
	}
	return k
}

// decimalKind stores a decimal in as few bytes as its precision needs.
func decimalKind(precision, scale int32) (kind, bool) {
	if scale < 0 || scale > precision || precision < 1 || precision > 38 {
		return kind{}, false
	}
	k := kind{phys: physFixed, converted: convDecimal, precision: precision, scale: scale}
	k.width = decimalWidths[precision]
	k.logical = func(t *thrift) {
		t.structure(5)
		t.i32(1, scale)
		t.i32(2, precision)
		t.end()
	}
	return k, true
}

// decimalWidths are the bytes that a signed number of as many digits needs.
var decimalWidths = [...]int32{
	0, 1, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 6, 7, 7, 8, 8, 9,
	9, 9, 10, 10, 11, 11, 11, 12, 12, 13, 13, 13, 14, 14, 15, 15, 16, 16, 16,
}

func temporalKind(t arrow.DataType) (kind, bool) {
	switch t := t.(type) {
	case *arrow.Date32Type, *arrow.Date64Type:
		return simple(physInt32, convDate, emptyLogical(6)), true
	case *arrow.Time32Type:
		return simple(physInt32, noConverted, timeLogical(7, false, arrow.Millisecond)), true
	case *arrow.Time64Type:
		return simple(physInt64, noConverted, timeLogical(7, false, t.Unit)), true
	case *arrow.TimestampType:
		utc, unit := t.TimeZone != "", t.Unit
		if unit == arrow.Second {
			unit = arrow.Millisecond
		}
		k := simple(physInt64, noConverted, timeLogical(8, utc, unit))
		if utc && unit == arrow.Millisecond {
			k.converted = convMillis
		} else if utc && unit == arrow.Microsecond {
			k.converted = convMicros
		}
		return k, true
	case *arrow.DurationType:
		return simple(physInt64, noConverted, nil), true
	}
	return kind{}, false
}

func timeLogical(id int16, utc bool, unit arrow.TimeUnit) func(*thrift) {
	return func(t *thrift) {
		t.structure(id)
		t.bool(1, utc)
		t.structure(2)
		t.empty(map[arrow.TimeUnit]int16{arrow.Millisecond: 1, arrow.Microsecond: 2, arrow.Nanosecond: 3}[unit])
		t.end()
		t.end()
	}
}

// element writes a SchemaElement: a leaf if k is set, else a group.
func element(t *thrift, name string, repetition int32, children int32, k *kind, list bool) {
	t.begin()
	if k != nil {
		t.i32(1, k.phys)
		if k.phys == physFixed {
			t.i32(2, k.width)
		}
	}
	if repetition >= 0 {
		t.i32(3, repetition)
	}
	t.str(4, name)
	if k == nil {
		t.i32(5, children)
	}
	switch {
	case k != nil && k.converted != noConverted:
		t.i32(6, k.converted)
	case list:
		t.i32(6, convList)
	}
	if k != nil && k.converted == convDecimal {
		t.i32(7, k.scale)
		t.i32(8, k.precision)
	}
	if k != nil && k.logical != nil {
		t.structure(10)
		k.logical(t)
		t.end()
	} else if list {
		t.structure(10)
		t.empty(3)
		t.end()
	}
	t.end()
}

func repetition(null bool) int32 {
	if null {
		return optional
	}
	return required
}

// elements writes the SchemaElements of a leaf and of its lists, and returns
// how many.
func (l *leaf) elements(t *thrift) {
	for i, null := range l.lists {
		element(t, l.path[2*i], repetition(null), 1, nil, true)
		element(t, "list", repeated, 1, nil, false)
	}
	element(t, l.path[len(l.path)-1], repetition(l.null), 0, &l.kind, false)
}

func (l *leaf) numElements() int { return 2*len(l.lists) + 1 }

// arrowSchema returns the schema as Arrow's readers look for it under the key
// ARROW:schema: an IPC stream without batches, in base64.
func arrowSchema(s *arrow.Schema) (string, error) {
	var b bytes.Buffer
	if err := ipc.NewWriter(&b, ipc.WithSchema(s)).Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}
