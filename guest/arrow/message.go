package arrow

import "strconv"

// The kinds of a message's header.
const (
	headerSchema = 1
	headerBatch  = 3
)

// message is an encapsulated message whose frame was checked:
//
//	ff ff ff ff | length of the metadata, 4 bytes | metadata | body
type message struct {
	flat
	kind   int // of the header
	header int // where its table starts
	body   []byte
}

// open checks the frame of an encapsulated message that has nothing behind it.
func open(b []byte) (message, error) {
	var m message
	if len(b) < 8 || le32(b) != 0xffffffff {
		return m, &Error{Problem: "a message does not begin with ff ff ff ff"}
	}
	size := int(int32(le32(b[4:])))
	if size < 8 || size > len(b)-8 {
		return m, &Error{Problem: "a message's metadata is cut short"}
	}
	m.b = b[8 : 8+size]
	root := m.follow(0)
	length := m.long(root, 3)
	m.kind = m.byte(root, 1)
	m.header = m.child(root, 2)
	if m.bad || m.header == 0 {
		return m, errDamaged
	}
	rest := b[8+size:]
	if length < 0 || length > int64(len(rest)) {
		return m, &Error{Problem: "a message's body is cut short: " + strconv.FormatInt(length, 10) + " bytes, " + strconv.Itoa(len(rest)) + " came"}
	}
	m.body = rest[:length]
	return m, nil
}

var errDamaged = &Error{Problem: "a message's metadata is damaged"}

// The types of a field, as the schema numbers them.
const (
	typeNull      = 1
	typeInt       = 2
	typeFloat     = 3
	typeBinary    = 4
	typeText      = 5
	typeBool      = 6
	typeDecimal   = 7
	typeDate      = 8
	typeTime      = 9
	typeTimestamp = 10
	typeInterval  = 11
	typeList      = 12
	typeFixed     = 15
	typeDuration  = 18
)

// units are the Units by the schema's numbers.
var units = [...]Unit{Second, Millisecond, Microsecond, Nanosecond}

// ReadSchema reads the message that a stream begins with. Its error is an
// *Error.
func ReadSchema(b []byte) (*Schema, error) {
	m, err := open(b)
	if err != nil {
		return nil, err
	}
	if m.kind != headerSchema {
		return nil, &Error{Problem: "a message is no schema"}
	}
	if m.short(m.header, 0, 0) != 0 {
		return nil, &Error{Problem: "the stream is big-endian"}
	}
	r := schemaReader{flat: &m.flat}
	s := &Schema{Fields: r.fields(m.header, 1, 0)}
	if m.bad {
		return nil, errDamaged
	}
	if r.err != nil {
		return nil, r.err
	}
	return s, nil
}

// schemaReader reads fields. Tables may be shared, so that a small message can
// stand for a huge tree: the fields are counted as they are visited.
type schemaReader struct {
	*flat
	seen int
	err  *Error
}

func (r *schemaReader) fail(name, problem string) {
	if r.err == nil {
		r.err = &Error{name, problem}
	}
}

func (r *schemaReader) fields(table, number, depth int) []Field {
	at, n := r.vector(table, number, 4)
	if r.seen += n; r.seen > maxFields || depth > maxDepth {
		r.fail("", "more than "+strconv.Itoa(maxFields)+" fields or deeper than "+strconv.Itoa(maxDepth))
	}
	if n == 0 || r.bad || r.err != nil {
		return nil
	}
	fields := make([]Field, n)
	for i := range fields {
		r.field(&fields[i], r.follow(at+4*i), depth)
		if r.bad || r.err != nil {
			return nil
		}
	}
	return fields
}

func (r *schemaReader) field(f *Field, table, depth int) {
	f.Name = r.text(table, 0)
	f.Nullable = r.byte(table, 1) != 0
	if r.flat.field(table, 4) != 0 {
		r.fail(f.Name, "dictionaries are not read")
		return
	}
	r.kind(f, r.byte(table, 2), r.child(table, 3))
	children := r.fields(table, 5, depth+1)
	if f.Kind == List && len(children) == 1 {
		f.Elem = &children[0]
	} else if f.Kind == List || len(children) > 0 {
		r.fail(f.Name, "a field of kind "+f.Kind.String()+" has "+strconv.Itoa(len(children))+" children")
	}
	r.metadata(f, table)
}

