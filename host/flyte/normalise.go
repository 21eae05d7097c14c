package flyte

import (
	"strings"
	"unicode"
)

// Normalise returns what flytekit makes of a task's query when the task is
// written down: every run of white space, within literals and comments too, is
// one space, and there is none at either end. A registered template has been
// through it; one that is executed does not go through it again.
//
// Source: SQLTask.__init__ in flytekit's base_sql_task.py. White space is what
// Python's re and str.strip take for it.
func Normalise(query string) string {
	return strings.Join(strings.FieldsFunc(query, isSpace), " ")
}

// isSpace reports what Python's str.isspace does: beside Unicode's white space
// the four separators of ASCII.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
