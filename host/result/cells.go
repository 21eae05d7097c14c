package result

import (
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
)

// newCells returns a cell for each column, or an error that names the column
// whose type the format cannot hold.
func newCells(format Format, fields []arrow.Field) ([]cell, error) {
	cells := make([]cell, len(fields))
	for i, f := range fields {
		if cells[i] = newCell(f); cells[i] == nil {
			return nil, cannotHold(format, f)
		}
	}
	return cells, nil
}

func cannotHold(format Format, f arrow.Field) error {
	return &Error{
		Message: "column " + quote(f.Name) + " has type " + f.Type.String() + ", which " + string(format) + " cannot hold",
		Hint:    "cast it in the query, or write arrow",
	}
}

// cellError names the row, counted from 1, and the column of a value that
// could not be written.
func cellError(format Format, f arrow.Field, row int64, cause error) error {
	hint := ""
	switch cause {
	case errNotUTF8:
		hint = "cast it to bytes in the query, or write csv or arrow"
	case errNotJSON:
		hint = "cast it to text in the query, or write csv"
	}
	return &Error{
		Message: "row " + strconv.FormatInt(row, 10) + ", column " + quote(f.Name) + ": " + string(format) + " cannot hold it",
		Hint:    hint,
		Cause:   cause,
	}
}

// refuseNames returns an error that names a column whose name is not UTF-8, for
// formats whose readers then fail.
func refuseNames(fields []arrow.Field) error {
	for _, f := range fields {
		if !utf8.ValidString(f.Name) {
			return &Error{Message: "the name of column " + quote(f.Name) + " is not UTF-8", Hint: "give it another name in the query"}
		}
	}
	return nil
}

// refuseDuplicates returns an error that names a column whose name is there
// twice, for formats in which one of the two would be lost.
func refuseDuplicates(format Format, fields []arrow.Field) error {
	seen := make(map[string]int, len(fields))
	for i, f := range fields {
		if first, ok := seen[f.Name]; ok {
			return &Error{
				Message: "columns " + strconv.Itoa(first+1) + " and " + strconv.Itoa(i+1) + " are both named " + quote(f.Name) + ", and " + string(format) + " would lose one",
				Hint:    "name the columns with AS: … AS " + quote(f.Name+"_2"),
			}
		}
		seen[f.Name] = i
	}
	return nil
}
