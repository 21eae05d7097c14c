// Package policy decides whether a guest may run a statement on a connection.
// It is pure: no I/O, no state, safe for concurrent use.
package policy
