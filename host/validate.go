package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
)

// maxGuestRows bounds the rows of one batch of a guest: columns without bytes
// could claim any number.
const maxGuestRows = 1 << 20

// validate makes sure that nothing in a batch of a guest refers to what is
// not there, so that whoever reads it reads what the guest wrote.
func validate(rec arrow.Record) error {
	if rec.NumRows() > maxGuestRows {
		return fmt.Errorf("a batch of %d rows, the limit is %d", rec.NumRows(), maxGuestRows)
	}
	for i, col := range rec.Columns() {
		if err := validateData(col.Data()); err != nil {
			return fmt.Errorf("column %q: %w", rec.ColumnName(i), err)
		}
	}
	return nil
}

var errShort = errors.New("a buffer is shorter than its rows")

func validateData(d arrow.ArrayData) error {
	rows := int64(d.Offset()) + int64(d.Len())
	if d.Len() < 0 || d.Offset() < 0 {
		return errShort
	}
	buffer := func(i int) []byte {
		if i >= len(d.Buffers()) || d.Buffers()[i] == nil {
			return nil
		}
		return d.Buffers()[i].Bytes()
	}
	if bitmap := buffer(0); bitmap != nil && int64(len(bitmap))*8 < rows || buffer(0) == nil && d.NullN() > 0 && d.DataType().ID() != arrow.NULL {
		return errShort
	}
	switch t := d.DataType().(type) {
	case *arrow.NullType:
		return nil
	case *arrow.BooleanType:
		if int64(len(buffer(1)))*8 < rows {
			return errShort
		}
		return nil
	case *arrow.StringType:
		return validateOffsets(buffer(1), 4, rows, int64(len(buffer(2))), buffer(2), true)
	case *arrow.LargeStringType:
		return validateOffsets(buffer(1), 8, rows, int64(len(buffer(2))), buffer(2), true)
	case *arrow.BinaryType:
		return validateOffsets(buffer(1), 4, rows, int64(len(buffer(2))), nil, false)
	case *arrow.LargeBinaryType:
		return validateOffsets(buffer(1), 8, rows, int64(len(buffer(2))), nil, false)
	case *arrow.ListType:
		child := d.Children()[0]
		if err := validateOffsets(buffer(1), 4, rows, int64(child.Len()), nil, false); err != nil {
			return err
		}
		if child.Len() > 64*maxGuestRows {
			return fmt.Errorf("a list of %d elements", child.Len())
		}
		return validateData(child)
	case arrow.FixedWidthDataType:
		if t.Bytes() <= 0 || int64(len(buffer(1))) < rows*int64(t.Bytes()) {
			return errShort
		}
		return nil
	}
	return fmt.Errorf("the type %s is not accepted", d.DataType())
}

// validateOffsets checks that the rows' offsets of a width rise, within the
// values, and that the values between them are UTF-8 where they must be.
func validateOffsets(offsets []byte, width int, rows, size int64, text []byte, isText bool) error {
	if rows == 0 && len(offsets) == 0 {
		return nil
	}
	if int64(len(offsets)) < (rows+1)*int64(width) {
		return errShort
	}
	last := int64(0)
	for i := int64(0); i <= rows; i++ {
		var o int64
		if width == 4 {
			o = int64(int32(binary.LittleEndian.Uint32(offsets[i*4:])))
		} else {
			o = int64(binary.LittleEndian.Uint64(offsets[i*8:]))
		}
		if o < last || o > size {
			return errors.New("an offset is out of order or outside of its values")
		}
		if isText && i > 0 && !utf8.Valid(text[last:o]) {
			return fmt.Errorf("row %d is not UTF-8", i)
		}
		last = o
	}
	return nil
}
