// Package decode sets the fields of a struct from a plugin's inputs or
// settings:
//
//	var in struct {
//		After int64
//		Limit *int `wasmsql:"max_rows"`
//	}
//	if err := decode.Input(given, &in); err != nil {
//		return err
//	}
//
// The field After is set from what is named "after", LongerThan from
// "longer_than"; a tag names another, and "-" leaves a field alone. The errors
// have all faults at once.
//
// It links reflection into a module, 100 KB or so, which the getters of
// guest.Input and guest.Section do not.
package decode

import (
	"encoding"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
)

// Input sets the exported fields of the struct that v points to.
//
// A field takes what the getter of its input's type returns, or a guest.Value;
// a pointer is nil for null; a slice takes a list; a time.Duration takes a time
// or a timedelta. What has a method UnmarshalText takes the value's text: a
// time.Time a datetime.
func Input(in *guest.Input, v any) error {
	return fields(v, func(f reflect.Value, name string, _ bool) {
		x := in.Value(name) // stops if it is not declared
		if setValue(f, &x) {
			return
		}
		if x.Null {
			panic(guest.Fail("the input \""+name+"\" is null", "give it, or declare a default in the task file"))
		}
		panic(guest.Fail("the plugin reads the input \""+name+"\" as "+f.Type().String()+", the task declares "+x.Type.String(), ""))
	})
}

// Settings sets the exported fields of the struct that v points to.
//
// A field takes a text, a number, a bool, a slice of texts, numbers or structs,
// or a struct for a map. A setting that is missing is an error, unless the
// field is a pointer or its tag ends in ",optional": then the field stays as it
// is.
func Settings(s *guest.Section, v any) error {
	return fields(v, func(f reflect.Value, name string, optional bool) {
		if (optional || f.Kind() == reflect.Pointer) && !s.Has(name) {
			return
		}
		setting(s, f, name)
	})
}

// fields calls set for each field of a struct and collects what it stops with.
func fields(v any, set func(f reflect.Value, name string, optional bool)) error {
	p := reflect.ValueOf(v)
	if p.Kind() != reflect.Pointer || p.IsNil() || p.Elem().Kind() != reflect.Struct {
		return errors.New("decode: not a pointer to a struct")
	}
	s := p.Elem()
	var faults abi.Failures
	for i := range s.NumField() {
		f := s.Type().Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("wasmsql"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = snake(f.Name)
		}
		faults = append(faults, stopped(func() { set(s.Field(i), name, options == "optional") })...)
	}
	if len(faults) > 0 {
		return guest.Failures(faults...)
	}
	return nil
}

// stopped returns what f stops with.
func stopped(f func()) (faults abi.Failures) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *guest.Failed:
			faults = r.Failures
		default:
			panic(r)
		}
	}()
	f()
	return nil
}

// snake returns a field's name as a task file writes it: LongerThan is
// longer_than, UserID user_id.
func snake(s string) string {
	var out []byte
	for i := range len(s) {
		c := s[i]
		upper := 'A' <= c && c <= 'Z'
		if upper && i > 0 && (s[i-1] > 'Z' || i+1 < len(s) && s[i+1] > 'Z') {
			out = append(out, '_')
		}
		if upper {
			c |= 0x20
		}
		out = append(out, c)
	}
	return string(out)
}

// setValue sets a field from an input and reports whether it could.
func setValue(f reflect.Value, x *guest.Value) bool {
	if p, ok := f.Addr().Interface().(*guest.Value); ok {
		*p = *x
		return true
	}
	if f.Kind() == reflect.Pointer {
		if x.Null {
			f.SetZero()
			return true
		}
		p := reflect.New(f.Type().Elem())
		f.Set(p)
		return setValue(p.Elem(), x)
	}
	if x.Null {
		return false
	}
	k := x.Type.Kind
	switch p := f.Addr().Interface().(type) {
	case *[16]byte:
		copy(p[:], x.Str)
		return k == abi.UUID
	case *[]byte:
		*p = []byte(x.Str)
		return k == abi.Bytes
	case encoding.TextUnmarshaler:
		return p.UnmarshalText([]byte(guest.ValueText(*x))) == nil
	}
	if f.Type().PkgPath() == "time" && f.Type().Name() == "Duration" {
		const micro = 1000 // nanoseconds
		if k != abi.Time && k != abi.Timedelta || x.Int > math.MaxInt64/micro || x.Int < math.MinInt64/micro {
			return false
		}
		f.SetInt(x.Int * micro)
		return true
	}
	return setKind(f, x)
}

