package sqldbtest

import (
	"errors"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/internal/columns"
)

// conversionOf returns how rows become the outputs that a step declares, or
// nothing where it declares none. Its error is columns.Errors.
func conversionOf(schema *arrow.Schema, outputs []abi.OutputColumn) (*columns.Conversion, error) {
	if outputs == nil {
		return nil, nil
	}
	return columns.Check(schema, abi.Outputs{Mode: abi.OutputColumns, Columns: outputs})
}

// converted returns the rows of a batch as text, converted if it is said how.
// Its error is *columns.Error.
func converted(rec arrow.Record, convert *columns.Conversion) (string, error) {
	if convert == nil {
		return showRows(rec), nil
	}
	out, err := convert.Apply(rec)
	if err != nil {
		return "", err
	}
	defer out.Release()
	return showRows(out), nil
}

// compareMisfit compares what is said of columns or of a value that are not as
// declared, one a line.
func (r *runner) compareMisfit(name, want string, err error) {
	r.t.Helper()
	var all columns.Errors
	var one *columns.Error
	switch {
	case errors.As(err, &all), errors.As(err, &one):
		if got := strings.TrimSpace(err.Error()); got != want {
			r.t.Errorf("%s: misfit: got\n%s\nwant\n%s", name, got, want)
		}
	default:
		r.t.Errorf("%s: got %v, want the misfit\n%s", name, err, want)
	}
}
