package wasmbin

// Options say how Meter rewrites a module. The zero value meters and nothing
// else, with the default stack.
type Options struct {
	// Stack bounds what calls take of the engine's stack, in bytes that are
	// counted for each call: an upper bound of its frame, which depends on the
	// function. Zero is DefaultStack.
	Stack int64
	// MaxDepth bounds how deep functions can call each other, by counting each
	// frame as at least Stack/MaxDepth. Zero is no bound besides Stack. wazero's
	// interpreter ends at 2,000 frames: with at most MaxEngineDepth both engines
	// end the same way.
	MaxDepth int
	// Globals exports the mutable globals under names of the Layout.
	Globals bool
	// MaxTable bounds the elements that each of the module's tables can grow
	// to, as if it said so itself; one that starts with more is refused. Zero
	// is no bound.
	MaxTable uint32
	// Coalesce joins active data segments that are next to each other.
	Coalesce bool
}

// DefaultStack is the stack that a guest gets.
const DefaultStack = 4 << 20

// MaxEngineDepth is how deep both engines can call, with what is not counted:
// the entry, leaves, and the tick.
const MaxEngineDepth = 1980

// Prefix begins all names that Meter adds; a module that uses it, in an export
// or as an imported module, is refused.
const Prefix = "wasmsql:"

// Names that Meter adds.
const (
	TickModule  = Prefix + "meter"
	TickName    = "tick" // (remaining i64, stack i64) -> (budget i64)
	FuelExport  = Prefix + "fuel"
	StackExport = Prefix + "stack"
)

// Layout is what a metered module and its host agree on.
//
// Fuel is a mutable i64 global that counts down. It is 0 in a new instance, and
// is to be set to 0 before an instance is used again. When a charge makes it
// negative, the guest calls the imported function TickModule.TickName, of type
// (i64, i64) -> (i64), with its value and with that of Stack, and puts what it
// returns in the global. So the host grants fuel in slices:
//
//	granted += slice
//	return remaining + slice
//
// until the result is not negative, and yields and looks at cancellation each
// time; it ends the execution with a panic. What was used is, at any time,
// granted minus the value of the global: exactly, and the same for each run and
// engine. A host function may charge for itself by lowering the global.
//
// Stack is a mutable i64 global that counts the bytes of stack that are left:
// Options.Stack in a new instance, and again after each call that returned. If
// the tick gets a negative stack, the guest called too deep, and the host ends
// the execution. After a trap both globals stay as they were; the instance is
// to be thrown away.
//
// All instructions of a region are paid before its first one runs. A region
// that can be left early, by a trap, is paid as a whole.
type Layout struct {
	Stack   int64          // the initial value of StackExport
	Globals []GlobalExport // if Options.Globals
	Uses    Uses
}

// GlobalExport is a mutable global of the guest's own.
type GlobalExport struct {
	Index uint32
	Type  ValueType
	Name  string
}

// Version is that of what Meter makes of a module. It changes whenever that
// does: rewritten modules are kept on disk under it.
const Version = 5
