package sandbox

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wasmsql/wasmsql/host/internal/wasmbin"
)

// randomGuest returns a module that does random things to its memory and its
// globals when it is initialized and when it runs, where each depends on what
// input_read returns. Its memory is one or two pages.
func randomGuest(rng *rand.Rand) []byte {
	m := &wasmbin.Module{
		Types: []wasmbin.FuncType{
			{Params: []wasmbin.ValueType{wasmbin.I32, wasmbin.I32}, Results: []wasmbin.ValueType{wasmbin.I64}},
			{},
			{Results: []wasmbin.ValueType{wasmbin.I32}},
		},
		Imports:   []wasmbin.Import{{Module: "wasmsql_v1", Name: "input_read", Kind: wasmbin.KindFunc, Type: 0}},
		Functions: []uint32{1, 2},
		Memories:  []wasmbin.Limits{{Min: 1 + rng.Uint32N(2), Max: 6, HasMax: true}},
		Exports: []wasmbin.Export{{Name: "memory", Kind: wasmbin.KindMemory},
			{Name: "_initialize", Kind: wasmbin.KindFunc, Index: 1}, {Name: "wasmsql_v1_run", Kind: wasmbin.KindFunc, Index: 2}},
	}
	types := []wasmbin.ValueType{wasmbin.I32, wasmbin.I64, wasmbin.F32, wasmbin.F64}
	for range rng.IntN(6) {
		t := types[rng.IntN(len(types))]
		m.Globals = append(m.Globals, wasmbin.Global{GlobalType: wasmbin.GlobalType{Type: t, Mutable: rng.IntN(4) > 0}, Init: constant(rng, t)})
	}
	for range rng.IntN(4) {
		data := make([]byte, rng.IntN(300))
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		m.Data = append(m.Data, wasmbin.Data{Offset: wasmbin.I32Const(rng.Uint32N(PageSize - 300)), Bytes: data})
	}
	start := random(rng, m, 0)
	run := random(rng, m, 4)
	m.Code = []wasmbin.Code{{Body: append(append([]byte{0}, start...), 0x0b)}, {Body: append(append([]byte{0}, run...), 0x41, 0, 0x0b)}}
	return m.Encode()
}

// constant returns a random constant expression.
func constant(rng *rand.Rand, t wasmbin.ValueType) []byte {
	switch t {
	case wasmbin.I32:
		return wasmbin.I32Const(rng.Uint32())
	case wasmbin.I64:
		return []byte{0x42, byte(rng.Uint32N(64))}
	case wasmbin.F32:
		return binary.LittleEndian.AppendUint32([]byte{0x43}, rng.Uint32())
	default:
		return binary.LittleEndian.AppendUint64([]byte{0x44}, rng.Uint64())
	}
}

// random returns instructions: stores, fills, grows, globals that are set, and
// as one of so many a trap; each happens if input_read returns an odd number.
func random(rng *rand.Rand, m *wasmbin.Module, trapOf int) []byte {
	var b []byte
	for range 1 + rng.IntN(12) {
		b = append(b, 0x41, 0, 0x41, 0, 0x10, 0, 0x42, 1, 0x83, 0xa7, 0x04, 0x40) // if (i32)(input_read(0, 0) & 1)
		switch op := rng.IntN(10); {
		case trapOf > 0 && op == 0 && rng.IntN(trapOf) == 0:
			b = append(b, 0x00)
		case op < 5:
			b = append(b, wasmbin.I32Const(rng.Uint32N(PageSize-8))...)
			b = append(b, constant(rng, wasmbin.I64)...)
			b = append(b, 0x37, 0, 0)
		case op < 6:
			b = append(b, wasmbin.I32Const(rng.Uint32N(PageSize/2))...)
			b = append(b, wasmbin.I32Const(rng.Uint32N(256))...)
			b = append(b, wasmbin.I32Const(rng.Uint32N(PageSize/2))...)
			b = append(b, 0xfc, 11, 0)
		case op < 7 && rng.IntN(3) == 0:
			b = append(b, 0x41, byte(rng.Uint32N(3)), 0x40, 0, 0x1a)
		default:
			if i := rng.IntN(len(m.Globals) + 1); i < len(m.Globals) && m.Globals[i].Mutable {
				b = append(append(b, constant(rng, m.Globals[i].Type)...), 0x24, byte(i))
			}
		}
		b = append(b, 0x0b)
	}
	return b
}