// setKind is setValue by the kind of the field.
func setKind(f reflect.Value, x *guest.Value) bool {
	k := x.Type.Kind
	switch f.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		whole := k == abi.Int || k == abi.Datetime || k == abi.Date || k == abi.Time || k == abi.Timedelta
		if !whole || f.OverflowInt(x.Int) {
			return false
		}
		f.SetInt(x.Int)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if k != abi.Int || x.Int < 0 || f.OverflowUint(uint64(x.Int)) {
			return false
		}
		f.SetUint(uint64(x.Int))
	case reflect.Float64, reflect.Float32:
		if k != abi.Float {
			return false
		}
		f.SetFloat(x.Float)
	case reflect.Bool:
		if k != abi.Bool {
			return false
		}
		f.SetBool(x.Int != 0)
	case reflect.String:
		if k != abi.Str && k != abi.Decimal && k != abi.JSON {
			return false
		}
		f.SetString(x.Str)
	case reflect.Slice:
		return k == abi.List && setList(f, x.List)
	default:
		return false
	}
	return true
}

func setList(f reflect.Value, values []guest.Value) bool {
	list := reflect.MakeSlice(f.Type(), len(values), len(values))
	for i := range values {
		if !setValue(list.Index(i), &values[i]) {
			return false
		}
	}
	f.Set(list)
	return true
}

// setting sets a field from a setting, or stops.
func setting(s *guest.Section, f reflect.Value, name string) {
	switch f.Kind() {
	case reflect.Pointer:
		p := reflect.New(f.Type().Elem())
		setting(s, p.Elem(), name)
		f.Set(p)
	case reflect.String:
		f.SetString(s.Text(name))
	case reflect.Bool:
		f.SetBool(s.Bool(name))
	case reflect.Struct:
		inner(s.Section(name), f)
	case reflect.Slice:
		settings(s, f, name)
	default:
		if whole(f.Kind()) {
			setWhole(s, f, name, s.Int(name))
		} else if f.Kind() == reflect.Float64 || f.Kind() == reflect.Float32 {
			f.SetFloat(s.Float(name))
		} else {
			panic(guest.Fail("decode: no setting goes into a "+f.Type().String()+", which "+s.Path()+"."+name+" is for", ""))
		}
	}
}

// settings sets a slice.
func settings(s *guest.Section, f reflect.Value, name string) {
	k := f.Type().Elem().Kind()
	fill := func(n int, set func(e reflect.Value, i int)) {
		list := reflect.MakeSlice(f.Type(), n, n)
		for i := range n {
			set(list.Index(i), i)
		}
		f.Set(list)
	}
	switch {
	case k == reflect.String:
		texts := s.Texts(name)
		fill(len(texts), func(e reflect.Value, i int) { e.SetString(texts[i]) })
	case k == reflect.Struct:
		maps := s.Sections(name)
		fill(len(maps), func(e reflect.Value, i int) { inner(maps[i], e) })
	case k == reflect.Float64 || k == reflect.Float32:
		floats := s.Floats(name)
		fill(len(floats), func(e reflect.Value, i int) { e.SetFloat(floats[i]) })
	case whole(k):
		ints := s.Ints(name)
		fill(len(ints), func(e reflect.Value, i int) { setWhole(s, e, name+"["+strconv.Itoa(i)+"]", ints[i]) })
	default:
		panic(guest.Fail("decode: no setting goes into a "+f.Type().String()+", which "+s.Path()+"."+name+" is for", ""))
	}
}

func inner(s *guest.Section, f reflect.Value) {
	if err := Settings(s, f.Addr().Interface()); err != nil {
		panic(err)
	}
}

func whole(k reflect.Kind) bool {
	return k >= reflect.Int && k <= reflect.Int64 || k >= reflect.Uint && k <= reflect.Uint64
}

func setWhole(s *guest.Section, f reflect.Value, name string, n int64) {
	switch {
	case f.CanInt() && !f.OverflowInt(n):
		f.SetInt(n)
	case f.CanUint() && n >= 0 && !f.OverflowUint(uint64(n)):
		f.SetUint(uint64(n))
	default:
		panic(guest.Fail(s.Path()+"."+name+": "+strconv.FormatInt(n, 10)+" is out of the range of "+f.Type().String(), ""))
	}
}
