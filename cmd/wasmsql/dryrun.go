package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
)

// printStatements prints what a run would ask of the database, as SQL with
// the rest in comments.
func printStatements(w io.Writer, statements []host.Statement) error {
	var b strings.Builder
	for i, s := range statements {
		if i > 0 {
			b.WriteByte('\n')
		}
		connection := ""
		if s.Connection != "" {
			connection = " on connection " + strconv.Quote(s.Connection)
		}
		fmt.Fprintf(&b, "-- statement %d of %d%s (%s)\n", i+1, len(statements), connection, s.Dialect)
		b.WriteString(fault.PrintableLines(strings.TrimRight(s.SQL, " \t\r\n")))
		b.WriteString("\n;\n")
		for j, p := range s.Params {
			fmt.Fprintf(&b, "-- parameter %d: %s = %s\n", j+1, p.Type, literal(p))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// literal returns a value in one line.
func literal(v abi.Value) string {
	if v.Null {
		return "null"
	}
	switch v.Type.Kind {
	case abi.Str, abi.JSON:
		return strconv.Quote(v.Str)
	}
	return fault.Printable(manifest.Format(v))
}
