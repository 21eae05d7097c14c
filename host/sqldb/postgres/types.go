package postgres

import (
	"fmt"
	"strings"
	"sync"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/internal/vector"
)

// field is a column as the server describes it.
type field struct {
	name string
	oid  uint32
	mod  int32 // the type modifier: length, or precision and scale; -1 is none
}

// kind is how the values of a type are decoded.
type kind uint8

const (
	kindOther kind = iota // as the server prints it
	kindText
	kindBool
	kindInt2
	kindInt4
	kindInt8
	kindOID
	kindFloat4
	kindFloat8
	kindBytea
	kindBit
	kindDate
	kindTime
	kindTimestamp
	kindTimestamptz
	kindInterval
	kindNumeric
	kindUUID
	kindJSON
	kindJSONB
)

// Object identifiers of the types that are built in. They never change.
//
// Source: src/include/catalog/pg_type.dat.
const (
	oidBool        = 16
	oidBytea       = 17
	oidInt8        = 20
	oidInt4        = 23
	oidText        = 25
	oidJSON        = 114
	oidFloat8      = 701
	oidDate        = 1082
	oidTime        = 1083
	oidTimestamp   = 1114
	oidTimestamptz = 1184
	oidInterval    = 1186
	oidNumeric     = 1700
	oidUUID        = 2950
	oidJSONB       = 3802
)

// builtin is what a type is decoded as, and whether it is an array of such.
type builtin struct {
	kind  kind
	array bool
	elem  uint32 // of an array
}

// builtins are the types that are decoded by hand, and their arrays.
var builtins = func() map[uint32]builtin {
	m := map[uint32]builtin{}
	for _, t := range [...]struct {
		oid, array uint32
		kind       kind
	}{
		{oidBool, 1000, kindBool}, {oidBytea, 1001, kindBytea}, {19, 1003, kindText} /* name */, {oidInt8, 1016, kindInt8},
		{21, 1005, kindInt2}, {oidInt4, 1007, kindInt4}, {oidText, 1009, kindText}, {26, 1028, kindOID}, {oidJSON, 199, kindJSON},
		{700, 1021, kindFloat4}, {oidFloat8, 1022, kindFloat8}, {1042, 1014, kindText} /* bpchar */, {1043, 1015, kindText}, /* varchar */
		{oidDate, 1182, kindDate}, {oidTime, 1183, kindTime}, {oidTimestamp, 1115, kindTimestamp}, {oidTimestamptz, 1185, kindTimestamptz},
		{oidInterval, 1187, kindInterval}, {oidNumeric, 1231, kindNumeric}, {oidUUID, 2951, kindUUID}, {oidJSONB, 3807, kindJSONB},
	} {
		m[t.oid] = builtin{kind: t.kind}
		m[t.array] = builtin{kind: t.kind, array: true, elem: t.oid}
	}
	// Their binary form is another, or they are texts without one.
	m[142] = builtin{kind: kindText} // xml
	m[18] = builtin{kind: kindText}  // "char"
	m[705] = builtin{kind: kindText} // unknown
	m[1560] = builtin{kind: kindBit} // bit
	return m
}()

// spec is how a column is fetched and decoded.
type spec struct {
	builtin
	name string // of a kindOther
	mod  int32
}

// The formats of a column.
const (
	asText   = 0
	asBinary = 1
)

// format returns the format to ask for.
func (s spec) format() int16 {
	switch {
	case s.array:
		return asBinary
	case s.kind == kindOther, s.kind == kindText, s.kind == kindJSON:
		return asText // the same bytes, and xml has no binary form of use
	case s.kind == kindNumeric:
		if _, _, ok := s.decimal(); !ok {
			return asText
		}
	}
	return asBinary
}

// decimal returns the precision and scale of the decimals that hold every
// value of the numeric type: numeric(3,-2) is decimal(5,0) and numeric(2,4)
// is decimal(4,4).
//
// Source: src/backend/utils/adt/numeric.c, make_numeric_typmod.
func (s spec) decimal() (precision, scale int, ok bool) {
	if s.mod < 4 {
		return 0, 0, false
	}
	mod := int(s.mod) - 4
	precision, scale = mod>>16&0xffff, (mod&0x7ff^1024)-1024
	if scale < 0 {
		precision, scale = precision-scale, 0
	}
	precision = max(precision, scale)
	return precision, scale, precision >= 1 && precision <= maxPrecision
}

// maxPrecision is the most digits that a decimal128 holds.
const maxPrecision = 38

// field returns the Arrow field of the column.
func (s spec) field(name string) arrow.Field {
	if s.array {
		item := s.item()
		return arrow.Field{Name: name, Type: arrow.ListOfField(item), Nullable: true}
	}
	return s.scalar(name)
}

func (s spec) item() arrow.Field { return s.scalar("item") }

var timestampTypes = [...]*arrow.TimestampType{{Unit: arrow.Microsecond}, {Unit: arrow.Microsecond, TimeZone: "UTC"}}

