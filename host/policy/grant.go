package policy

import (
	"fmt"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
)

// Grant lets a task use a connection.
type Grant struct {
	Connection string
	Access     abi.Access
}

// Grants is all that a task may use. It is not changed after it was made.
type Grants []Grant

// Lookup returns the grant for a connection's name. Its error is *Denied, the
// same for a connection that does not exist and for one that is not granted, so
// that names cannot be probed.
func (g Grants) Lookup(name string) (Grant, error) {
	for _, x := range g {
		if x.Connection == name {
			return x, nil
		}
	}
	return Grant{}, &Denied{
		Message: fmt.Sprintf("connection %q is not granted to this task", shorten(name)),
		Hint:    "the task's connection names what it may use",
	}
}

// Limit returns the access that two parties both agree to.
func Limit(a, b abi.Access) abi.Access { return min(a, b) }

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
