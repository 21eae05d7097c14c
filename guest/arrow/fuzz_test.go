package arrow

import (
	"bytes"
	"testing"
)

// touch reads all of a batch, and returns what it read as a stream's message.
func touch(t *testing.T, b *Batch) []byte {
	fields := append([]Field(nil), b.Schema().Fields...)
	for i := range fields {
		nullable(&fields[i])
	}
	w, err := NewBuilder(&Schema{fields})
	if err != nil {
		return nil // a reader takes more than a writer makes: a negative scale
	}
	const most = 1 << 10
	rows := min(b.Rows(), most)
	for i := range fields {
		c := b.Column(i)
		for row := range rows {
			_, _, _ = c.Int(row), c.Float(row), c.Bool(row)
			if c.Field().Kind == List {
				if from, to := c.List(row); to-from > most {
					return nil
				}
			}
			_ = cell(c, row)
			w.Column(i).Row(c, row)
		}
		if s := c.Int64s(); s != nil && len(s) != c.Rows() {
			t.Fatalf("%d entries for %d rows", len(s), c.Rows())
		}
		_, _, _, _ = c.Int32s(), c.Float64s(), c.Float32s(), Values[uint16](c)
		if o := c.Offsets(); o != nil && c.Field().Kind != List {
			_ = c.Data()[o[0]:o[len(o)-1]]
		}
	}
	m, err := w.Message()
	if err != nil {
		t.Fatalf("what was read cannot be written: %v", err)
	}
	return bytes.Clone(m)
}

func nullable(f *Field) {
	f.Nullable = true
	if f.Elem != nil {
		e := *f.Elem
		f.Elem = &e
		nullable(f.Elem)
	}
}

// FuzzRead reads a stream of any bytes: no panic, nothing read outside of it,
// and what was read, written and read again is the same.
func FuzzRead(f *testing.F) {
	s := every()
	stream := peerStream(f, s, record(s, 0, 0), record(s, 0, 20))
	f.Add(stream)
	f.Add(stream[:len(stream)/2])
	for i := range s.NumFields() {
		one := peerSchema(s, i)
		f.Add(peerStream(f, one, record(one, 0, 9)))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		var b *Batch
		for len(stream) > 0 {
			n, err := MessageSize(stream)
			if err != nil || n <= frame || n > len(stream) {
				return
			}
			m := bytes.Clone(stream[:n]) // what stands behind it is another's
			stream = stream[n:]
			if b == nil {
				schema, err := ReadSchema(m)
				if err != nil {
					return
				}
				b = NewBatch(schema)
				continue
			}
			if err := b.Read(m); err != nil {
				if b.Rows() != 0 {
					t.Error("a batch that was not read has rows")
				}
				return
			}
			again := touch(t, b)
			if again == nil {
				continue
			}
			other := NewBatch(b.Schema())
			if err := other.Read(again); err != nil {
				t.Fatalf("written again it is damaged: %v", err)
			}
			for i := range b.Schema().Fields {
				for row := range other.Rows() {
					if x, y := cell(b.Column(i), row), cell(other.Column(i), row); x != y {
						t.Fatalf("column %d, row %d: %s, written and read again %s", i, row, x, y)
					}
				}
			}
		}
	})
}
