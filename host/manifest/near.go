package manifest

import (
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// near returns the name among names that a mistyped one most likely meant, or
// "". A third of its letters may differ, and at least one must be right.
func near(name string, names []string) string {
	if name == "" || len(name) > 64 {
		return ""
	}
	lower := strings.ToLower(name)
	best, distance := "", max(1, len(name)/3)+1
	for _, n := range names {
		if d := levenshtein.ComputeDistance(lower, strings.ToLower(n)); d < distance && d < len(n) {
			best, distance = n, d
		}
	}
	return best
}

// didYouMean returns the end of a message about a mistyped name, or "".
func didYouMean(name string, names []string) string {
	if n := near(name, names); n != "" && n != name {
		return "; did you mean " + strconv.Quote(n) + "?"
	}
	return ""
}

// accepted returns the hint that lists the accepted names.
func accepted(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "accepted: " + strings.Join(names, ", ")
}
