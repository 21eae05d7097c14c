package mysql

import (
	"encoding/binary"
	"strconv"

	"github.com/wasmsql/wasmsql/host/sqldb/internal/vector"
)

// The integers. A type parameter for the width would cost a call through a
// dictionary for each value.

type int8Decoder struct{ vector.Fixed[int8] }

func (d *int8Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 1 {
		return 0, nil
	}
	d.Push(int8(p[0]))
	return 1, nil
}

func (d *int8Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseInt(string(p), 10, 8)
	if err != nil {
		return wrongText("integer of 8 bits")
	}
	d.Push(int8(v))
	return nil
}

type uint8Decoder struct{ vector.Fixed[uint8] }

func (d *uint8Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 1 {
		return 0, nil
	}
	d.Push(p[0])
	return 1, nil
}

func (d *uint8Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseUint(string(p), 10, 8)
	if err != nil {
		return wrongText("integer of 8 bits")
	}
	d.Push(uint8(v))
	return nil
}

type int16Decoder struct{ vector.Fixed[int16] }

func (d *int16Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 2 {
		return 0, nil
	}
	d.Push(int16(binary.LittleEndian.Uint16(p)))
	return 2, nil
}

func (d *int16Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseInt(string(p), 10, 16)
	if err != nil {
		return wrongText("integer of 16 bits")
	}
	d.Push(int16(v))
	return nil
}

type uint16Decoder struct{ vector.Fixed[uint16] }

func (d *uint16Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 2 {
		return 0, nil
	}
	d.Push(binary.LittleEndian.Uint16(p))
	return 2, nil
}

func (d *uint16Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseUint(string(p), 10, 16)
	if err != nil {
		return wrongText("integer of 16 bits")
	}
	d.Push(uint16(v))
	return nil
}

type int32Decoder struct{ vector.Fixed[int32] }

func (d *int32Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 4 {
		return 0, nil
	}
	d.Push(int32(binary.LittleEndian.Uint32(p)))
	return 4, nil
}

func (d *int32Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseInt(string(p), 10, 32)
	if err != nil {
		return wrongText("integer of 32 bits")
	}
	d.Push(int32(v))
	return nil
}

type uint32Decoder struct{ vector.Fixed[uint32] }

func (d *uint32Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 4 {
		return 0, nil
	}
	d.Push(binary.LittleEndian.Uint32(p))
	return 4, nil
}

func (d *uint32Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseUint(string(p), 10, 32)
	if err != nil {
		return wrongText("integer of 32 bits")
	}
	d.Push(uint32(v))
	return nil
}

type int64Decoder struct{ vector.Fixed[int64] }

func (d *int64Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 8 {
		return 0, nil
	}
	d.Push(int64(binary.LittleEndian.Uint64(p)))
	return 8, nil
}

func (d *int64Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseInt(string(p), 10, 64)
	if err != nil {
		return wrongText("integer of 64 bits")
	}
	d.Push(v)
	return nil
}

type uint64Decoder struct{ vector.Fixed[uint64] }

func (d *uint64Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 8 {
		return 0, nil
	}
	d.Push(binary.LittleEndian.Uint64(p))
	return 8, nil
}

func (d *uint64Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseUint(string(p), 10, 64)
	if err != nil {
		return wrongText("integer of 64 bits")
	}
	d.Push(v)
	return nil
}

// bitDecoder decodes BIT as the number that its bits are, the first being the
// highest.
type bitDecoder struct{ vector.Fixed[uint64] }

func (d *bitDecoder) binary(p []byte) (int, *misfit) {
	s, n := lengthBytes(p)
	if n == 0 {
		return 0, nil
	}
	return n, d.text(s)
}

func (d *bitDecoder) text(p []byte) *misfit {
	if len(p) > 8 {
		return wrongText("number of at most 64 bits")
	}
	v := uint64(0)
	for _, c := range p {
		v = v<<8 | uint64(c)
	}
	d.Push(v)
	return nil
}
