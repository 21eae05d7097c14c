// Package arrow reads and writes Arrow IPC messages with the columns that
// wasmsql_v1 knows, without reflection and with next to no allocation: what a
// guest needs of Arrow, and no more.
//
// A [Schema] and each [Batch] are read from one encapsulated message, as
// cursor_next answers it. A Batch stands on the message's bytes: its columns
// are views, valid for as long as the bytes are left alone. A [Builder] makes
// the messages of a stream. What is read is checked first, so that no message,
// however damaged, makes a reader panic or read outside of it.
//
// Nothing here is for concurrent use.
//
// Source: the Arrow columnar format, "Serialization and Interprocess
// Communication (IPC)"; format/Schema.fbs and format/Message.fbs.
package arrow

// Kind is the kind of a column's values.
type Kind uint8

// The kinds, with the Go type of a value in a column's buffer.
const (
	Null      Kind = iota + 1 // no buffer: every value is null
	Bool                      // one bit
	Int8                      // int8
	Int16                     // int16
	Int32                     // int32
	Int64                     // int64
	Uint8                     // uint8
	Uint16                    // uint16
	Uint32                    // uint32
	Uint64                    // uint64
	Float32                   // float32
	Float64                   // float64
	Text                      // UTF-8 of any length
	Binary                    // bytes of any length
	Fixed                     // bytes of one length, Field.Width; a UUID has 16
	Decimal                   // 128-bit, in units of 10^-Scale
	Date                      // int32, days since 1970-01-01
	Time                      // int64, since midnight, in Field.Unit
	Timestamp                 // int64, since 1970-01-01 00:00:00, in Field.Unit
	Duration                  // int64, in Field.Unit
	Interval                  // months int32, days int32, nanoseconds int64
	List                      // values of Field.Elem
)

var kindNames = [...]string{
	"no kind", "null", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
	"text", "binary", "fixed", "decimal", "date", "time", "timestamp", "duration", "interval", "list",
}

// String returns the kind's name, for instance "int64".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// width returns the bytes of a value of the kind, 0 where they vary or are
// fewer than one.
func (f *Field) width() int {
	switch f.Kind {
	case Int8, Uint8:
		return 1
	case Int16, Uint16:
		return 2
	case Int32, Uint32, Float32, Date:
		return 4
	case Int64, Uint64, Float64, Time, Timestamp, Duration:
		return 8
	case Decimal, Interval:
		return 16
	case Fixed:
		return f.Width
	}
	return 0
}

// Unit is the unit of a Time, Timestamp or Duration. The zero Unit is what
// the host sends.
type Unit uint8

// The units.
const (
	Microsecond Unit = iota
	Nanosecond
	Millisecond
	Second
)

// Field describes a column. Which of the fields below Nullable count depends
// on Kind.
type Field struct {
	Name     string
	Kind     Kind
	Nullable bool

	Precision int    // Decimal: digits, 1 to 38
	Scale     int    // Decimal: digits behind the point
	Width     int    // Fixed: bytes of a value
	Unit      Unit   // Time, Timestamp, Duration
	Zone      string // Timestamp: "UTC" for an instant, "" for a local time
	Elem      *Field // List

	// Database is the database's name of a type that Arrow has no equal of,
	// for instance "numeric" for decimals without a bound, which are Text.
	Database string
	// Extension is the Arrow extension type: "arrow.uuid", "arrow.json".
	Extension string
}

// The keys of field metadata that Database and Extension stand for.
const (
	keyDatabase  = "wasmsql.type"
	keyExtension = "ARROW:extension:name"
	keyArgument  = "ARROW:extension:metadata"
)

// UUID returns the field of a column of UUIDs.
func UUID(name string) Field {
	return Field{Name: name, Kind: Fixed, Width: 16, Extension: "arrow.uuid"}
}

// JSON returns the field of a column of JSON texts.
func JSON(name string) Field { return Field{Name: name, Kind: Text, Extension: "arrow.json"} }

// Schema is the columns of a stream, in order.
type Schema struct{ Fields []Field }

// Index returns the number of the first column of a name, or -1.
func (s *Schema) Index(name string) int {
	for i := range s.Fields {
		if s.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

// Error says what is wrong with a message, or with what a Builder was given.
type Error struct {
	Column  string // the column's name, or empty
	Problem string
}

// Error returns the column and the problem, for instance
// `arrow: column "id": its offsets go back`.
func (e *Error) Error() string {
	if e.Column != "" {
		return "arrow: column \"" + e.Column + "\": " + e.Problem
	}
	return "arrow: " + e.Problem
}

// Bounds of what is read and written, those of the host.
const (
	maxFields = 4096
	maxDepth  = 8
	maxRows   = 1 << 31 // of one batch

	maxMetadata = 1 << 20
	maxBody     = 64 << 20
)
