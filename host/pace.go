package host

import (
	"context"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

// freeTicks is how many ticks a stream of rows has for nothing: most results
// are small, and need not wait for a slot.
const freeTicks = 4

// pace is how a goroutine that reads or writes rows shares the slots with the
// guests: it holds one while it computes, and none while it waits. It is used by
// one goroutine.
type pace struct {
	ctx   context.Context // of the one stream that this belongs to
	slot  slot
	ticks int
}

func newPace(ctx context.Context, h *Host) *pace {
	return &pace{ctx: ctx, slot: slot{slots: h.runtime.slots, host: h, rows: true}}
}

// tick takes a slot, or lets others have it whose turn it is. It returns without
// one when the context ends, as the stream then does.
func (p *pace) tick() {
	switch {
	case p.ticks < freeTicks:
		p.ticks++
	case p.slot.held:
		_ = p.slot.yield(p.ctx)
	default: // it comes from a wait, which may have been none: a network that took all at once
		offerProcessor()
		p.slot.offer()
		_ = p.slot.acquire(p.ctx)
	}
}

// rest gives the slot back.
func (p *pace) rest() {
	p.slot.release()
	p.slot.long = false
}

// with returns a context that has a driver keep this pace.
func (p *pace) with(ctx context.Context) context.Context {
	return sqldb.WithPace(ctx, sqldb.NewPace(p.tick, p.rest))
}
