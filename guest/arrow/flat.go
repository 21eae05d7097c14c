package arrow

// flat reads a flatbuffer. The first read outside of it sets bad, and every
// read from then on answers zero: what was read is used only after a look at
// bad.
//
// A table starts with the distance back to its vtable; the vtable has its own
// size, the table's size, and for each field the field's distance from the
// table's start, 0 where it is left out:
//
//	vtable: u16 size | u16 table size | u16 field 0 | u16 field 1 …
//	table:  i32 vtable's distance | fields
//
// Strings, vectors and tables are given by their distance from where it stands.
//
// Source: "FlatBuffer Internals" of the FlatBuffers documentation.
type flat struct {
	b   []byte
	bad bool
}

// span reports whether n bytes from at are inside.
func (f *flat) span(at, n int) bool {
	if f.bad || at < 0 || n < 0 || at > len(f.b) || n > len(f.b)-at {
		f.bad = true
		return false
	}
	return true
}

func (f *flat) u8(at int) int {
	if !f.span(at, 1) {
		return 0
	}
	return int(f.b[at])
}

func (f *flat) u16(at int) int {
	if !f.span(at, 2) {
		return 0
	}
	return int(f.b[at]) | int(f.b[at+1])<<8
}

func (f *flat) i32(at int) int {
	if !f.span(at, 4) {
		return 0
	}
	return int(int32(le32(f.b[at:])))
}

func (f *flat) i64(at int) int64 {
	if !f.span(at, 8) {
		return 0
	}
	return int64(le64(f.b[at:]))
}

// follow returns where the distance at leads to.
func (f *flat) follow(at int) int {
	d := f.i32(at)
	if d <= 0 || !f.span(at, d) {
		f.bad = true
		return 0
	}
	return at + d
}

// field returns where a table's field stands, 0 where it is left out.
func (f *flat) field(table, number int) int {
	vtable := table - f.i32(table)
	size := f.u16(vtable)
	slot := 4 + 2*number
	if f.bad || slot+2 > size {
		return 0
	}
	if o := f.u16(vtable + slot); o != 0 {
		return table + o
	}
	return 0
}

// child returns where the table in a field starts, 0 where it is left out.
func (f *flat) child(table, number int) int {
	if at := f.field(table, number); at != 0 {
		return f.follow(at)
	}
	return 0
}

// vector returns where the entries of a vector of a field start, and how many
// there are of a size each.
func (f *flat) vector(table, number, size int) (at, n int) {
	at = f.child(table, number)
	if at == 0 {
		return 0, 0
	}
	n = f.i32(at)
	if n < 0 || n > len(f.b)/size || !f.span(at+4, n*size) {
		f.bad = true
		return 0, 0
	}
	return at + 4, n
}

func (f *flat) text(table, number int) string {
	at, n := f.vector(table, number, 1)
	if f.bad || n == 0 {
		return ""
	}
	return string(f.b[at : at+n])
}

// scalars of fields, with the value that a left out field has.

func (f *flat) short(table, number, missing int) int {
	if at := f.field(table, number); at != 0 {
		return int(int16(f.u16(at)))
	}
	return missing
}

func (f *flat) int(table, number, missing int) int {
	if at := f.field(table, number); at != 0 {
		return f.i32(at)
	}
	return missing
}

func (f *flat) long(table, number int) int64 {
	if at := f.field(table, number); at != 0 {
		return f.i64(at)
	}
	return 0
}

func (f *flat) byte(table, number int) int {
	if at := f.field(table, number); at != 0 {
		return f.u8(at)
	}
	return 0
}

func le32(b []byte) uint32 {
	_ = b[3]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

func le64(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}
