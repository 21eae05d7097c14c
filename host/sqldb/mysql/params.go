package mysql

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Types of the protocol.
const (
	typeDecimal    = 0x00
	typeTiny       = 0x01
	typeShort      = 0x02
	typeLong       = 0x03
	typeFloat      = 0x04
	typeDouble     = 0x05
	typeNull       = 0x06
	typeTimestamp  = 0x07
	typeLongLong   = 0x08
	typeInt24      = 0x09
	typeDate       = 0x0a
	typeTime       = 0x0b
	typeDatetime   = 0x0c
	typeYear       = 0x0d
	typeNewDate    = 0x0e
	typeVarchar    = 0x0f
	typeBit        = 0x10
	typeVector     = 0xf2
	typeJSON       = 0xf5
	typeNewDecimal = 0xf6
	typeEnum       = 0xf7
	typeSet        = 0xf8
	typeTinyBlob   = 0xf9
	typeMediumBlob = 0xfa
	typeLongBlob   = 0xfb
	typeBlob       = 0xfc
	typeVarString  = 0xfd
	typeString     = 0xfe
	typeGeometry   = 0xff
)

const (
	microsOfDay = 24 * 60 * 60 * 1_000_000
	// maxTimedelta is what a TIME holds, to either side.
	maxTimedelta = (838*3600+59*60+59)*1_000_000 + 999_999
	// maxDigits is what a DECIMAL holds; the server drops more behind the point.
	maxDigits = 65
)

// paramType returns the type that a value is sent as: that of the literal that
// one would write for it.
//
//	int              BIGINT
//	bool             TINYINT, as TRUE and FALSE are
//	float            DOUBLE; NaN and infinities are refused, MySQL has none
//	str, json, uuid  text in utf8mb4; a uuid has 36 characters
//	decimal          DECIMAL of at most 65 digits, compared and stored exactly
//	datetime         DATETIME in UTC, which is the session's time zone
//	date, time       DATE, TIME
//	timedelta        TIME, to ±838:59:59.999999
//	bytes            BLOB
func paramType(k abi.Kind) (byte, bool) {
	switch k {
	case abi.Int:
		return typeLongLong, true
	case abi.Bool:
		return typeTiny, true
	case abi.Float:
		return typeDouble, true
	case abi.Str, abi.JSON, abi.UUID:
		return typeVarString, true
	case abi.Decimal:
		return typeNewDecimal, true
	case abi.Datetime:
		return typeDatetime, true
	case abi.Date:
		return typeDate, true
	case abi.Time, abi.Timedelta:
		return typeTime, true
	case abi.Bytes:
		return typeBlob, true
	}
	return 0, false
}

// appendParams appends the parameters as COM_STMT_EXECUTE has them: a bitmap
// of the nulls, a 1, two bytes of type each, and the values. The whole may
// have most bytes.
func appendParams(p []byte, params []abi.Value, most int64) ([]byte, error) {
	if len(params) == 0 {
		return p, nil
	}
	nulls := len(p)
	p = append(p, make([]byte, (len(params)+7)/8)...)
	p = append(p, 1)
	for i, v := range params {
		t, ok := paramType(v.Type.Kind)
		switch {
		case v.Type.Kind == abi.List:
			return p, &sqldb.Error{
				Code:    abi.Unsupported,
				Message: fmt.Sprintf("parameter %d: MySQL has no lists", i+1),
				Hint:    "write IN {{ … | inclause }}",
			}
		case !ok:
			return p, unfit(i, "the kind of the value is not known", "")
		}
		p = append(p, t, 0)
		if v.Null {
			p[nulls+i/8] |= 1 << (i % 8)
		}
	}
	for i, v := range params {
		if v.Null {
			continue
		}
		var err error
		if p, err = appendValue(p, i, v); err != nil {
			return p, err
		}
		if int64(len(p)-headerSize) > most {
			return p, &sqldb.Error{
				Code:    abi.Limit,
				Message: fmt.Sprintf("the statement's parameters are over the %d bytes that the server takes", most),
				Hint:    "the server's max_allowed_packet bounds them; pass less at once",
			}
		}
	}
	return p, nil
}

