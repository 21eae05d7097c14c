package main

import (
	"fmt"
	"io"
	"os"
	"sync"
)

// partial is a file that has a temporary name until it is whole.
type partial interface {
	// Partial returns that name, or "", and whether all of the file is there.
	Partial() (name string, all bool)
}

// partials are the files that a call of the program has begun. It is safe for
// concurrent use.
type partials struct {
	mu   sync.Mutex
	list []begun
}

type begun struct {
	partial
	keep bool // once it is whole
}

// begin adds the file that create makes. One that is whole and to be kept may
// be all that is left of a transaction that is committed.
func (p *partials) begin(keep bool, create func() (partial, error)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := create()
	if err == nil {
		p.list = append(p.list, begun{f, keep})
	}
	return err
}

// end removes the files that are not whole, and says where the others are.
// None can be begun afterwards: the program is at its end.
func (p *partials) end(stderr io.Writer) {
	p.mu.Lock()
	for _, f := range p.list {
		name, all := f.Partial()
		switch {
		case name == "":
		case all && f.keep:
			fmt.Fprintf(stderr, "wasmsql: whether the transaction is committed is not known; all of the result is in %q\n", name)
		default:
			os.Remove(name)
		}
	}
}
