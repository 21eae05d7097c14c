package postgres

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// bindings are the parameters of a statement, encoded.
type bindings struct {
	oids    []uint32
	asked   []uint32 // the types before the server said more, or nil
	formats []int16
	values  []byte // each an int32 length and so many bytes; -1 is null
}

// maxParams is what a Bind message has room for.
const maxParams = math.MaxUint16

// bindParams encodes parameters with the types that the equal literal would
// have:
//
//	int         int4 where it fits, else int8
//	float       float8
//	bool        bool
//	str         unknown: the server infers the type from where it stands, and it
//	            is text where that tells nothing
//	bytes       bytea
//	date, time  date, time
//	datetime    timestamptz
//	timedelta   interval, of microseconds: neither days nor months
//	decimal     numeric
//	uuid        uuid
//	json        jsonb
//	list        an array of these, with int4 where all fit; of str, unknown, as '{…}' is
//
// A null has the type that a value would have; of an int, int4.
//
// As with literals, a function that takes smallint takes no int, and one that
// takes any type cannot tell what an unknown is: a CAST in the query says it.
func bindParams(sql string, params []abi.Value) (*bindings, error) {
	if len(params) > maxParams {
		return nil, &sqldb.Error{
			Code: abi.Limit, Message: fmt.Sprintf("%d parameters, PostgreSQL takes %d", len(params), maxParams),
			Hint: "pass a list as an array: = ANY({{ … }})",
		}
	}
	if err := checkCount(sql, len(params)); err != nil {
		return nil, err
	}
	b := &bindings{}
	for i, v := range params {
		if err := b.add(v); err != nil {
			err.Message = fmt.Sprintf("parameter %d: %s", i+1, err.Message)
			return nil, err
		}
		if len(b.values) > maxMessage/2 {
			return nil, &sqldb.Error{Code: abi.Limit, Message: "the parameters are over the limit of 512 MiB"}
		}
	}
	return b, nil
}

// key is what a plan is remembered by.
func (b *bindings) key() []uint32 {
	if b.asked != nil {
		return b.asked
	}
	return b.oids
}

// as returns the bindings with the types of a plan, whose values are encoded
// alike.
func (b *bindings) as(oids []uint32) *bindings {
	return &bindings{oids: oids, asked: b.key(), formats: b.formats, values: b.values}
}

