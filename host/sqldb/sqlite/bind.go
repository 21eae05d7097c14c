package sqlite

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// bind binds the parameters of a statement, which are in order: as many as it
// has placeholders, each a ? or ?1. SQLite itself would take a missing one for
// a null.
func (s *stmt) bind(params []abi.Value) error {
	n := s.placeholders()
	for i := 1; i <= n; i++ {
		if name := s.placeholderName(i); name != "" && !strings.HasPrefix(name, "?") {
			return &sqldb.Error{
				Code:    abi.InvalidArg,
				Message: fmt.Sprintf("the statement has the named placeholder %q", name),
				Hint:    "parameters are bound by position: write ?",
			}
		}
	}
	if n != len(params) {
		return &sqldb.Error{
			Code:    abi.InvalidArg,
			Message: fmt.Sprintf("the numbers of placeholders and of parameters differ: %d and %d", n, len(params)),
		}
	}
	for i, v := range params {
		if err := s.bindValue(i+1, v); err != nil {
			return err
		}
	}
	return nil
}

// bindValue binds a value as SQLite's users and SQLAlchemy store it:
//
//	int, bool      integer
//	float          real, -0.0 too; NaN is refused, since SQLite stores null for it
//	str, json      text, NULs within it too
//	decimal        integer or real, if one is equal to it, as a literal would be; else
//	               text, which keeps its digits and is a number beside a numeric column only
//	datetime       text YYYY-MM-DD HH:MM:SS[.ffffff] in UTC, as datetime() has it
//	date, time     text YYYY-MM-DD, HH:MM:SS[.ffffff]
//	timedelta      integer, in microseconds
//	uuid           text of 36 characters
//	bytes          blob
func (s *stmt) bindValue(i int, v abi.Value) error {
	if v.Null {
		return s.bindNull(i)
	}
	var room [40]byte
	text, ok := room[:0], true
	switch v.Type.Kind {
	case abi.Int, abi.Bool, abi.Timedelta:
		return s.bindInt(i, v.Int)
	case abi.Float:
		if math.IsNaN(v.Float) {
			return unfit(i, "NaN cannot be stored: SQLite would make it null", "pass null where that is meant")
		}
		return s.bindFloat(i, v.Float)
	case abi.Decimal:
		return s.bindDecimal(i, v.Str)
	case abi.Str, abi.JSON:
		if !utf8.ValidString(v.Str) {
			return unfit(i, "the text is not valid UTF-8", "pass bytes")
		}
		return s.bindText(i, v.Str)
	case abi.Bytes:
		return s.bindBlob(i, v.Str)
	case abi.Datetime:
		text, ok = appendTimestamp(text, v.Int)
	case abi.Date:
		text, ok = appendDate(text, v.Int)
	case abi.Time:
		text, ok = appendTime(text, v.Int)
	case abi.UUID:
		if ok = len(v.Str) == 16; ok {
			text = sqldb.AppendUUID(text, v.Str)
		}
	case abi.List:
		return &sqldb.Error{
			Code:    abi.Unsupported,
			Message: fmt.Sprintf("parameter %d: SQLite has no lists", i),
			Hint:    "write IN {{ … | inclause }}",
		}
	default:
		return unfit(i, "the kind of the value is not known", "")
	}
	if !ok {
		return unfit(i, "the "+v.Type.Kind.String()+" is out of range", "")
	}
	return s.bindText(i, string(text))
}

func (s *stmt) bindDecimal(i int, text string) error {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return s.bindInt(i, n)
	}
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		var room [32]byte
		if sameNumber([]byte(text), strconv.AppendFloat(room[:0], x, 'e', -1, 64)) {
			return s.bindFloat(i, x)
		}
	}
	return s.bindText(i, text)
}

func unfit(i int, what, hint string) error {
	return &sqldb.Error{Code: abi.Convert, Message: fmt.Sprintf("parameter %d: %s", i, what), Hint: hint}
}
