package template

import (
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is a fault of a template, or of a value it was given. It holds no
// input value beyond names and types.
type Error struct {
	Line    int    // from 1; 0 is unknown
	Column  int    // in characters, from 1; 0 is unknown
	Message string // lower case, no full stop
	Hint    string // the next step, or empty
	Limit   bool   // a limit was reached, of the host or of the language
}

// Error returns the message with its place in front: "2:14: …".
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return strconv.Itoa(e.Line) + ":" + strconv.Itoa(e.Column) + ": " + e.Message
}

// Errors is the faults that were found together, in the order of their places.
type Errors []*Error

// Error returns the faults, one a line.
func (e Errors) Error() string {
	var b strings.Builder
	for i, x := range e {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(x.Error())
	}
	return b.String()
}

// Unwrap returns the faults, for errors.Is and errors.As.
func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i, x := range e {
		out[i] = x
	}
	return out
}

// fault is an Error whose place is still an offset in the template's text.
type fault struct {
	at        int // in bytes; -1 is unknown
	msg, hint string
	limit     bool // a limit was reached
}

// Error makes a fault an error; it is turned into an *Error before it leaves
// the package.
func (f *fault) Error() string { return f.msg }

// maxFaults bounds what one Parse reports.
const maxFaults = 50

// faults collects what is wrong with one template, each fault once.
type faults struct {
	src  string
	list []*fault
}

// add records a fault at a byte offset of the template's text.
func (r *faults) add(at int, msg, hint string) {
	for _, f := range r.list {
		if f.at == at && f.msg == msg {
			return
		}
	}
	if len(r.list) < maxFaults {
		r.list = append(r.list, &fault{at: at, msg: msg, hint: hint})
	}
}

// err returns the faults as Errors sorted by place, or nil.
func (r *faults) err() error {
	if len(r.list) == 0 {
		return nil
	}
	sort.SliceStable(r.list, func(i, j int) bool { return r.list[i].at < r.list[j].at })
	out := make(Errors, len(r.list))
	for i, f := range r.list {
		out[i] = f.place(r.src)
	}
	return out
}

// place turns the fault's offset into a line and a column of src.
func (f *fault) place(src string) *Error {
	e := &Error{Message: f.msg, Hint: f.hint, Limit: f.limit}
	if f.at < 0 || f.at > len(src) {
		return e
	}
	e.Line, e.Column = place(src, f.at)
	return e
}

// place returns the line and the column of an offset of a text.
func place(text string, at int) (line, column int) {
	before := text[:at]
	line = strings.Count(before, "\n") + 1
	return line, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

// near returns the known name that a mistyped one is likely to mean, or "".
func near(name string, known []string) string {
	best, at := "", min(3, (len(name)+2)/2)
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return k
		}
		if d := distance(name, k, at); d < at {
			best, at = k, d
		}
	}
	return best
}

// didYouMean is the hint for a mistyped name: the near one, else all of them.
func didYouMean(name string, known []string, all string) string {
	if n := near(name, known); n != "" {
		return "did you mean " + strconv.Quote(n) + "?"
	}
	return all
}

// distance is the edit distance of two short names, or at least limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit || len(a) > 64 || len(b) > 64 {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diag := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diag
			if a[i-1] != b[j-1] {
				cost++
			}
			diag = row[j]
			row[j] = min(cost, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
