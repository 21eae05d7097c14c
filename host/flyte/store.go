package flyte

import (
	"context"
	"io"
)

// Store reads and writes what Flyte names by URL or path. Implementations are
// safe for concurrent use, retry what is safe to retry themselves, and return
// a *StoreError.
type Store interface {
	// Read returns a whole object, which is at most limit bytes long.
	Read(ctx context.Context, uri string, limit int64) ([]byte, error)
	// Create begins an object, in place of what has its name. It needs the
	// same memory for any size.
	Create(ctx context.Context, uri string) (Object, error)
}

// Object is an object being written. It is not safe for concurrent use. It
// has its name after Close has returned nil, and not before; when a Write or
// Close fails nothing is left under it. One of Close and Abort must be called;
// Abort does nothing after either.
type Object interface {
	io.Writer
	Close() error
	Abort()
}

// StoreFault says what kind of error a StoreError is.
type StoreFault int

const (
	// StorePermanent is an error that stays: no permission, no such bucket, a
	// scheme that nothing serves.
	StorePermanent StoreFault = iota
	// StoreNotFound is an object that is not there.
	StoreNotFound
	// StoreTooLarge is an object of more bytes than the limit of a Read.
	StoreTooLarge
	// StoreTransient is an error that may be gone at the next attempt: a
	// connection that was cut, a service that is busy.
	StoreTransient
)

// StoreError is an error of a Store.
type StoreError struct {
	// Op is what was being done: "read", "create", "write", "close".
	Op    string
	Fault StoreFault
	// Message says what went wrong, without credentials and without the
	// object's name, which its caller knows.
	Message string
	Hint    string
	Cause   error
}

// Error returns the message.
func (e *StoreError) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error { return e.Cause }
