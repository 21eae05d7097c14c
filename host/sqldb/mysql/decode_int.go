package mysql

import (
	"encoding/binary"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow/array"
)

// The integers. A type parameter for the width would cost a call through a
// dictionary for each value.

type int8Decoder struct{ b *array.Int8Builder }

func (d *int8Decoder) builder() array.Builder { return d.b }

func (d *int8Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 1 {
		return 0, nil
	}
	d.b.Append(int8(p[0]))
	return 1, nil
}

func (d *int8Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseInt(string(p), 10, 8)
	if err != nil {
		return wrongText("integer of 8 bits")
	}
	d.b.Append(int8(v))
	return nil
}

type uint8Decoder struct{ b *array.Uint8Builder }

func (d *uint8Decoder) builder() array.Builder { return d.b }

func (d *uint8Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 1 {
		return 0, nil
	}
	d.b.Append(p[0])
	return 1, nil
}

func (d *uint8Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseUint(string(p), 10, 8)
	if err != nil {
		return wrongText("integer of 8 bits")
	}
	d.b.Append(uint8(v))
	return nil
}

type int16Decoder struct{ b *array.Int16Builder }

func (d *int16Decoder) builder() array.Builder { return d.b }

func (d *int16Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 2 {
		return 0, nil
	}
	d.b.Append(int16(binary.LittleEndian.Uint16(p)))
	return 2, nil
}

func (d *int16Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseInt(string(p), 10, 16)
	if err != nil {
		return wrongText("integer of 16 bits")
	}
	d.b.Append(int16(v))
	return nil
}

type uint16Decoder struct{ b *array.Uint16Builder }

func (d *uint16Decoder) builder() array.Builder { return d.b }

func (d *uint16Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 2 {
		return 0, nil
	}
	d.b.Append(binary.LittleEndian.Uint16(p))
	return 2, nil
}

func (d *uint16Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseUint(string(p), 10, 16)
	if err != nil {
		return wrongText("integer of 16 bits")
	}
	d.b.Append(uint16(v))
	return nil
}

type int32Decoder struct{ b *array.Int32Builder }

func (d *int32Decoder) builder() array.Builder { return d.b }

func (d *int32Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 4 {
		return 0, nil
	}
	d.b.Append(int32(binary.LittleEndian.Uint32(p)))
	return 4, nil
}

func (d *int32Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseInt(string(p), 10, 32)
	if err != nil {
		return wrongText("integer of 32 bits")
	}
	d.b.Append(int32(v))
	return nil
}

type uint32Decoder struct{ b *array.Uint32Builder }

func (d *uint32Decoder) builder() array.Builder { return d.b }

func (d *uint32Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 4 {
		return 0, nil
	}
	d.b.Append(binary.LittleEndian.Uint32(p))
	return 4, nil
}

func (d *uint32Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseUint(string(p), 10, 32)
	if err != nil {
		return wrongText("integer of 32 bits")
	}
	d.b.Append(uint32(v))
	return nil
}

type int64Decoder struct{ b *array.Int64Builder }

func (d *int64Decoder) builder() array.Builder { return d.b }

func (d *int64Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 8 {
		return 0, nil
	}
	d.b.Append(int64(binary.LittleEndian.Uint64(p)))
	return 8, nil
}

func (d *int64Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseInt(string(p), 10, 64)
	if err != nil {
		return wrongText("integer of 64 bits")
	}
	d.b.Append(v)
	return nil
}

type uint64Decoder struct{ b *array.Uint64Builder }

func (d *uint64Decoder) builder() array.Builder { return d.b }

func (d *uint64Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 8 {
		return 0, nil
	}
	d.b.Append(binary.LittleEndian.Uint64(p))
	return 8, nil
}

func (d *uint64Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseUint(string(p), 10, 64)
	if err != nil {
		return wrongText("integer of 64 bits")
	}
	d.b.Append(v)
	return nil
}
