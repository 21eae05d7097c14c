package policy

import (
	"fmt"
	"unicode/utf8"
)

// NotGranted is the refusal of a connection that a task may not use. It is the
// same for one that does not exist, so that names cannot be probed.
func NotGranted(name string) *Denied {
	return &Denied{
		Message: fmt.Sprintf("connection %q is not granted to this task", shorten(name)),
		Hint:    "the task's connection names what it may use",
	}
}

// shorten cuts a text from a guest to what a message can hold.
func shorten(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
