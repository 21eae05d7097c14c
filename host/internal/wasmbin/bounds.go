package wasmbin

import "fmt"

// Bounds of a module, which Decode enforces. They keep what is read, what is
// written and what the engine does with it in proportion to the binary: the
// engine allocates by counts that a module claims, and parts of it take time
// in the product of two of them. What compilers produce is far below each; the
// figures of a Go guest of 2 MB stand behind.
const (
	MaxSize = 16 << 20 // bytes of the binary

	maxName         = 1 << 16 // bytes of one
	maxTypes        = 1 << 14 // 66
	maxParams       = 1000    // of one function type: 6
	maxResults      = 1000    // of one function type: 1
	maxImports      = 4096    // 20
	maxFunctions    = 50_000  // 2,800
	maxTables       = 64      // 1
	maxMemories     = 64      // 1, and the engine takes no more
	maxGlobals      = 4096    // 8
	maxExports      = 10_000  // 7
	maxElements     = 10_000  // segments: 1
	maxElementItems = 1 << 18 // of all segments: 2,700
	maxSegments     = 100_000 // of data: 21,603
	maxCustoms      = 1000
	maxBody         = 2 << 20 // bytes of a function: 60 k
	maxLocals       = 10_000  // of a function, with its parameters: 12
	maxAllLocals    = 1 << 20 // of all functions: 20 k
	maxDepth        = 5000    // nested blocks: 550
	maxLoops        = 100     // nested loops: 5; the engine takes time in their square
	maxBlocks       = 30_000  // that the engine makes of a function: 3,800
	maxSquares      = 1 << 30 // of those of all functions, which the engine takes time in: 1.1e8
	maxTargets      = 30_000  // of the br_tables of a function: 1,150
	maxWork         = 1 << 18 // of a function, see count.work: 73 k
	maxAllWork      = 1 << 25 // of all functions
)

// Refusal is returned, possibly wrapped, by Decode and Meter for a module that
// is over a bound.
type Refusal struct {
	What         string // for instance "functions"
	Found, Limit uint64
	Hint         string // what to do
}

// Error returns what was found, what is accepted and what to do.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%s: found %d, at most %d are accepted: %s", r.What, r.Found, r.Limit, r.Hint)
}
