package arrow

import "strconv"

// frame is the length of what stands before a message's metadata.
const frame = 8

// message starts a message in w: a table of what the schema calls Message, and
// returns where its header's distance stands.
func (w *flatWriter) message(header int, body int64) int {
	const version5 = 4
	return w.table(0, slot{2, version5}, slot{1, int64(header)}, ref, slot{8, body})[2]
}

// encapsulate returns the frame and the metadata of a message, appended to b.
func (w *flatWriter) encapsulate(b []byte) []byte {
	w.align(8)
	b = append(b, 0xff, 0xff, 0xff, 0xff, byte(len(w.b)), byte(len(w.b)>>8), byte(len(w.b)>>16), byte(len(w.b)>>24))
	return append(b, w.b...)
}

// Message returns the schema as the encapsulated message that a stream begins
// with.
func (s *Schema) Message() ([]byte, error) {
	seen := 0
	if err := checkFields(s.Fields, 0, &seen); err != nil {
		return nil, err
	}
	w := newFlat(nil)
	at := w.table(w.message(headerSchema, 0), slot{}, ref)
	w.fields(at[1], s.Fields)
	return w.encapsulate(nil), nil
}

// checkFields finds what cannot be a field.
func checkFields(fields []Field, depth int, seen *int) error {
	for i := range fields {
		f := &fields[i]
		problem := ""
		switch *seen++; {
		case *seen > maxFields || depth > maxDepth:
			problem = "more than " + strconv.Itoa(maxFields) + " fields or deeper than " + strconv.Itoa(maxDepth)
		case f.Kind == 0 || f.Kind > List:
			problem = "it has no kind"
		case f.Kind == Fixed && (f.Width < 1 || f.Width > 1<<20):
			problem = "a width of " + strconv.Itoa(f.Width)
		case f.Kind == Decimal && (f.Precision < 1 || f.Precision > 38 || f.Scale < 0 || f.Scale > f.Precision):
			problem = "a precision of " + strconv.Itoa(f.Precision) + " with a scale of " + strconv.Itoa(f.Scale)
		case f.Kind == List && f.Elem == nil:
			problem = "a list without an element"
		case f.Unit > Second:
			problem = "a unit that there is not"
		}
		if problem != "" {
			return &Error{f.Name, problem}
		}
		if f.Kind == List {
			if err := checkFields([]Field{*f.Elem}, depth+1, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *flatWriter) fields(from int, fields []Field) {
	for i, at := range w.refs(from, len(fields)) {
		w.field(at, &fields[i])
	}
}

func (w *flatWriter) field(from int, f *Field) {
	nullable := int64(0)
	if f.Nullable || f.Kind == Null {
		nullable = 1
	}
	number, slots := f.typeTable()
	pairs := f.pairs()
	metadata := slot{}
	if len(pairs) > 0 {
		metadata = ref
	}
	at := w.table(from, ref, slot{1, nullable}, slot{1, int64(number)}, ref, slot{}, ref, metadata)
	w.text(at[0], f.Name)
	t := w.table(at[3], slots...)
	if f.Kind == Timestamp && f.Zone != "" {
		w.text(t[1], f.Zone)
	}
	if f.Kind == List {
		w.field(w.refs(at[5], 1)[0], f.Elem)
	} else {
		w.refs(at[5], 0)
	}
	if len(pairs) > 0 {
		for i, at := range w.refs(at[6], len(pairs)) {
			pair := w.table(at, ref, ref)
			w.text(pair[0], pairs[i][0])
			w.text(pair[1], pairs[i][1])
		}
	}
}

// pairs returns a field's metadata.
func (f *Field) pairs() (pairs [][2]string) {
	if f.Database != "" {
		pairs = append(pairs, [2]string{keyDatabase, f.Database})
	}
	if f.Extension != "" {
		pairs = append(pairs, [2]string{keyExtension, f.Extension}, [2]string{keyArgument, ""})
	}
	return pairs
}

// typeTable returns the number of a field's type, and its table's fields.
func (f *Field) typeTable() (int, []slot) {
	unit := int64(0)
	for i, u := range units {
		if u == f.Unit {
			unit = int64(i)
		}
	}
	switch f.Kind {
	case Bool:
		return typeBool, nil
	case Int8, Int16, Int32, Int64:
		return typeInt, []slot{{4, int64(8 * f.width())}, {1, 1}}
	case Uint8, Uint16, Uint32, Uint64:
		return typeInt, []slot{{4, int64(8 * f.width())}, {1, 0}}
	case Float32:
		return typeFloat, []slot{{2, 1}}
	case Float64:
		return typeFloat, []slot{{2, 2}}
	case Text:
		return typeText, nil
	case Binary:
		return typeBinary, nil
	case Fixed:
		return typeFixed, []slot{{4, int64(f.Width)}}
	case Decimal:
		return typeDecimal, []slot{{4, int64(f.Precision)}, {4, int64(f.Scale)}, {4, 128}}
	case Date:
		return typeDate, []slot{{2, 0}}
	case Time:
		return typeTime, []slot{{2, unit}, {4, 64}}
	case Timestamp:
		if f.Zone == "" {
			return typeTimestamp, []slot{{2, unit}}
		}
		return typeTimestamp, []slot{{2, unit}, ref}
	case Duration:
		return typeDuration, []slot{{2, unit}}
	case Interval:
		return typeInterval, []slot{{2, 2}}
	case List:
		return typeList, nil
	}
	return typeNull, nil
}
