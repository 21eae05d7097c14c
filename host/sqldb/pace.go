package sqldb

import "context"

// Pace is how a driver that takes many rows apart leaves processors to others:
// it says when it computes and when it waits. Tick may wait until there is a
// processor; what it allows ends with Rest. The zero Pace does nothing. It is
// used by one goroutine.
type Pace struct{ tick, rest func() }

// NewPace returns a Pace of these functions.
func NewPace(tick, rest func()) Pace { return Pace{tick, rest} }

// Tick is called before the driver goes on with what it was given, at least
// every few 100 µs of it.
func (p Pace) Tick() {
	if p.tick != nil {
		p.tick()
	}
}

// Rest is called before the driver waits for something outside of it, and when
// it is done.
func (p Pace) Rest() {
	if p.rest != nil {
		p.rest()
	}
}

type paceKey struct{}

// WithPace returns a context for Rows.Next that has the driver keep a pace.
func WithPace(ctx context.Context, p Pace) context.Context {
	return context.WithValue(ctx, paceKey{}, p)
}

// PaceOf returns the pace of a context, or the zero Pace.
func PaceOf(ctx context.Context) Pace {
	p, _ := ctx.Value(paceKey{}).(Pace)
	return p
}
