// Package result writes an Arrow record stream as a table, CSV, JSON, NDJSON,
// an Arrow IPC stream or a Parquet file, in memory that does not grow with
// the number of rows.
//
// A [Writer] is a sink for one result: it takes a schema, batches, and then
// either Finish and Close, or Abort. It is used by one goroutine at a time; its
// counters may be read by others meanwhile.
//
// # Text
//
// Every Arrow type has one text form, the same in a table and in CSV:
//
//	int, uint                 12, -3
//	float                     the shortest that reads back equal: 0.1, 3.0, 1e+21, NaN, Infinity, -Infinity
//	decimal                   exact, with its scale: 12.30
//	bool                      true, false
//	utf8                      as it is
//	binary                    \x and hexadecimal: \x00ff
//	uuid (extension)          aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee
//	json (extension)          as it is
//	date                      2020-01-02
//	time                      03:04:05, 03:04:05.000006
//	timestamp                 2020-01-02 03:04:05.000006
//	timestamp with time zone  2020-01-02 03:04:05.000006+00:00, always in UTC
//	duration                  ISO 8601: P1DT2H3M4.000005S, -PT1S, PT0S
//	interval                  ISO 8601: P1Y2M3DT4H5M6.000007S, each part with its own sign
//	list, struct, map         as JSON
//
// A fraction of a second is left out where it is zero and otherwise has all
// digits of the type's unit. Years outside 0 to 9999 are written with as many
// digits as they have and a sign where they are negative (year 0 is 1 BC).
//
// # JSON
//
// Numbers are numbers, also those beyond 2^53 and decimals: their text is
// exact, and a reader that keeps it loses nothing. NaN and the infinities are
// the strings "NaN", "Infinity" and "-Infinity". Binary is base64. A
// timestamp has a T between date and time. A json column is embedded, a list
// is an array, a struct an object, a map an array of {"key": …, "value": …}.
// Everything else is the text form in a string. Text that is not UTF-8 is an
// error, as JSON cannot hold it.
package result

import (
	"path/filepath"
	"strings"

	"github.com/wasmsql/wasmsql/host/near"
)

// Format is how a result is written.
type Format string

// The formats.
const (
	// Table is aligned text for people: see Options.Terminal. Control characters
	// are written as \n, \x1b, \u202e, and a backslash in a text that would
	// read as such an escape is doubled.
	Table Format = "table"
	// CSV is RFC 4180 with \n at the end of a line and a header. NULL is an
	// empty field, the empty string is "". In a result of one column NULL is
	// the word NULL, as readers skip a blank line, and that text is "NULL" in
	// quotes. Bytes are as the column has them.
	CSV Format = "csv"
	// JSON is one array of objects.
	JSON Format = "json"
	// NDJSON is an object a line.
	NDJSON Format = "ndjson"
	// Arrow is an Arrow IPC stream.
	Arrow Format = "arrow"
	// Parquet is a Parquet file.
	Parquet Format = "parquet"
)

// Formats returns all formats, in the order of messages.
func Formats() []Format { return []Format{Table, CSV, JSON, NDJSON, Arrow, Parquet} }

// Binary reports whether the format is not text.
func (f Format) Binary() bool { return f == Arrow || f == Parquet }

// ParseFormat returns the format with that name. Its error is an *Error that
// names the accepted ones.
func ParseFormat(name string) (Format, error) {
	var names []string
	for _, f := range Formats() {
		if name == string(f) {
			return f, nil
		}
		names = append(names, string(f))
	}
	hint := "accepted are " + strings.Join(names, ", ")
	if meant, ok := near.Name(name, names); ok {
		hint = "did you mean " + quote(meant) + "? " + hint
	}
	return "", &Error{Message: "unknown format " + quote(name), Hint: hint}
}

// FormatOf returns the format that a file name's extension stands for.
func FormatOf(path string) (Format, bool) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		return CSV, true
	case ".json":
		return JSON, true
	case ".ndjson", ".jsonl":
		return NDJSON, true
	case ".arrow", ".arrows", ".ipc":
		return Arrow, true
	case ".parquet":
		return Parquet, true
	case ".txt":
		return Table, true
	}
	return "", false
}

// Options are the choices of one result. The zero Options are for a file or
// a pipe.
type Options struct {
	// Terminal says that the output is a terminal. A table then shows what
	// fits and says how much there is; CSV escapes control characters as a
	// table does; binary formats are refused.
	Terminal bool
	// Width and Height are the terminal's size in cells; 0 is unknown.
	Width, Height int
	// Color lets a table mark NULL and its header with terminal attributes.
	Color bool
	// CSVSafe puts ' before a text cell of CSV, headers too, that a
	// spreadsheet would take for a formula: one that begins with = + - @ or
	// their wide forms, a tab, a line break or NUL.
	CSVSafe bool
	// Arrays has JSON and NDJSON write a row as an array of its values, and not
	// as an object: columns may then have the same name.
	Arrays bool
}
