package secret

import (
	"errors"
	"fmt"
	"strings"
)

// Error says why there is no value for a reference. It never holds a value,
// and names files only relative to the folder of the provider.
type Error struct {
	Ref     Ref
	Message string   // lower case, no full stop
	Looked  []string // the places without it: variable "_FSEC_A_B", file "a/b"
	Hint    string   // the next step
}

// Error returns the message and the places.
func (e *Error) Error() string {
	s := fmt.Sprintf("secret %q: %s", e.Ref, e.Message)
	if len(e.Looked) > 0 {
		s += ": no " + strings.Join(e.Looked, ", no ")
	}
	return s
}

// Is reports whether target is ErrNotFound and the secret was found nowhere.
func (e *Error) Is(target error) bool { return target == ErrNotFound && e.Message == notFound }

const notFound = "not found"

// missing returns the error of a secret that is at none of the places.
func missing(ref Ref, places ...string) *Error {
	e := &Error{Ref: ref, Message: notFound, Looked: places}
	switch ref.Mount {
	case Env:
		e.Hint = "it must come from the environment: "
	case File:
		e.Hint = "it must come from a file: "
	}
	if len(places) > 0 {
		e.Hint += "provide " + strings.Join(places, " or ")
	} else {
		e.Hint += "this host looks for secrets elsewhere"
	}
	return e
}

func unreadable(ref Ref, place, why string, hint string) *Error {
	return &Error{Ref: ref, Message: place + " " + why, Hint: hint}
}

// places returns where a provider that found nothing has looked.
func places(err error) []string {
	var e *Error
	if errors.As(err, &e) {
		return e.Looked
	}
	return nil
}
