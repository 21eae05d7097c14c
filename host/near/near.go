// Package near finds the name that a mistyped one was meant to be, for messages
// that ask "did you mean". Its functions are safe for concurrent use.
package near

import (
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// maxName is the length of a name that is looked for, in bytes: a longer one is
// no mistyped one.
const maxName = 64

// Name returns the one of names that name most likely means, and whether there
// is one: at most a third of its letters differ, or one of a short name, and not
// all. Two that have changed places count as one; upper and lower case are the
// same.
func Name(name string, names []string) (string, bool) {
	if name == "" || len(name) > maxName {
		return "", false
	}
	best, least := "", max(1, len(name)/3)+1
	for _, n := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(n)); d < least && d < max(len(name), len(n)) {
			best, least = n, d
		}
	}
	return best, best != ""
}

func distance(a, b string) int {
	if swapped(a, b) {
		return 1
	}
	return levenshtein.ComputeDistance(a, b)
}

// swapped reports whether two bytes beside each other have changed places, and
// nothing else has.
func swapped(a, b string) bool {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	return len(a) == len(b) && i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// Question returns "; did you mean …?", for the end of a message about name, or
// nothing.
func Question(name string, names []string) string {
	if n, ok := Name(name, names); ok && n != name {
		return "; did you mean " + strconv.Quote(n) + "?"
	}
	return ""
}