// appendValue appends the value of parameter i, from 0, which is not null.
func appendValue(p []byte, i int, v abi.Value) ([]byte, error) {
	ok := true
	switch v.Type.Kind {
	case abi.Int:
		return binary.LittleEndian.AppendUint64(p, uint64(v.Int)), nil
	case abi.Bool:
		return append(p, byte(v.Int&1)), nil
	case abi.Float:
		if math.IsNaN(v.Float) || math.IsInf(v.Float, 0) {
			return p, unfit(i, "MySQL has no NaN and no infinities", "pass null where that is meant")
		}
		return binary.LittleEndian.AppendUint64(p, math.Float64bits(v.Float)), nil
	case abi.Decimal:
		if significant(v.Str) > maxDigits {
			return p, unfit(i, fmt.Sprintf("the decimal has more digits than MySQL's DECIMAL, %d", maxDigits), "pass it as a str")
		}
		fallthrough
	case abi.Str, abi.JSON:
		if !utf8.ValidString(v.Str) {
			return p, unfit(i, "the text is not valid UTF-8", "pass bytes")
		}
		return appendText(p, v.Str), nil
	case abi.Bytes:
		return appendText(p, v.Str), nil
	case abi.UUID:
		if ok = len(v.Str) == 16; ok {
			var room [36]byte
			return appendText(p, string(sqldb.AppendUUID(room[:0], v.Str))), nil
		}
	case abi.Datetime:
		if ok = v.Int >= abi.MinDatetime && v.Int <= abi.MaxDatetime; ok {
			return appendDatetime(p, v.Int), nil
		}
	case abi.Date:
		if ok = v.Int >= abi.MinDate && v.Int <= abi.MaxDate; ok {
			return appendDate(append(p, 4), v.Int), nil
		}
	case abi.Time:
		if ok = v.Int >= 0 && v.Int <= abi.MaxTime; ok {
			return appendTime(p, v.Int), nil
		}
	case abi.Timedelta:
		if v.Int < -maxTimedelta || v.Int > maxTimedelta {
			return p, unfit(i, "the timedelta is out of the range of TIME, ±838:59:59", "pass it as an int, in microseconds")
		}
		return appendTime(p, v.Int), nil
	}
	if !ok {
		return p, unfit(i, "the "+v.Type.Kind.String()+" is out of range", "")
	}
	return p, unfit(i, "the kind of the value is not known", "")
}

// significant returns how many digits of a decimal count.
func significant(s string) int {
	s = strings.TrimLeft(s, "-0")
	whole, fraction, _ := strings.Cut(s, ".")
	return len(whole) + len(strings.TrimRight(fraction, "0"))
}

func appendText(p []byte, s string) []byte {
	return append(appendLengthInt(p, uint64(len(s))), s...)
}

// appendDate appends year, month and day of days since 1970.
func appendDate(p []byte, days int64) []byte {
	y, m, d := civil(days)
	return append(p, byte(y), byte(y>>8), byte(m), byte(d))
}

// appendDatetime appends a length and the parts of an instant.
func appendDatetime(p []byte, micros int64) []byte {
	days := floorDiv(micros, microsOfDay)
	rest := micros - days*microsOfDay
	length := byte(7)
	if rest%1_000_000 != 0 {
		length = 11
	}
	return appendClock(appendDate(append(p, length), days), rest)
}

// appendTime appends a length, a sign, days, and the parts of a time.
func appendTime(p []byte, micros int64) []byte {
	sign := byte(0)
	if micros < 0 {
		sign, micros = 1, -micros
	}
	length := byte(8)
	if micros%1_000_000 != 0 {
		length = 12
	}
	p = append(p, length, sign)
	p = binary.LittleEndian.AppendUint32(p, uint32(micros/microsOfDay))
	return appendClock(p, micros%microsOfDay)
}

// appendClock appends hour, minute and second, and what is below if it is not
// zero.
func appendClock(p []byte, micros int64) []byte {
	seconds := micros / 1_000_000
	p = append(p, byte(seconds/3600), byte(seconds/60%60), byte(seconds%60))
	if below := micros % 1_000_000; below != 0 {
		p = binary.LittleEndian.AppendUint32(p, uint32(below))
	}
	return p
}

func unfit(i int, what, hint string) error {
	return &sqldb.Error{Code: abi.Convert, Message: fmt.Sprintf("parameter %d: %s", i+1, what), Hint: hint}
}
