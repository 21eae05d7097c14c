package result

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// newNestedCell returns the cell of a type made of others, or nil. A map is a
// list of its entries.
func newNestedCell(f arrow.Field) cell {
	switch t := f.Type.(type) {
	case *arrow.StructType:
		return newStructCell(t)
	case *arrow.DictionaryType:
		if values := newCell(arrow.Field{Type: t.ValueType, Metadata: f.Metadata}); values != nil {
			return &dictionary{values: values}
		}
	case arrow.ExtensionType:
		if storage := newCell(arrow.Field{Type: t.StorageType(), Metadata: f.Metadata}); storage != nil {
			return extended{storage}
		}
	case arrow.ListLikeType:
		if elem := newCell(t.ElemField()); elem != nil {
			return &list{elem: elem}
		}
	}
	return nil
}

// list is the cell of all kinds of lists. Its text is JSON.
type list struct {
	a    array.ListLike
	elem cell
}

func (c *list) bind(a arrow.Array) {
	c.a = a.(array.ListLike)
	c.elem.bind(c.a.ListValues())
}

func (c *list) null(row int) bool                        { return c.a.IsNull(row) }
func (c *list) text(dst []byte, row int) ([]byte, error) { return c.json(dst, row) }

func (c *list) json(dst []byte, row int) ([]byte, error) {
	dst = append(dst, '[')
	start, end := c.a.ValueOffsets(row)
	for i := int(start); i < int(end); i++ {
		if i > int(start) {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendJSON(dst, c.elem, i); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendJSON(dst []byte, c cell, row int) ([]byte, error) {
	if c.null(row) {
		return append(dst, "null"...), nil
	}
	return c.json(dst, row)
}

// structure is the cell of a struct. Its text is JSON.
type structure struct {
	a      *array.Struct
	keys   [][]byte // with quotes and colon
	fields []cell
}

func newStructCell(t *arrow.StructType) cell {
	c := &structure{}
	for _, f := range t.Fields() {
		key, err := appendJSONString(nil, f.Name)
		field := newCell(f)
		if err != nil || field == nil {
			return nil
		}
		c.keys = append(c.keys, append(key, ':'))
		c.fields = append(c.fields, field)
	}
	return c
}

func (c *structure) bind(a arrow.Array) {
	c.a = a.(*array.Struct)
	for i, f := range c.fields {
		f.bind(c.a.Field(i))
	}
}

func (c *structure) null(row int) bool                        { return c.a.IsNull(row) }
func (c *structure) text(dst []byte, row int) ([]byte, error) { return c.json(dst, row) }

func (c *structure) json(dst []byte, row int) ([]byte, error) {
	dst = append(dst, '{')
	for i, f := range c.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendJSON(append(dst, c.keys[i]...), f, row); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// dictionary is the cell of a dictionary-encoded column.
type dictionary struct {
	a      *array.Dictionary
	values cell
}

func (c *dictionary) bind(a arrow.Array) {
	c.a = a.(*array.Dictionary)
	c.values.bind(c.a.Dictionary())
}

func (c *dictionary) null(row int) bool {
	return c.a.IsNull(row) || c.values.null(c.a.GetValueIndex(row))
}

func (c *dictionary) text(dst []byte, row int) ([]byte, error) {
	return c.values.text(dst, c.a.GetValueIndex(row))
}

func (c *dictionary) json(dst []byte, row int) ([]byte, error) {
	return c.values.json(dst, c.a.GetValueIndex(row))
}

// extended is the cell of an extension array: that of its storage.
type extended struct{ cell }

func (c extended) bind(a arrow.Array) { c.cell.bind(a.(array.ExtensionArray).Storage()) }