// state is all that an execution could leave to the next.
type state struct {
	memory  []byte
	globals []uint64
}

func stateOf(i *Instance) state {
	mem, _ := i.module.Memory().Read(0, i.module.Memory().Size())
	s := state{memory: mem}
	for _, g := range i.globals {
		s.globals = append(s.globals, g.Get())
	}
	return s
}

// TestSnapshotIsWhatExecutionsStartWith runs random guests many times, by one
// and by eight goroutines: each execution starts with the state that the
// first one started with, bit for bit.
func TestSnapshotIsWhatExecutionsStartWith(t *testing.T) {
	const seed = 1
	guests, runs := 202, 500
	if testing.Short() {
		guests, runs = 20, 100
	}
	var inputs atomic.Uint64
	imports := []Import{{Module: "wasmsql_v1", Name: "input_read", Params: "ii", Result: "I", Call: func(_ context.Context, _ Memory, stack []uint64) {
		n := inputs.Add(0x9e3779b97f4a7c15) // as splitmix64 has it
		n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
		stack[0] = n >> 40
	}}}
	s, err := New(context.Background(), Config{Imports: imports})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	rng := rand.New(rand.NewPCG(seed, 0))
	var reused, executions atomic.Int64
	for n := range guests {
		g, err := s.Prepare(context.Background(), Module{Wasm: randomGuest(rng)}, limits, unconfigured)
		if err != nil {
			t.Fatalf("seed %d, guest %d: %v", seed, n, err)
		}
		first, err := g.Take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		want := stateOf(first)
		want.memory = bytes.Clone(want.memory)
		first.Release()
		workers := 1 + 7*(n%2)
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range runs / workers {
					i, err := g.Take(context.Background())
					if err != nil {
						t.Error(err)
						return
					}
					executions.Add(1)
					got := stateOf(i)
					if !bytes.Equal(got.memory, want.memory) || !slices.Equal(got.globals, want.globals) {
						t.Errorf("seed %d, guest %d: an execution starts with another state", seed, n)
					}
					_, _ = i.Call(context.Background(), "wasmsql_v1_run") // a trap is welcome
					before := s.pool.len()
					i.Release()
					if workers == 1 && s.pool.len() > before {
						reused.Add(1)
					}
				}
			})
		}
		wg.Wait()
		g.Close()
		if n := s.pool.len(); n != 0 {
			t.Fatalf("%d instances of a closed guest", n)
		}
	}
	t.Logf("%d executions; of every other guest's, %d gave their instance back", executions.Load(), reused.Load())
	if reused.Load() == 0 {
		t.Error("no instance was used again")
	}
}

// TestPoolBounds: what waits is bounded by number, and goes with its guest.
func TestPoolBounds(t *testing.T) {
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, "minimal")}, limits, unconfigured)
		if err != nil {
			t.Fatal(err)
		}
		var taken []*Instance
		for range maxIdle + 10 {
			i, err := g.Take(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			taken = append(taken, i)
		}
		for _, i := range taken[1:] {
			i.Release()
		}
		if n := s.pool.len(); n != maxIdle {
			t.Errorf("%d instances wait, want %d", n, maxIdle)
		}
		g.Close()
		taken[0].Release()
		late, err := g.Take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		late.Release()
		if n := s.pool.len(); n != 0 || s.pool.bytes != 0 {
			t.Errorf("%d instances and %d bytes of a closed guest", n, s.pool.bytes)
		}
	})
}
