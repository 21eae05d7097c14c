package sqlite

import (
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

// declared is what a column's declared type asks for. The zero declared is a
// column without one.
type declared struct {
	kind             declaredKind
	precision, scale int    // of a decimal
	name             string // as it stands in CREATE TABLE
}

type declaredKind uint8

const (
	declaredNothing declaredKind = iota // the values decide
	declaredOther                       // the values decide, the name goes to the field's metadata
	declaredInt
	declaredBool
	declaredFloat
	declaredText
	declaredBlob
	declaredDate
	declaredTime
	declaredTimestamp
	declaredInstant // a timestamp that is in UTC
	declaredDecimal
	declaredJSON
	declaredUUID
)

// declaredNames are types of which the whole name counts, without its
// parentheses.
var declaredNames = map[string]declaredKind{
	"": declaredNothing, "ANY": declaredNothing,
	"BOOL": declaredBool, "BOOLEAN": declaredBool,
	"DATE": declaredDate, "TIME": declaredTime, "TIME WITHOUT TIME ZONE": declaredTime,
	"DATETIME": declaredTimestamp, "TIMESTAMP": declaredTimestamp, "DATETIME2": declaredTimestamp,
	"SMALLDATETIME": declaredTimestamp, "TIMESTAMP WITHOUT TIME ZONE": declaredTimestamp,
	"TIMESTAMPTZ": declaredInstant, "TIMESTAMP WITH TIME ZONE": declaredInstant, "DATETIMEOFFSET": declaredInstant,
	"DECIMAL": declaredDecimal, "NUMERIC": declaredDecimal, "DEC": declaredDecimal, "NUMBER": declaredDecimal,
	"JSON": declaredJSON, "JSONB": declaredJSON,
	"UUID": declaredUUID, "GUID": declaredUUID, "UNIQUEIDENTIFIER": declaredUUID,
	"BINARY": declaredBlob, "VARBINARY": declaredBlob, "BYTEA": declaredBlob, "BYTES": declaredBlob, "IMAGE": declaredBlob,
}

// integerWords are the words that an integer type is made of.
var integerWords = map[string]bool{
	"INT": true, "INTEGER": true, "TINYINT": true, "SMALLINT": true, "MEDIUMINT": true, "BIGINT": true,
	"INT2": true, "INT4": true, "INT8": true, "UNSIGNED": true, "SIGNED": true, "BIG": true, "LONG": true,
	"SERIAL": true, "SMALLSERIAL": true, "BIGSERIAL": true, "ZEROFILL": true,
}

// parseDeclared reads a declared type. Names that are not known go by SQLite's
// own rules of affinity where those mean text, blob or real.
//
// Source: https://sqlite.org/datatype3.html, "Determination Of Column
// Affinity"; the names that SQLAlchemy, Django and pandas write.
func parseDeclared(decl string) declared {
	d := declared{name: decl}
	name, args, hasArgs := strings.Cut(strings.ToUpper(decl), "(")
	name = strings.Join(strings.Fields(name), " ")
	if hasArgs {
		list, behind, _ := strings.Cut(args, ")")
		args = list
		name = strings.TrimSpace(name + " " + strings.Join(strings.Fields(behind), " "))
	}
	kind, known := declaredNames[name]
	switch {
	case known:
		d.kind = kind
	case isInteger(name):
		d.kind = declaredInt
		if name == "TINYINT" && strings.TrimSpace(args) == "1" {
			d.kind = declaredBool
		}
	case strings.Contains(name, "CHAR"), strings.Contains(name, "CLOB"), strings.Contains(name, "TEXT"):
		d.kind = declaredText
	case strings.Contains(name, "BLOB"):
		d.kind = declaredBlob
	case strings.Contains(name, "REAL"), strings.Contains(name, "FLOA"), strings.Contains(name, "DOUB"):
		d.kind = declaredFloat
	default:
		d.kind = declaredOther
	}
	if d.kind == declaredDecimal && !d.decimalArgs(args) {
		d.kind = declaredOther
	}
	return d
}

// storedAs returns the kind, of those that SQLite stores, that values of the
// declared type most likely have: declaredNothing where that is not known.
func (d declared) storedAs() declaredKind {
	switch d.kind {
	case declaredInt, declaredBool:
		return declaredInt
	case declaredFloat, declaredDecimal:
		return declaredFloat
	case declaredText, declaredDate, declaredTime, declaredTimestamp, declaredInstant, declaredJSON, declaredUUID:
		return declaredText
	case declaredBlob:
		return declaredBlob
	}
	return declaredNothing
}

func isInteger(name string) bool {
	words := strings.Fields(name)
	integer := false
	for _, w := range words {
		if !integerWords[w] {
			return false
		}
		integer = integer || strings.Contains(w, "INT") || strings.Contains(w, "SERIAL")
	}
	return integer
}

// decimalArgs reads "precision[, scale]" and reports whether a decimal128 can
// hold it.
func (d *declared) decimalArgs(args string) bool {
	p, s, hasScale := strings.Cut(args, ",")
	var err1, err2 error
	d.precision, err1 = strconv.Atoi(strings.TrimSpace(p))
	if hasScale {
		d.scale, err2 = strconv.Atoi(strings.TrimSpace(s))
	}
	return err1 == nil && err2 == nil && d.precision >= 1 && d.precision <= maxPrecision && d.scale >= 0 && d.scale <= d.precision
}

// field returns the Arrow field of a column of this type. Of a column whose
// values decide, t is the type that they have.
func (d declared) field(name string, t arrow.DataType) arrow.Field {
	switch d.kind {
	case declaredJSON:
		return sqldb.JSONField(name)
	case declaredUUID:
		return sqldb.UUIDField(name)
	case declaredOther:
		return sqldb.TypedField(name, t, strings.ToLower(d.name))
	}
	return arrow.Field{Name: name, Type: t, Nullable: true}
}
