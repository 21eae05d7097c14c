package sqldb

import (
	"fmt"

	"github.com/wasmsql/wasmsql/abi"
)

// OrDefault returns the Batch with the defaults where it has zeros.
func (b Batch) OrDefault() Batch {
	if b.Rows <= 0 {
		b.Rows = DefaultBatchRows
	}
	if b.Bytes <= 0 {
		b.Bytes = DefaultBatchBytes
	}
	if b.Cell <= 0 {
		b.Cell = DefaultCellBytes
	}
	return b
}

// Fill counts what is in a batch that is being filled. The zero Fill is empty.
type Fill struct {
	Rows  int
	Bytes int64 // of the values, as Arrow holds them
}

// Full reports whether the batch has to go out under the bounds b.
func (f Fill) Full(b Batch) bool { return f.Rows >= b.Rows || f.Bytes >= b.Bytes }

// CellError is the error for a value over Batch.Cell. Rows count from 1.
func CellError(row int64, column string, size, limit int64) *Error {
	return &Error{
		Code:    abi.Limit,
		Message: fmt.Sprintf("row %d, column %q: a value of %d bytes is over the limit of %d", row, column, size, limit),
		Hint:    "select a part of it, or its length",
	}
}

// ConvertError is the error for a value that does not fit the type of its
// column. Rows count from 1.
func ConvertError(row int64, column, what, hint string) *Error {
	return &Error{Code: abi.Convert, Message: fmt.Sprintf("row %d, column %q: %s", row, column, what), Hint: hint}
}
