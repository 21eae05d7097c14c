package template

import (
	"runtime"
	"strconv"
	"unicode/utf8"
)

// What one rendering may do. A guest has 64 MiB of memory unless it is told
// otherwise; the bounds keep every rendering within that, inputs aside.
const (
	maxSteps = 10_000_000 // evaluations, turns of loops and pieces of text
	maxBuilt = 16 << 20   // bytes of text and lists that expressions and literals build
	// valueBytes is what an item of a list takes.
	valueBytes = 88
	// collectEvery is how much is built between two collections. The
	// collector by itself lets the heap double, for which there is no room.
	collectEvery = 4 << 20
	// maxLists bounds how deep lists nest.
	maxLists = 64
	// maxListSize bounds the size that a list is taken to have.
	maxListSize = 1 << 40
)

// budget counts what a rendering does.
type budget struct {
	steps int
	built int
	since int // of built, since the last collection
}

// step spends n steps and reports whether they were there.
func (b *budget) step(n int) bool {
	b.steps += max(n, 0)
	return b.steps <= maxSteps
}

// grow spends n bytes of text or lists, before they are built, and reports
// whether they were there.
func (b *budget) grow(n int) bool {
	if n = min(max(n, 0), maxListSize); b.built <= maxBuilt {
		b.built += n
		b.since += n
	}
	if b.built > maxBuilt || !b.step(n/64) {
		return false
	}
	if b.since > collectEvery {
		b.since = 0
		runtime.GC()
	}
	return true
}

// growList spends the bytes of a list of n items.
func (b *budget) growList(n int) bool { return b.grow(min(n, maxBuilt) * valueBytes) }

func (b *budget) tooMuch() *opError {
	if b.built > maxBuilt {
		return &opError{msg: "the template builds more than " + strconv.Itoa(maxBuilt>>20) + " MiB of text and lists", hint: "build less in the template, or compute in SQL", limit: true}
	}
	return &opError{msg: "the template takes more than " + strconv.Itoa(maxSteps) + " steps", hint: "give the loops less to do", limit: true}
}

// size is about how many bytes str(v) has. A list knows it, since one list can
// be in another any number of times.
func (v value) size() int {
	if v.k == kList {
		return int(v.i)
	}
	return len(v.s) + 8
}

// measured is a list that knows its size and its depth.
func (v value) measured() value {
	size, deep := 2, uint8(0)
	for i := range v.l {
		size += v.l[i].size() + 2
		deep = max(deep, v.l[i].deep)
	}
	v.i, v.deep = int64(min(size, maxListSize)), deep+1
	return v
}

// textBytes is at least how many bytes str(v) has that must be built. It stops
// counting above limit.
func textBytes(v value, limit int) int {
	switch v.k {
	case kStr, kJSON:
		return 0
	case kDecimal:
		return len(v.s) + 3
	case kList, kBytes:
		return reprBytes(v, limit)
	}
	return 48
}

// reprBytes is at least how many bytes repr(v) has. It stops counting above
// limit.
func reprBytes(v value, limit int) int {
	switch v.k {
	case kStr:
		return quotedBytes(v.s)
	case kBytes:
		return 4*len(v.s) + 3
	case kJSON:
		return jsonReprBytes(v.s)
	case kDecimal:
		return len(v.s) + 16
	case kInt, kFloat, kBool, kNone:
		return 24
	case kList:
		n := 3
		for i := 0; i < len(v.l) && n <= limit; i++ {
			n += reprBytes(v.l[i], limit-n) + 2
		}
		return n
	}
	return 112 // what has a calendar, and uuids
}

// quotedBytes is at least how many bytes pytext.ReprText and appendJSONText make of a
// text; both escape what is not ASCII at the most.
func quotedBytes(s string) int {
	n := 2
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c < ' ' || c == 0x7f, c == '<' || c == '>' || c == '&' || c == '\'':
			n += 6
		case c == '"' || c == '\\':
			n += 2
		case c < utf8.RuneSelf:
			n++
		default:
			_, width := utf8.DecodeRuneInString(s[i:])
			i += width
			n += 6
			if width > 3 {
				n += 6
			}
			continue
		}
		i++
	}
	return n
}

// jsonReprBytes is about what reading a JSON document and printing it takes.
func jsonReprBytes(s string) int {
	const node = 200 // a jsonValue and its key, with the room that lists grow by
	n := 2 * len(s)
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '[', '{', ',':
			n += node
		}
	}
	return n
}

// What the statements of one rendering may have together.
const (
	maxHoles  = 80_000  // expressions that are printed, and parameters; a list is one expression
	maxTokens = 300_000 // words, literals and signs of SQL
	holeBytes = 100     // of the memory that an expression takes, what counts as built
)

// totals is what the statements of one rendering have together.
type totals struct {
	budget     // of quoted literals
	sql    int // bytes
	params int
	lists  int // bytes of the lists among them
}

// maxTotal bounds the text of all statements by the limit of one.
func maxTotal(maxSQL int) int { return max(maxSQL, min(4*maxSQL, 8<<20)) }

const (
	lessText  = "pass data as parameters, a list as one where the database has arrays, or do it in several runs"
	raiseText = "; limits.statement in the configuration sets the limit"
)

// tooLong is the fault of a statement that is larger than it may be.
func tooLong(at, maxSQL int) *fault {
	return &fault{at: at, msg: "the statement has more than " + strconv.Itoa(maxSQL) + " bytes", hint: lessText + raiseText, limit: true}
}

// tooLongTogether is the fault of statements that are larger than they may be.
func tooLongTogether(at, maxSQL int) *fault {
	return &fault{at: at, msg: "the statements have more than " + strconv.Itoa(maxTotal(maxSQL)) + " bytes", hint: lessText + raiseText, limit: true}
}

// paramBytes is what a value takes as a parameter beside what it shares with
// the value. It stops counting above limit.
func paramBytes(v value, limit int) int {
	n := len(v.s)
	for i := 0; i < len(v.l) && n <= limit; i++ {
		n += valueBytes + paramBytes(v.l[i], limit-n)
	}
	return n
}
