package template

// maxFew is how many variables of a scope are looked for one by one. A map of
// so few takes longer to make and to empty than all of them to pass over, above
// all in a guest, where it draws a new random seed each time.
const maxFew = 8

// scope is the variables that one loop, or the template as a whole, defines.
// Its zero value has none.
type scope struct {
	few  []variable
	many map[string]value // what few has no room for
}

type variable struct {
	name string
	v    value
}

// get returns a variable's value, and whether there is one.
func (s *scope) get(name string) (value, bool) {
	for i := range s.few {
		if s.few[i].name == name {
			return s.few[i].v, true
		}
	}
	v, ok := s.many[name]
	return v, ok
}

// set gives a variable its value.
func (s *scope) set(name string, v value) {
	for i := range s.few {
		if s.few[i].name == name {
			s.few[i].v = v
			return
		}
	}
	if len(s.few) < maxFew {
		s.few = append(s.few, variable{name, v})
		return
	}
	if s.many == nil {
		s.many = map[string]value{}
	}
	s.many[name] = v
}

// clear forgets all variables.
func (s *scope) clear() {
	s.few = s.few[:0]
	if s.many != nil {
		clear(s.many)
	}
}

// each calls f with each value.
func (s *scope) each(f func(value)) {
	for i := range s.few {
		f(s.few[i].v)
	}
	for _, v := range s.many {
		f(v)
	}
}
