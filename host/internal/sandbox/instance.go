package sandbox

import (
	"context"

	"github.com/tetratelabs/wazero/api"
)

// Instance is one running copy of a guest. It belongs to one goroutine.
type Instance struct {
	guest   *Guest
	module  api.Module
	memory  *linearMemory
	globals []api.MutableGlobal // those that a snapshot holds, in its order
	calls   map[string]api.Function
	held    int64 // bytes that it takes while it is idle
	failed  bool  // a call ended in another way than by returning
}

// Has reports whether the module exports a function of that name.
func (i *Instance) Has(export string) bool { return i.function(export) != nil }

func (i *Instance) function(export string) api.Function {
	f, ok := i.calls[export]
	if !ok {
		f = i.module.ExportedFunction(export)
		i.calls[export] = f
	}
	return f
}

// Call calls an exported function () -> i32. Its error is a *Trap, or the
// context's when that has ended.
func (i *Instance) Call(ctx context.Context, export string) (int32, error) {
	res, err := i.function(export).Call(ctx)
	if err != nil {
		i.failed = true
		return 0, ended(ctx, err)
	}
	return int32(res[0]), nil
}

// PeakMemory returns the most bytes of linear memory that there were.
func (i *Instance) PeakMemory() int64 { return int64(i.memory.peak) }

// Fuel returns the metered work of the guest; false where the engine does not
// meter.
func (i *Instance) Fuel() (int64, bool) { return 0, false }

// Release gives the instance back. It is made what it was when it was taken,
// to be taken again, or is thrown away where that cannot be had cheaply: after
// a trap, with a memory that has grown, or of a module that has more state
// than memory and globals.
func (i *Instance) Release() {
	g := i.guest
	if g.snapshot == nil || i.failed || i.memory.image != g.snapshot.image || i.memory.size != g.snapshot.image.size {
		i.Close()
		return
	}
	if err := i.memory.reset(); err != nil {
		i.Close()
		return
	}
	i.memory.peak = i.memory.size
	for k, v := range g.snapshot.globals {
		i.globals[k].Set(v)
	}
	g.sandbox.pool.put(i)
}

// Close throws the instance and its memory away.
func (i *Instance) Close() { _ = i.module.Close(context.Background()) }
