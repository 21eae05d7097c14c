package sandbox

import (
	"context"

	"github.com/tetratelabs/wazero/api"
)

// Engine compiles modules. There are two behind it, and the tests run every
// guest on both.
type Engine interface {
	// Compile turns an admitted and rewritten module into code.
	Compile(ctx context.Context, m Module) (Code, error)
	// Close frees all code.
	Close() error
}

// Code is a compiled module, good for any number of instances.
type Code interface {
	// Instantiate returns an instance with that memory, of which nothing has
	// run.
	Instantiate(ctx context.Context, mem *linearMemory) (api.Module, error)
	// Forget lets the code be freed when its last instance is gone.
	Forget()
}
