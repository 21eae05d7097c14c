package sandbox

import (
	"container/list"
	"slices"
	"sync"
	"time"
)

// Bounds of the instances that wait for work, of all guests together.
const (
	maxIdle      = 256              // instances
	maxIdleBytes = 256 << 20        // of what they hold
	idleTime     = 30 * time.Second // after which one is dropped
	maxStacks    = 2                // instances that keep the engine's stack
)

// pool keeps instances that were reset, for their own guest's next execution.
// The engine keeps a stack for each, which it lets grow as deep as the guest
// goes, up to some megabytes, and never shrinks: the instances that wait since
// lately keep it, as another would be garbage after each execution. When there are too many, or they wait too long, the one that has waited
// longest is dropped. It is safe for concurrent use.
type pool struct {
	mu     sync.Mutex
	idle   *list.List // of *idleInstance, the longest waiting one first
	of     map[*Guest][]*list.Element
	stacks []*Instance // those that keep the engine's stack, the longest waiting one first
	bytes  int64
	timer  *time.Timer
	closed bool
}

type idleInstance struct {
	*Instance
	since time.Time
}

func newPool() *pool {
	return &pool{idle: list.New(), of: map[*Guest][]*list.Element{}}
}

// get returns an instance of a guest, the one that was used last of those with
// pages in place if there is one, or nil.
func (p *pool) get(g *Guest) *Instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.of[g]
	if len(of) == 0 {
		return nil
	}
	return p.remove(of[len(of)-1])
}

// put takes an instance that was reset. One that it does not keep is closed.
func (p *pool) put(i *Instance) {
	p.mu.Lock()
	if p.closed || i.guest.closed.Load() {
		p.mu.Unlock()
		i.Close()
		return
	}
	e := p.idle.PushBack(&idleInstance{i, time.Now()})
	if len(i.memory.kept) == 0 { // those with pages in place are taken first
		p.of[i.guest] = slices.Insert(p.of[i.guest], 0, e)
	} else {
		p.of[i.guest] = append(p.of[i.guest], e)
	}
	p.bytes += i.held
	if p.stacks = append(p.stacks, i); len(p.stacks) > maxStacks {
		clear(p.stacks[0].calls)
		p.stacks = slices.Delete(p.stacks, 0, 1)
	}
	var drop []*Instance
	for p.idle.Len() > maxIdle || p.bytes > maxIdleBytes {
		drop = append(drop, p.remove(p.idle.Front()))
	}
	if p.timer == nil && p.idle.Len() > 0 {
		p.timer = time.AfterFunc(idleTime, p.shrink)
	}
	p.mu.Unlock()
	closeAll(drop)
}

// remove takes an element out. The lock is held.
func (p *pool) remove(e *list.Element) *Instance {
	i := p.idle.Remove(e).(*idleInstance).Instance
	of := p.of[i.guest]
	for k := range of {
		if of[k] == e {
			of = append(of[:k], of[k+1:]...)
			break
		}
	}
	if p.of[i.guest] = of; len(of) == 0 {
		delete(p.of, i.guest)
	}
	p.bytes -= i.held
	if k := slices.Index(p.stacks, i); k >= 0 {
		p.stacks = slices.Delete(p.stacks, k, k+1)
	}
	return i
}

// shrink drops what has waited too long.
func (p *pool) shrink() {
	p.mu.Lock()
	p.timer = nil
	var drop []*Instance
	for e := p.idle.Front(); e != nil; e = p.idle.Front() {
		left := idleTime - time.Since(e.Value.(*idleInstance).since)
		if left > 0 {
			p.timer = time.AfterFunc(left, p.shrink)
			break
		}
		drop = append(drop, p.remove(e))
	}
	p.mu.Unlock()
	closeAll(drop)
}

// forget drops the instances of a guest that is closed.
func (p *pool) forget(g *Guest) {
	p.mu.Lock()
	var drop []*Instance
	for len(p.of[g]) > 0 {
		drop = append(drop, p.remove(p.of[g][0]))
	}
	p.mu.Unlock()
	closeAll(drop)
}

// close drops everything, now and from now on.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	var drop []*Instance
	for e := p.idle.Front(); e != nil; e = p.idle.Front() {
		drop = append(drop, p.remove(e))
	}
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Unlock()
	closeAll(drop)
}

func closeAll(list []*Instance) {
	for _, i := range list {
		i.Close()
	}
}

// waiting returns how many instances of a guest wait.
func (p *pool) waiting(g *Guest) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.of[g])
}

// len returns how many instances wait.
func (p *pool) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.idle.Len()
}
