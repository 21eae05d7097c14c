package sandbox

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tetratelabs/wazero/api"

	"github.com/wasmsql/wasmsql/host/internal/wasmbin"
)

// Guest is a module that has been configured for a task. Every instance taken
// from it is as the configuration left it.
type Guest struct {
	sandbox   *Sandbox
	code      *preparedCode
	limits    Limits
	linear    int64 // of the limit of memory: what linear memory may come to
	stack     int64 // and the stack
	configure func(context.Context, *Instance) error
	ready     chan *Instance // without a snapshot: the instance that Prepare configured, until it is taken
	snapshot  *snapshot      // nil where one would not hold all state
	mu        sync.RWMutex   // held to use the snapshot's image
	closed    atomic.Bool
}

// snapshot is the state of an instance that has been configured.
type snapshot struct {
	image   *image
	globals []uint64
	heat    heat
}

// Prepare is Compile and Configure.
func (s *Sandbox) Prepare(ctx context.Context, m Module, limits Limits, configure func(context.Context, *Instance) error) (*Guest, error) {
	c, err := s.Compile(ctx, m)
	if err != nil {
		return nil, err
	}
	return c.Configure(ctx, limits, configure)
}

// Configure makes a Guest of a module, with a first instance that configure,
// which is called for each new one without a snapshot, has initialized and
// configured. Whatever comes of it, c is used up.
func (c *Compiled) Configure(ctx context.Context, limits Limits, configure func(context.Context, *Instance) error) (*Guest, error) {
	s, code := c.sandbox, c.code
	stack, tables := code.beside(limits.Memory)
	linear := limits.Memory - stack - tables
	if linear <= 0 || int64(code.initial) > linear {
		s.codes.leave(code.entry)
		return nil, &Exhausted{Limit: "memory", Max: limits.Memory, Used: int64(code.initial) + stack + tables}
	}
	g := &Guest{sandbox: s, code: code, limits: limits, linear: linear, stack: stack, configure: configure, ready: make(chan *Instance, 1)}
	first, err := g.configured(ctx)
	if err != nil {
		s.codes.leave(code.entry)
		return nil, err
	}
	if !code.snapshots {
		g.ready <- first
		return g, nil
	}
	if g.snapshot, err = takeSnapshot(first); err == nil {
		err = first.memory.stand(g.snapshot.image)
	}
	if err != nil {
		g.Close()
		first.Close()
		return nil, err
	}
	first.idle()
	s.pool.put(first)
	return g, nil
}

// Take returns an instance that nobody has used since it was configured. It is
// given back by Release, or thrown away by Close.
func (g *Guest) Take(ctx context.Context) (*Instance, error) {
	select {
	case i := <-g.ready:
		return i, nil
	default:
	}
	if i := g.sandbox.pool.get(g); i != nil {
		return i, nil
	}
	g.mu.RLock()
	if g.snapshot == nil || g.closed.Load() {
		g.mu.RUnlock() // it may take long
		return g.configured(ctx)
	}
	defer g.mu.RUnlock()
	return g.restored(ctx)
}

// Close frees what the guest keeps. Instances that were taken stay valid, and
// executions that are under way can still take one.
func (g *Guest) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed.Swap(true) {
		return
	}
	select {
	case i := <-g.ready:
		i.Close()
	default:
	}
	g.sandbox.pool.forget(g)
	if g.snapshot != nil {
		g.snapshot.image.close()
	}
	g.sandbox.codes.leave(g.code.entry)
}

// configured returns a new instance that has initialized and configured
// itself.
func (g *Guest) configured(ctx context.Context) (*Instance, error) {
	mem, err := newMemory(uint64(g.linear), nil)
	if err != nil {
		return nil, err
	}
	i, err := g.instance(ctx, mem)
	if err != nil {
		return nil, err
	}
	if err := i.start(ctx); err != nil {
		i.Close()
		return nil, err
	}
	i.memory.refused = 0
	return i, nil
}

// start writes the data that the module comes with and has it configured.
func (i *Instance) start(ctx context.Context) error {
	if d := i.guest.limits.Start; d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	for _, s := range i.guest.code.data {
		if !i.module.Memory().Write(s.offset, s.bytes) {
			return &Trap{Reason: "a data segment is outside of memory"}
		}
	}
	return i.guest.configure(ctx, i)
}

// restored returns a new instance in the state of the snapshot.
func (g *Guest) restored(ctx context.Context) (*Instance, error) {
	mem, err := newMemory(uint64(g.linear), g.snapshot.image)
	if err != nil {
		return nil, err
	}
	mem.populate(g.snapshot.heat.spans())
	i, err := g.instance(ctx, mem)
	if err != nil {
		return nil, err
	}
	if grown := g.snapshot.image.size - mem.size; grown > 0 {
		if _, ok := i.module.Memory().Grow(uint32(grown / PageSize)); !ok {
			i.Close()
			return nil, fmt.Errorf("a snapshot of %d bytes does not fit the memory", g.snapshot.image.size)
		}
	}
	for k, v := range g.snapshot.globals {
		i.globals[k].Set(v)
	}
	return i, nil
}

// instance returns an instance on a memory, which it owns, of which nothing has
// run.
func (g *Guest) instance(ctx context.Context, mem *linearMemory) (*Instance, error) {
	mod, err := g.code.Instantiate(ctx, mem)
	if err != nil {
		mem.Free()
		return nil, err
	}
	i := &Instance{guest: g, module: mod, memory: mem, held: g.code.held, calls: map[string]api.Function{}}
	global := func(name string) api.MutableGlobal { return mod.ExportedGlobal(name).(api.MutableGlobal) }
	i.fuel, i.stack = global(wasmbin.FuelExport), global(wasmbin.StackExport)
	i.stack.Set(uint64(g.stack))
	for _, name := range g.code.globals {
		i.globals = append(i.globals, global(name))
	}
	return i, nil
}

// takeSnapshot copies the state of an instance.
func takeSnapshot(i *Instance) (*snapshot, error) {
	mem, _ := i.module.Memory().Read(0, i.module.Memory().Size())
	img, err := newImage(mem)
	if err != nil {
		return nil, err
	}
	s := &snapshot{image: img}
	for _, g := range i.globals {
		s.globals = append(s.globals, g.Get())
	}
	return s, nil
}