// kind reads the type of a field.
func (r *schemaReader) kind(f *Field, number, t int) {
	if t == 0 {
		r.bad = true
		return
	}
	switch number {
	case typeNull:
		f.Kind = Null
	case typeInt:
		f.Kind = intKind(r.int(t, 0, 0), r.byte(t, 1) != 0)
	case typeFloat:
		switch r.short(t, 0, 0) {
		case 1:
			f.Kind = Float32
		case 2:
			f.Kind = Float64
		}
	case typeBinary:
		f.Kind = Binary
	case typeText:
		f.Kind = Text
	case typeBool:
		f.Kind = Bool
	case typeDecimal:
		f.Precision, f.Scale = r.int(t, 0, 0), r.int(t, 1, 0)
		if r.int(t, 2, 128) == 128 && f.Precision > 0 && f.Precision <= 38 && f.Scale >= -38 && f.Scale <= 38 {
			f.Kind = Decimal
		}
	case typeDate:
		if r.short(t, 0, 1) == 0 {
			f.Kind = Date
		}
	case typeTime:
		if r.int(t, 1, 32) == 64 {
			f.Kind, f.Unit = Time, r.unit(t, 1)
		}
	case typeTimestamp:
		f.Kind, f.Unit, f.Zone = Timestamp, r.unit(t, 0), r.text(t, 1)
	case typeInterval:
		if r.short(t, 0, 0) == 2 {
			f.Kind = Interval
		}
	case typeFixed:
		if f.Width = r.int(t, 0, 0); f.Width > 0 && f.Width <= 1<<20 {
			f.Kind = Fixed
		}
	case typeDuration:
		f.Kind, f.Unit = Duration, r.unit(t, 1)
	case typeList:
		f.Kind = List
	}
	if f.Kind == 0 {
		r.fail(f.Name, "its type, number "+strconv.Itoa(number)+" of the Arrow schema, is not one of wasmsql_v1")
	}
}

// unit returns the unit in the first field of a type.
func (r *schemaReader) unit(t, missing int) Unit {
	n := r.short(t, 0, missing)
	if n < 0 || n >= len(units) {
		r.bad = true
		return 0
	}
	return units[n]
}

func intKind(width int, signed bool) Kind {
	k := Kind(0)
	switch width {
	case 8:
		k = Uint8
	case 16:
		k = Uint16
	case 32:
		k = Uint32
	case 64:
		k = Uint64
	default:
		return 0
	}
	if signed {
		k -= Uint8 - Int8
	}
	return k
}

// metadata reads what a field's key-value pairs say, as far as it is known.
func (r *schemaReader) metadata(f *Field, table int) {
	at, n := r.vector(table, 6, 4)
	for i := 0; i < n && !r.bad; i++ {
		pair := r.follow(at + 4*i)
		switch r.text(pair, 0) {
		case keyDatabase:
			f.Database = r.text(pair, 1)
		case keyExtension:
			f.Extension = r.text(pair, 1)
		}
	}
}

// MessageSize returns how many bytes the encapsulated message at the start of
// a stream's bytes takes, 0 as long as too few are there to tell, and 8 for the
// end of a stream.
func MessageSize(b []byte) (int, error) {
	for i := range min(len(b), 4) {
		if b[i] != 0xff {
			return 0, &Error{Problem: "a message does not begin with ff ff ff ff"}
		}
	}
	if len(b) < frame {
		return 0, nil
	}
	size := int(int32(le32(b[4:])))
	if size == 0 {
		return frame, nil
	}
	if size < 8 || size > maxMetadata {
		return 0, &Error{Problem: "a message with " + strconv.Itoa(size) + " bytes of metadata"}
	}
	if len(b) < frame+size {
		return 0, nil
	}
	f := flat{b: b[frame : frame+size]}
	body := f.long(f.follow(0), 3)
	if f.bad || body < 0 || body > maxBody {
		return 0, errDamaged
	}
	return frame + size + int(body), nil
}
