// Package host runs SQL tasks whose logic is a WebAssembly guest.
package host