// isText makes the parameter, of which the server says that it cannot know its
// type, a text, as it makes a literal. It reports whether it has done so.
func (b *bindings) isText(err error) bool {
	var f *failure
	if !errors.As(err, &f) || f.state != "42P18" { // indeterminate_datatype
		return false
	}
	_, number, _ := strings.Cut(f.message, "$")
	if end := strings.IndexFunc(number, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		number = number[:end]
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(b.oids) || b.oids[n-1] != 0 {
		return false
	}
	b.asked, b.oids = b.key(), slices.Clone(b.oids)
	b.oids[n-1] = oidText
	return true
}

func (b *bindings) add(v abi.Value) *sqldb.Error {
	oid, format, err := paramType(v)
	if err != nil {
		return err
	}
	b.oids, b.formats = append(b.oids, oid), append(b.formats, format)
	at := len(b.values)
	b.values = append(b.values, 0xff, 0xff, 0xff, 0xff)
	if v.Null {
		return nil
	}
	if b.values, err = appendParam(b.values, v, oid); err != nil {
		return err
	}
	binary.BigEndian.PutUint32(b.values[at:], uint32(len(b.values)-at-4))
	return nil
}

// The types of parameters by kind, and of arrays of them. Str is not here: its
// type is unknown.
var paramTypes = map[abi.Kind][2]uint32{
	abi.Int: {oidInt4, 1007}, abi.Float: {oidFloat8, 1022}, abi.Bool: {oidBool, 1000}, abi.Bytes: {oidBytea, 1001},
	abi.Date: {oidDate, 1182}, abi.Time: {oidTime, 1183}, abi.Datetime: {oidTimestamptz, 1185}, abi.Timedelta: {oidInterval, 1187},
	abi.Decimal: {oidNumeric, 1231}, abi.UUID: {oidUUID, 2951}, abi.JSON: {oidJSONB, 3807},
}

// The types of ints that int4 does not hold.
var bigTypes = [2]uint32{oidInt8, 1016}

func paramType(v abi.Value) (oid uint32, format int16, err *sqldb.Error) {
	scalar, array := v.Type, 0
	if v.Type.Kind == abi.List && v.Type.Elem != nil {
		scalar, array = *v.Type.Elem, 1
	}
	if scalar.Kind == abi.Str {
		return 0, asText, nil
	}
	oids, ok := paramTypes[scalar.Kind]
	switch {
	case scalar.Kind == abi.List:
		return 0, 0, &sqldb.Error{Code: abi.Unsupported, Message: "a list of lists", Hint: "pass it as json"}
	case !ok:
		return 0, 0, &sqldb.Error{Code: abi.Convert, Message: "the kind of the value is not known"}
	case scalar.Kind == abi.Int && !fitsInt4(v):
		oids = bigTypes
	}
	return oids[array], asBinary, nil
}

func fitsInt4(v abi.Value) bool {
	if v.Type.Kind != abi.List {
		return v.Int == int64(int32(v.Int))
	}
	for _, e := range v.List {
		if !fitsInt4(e) {
			return false
		}
	}
	return true
}

// appendParam appends the value, which is not null, in the form of the type.
func appendParam(dst []byte, v abi.Value, oid uint32) ([]byte, *sqldb.Error) {
	ok := true
	switch v.Type.Kind {
	case abi.Int:
		if oid == oidInt4 {
			return binary.BigEndian.AppendUint32(dst, uint32(v.Int)), nil
		}
		return binary.BigEndian.AppendUint64(dst, uint64(v.Int)), nil
	case abi.Float:
		return binary.BigEndian.AppendUint64(dst, math.Float64bits(v.Float)), nil
	case abi.Bool:
		return append(dst, byte(v.Int&1)), nil
	case abi.Str:
		return appendText(dst, v.Str)
	case abi.JSON:
		return appendText(append(dst, 1), v.Str)
	case abi.Bytes:
		return append(dst, v.Str...), nil
	case abi.UUID:
		ok = len(v.Str) == 16
		dst = append(dst, v.Str...)
	case abi.Date:
		days := v.Int - epochDays
		ok = days > math.MinInt32 && days < math.MaxInt32
		dst = binary.BigEndian.AppendUint32(dst, uint32(days))
	case abi.Datetime:
		ok = v.Int > math.MinInt64+epochMicros
		dst = binary.BigEndian.AppendUint64(dst, uint64(v.Int-epochMicros))
	case abi.Time:
		ok = v.Int >= 0 && v.Int < microsPerDay
		dst = binary.BigEndian.AppendUint64(dst, uint64(v.Int))
	case abi.Timedelta:
		dst = append(binary.BigEndian.AppendUint64(dst, uint64(v.Int)), 0, 0, 0, 0, 0, 0, 0, 0)
	case abi.Decimal:
		dst, ok = appendNumeric(dst, v.Str)
	case abi.List:
		if v.Type.Elem.Kind == abi.Str {
			return appendTexts(dst, v.List)
		}
		return appendArray(dst, v.List, builtins[oid].elem)
	}
	if !ok {
		return dst, &sqldb.Error{Code: abi.Convert, Message: "the " + v.Type.Kind.String() + " is out of range"}
	}
	return dst, nil
}

// appendText appends a text.
func appendText(dst []byte, s string) ([]byte, *sqldb.Error) {
	return append(dst, s...), checkText(s)
}

// checkText returns why PostgreSQL cannot hold a text, or nil.
func checkText(s string) *sqldb.Error {
	switch {
	case strings.IndexByte(s, 0) >= 0:
		return &sqldb.Error{Code: abi.Convert, Message: "the text holds a NUL character, which PostgreSQL cannot store", Hint: "pass bytes"}
	case !utf8.ValidString(s):
		return &sqldb.Error{Code: abi.Convert, Message: "the text is not valid UTF-8", Hint: "pass bytes"}
	}
	return nil
}

// appendTexts appends a list of texts as the literal of an array.
//
// Source: the PostgreSQL documentation, "Array Input and Output Syntax".
func appendTexts(dst []byte, list []abi.Value) ([]byte, *sqldb.Error) {
	dst = append(dst, '{')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		if v.Null {
			dst = append(dst, "NULL"...)
			continue
		}
		if err := checkText(v.Str); err != nil {
			return dst, err
		}
		dst = append(dst, '"')
		for _, c := range []byte(v.Str) {
			if c == '"' || c == '\\' {
				dst = append(dst, '\\')
			}
			dst = append(dst, c)
		}
		dst = append(dst, '"')
	}
	return append(dst, '}'), nil
}

// appendArray appends an array of one dimension.
//
// Source: src/backend/utils/adt/arrayfuncs.c, array_recv.
func appendArray(dst []byte, list []abi.Value, elem uint32) ([]byte, *sqldb.Error) {
	int32 := binary.BigEndian.AppendUint32
	if len(list) == 0 {
		return int32(int32(int32(dst, 0), 0), elem), nil
	}
	nulls := uint32(0)
	for _, v := range list {
		if v.Null {
			nulls = 1
		}
	}
	dst = int32(int32(int32(dst, 1), nulls), elem)
	dst = int32(int32(dst, uint32(len(list))), 1)
	for _, v := range list {
		at := len(dst)
		dst = int32(dst, math.MaxUint32)
		if v.Null {
			continue
		}
		var err *sqldb.Error
		if dst, err = appendParam(dst, v, elem); err != nil {
			return dst, err
		}
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst, nil
}
