package sandbox

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// gatedEngine compiles when it is let.
type gatedEngine struct {
	Engine
	began chan struct{} // one for each compile
	open  chan struct{} // closed: all go on
	n     atomic.Int64
	now   atomic.Int64 // at work
	most  atomic.Int64
	ended atomic.Int64 // whose context has ended
}

// Compile implements Engine.Compile.
func (e *gatedEngine) Compile(ctx context.Context, m Module) (Code, error) {
	e.n.Add(1)
	defer e.now.Add(-1)
	if now := e.now.Add(1); now > e.most.Load() {
		e.most.Store(now)
	}
	e.began <- struct{}{}
	select {
	case <-e.open:
		return e.Engine.Compile(ctx, m)
	case <-ctx.Done():
		e.ended.Add(1)
		return nil, ctx.Err()
	}
}

func gated(t *testing.T) (*Sandbox, *gatedEngine) {
	s, err := New(context.Background(), Config{Imports: fakeImports(new(atomic.Int64))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	e := &gatedEngine{Engine: s.engine, began: make(chan struct{}, 100), open: make(chan struct{})}
	s.engine = e
	return s, e
}

// TestCompileSingleFlight asks for one module from many goroutines, of which the
// first, who caused it to be compiled, and others stop to wait: it is compiled
// once, and who still waits gets it.
func TestCompileSingleFlight(t *testing.T) {
	s, engine := gated(t)
	wasm := guest(t, "minimal")
	var wg sync.WaitGroup
	ask := func(ctx context.Context, want error) {
		wg.Go(func() {
			c, err := s.Compile(ctx, Module{Wasm: wasm})
			if err != want {
				t.Errorf("%v, want %v", err, want)
			}
			if err == nil {
				c.Close()
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	ask(ctx, context.Canceled)
	<-engine.began
	for range 7 {
		ask(ctx, context.Canceled)
		ask(context.Background(), nil)
	}
	for waiting := 0; waiting < 15; time.Sleep(time.Millisecond) {
		s.codes.mu.Lock()
		for _, e := range s.codes.entries {
			waiting = e.guests
		}
		s.codes.mu.Unlock()
	}
	cancel()
	time.Sleep(5 * time.Millisecond)
	close(engine.open)
	wg.Wait()
	if n := engine.n.Load(); n != 1 || engine.ended.Load() != 0 {
		t.Errorf("compiled %d times, ended %d", n, engine.ended.Load())
	}
	if len(s.codes.unused) != 1 {
		t.Errorf("%d modules are kept", len(s.codes.unused))
	}
}

// TestCompileCancelled: what nobody waits for is ended, and spoils nothing for
// who asks next.
func TestCompileCancelled(t *testing.T) {
	s, engine := gated(t)
	wasm := guest(t, "minimal")
	for range 3 {
		ctx, cancel := context.WithCancel(context.Background())
		go func() { <-engine.began; cancel() }()
		if _, err := s.Compile(ctx, Module{Wasm: wasm}); err != context.Canceled {
			t.Error(err)
		}
	}
	close(engine.open)
	c, err := s.Compile(context.Background(), Module{Wasm: wasm})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if engine.ended.Load() == 3 && engine.now.Load() == 0 {
			return
		}
	}
	t.Errorf("%d of 3 compiles have ended, %d are at work", engine.ended.Load(), engine.now.Load())
}

// TestCompilesAreBounded asks for many modules at once: few are compiled at a
// time, in their order, and those that wait can be cancelled.
func TestCompilesAreBounded(t *testing.T) {
	s, engine := gated(t)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	var canceled atomic.Int64
	for n := range 20 {
		on := context.Background()
		if n >= 10 {
			on = ctx
		}
		wg.Go(func() {
			c, err := s.Compile(on, Module{Wasm: numbered(t, n)})
			switch {
			case err == nil:
				c.Close()
			case err == context.Canceled:
				canceled.Add(1)
			default:
				t.Error(err)
			}
		})
		if n < maxCompiles {
			<-engine.began
		}
	}
	for waiting := 0; waiting < 20-maxCompiles; time.Sleep(time.Millisecond) {
		s.compiles.mu.Lock()
		waiting = len(s.compiles.waiting)
		s.compiles.mu.Unlock()
	}
	cancel()
	for canceled.Load() < 10 {
		time.Sleep(time.Millisecond)
	}
	close(engine.open)
	wg.Wait()
	if engine.most.Load() != maxCompiles || engine.n.Load() != 10 {
		t.Errorf("%d compiles of which %d at a time, want 10 and %d", engine.n.Load(), engine.most.Load(), maxCompiles)
	}
}

// TestCompileBytes: a large module waits for others to end and is compiled alone.
func TestCompileBytes(t *testing.T) {
	var c compiles
	ctx := context.Background()
	if err := c.enter(ctx, 10); err != nil {
		t.Fatal(err)
	}
	large := make(chan error)
	go func() { large <- c.enter(ctx, maxCompileBytes) }()
	for n := 0; n == 0; time.Sleep(time.Millisecond) {
		c.mu.Lock()
		n = len(c.waiting)
		c.mu.Unlock()
	}
	short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
	defer cancel()
	if err := c.enter(short, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it has overtaken a larger one: %v", err)
	}
	c.leave(10)
	if err := <-large; err != nil {
		t.Error(err)
	}
	c.leave(maxCompileBytes)
	if c.running != 0 || c.bytes != 0 || len(c.waiting) != 0 {
		t.Errorf("left behind: %d of %d bytes, %d waiting", c.running, c.bytes, len(c.waiting))
	}
}

// TestCompileAfterClose is refused, and Close ends what is compiled.
func TestCompileAfterClose(t *testing.T) {
	s, engine := gated(t)
	failed := make(chan error)
	go func() {
		_, err := s.Compile(context.Background(), Module{Wasm: guest(t, "minimal")})
		failed <- err
	}()
	<-engine.began
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("while it is closed: %v", err)
	}
	if _, err := s.Compile(context.Background(), Module{Wasm: guest(t, "minimal")}); err != errClosed {
		t.Errorf("closed: %v", err)
	}
}
