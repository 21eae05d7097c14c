package columns

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wasmsql/wasmsql/abi"
)

func planList(from arrow.Field, want abi.Type) (arrow.Field, converter, bool) {
	f := arrow.Field{Nullable: want.Nullable}
	var elem arrow.Field
	switch t := from.Type.(type) {
	case *arrow.NullType:
		elem = arrow.Field{Type: arrow.Null}
	case *arrow.ListType:
		elem = t.ElemField()
	case *arrow.LargeListType:
		elem = t.ElemField()
	case *arrow.FixedSizeListType:
		elem = t.ElemField()
	default:
		return f, nil, false
	}
	to, conv, ok := plan(elem, *want.Elem)
	if !ok {
		return f, nil, false
	}
	to.Name = "item"
	list := arrow.ListOfField(to)
	f.Type = list
	switch {
	case from.Type.ID() == arrow.NULL:
		return f, allNull(list), true
	case from.Type.ID() == arrow.LIST && conv == nil:
		if elem.Equal(to) {
			f.Type = from.Type
			return f, nil, true
		}
		return f, func(a arrow.Array) (arrow.Array, *fault) { return retype(a, list), nil }, true
	}
	return f, func(a arrow.Array) (arrow.Array, *fault) { return convertList(a.(array.ListLike), list, conv) }, true
}

// elements returns the values that the lists of an array are made of, without
// what a slice has cut off, and where they begin. The caller releases them.
func elements(l array.ListLike) (arrow.Array, int) {
	if l.Len() == 0 {
		return array.NewSlice(l.ListValues(), 0, 0), 0
	}
	start, _ := l.ValueOffsets(0)
	_, end := l.ValueOffsets(l.Len() - 1)
	return array.NewSlice(l.ListValues(), start, end), int(start)
}

// rowOf returns the list that holds an element.
func rowOf(l array.ListLike, elem int) int {
	for i := range l.Len() {
		if start, end := l.ValueOffsets(i); int(start) <= elem && elem < int(end) {
			return i
		}
	}
	return 0
}

// convertList makes an array of lists with 32-bit offsets, its elements
// converted by conv, or as they are if that is nil.
func convertList(l array.ListLike, to *arrow.ListType, conv converter) (arrow.Array, *fault) {
	values, start := elements(l)
	defer values.Release()
	if conv != nil {
		converted, bad := conv(values)
		if bad != nil {
			bad.row, bad.elem = rowOf(l, bad.row+start), true
			return nil, bad
		}
		defer converted.Release()
		values = converted
	}
	offsets := memory.NewResizableBuffer(memory.DefaultAllocator)
	defer offsets.Release()
	offsets.Resize(arrow.Int32Traits.BytesRequired(l.Len() + 1))
	to32 := arrow.Int32Traits.CastFromBytes(offsets.Bytes())
	to32[0] = 0
	for i := range l.Len() {
		_, end := l.ValueOffsets(i)
		if end-int64(start) > 1<<31-1 {
			return nil, &fault{row: i, what: "more elements than a batch can hold"}
		}
		to32[i+1] = int32(end - int64(start))
	}
	valid := validity(l)
	if valid != nil {
		defer valid.Release()
	}
	data := array.NewData(to, l.Len(), []*memory.Buffer{valid, offsets}, []arrow.ArrayData{values.Data()}, l.NullN(), 0)
	defer data.Release()
	return array.MakeFromData(data), nil
}

// validity returns an array's bitmap of values that are not null, from its
// first bit on, or nil if there are no nulls.
func validity(a arrow.Array) *memory.Buffer {
	if a.NullN() == 0 {
		return nil
	}
	b := memory.NewResizableBuffer(memory.DefaultAllocator)
	b.Resize((a.Len() + 7) / 8)
	bits := b.Bytes()
	clear(bits)
	for i := range a.Len() {
		if a.IsValid(i) {
			bits[i/8] |= 1 << (i % 8)
		}
	}
	return b
}

// retype returns the same data as an array of a type that is held alike.
func retype(a arrow.Array, to arrow.DataType) arrow.Array {
	d := a.Data()
	data := array.NewData(to, d.Len(), d.Buffers(), d.Children(), d.NullN(), d.Offset())
	defer data.Release()
	return array.MakeFromData(data)
}

// allNull makes arrays of nulls.
func allNull(to arrow.DataType) converter {
	return func(a arrow.Array) (arrow.Array, *fault) {
		return array.MakeArrayOfNull(memory.DefaultAllocator, to, a.Len()), nil
	}
}
