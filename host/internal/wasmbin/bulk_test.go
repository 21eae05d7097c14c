package wasmbin

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"github.com/tetratelabs/wazero/api"
)

// bulkModule has a memory of 20 pages, a passive segment of 300,000 bytes, and
// functions of three sizes: f0 fills, f1 copies, f2 copies from the segment,
// f3 drops it, f4 copies in a loop that keeps the fuel in a local.
func bulkModule() []byte {
	three := FuncType{Params: []ValueType{I32, I32, I32}}
	data := make([]byte, 300_000)
	for i := range data {
		data[i] = byte(i*7 + i>>8)
	}
	m := Module{Memories: []Limits{{Min: 20}}, Exports: []Export{{"memory", KindMemory, 0}}, HasDataCount: true, Data: []Data{{Mode: Passive, Bytes: data}}}
	all := new(asm).get(0).get(1).get(2)
	for i, f := range []fn{
		{body: *new(asm).op(*all...).op(opMiscPrefix, opMemoryFill, 0)},
		{body: *new(asm).op(*all...).op(opMiscPrefix, opMemoryCopy, 0, 0)},
		{body: *new(asm).op(*all...).op(opMiscPrefix, opMemoryInit, 0, 0)},
		{body: *new(asm).op(opMiscPrefix, opDataDrop, 0)},
		{locals: []ValueType{I32}, body: *new(asm).op(opLoop, blockEmpty).op(*all...).op(opMiscPrefix, opMemoryCopy, 0, 0).
			get(3).i32(1).op(opI32Add).with(opLocalTee, 3).i32(3).op(0x49, opBrIf, 0, opEnd)}, // i32.lt_u
	} {
		m.Types = append(m.Types, three)
		m.Functions = append(m.Functions, uint32(i))
		m.Code = append(m.Code, f.code())
		m.Exports = append(m.Exports, Export{"f" + string(rune('0'+i)), KindFunc, uint32(i)})
	}
	return m.Encode()
}

// TestBulkInPieces does random fills and copies metered and not: memory is the
// same after each, byte for byte, also where they overlap, and where they trap.
func TestBulkInPieces(t *testing.T) {
	const seed, size = 1, 20 << 16
	rng := rand.New(rand.NewPCG(seed, 0))
	wasm := bulkModule()
	number := func(upTo uint32) uint64 {
		switch rng.IntN(12) {
		case 0:
			return uint64(rng.Uint32()) // mostly outside
		case 1:
			return uint64(rng.Uint32N(upTo/bulkPiece+2)) * bulkPiece
		case 2:
			return uint64(rng.Uint32N(upTo/bulkPiece+2))*bulkPiece + rng.Uint64N(3) - 1
		}
		return uint64(rng.Uint32N(upTo))
	}
	for engine, rc := range engines() {
		plain, m := instance(t, rc, wasm, &meter{}), &meter{}
		mod := instance(t, rc, metered(t, wasm, Options{}), m)
		traps := 0
		for n := range 1500 {
			what := [...]string{"f0", "f1", "f1", "f2", "f4"}[rng.IntN(5)]
			if n == 1400 {
				what = "f3"
			}
			args := []uint64{uint64(uint32(number(size))), uint64(uint32(number(size))), uint64(uint32(number(size / 2)))}
			before := m.used(mod)
			_, want := plain.ExportedFunction(what).Call(context.Background(), args...)
			_, got := mod.ExportedFunction(what).Call(context.Background(), args...)
			if (want == nil) != (got == nil) {
				t.Fatalf("%s, seed %d, %s%v: %v, metered %v", engine, seed, what, args, want, got)
			}
			if want != nil {
				traps++
			} else if fuel := m.used(mod) - before; what != "f3" && what != "f4" && (fuel < int64(args[2]>>3) || fuel > int64(args[2]>>3)+50) {
				t.Errorf("%s, %s%v: %d units of fuel", engine, what, args, fuel)
			}
			if !bytes.Equal(memoryOf(plain), memoryOf(mod)) {
				t.Fatalf("%s, seed %d, %s%v: memory differs", engine, seed, what, args)
			}
		}
		if traps < 100 || traps > 1000 {
			t.Errorf("%s: %d traps", engine, traps)
		}
	}
}

func memoryOf(mod api.Module) []byte {
	b, _ := mod.Memory().Read(0, mod.Memory().Size())
	return b
}

// TestBulkTicks sees that a guest comes to its tick in the middle of a fill and
// of a copy, with no more than a few pieces between.
func TestBulkTicks(t *testing.T) {
	wasm := metered(t, bulkModule(), Options{})
	for engine, rc := range engines() {
		for _, what := range []string{"f0", "f1", "f4"} {
			m := &meter{}
			mod := instance(t, rc, wasm, m)
			if _, err := mod.ExportedFunction(what).Call(context.Background(), 1, 0, 20<<16-1); err != nil {
				t.Fatal(err)
			}
			if want := (20 << 16) / 8 / 28_200; m.ticks < want {
				t.Errorf("%s on the %s: %d ticks, want %d", what, engine, m.ticks, want)
			}
		}
	}
}
