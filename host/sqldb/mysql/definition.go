package mysql

import (
	"encoding/binary"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// definition is a column as the server describes it.
type definition struct {
	name     string
	kind     byte // type of the protocol
	charset  uint16
	length   uint32
	flags    uint16
	decimals byte
	named    string   // type beyond the protocol's, for instance "uuid"; MariaDB
	format   string   // "json" where the text is checked to be it; MariaDB
	stored   bool     // a type of what is stored is wanted: sqldb.Config.Plain
	declared abi.Kind // of the column in the task's outputs, or none
}

const (
	flagUnsigned = 0x0020
	flagEnum     = 0x0100
	flagSet      = 0x0800

	charsetBinary = 63
)

// parseDefinition reads a column.
//
//	catalog, schema, table, original table, name, original name: length-encoded
//	with extended: a length-encoded list of what (1 byte) and length-encoded value
//	length of the rest, charset 2, length 4, type 1, flags 2, decimals 1
//
// Source: MySQL, "Protocol::ColumnDefinition41"; MariaDB, "Result Set Packets,
// Column Definition Packet".
func parseDefinition(p []byte, extended bool) (definition, bool) {
	var d definition
	for i := range 6 {
		s, n := lengthBytes(p)
		if n == 0 {
			return d, false
		}
		if i == 4 {
			d.name = validText(s)
		}
		p = p[n:]
	}
	if extended {
		s, n := lengthBytes(p)
		if n == 0 || !d.extend(s) {
			return d, false
		}
		p = p[n:]
	}
	if len(p) < 1+2+4+1+2+1 {
		return d, false
	}
	d.charset = binary.LittleEndian.Uint16(p[1:])
	d.length = binary.LittleEndian.Uint32(p[3:])
	d.kind = p[7]
	d.flags = binary.LittleEndian.Uint16(p[8:])
	d.decimals = p[10]
	return d, true
}

// extend reads MariaDB's own words about a column.
func (d *definition) extend(p []byte) bool {
	for len(p) > 0 {
		what := p[0]
		s, n := lengthBytes(p[1:])
		if n == 0 {
			return false
		}
		switch what {
		case 0:
			d.named = validText(s)
		case 1:
			d.format = validText(s)
		}
		p = p[1+n:]
	}
	return true
}

func (d definition) unsigned() bool { return d.flags&flagUnsigned != 0 }

// texts reports whether the values come as texts of a charset, or as bytes.
func (d definition) texts() bool {
	switch d.kind {
	case typeVarchar, typeEnum, typeSet, typeTinyBlob, typeMediumBlob, typeLongBlob, typeBlob, typeVarString, typeString:
		return true
	}
	return false
}

// precision returns the digits of a DECIMAL, before and after its point. The
// length counts a point and a sign too.
func (d definition) precision() (precision, scale int) {
	precision, scale = int(d.length), int(d.decimals)
	if scale > 0 {
		precision--
	}
	if !d.unsigned() {
		precision--
	}
	return max(precision, scale, 1), scale
}

var (
	timestampType = &arrow.TimestampType{Unit: arrow.Microsecond}
	instantType   = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	timeType      = &arrow.Time64Type{Unit: arrow.Microsecond}
	spanType      = &arrow.DurationType{Unit: arrow.Microsecond}
)

// void reports whether there is nothing but nulls and empty texts, as where a
// parameter for a text is null.
func (d definition) void() bool { return d.charset == charsetBinary && d.length == 0 && d.named == "" }

// number reports whether the task declares that the column is a number.
func (d definition) number() bool {
	switch d.declared {
	case abi.Int, abi.Float, abi.Decimal:
		return true
	}
	return false
}

// plain returns the Arrow type of the protocol's types that have exactly one.
func (d definition) plain() arrow.DataType {
	u := d.unsigned()
	pick := func(unsigned, signed arrow.DataType) arrow.DataType {
		if u {
			return unsigned
		}
		return signed
	}
	t := &arrow.PrimitiveTypes
	switch d.kind {
	case typeTiny:
		if d.length == 1 && !u && !d.stored && !d.number() {
			return arrow.FixedWidthTypes.Boolean
		}
		return pick(t.Uint8, t.Int8)
	case typeShort:
		return pick(t.Uint16, t.Int16)
	case typeYear:
		return t.Int16
	case typeLong, typeInt24:
		return pick(t.Uint32, t.Int32)
	case typeLongLong:
		return pick(t.Uint64, t.Int64)
	case typeFloat:
		return t.Float32
	case typeDouble:
		return t.Float64
	case typeNull:
		return arrow.Null
	case typeTimestamp:
		return instantType
	case typeDatetime:
		return timestampType
	case typeDate, typeNewDate:
		return t.Date32
	case typeTime:
		if d.stored || d.declared == abi.Timedelta {
			return spanType
		}
		return timeType
	case typeBit:
		if d.number() || d.declared == abi.Bool {
			return t.Uint64
		}
		return arrow.BinaryTypes.Binary
	}
	return nil
}

// field returns the Arrow field of the column.
//
//	tinyint(1)               bool; declared a number, or where what is stored counts, int8
//	other integers           int8 to int64, uint8 to uint64; mediumint as int; year int16
//	float, double            float32, float64
//	decimal(p,s), p <= 38    decimal128(p,s)
//	decimal of more digits   utf8, wasmsql.type=numeric
//	date                     date32
//	time                     time64[µs]; declared a timedelta, or where what is stored counts, duration[µs]
//	datetime, timestamp      timestamp[µs], timestamp[µs, UTC]
//	char, text, enum, set    utf8
//	binary, blob             binary
//	bit                      binary; declared a number or a bool uint64
//	json, MariaDB's too      utf8, arrow.json
//	uuid                     fixed_size_binary(16), arrow.uuid
//	inet4, inet6             utf8, wasmsql.type=inet4, inet6
//	geometry, vector         binary, wasmsql.type=geometry, point, …, vector
//	NULL                     null
func (d definition) field() arrow.Field {
	if t := d.plain(); t != nil {
		return arrow.Field{Name: d.name, Type: t, Nullable: true}
	}
	if d.texts() {
		return d.textField()
	}
	switch d.kind {
	case typeDecimal, typeNewDecimal:
		if p, s := d.precision(); p <= maxPrecision {
			return arrow.Field{Name: d.name, Type: &arrow.Decimal128Type{Precision: int32(p), Scale: int32(s)}, Nullable: true}
		}
		return sqldb.TypedField(d.name, arrow.BinaryTypes.String, "numeric")
	case typeJSON:
		return sqldb.JSONField(d.name)
	case typeGeometry:
		return sqldb.TypedField(d.name, arrow.BinaryTypes.Binary, d.typeName("geometry"))
	case typeVector:
		return sqldb.TypedField(d.name, arrow.BinaryTypes.Binary, "vector")
	}
	return sqldb.TypedField(d.name, arrow.BinaryTypes.Binary, d.typeName("unknown"))
}

// textField returns the field of a column that comes as a string.
func (d definition) textField() arrow.Field {
	switch {
	case d.named == "uuid":
		return sqldb.UUIDField(d.name)
	case d.format == "json":
		return sqldb.JSONField(d.name)
	case d.void() && d.declared == abi.Str:
		return arrow.Field{Name: d.name, Type: arrow.BinaryTypes.String, Nullable: true}
	case d.void() && d.declared != abi.Bytes && d.declared != 0:
		return arrow.Field{Name: d.name, Type: arrow.Null, Nullable: true}
	case d.charset == charsetBinary && d.named == "" && d.flags&(flagEnum|flagSet) == 0 && d.kind != typeEnum && d.kind != typeSet:
		return arrow.Field{Name: d.name, Type: arrow.BinaryTypes.Binary, Nullable: true}
	case d.named != "":
		return sqldb.TypedField(d.name, arrow.BinaryTypes.String, d.named)
	}
	return arrow.Field{Name: d.name, Type: arrow.BinaryTypes.String, Nullable: true}
}

// typeName returns the server's name of the type, or another.
func (d definition) typeName(other string) string {
	if d.named != "" {
		return d.named
	}
	return other
}
