package sandbox

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero/api"
)

// Instance is one running copy of a guest. It belongs to one goroutine.
type Instance struct {
	guest   *Guest
	module  api.Module
	memory  *linearMemory
	globals []api.MutableGlobal // those that a snapshot holds, in its order
	fuel    api.MutableGlobal
	stack   api.MutableGlobal
	calls   map[string]api.Function // each with a stack of the engine's
	used    int64                   // fuel, of the last call
	held    int64                   // bytes that it takes while it is idle
	failed  bool                    // a call ended in another way than by returning
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

// Initialize calls the module's _initialize, if it has one: no other call comes
// before it. Its error is that of Call.
func (i *Instance) Initialize(ctx context.Context) error {
	if !i.Has("_initialize") {
		return nil
	}
	_, err := i.call(ctx, "_initialize")
	return err
}

// Call calls an exported function () -> i32. Its error is a *Trap, an
// *Exhausted, or the context's when that has ended.
func (i *Instance) Call(ctx context.Context, export string) (int32, error) {
	res, err := i.call(ctx, export)
	if err != nil {
		return 0, err
	}
	return int32(res[0]), nil
}

func (i *Instance) call(ctx context.Context, export string) ([]uint64, error) {
	m := newMeter(ctx, i.guest.limits.Fuel)
	i.fuel.Set(0)
	res, err := i.function(export).Call(m.ctx)
	i.used = m.granted - int64(i.fuel.Get())
	i.fuel.Set(0)
	if err != nil {
		i.failed = true
		return nil, i.ended(ctx, err)
	}
	if m.limit > 0 && i.used > m.limit { // its last few units were not asked for
		i.failed = true
		return nil, &Exhausted{Limit: "fuel", Max: m.limit, Used: i.used}
	}
	return res, nil
}

// ended turns the engine's error into ours. A guest that traps after memory was
// refused to it is taken to have trapped for that.
func (i *Instance) ended(ctx context.Context, err error) error {
	err = ended(ctx, err)
	if _, trap := err.(*Trap); trap && i.memory.refused > 0 {
		g := i.guest
		return &Exhausted{Limit: "memory", Max: g.limits.Memory, Used: int64(i.memory.refused) + g.limits.Memory - g.linear}
	}
	return err
}

// PeakMemory returns the most bytes of linear memory that there were.
func (i *Instance) PeakMemory() int64 { return int64(i.memory.peak) }

// Fuel returns the work of the guest's last call, in units of wasmbin's
// weights: the same for each run and engine.
func (i *Instance) Fuel() int64 { return i.used }

// Wasteful reports whether each execution of the guest may leave the collector a
// table of half a megabyte: one of its own, which grows.
func (i *Instance) Wasteful() bool { return i.guest.code.extends }

// Release gives the instance back. It is made what it was when it was taken,
// to be taken again, or is thrown away where that cannot be had cheaply: after
// a trap, with a memory that has grown, or of a module that has more state
// than memory and globals.
func (i *Instance) Release() {
	g := i.guest
	g.mu.RLock()
	ok := !g.closed.Load() && i.reset() == nil
	g.mu.RUnlock()
	if !ok {
		i.Close()
		return
	}
	g.sandbox.pool.put(i)
}

// errKept is that an instance cannot be made what it was.
var errKept = errors.New("an instance has state that its snapshot has not")

// reset makes the instance what it was. The guest is not closed meanwhile.
func (i *Instance) reset() error {
	g := i.guest
	if g.snapshot == nil || i.failed || i.memory.image != g.snapshot.image || i.memory.size != g.snapshot.image.size {
		return errKept
	}
	stays := g.snapshot.heat.after(i.memory)
	if g.sandbox.pool.waiting(g) >= maxWarm {
		stays = nil
	}
	if err := i.memory.reset(stays); err != nil {
		return err
	}
	for k, v := range g.snapshot.globals {
		i.globals[k].Set(v)
	}
	i.idle()
	return nil
}

// idle makes an instance that is what it was ready to wait.
func (i *Instance) idle() {
	i.held = i.guest.code.held + bytesOf(i.memory.kept)
	i.memory.peak, i.memory.refused = i.memory.size, 0
}

// Close throws the instance and its memory away.
func (i *Instance) Close() { _ = i.module.Close(context.Background()) }
