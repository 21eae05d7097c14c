package columns

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/wasmsql/wasmsql/abi"
)

// converter makes an array of another type. Nulls stay nulls.
type converter func(arrow.Array) (arrow.Array, *fault)

// fault is a value that cannot be converted.
type fault struct {
	row  int    // of the array, from 0
	what string // for instance "a fraction"
	hint string
	null bool // it is null and may not be
	elem bool // it is in a list
}

const (
	typeKey      = "wasmsql.type"
	extensionKey = "ARROW:extension:name"
	extensionArg = "ARROW:extension:metadata"
	numericName  = "numeric"
	uuidName     = "arrow.uuid"
	jsonName     = "arrow.json"
)

func metaOf(f arrow.Field, key string) string {
	if i := f.Metadata.FindKey(key); i >= 0 {
		return f.Metadata.Values()[i]
	}
	return ""
}

var (
	uuidType  = &arrow.FixedSizeBinaryType{ByteWidth: 16}
	timeType  = &arrow.Time64Type{Unit: arrow.Microsecond}
	spanType  = &arrow.DurationType{Unit: arrow.Microsecond}
	stampType = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
)

// plan returns the field that a column of the wanted type is, without its
// name, and how it comes about: nil if the array is already of that type. It
// is not ok if the one type cannot become the other.
func plan(from arrow.Field, want abi.Type) (arrow.Field, converter, bool) {
	f := arrow.Field{Nullable: want.Nullable}
	if want.Kind == abi.List {
		return planList(from, want)
	}
	if want.Kind == abi.Decimal && want.Precision == 0 && from.Type.ID() == arrow.DECIMAL128 {
		f.Type = from.Type
		return f, nil, true
	}
	f.Type, f.Metadata = target(want)
	if from.Type.ID() == arrow.NULL {
		return f, allNull(f.Type), true
	}
	conv, ok := choose(from, want, f.Type)
	return f, conv, ok
}

// target returns the Arrow type of a type that is no list, and its metadata.
func target(want abi.Type) (arrow.DataType, arrow.Metadata) {
	none := arrow.Metadata{}
	switch want.Kind {
	case abi.Int:
		return arrow.PrimitiveTypes.Int64, none
	case abi.Float:
		return arrow.PrimitiveTypes.Float64, none
	case abi.Bool:
		return arrow.FixedWidthTypes.Boolean, none
	case abi.Datetime:
		return stampType, none
	case abi.Date:
		return arrow.PrimitiveTypes.Date32, none
	case abi.Time:
		return timeType, none
	case abi.Timedelta:
		return spanType, none
	case abi.Decimal:
		if want.Precision > 0 {
			return declaredDigits(want).arrow(), none
		}
		return arrow.BinaryTypes.String, arrow.NewMetadata([]string{typeKey}, []string{numericName})
	case abi.Bytes:
		return arrow.BinaryTypes.Binary, none
	case abi.UUID:
		return uuidType, arrow.NewMetadata([]string{extensionKey, extensionArg}, []string{uuidName, ""})
	case abi.JSON:
		return arrow.BinaryTypes.String, arrow.NewMetadata([]string{extensionKey, extensionArg}, []string{jsonName, ""})
	}
	return arrow.BinaryTypes.String, none
}

// declaredDigits returns the digits of a decimal(p,s).
func declaredDigits(t abi.Type) digitsOf { return digitsOf{int32(t.Precision), int32(t.Scale)} }

// choose returns how a column becomes one of a type that is no list.
func choose(from arrow.Field, want abi.Type, to arrow.DataType) (converter, bool) {
	var conv converter
	switch want.Kind {
	case abi.Int:
		conv = toInt(from)
	case abi.Float:
		conv = toFloat(from)
	case abi.Str:
		conv = toStr(from)
	case abi.Bool:
		conv = toBool(from)
	case abi.Datetime:
		conv = toDatetime(from)
	case abi.Date:
		conv = toDate(from)
	case abi.Time:
		conv = toTime(from)
	case abi.Timedelta:
		conv = toTimedelta(from)
	case abi.Decimal:
		if conv = toDecimal(from); want.Precision > 0 {
			conv = toDigits(from, declaredDigits(want))
		}
	case abi.Bytes:
		conv = toBytes(from)
	case abi.UUID:
		conv = toUUID(from)
	case abi.JSON:
		conv = toJSON(from)
	}
	if conv == nil {
		return nil, stays(from, want, to)
	}
	return conv, true
}

// stays reports whether an array is already what is wanted.
func stays(from arrow.Field, want abi.Type, to arrow.DataType) bool {
	if !arrow.TypeEqual(from.Type, to) {
		return false
	}
	switch want.Kind {
	case abi.Decimal:
		return want.Precision > 0 || metaOf(from, typeKey) == numericName
	case abi.JSON:
		return metaOf(from, extensionKey) == jsonName
	}
	return true
}

// Nearest returns the declared type that fits a column best.
func Nearest(f arrow.Field) string {
	t := abi.Type{Kind: nearestKind(f)}
	if l, ok := f.Type.(arrow.ListLikeType); ok && t.Kind == abi.List {
		return "list[" + Nearest(l.ElemField()) + "]"
	}
	return t.String()
}

func nearestKind(f arrow.Field) abi.Kind {
	id := f.Type.ID()
	switch {
	case arrow.IsInteger(id):
		return abi.Int
	case arrow.IsFloating(id):
		return abi.Float
	case arrow.IsDecimal(id), metaOf(f, typeKey) == numericName:
		return abi.Decimal
	case metaOf(f, extensionKey) == jsonName:
		return abi.JSON
	case metaOf(f, extensionKey) == uuidName:
		return abi.UUID
	}
	switch id {
	case arrow.BOOL:
		return abi.Bool
	case arrow.TIMESTAMP:
		return abi.Datetime
	case arrow.DATE32, arrow.DATE64:
		return abi.Date
	case arrow.TIME32, arrow.TIME64:
		return abi.Time
	case arrow.DURATION, arrow.INTERVAL_MONTH_DAY_NANO, arrow.INTERVAL_DAY_TIME:
		return abi.Timedelta
	case arrow.BINARY, arrow.LARGE_BINARY, arrow.FIXED_SIZE_BINARY, arrow.BINARY_VIEW:
		return abi.Bytes
	case arrow.LIST, arrow.LARGE_LIST, arrow.FIXED_SIZE_LIST:
		return abi.List
	}
	return abi.Str
}

// refuseNull finds the first null that the type has no place for, in the
// array or in its lists.
func refuseNull(a arrow.Array, want abi.Type) *fault {
	if !want.Nullable && nullCount(a) > 0 {
		for i := range a.Len() {
			if a.DataType().ID() == arrow.NULL || a.IsNull(i) {
				return &fault{row: i, what: "null", null: true}
			}
		}
	}
	l, ok := a.(array.ListLike)
	if !ok || want.Kind != abi.List || a.Len() == 0 {
		return nil
	}
	values, start := elements(l)
	defer values.Release()
	if bad := refuseNull(values, *want.Elem); bad != nil {
		return &fault{row: rowOf(l, bad.row+start), what: "a null in a list", null: true, elem: true}
	}
	return nil
}

func nullCount(a arrow.Array) int {
	if a.DataType().ID() == arrow.NULL {
		return a.Len()
	}
	return a.NullN()
}