func (s spec) scalar(name string) arrow.Field {
	t := arrow.DataType(arrow.BinaryTypes.String)
	switch s.kind {
	case kindOther:
		return sqldb.TypedField(name, t, s.name)
	case kindJSON, kindJSONB:
		return sqldb.JSONField(name)
	case kindUUID:
		return sqldb.UUIDField(name)
	case kindBit:
		return sqldb.TypedField(name, arrow.BinaryTypes.Binary, fmt.Sprintf("bit(%d)", s.mod))
	case kindNumeric:
		p, scale, ok := s.decimal()
		if !ok {
			return sqldb.TypedField(name, t, "numeric")
		}
		t = &arrow.Decimal128Type{Precision: int32(p), Scale: int32(scale)}
	case kindBool:
		t = arrow.FixedWidthTypes.Boolean
	case kindInt2:
		t = arrow.PrimitiveTypes.Int16
	case kindInt4:
		t = arrow.PrimitiveTypes.Int32
	case kindInt8:
		t = arrow.PrimitiveTypes.Int64
	case kindOID:
		t = arrow.PrimitiveTypes.Uint32
	case kindFloat4:
		t = arrow.PrimitiveTypes.Float32
	case kindFloat8:
		t = arrow.PrimitiveTypes.Float64
	case kindBytea:
		t = arrow.BinaryTypes.Binary
	case kindDate:
		t = arrow.PrimitiveTypes.Date32
	case kindTime:
		t = arrow.FixedWidthTypes.Time64us
	case kindTimestamp:
		t = timestampTypes[0]
	case kindTimestamptz:
		t = timestampTypes[1]
	case kindInterval:
		t = arrow.FixedWidthTypes.MonthDayNanoInterval
	}
	return arrow.Field{Name: name, Type: t, Nullable: true}
}

// column returns a decoder.
func (s spec) column() column {
	if s.array {
		return &listColumn{item: s.item(), oid: s.elem, elem: s.element()}
	}
	return s.element()
}

func (s spec) element() column {
	dt := s.scalar("").Type
	switch s.kind {
	case kindBool:
		return &boolColumn{}
	case kindInt2:
		return &int16Column{vector.Fixed[int16]{Type: dt}}
	case kindInt4:
		return &int32Column{vector.Fixed[int32]{Type: dt}}
	case kindInt8:
		return &int64Column{vector.Fixed[int64]{Type: dt}}
	case kindOID:
		return &uint32Column{vector.Fixed[uint32]{Type: dt}}
	case kindFloat4:
		return &float32Column{vector.Fixed[float32]{Type: dt}}
	case kindFloat8:
		return &float64Column{vector.Fixed[float64]{Type: dt}}
	case kindBytea:
		return &bytesColumn{vector.Varied{Type: dt}}
	case kindBit:
		return &bitColumn{vector.Varied{Type: dt}, int(s.mod)}
	case kindDate:
		return &dateColumn{vector.Fixed[int32]{Type: dt}}
	case kindTime:
		return &timeColumn{vector.Fixed[int64]{Type: dt}}
	case kindTimestamp:
		return &timestampColumn{vector.Fixed[int64]{Type: dt}, "timestamp"}
	case kindTimestamptz:
		return &timestampColumn{vector.Fixed[int64]{Type: dt}, "timestamptz"}
	case kindInterval:
		return &intervalColumn{vector.Fixed[arrow.MonthDayNanoInterval]{Type: dt}}
	case kindNumeric:
		if p, scale, ok := s.decimal(); ok {
			return &decimalColumn{Fixed: vector.Fixed[decimal128.Num]{Type: dt}, precision: p, scale: scale}
		}
		if s.array {
			return &numericColumn{Varied: vector.Varied{Type: dt}}
		}
	case kindUUID:
		return &uuidColumn{}
	case kindJSONB:
		return &jsonbColumn{textColumn{vector.Varied{Type: dt}}}
	}
	return &textColumn{vector.Varied{Type: dt}}
}

// types knows the types of a database that are not built in. It is safe for
// concurrent use.
//
// An object identifier that is given to another type while a database is open
// would be taken for the old one: PostgreSQL gives them out in turn, of four
// billions.
type types struct {
	mu    sync.Mutex
	known map[uint32]spec
}

// specs returns how to decode the columns, and the types that are not known
// yet. The first is of use only where there are none of these.
func (t *types) specs(fields []field) ([]spec, []uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var unknown []uint32
	out := make([]spec, len(fields))
	for i, f := range fields {
		s, ok := t.known[f.oid]
		if b, isBuiltin := builtins[f.oid]; isBuiltin && (b.kind != kindBit || f.mod > 0) {
			s, ok = spec{builtin: b}, true
		}
		if !ok {
			unknown = append(unknown, f.oid)
		}
		s.mod = f.mod
		out[i] = s
	}
	return out, unknown
}

// typeQuery finds the name and the kind of types, and of what their elements
// are.
const typeQuery = `SELECT t.oid, t.typname, t.typtype, coalesce(e.typarray = t.oid, false),
	coalesce(e.oid, 0), coalesce(e.typname, ''), coalesce(e.typtype, '')
	FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem WHERE t.oid IN (`

// learn takes a row of typeQuery.
func (t *types) learn(oid uint32, name, class string, array bool, elem uint32, elemName, elemClass string) {
	s := spec{name: name}
	isText := func(name, class string) bool { return class == "e" || class == "b" && name == "citext" }
	switch {
	case array && isText(elemName, elemClass):
		s.builtin = builtin{kind: kindText, array: true, elem: elem}
	case array:
		s.name = strings.TrimPrefix(elemName, "_") + "[]"
	case isText(name, class):
		s.kind = kindText
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known[oid] = s
}
