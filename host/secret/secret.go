// Package secret names secrets, finds their values, and holds a value in a
// type that cannot print itself.
package secret

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// Ref names a secret, as flytekit's Secret does.
type Ref struct {
	Group   string
	Key     string
	Version string // flytekit's group_version, may be empty
	Mount   Mount
}

// Mount is where a secret must come from.
type Mount uint8

// The mounts. The numbers are those of flyteidl's core.Secret.MountType.
const (
	Any  Mount = 0
	Env  Mount = 1
	File Mount = 2
)

// String returns the reference for messages: group/key, with the version
// between them where there is one. It is a name, not a secret.
func (r Ref) String() string {
	s := r.Key
	if r.Version != "" {
		s = r.Version + "/" + s
	}
	if r.Group != "" {
		s = r.Group + "/" + s
	}
	return s
}

// ErrNotFound is returned (wrapped) by a Provider that has no such secret.
var ErrNotFound = errors.New("secret not found")

// Provider finds the value of a secret. Implementations are safe for
// concurrent use. An error never holds a value; it wraps ErrNotFound where
// there is none, and says where it was looked for.
type Provider interface {
	Lookup(ctx context.Context, ref Ref) (Value, error)
}

// Value is a secret. It prints as *** however it is printed; Reveal is the
// only way to what it holds. The zero Value is the empty secret.
//
// The secret stands behind a function, because methods do not help where fmt
// or a dumper goes through an unexported field by reflection: all that is to be
// seen there is the function's address.
type Value struct{ reveal func() string }

// New returns the secret s.
func New(s string) Value { return Value{func() string { return s }} }

// Reveal returns the secret itself. Its callers are the database drivers.
func (v Value) Reveal() string {
	if v.reveal == nil {
		return ""
	}
	return v.reveal()
}

const redacted = "***"

// String implements fmt.Stringer.
func (Value) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (Value) GoString() string { return redacted }

// Format implements fmt.Formatter.
func (Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue implements slog.LogValuer.
func (Value) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, and so covers JSON and YAML.
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }
