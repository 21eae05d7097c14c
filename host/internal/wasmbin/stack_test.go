package wasmbin

import (
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
)

// recursions are functions that call themselves for ever, each with a frame
// that is large in another way. Function 0 is the one.
func recursions() map[string][]byte {
	all := map[string][]byte{}
	add := func(name string, f fn, more ...fn) { all[name] = module(append([]fn{f}, more...)...) }

	var plain asm
	plain.with(opCall, 0)
	add("nothing", fn{body: plain})

	var locals asm // all live during the call
	for l := range uint32(2000) {
		locals.load64(l * 8).set(l)
	}
	locals.with(opCall, 0)
	for l := range uint32(2000) {
		locals.i32(int32(l*8)).get(l).with(0x37, 3, 0)
	}
	add("locals", fn{locals: repeat(I64, 2000), body: locals})

	for name, push := range map[string]func(a *asm, n uint32){
		"operands":  func(a *asm, n uint32) { a.load64(n * 8) },
		"constants": func(a *asm, n uint32) { a.i64(int64(n) << 33) },
		"sums":      func(a *asm, n uint32) { a.i32(0).with(0x28, 2, n*4).i32(0).with(0x28, 2, 0).op(0x6a, opI64ExtendU) },
		"divisions": func(a *asm, n uint32) { a.load64(n * 8).i64(3).op(opI64DivS) },
		"floats":    func(a *asm, n uint32) { a.i32(0).with(0x2b, 3, n*8).op(0xb1) },
		"globals": func(a *asm, _ uint32) {
			a.with(opGlobalGet, 0).i64(1).op(opI64Add).with(opGlobalSet, 0).with(opGlobalGet, 0)
		},
	} {
		var a asm
		for l := range uint32(1500) {
			a.i32(int32(l * 8))
			push(&a, l)
		}
		a.with(opCall, 0)
		for range 1500 {
			a.with(0x37, 3, 0)
		}
		add(name, fn{body: a})
	}

	// As many values as that are live at a time without a call, and a call
	// then.
	var pressure asm
	for l := range uint32(1500) {
		pressure.i32(int32(l*8)).get(0).i32(int32(l*3)).op(0x6a).set(1).get(1).with(0x29, 3, 0)
	}
	for range 1500 {
		pressure.with(0x37, 3, 0)
	}
	pressure.with(opCall, 0)
	add("pressure", fn{locals: repeat(I32, 2), body: pressure})

	var params asm
	many := FuncType{Params: repeat(I64, 1000)}
	for l := range uint32(1000) {
		params.get(l)
	}
	params.with(opCall, 0)
	add("parameters", fn{typ: many, body: params})

	var results asm
	back := FuncType{Results: repeat(I64, 1000)}
	results.with(opCall, 0)
	add("results", fn{typ: back, body: results})

	var turns asm // each value lives during one call only, and has its place
	for l := range uint32(1000) {
		turns.load64(l*8).with(opCall, 1).set(0).i32(8).get(0).with(0x37, 3, 0)
	}
	turns.with(opCall, 0)
	var other asm
	other.i32(0).load64(0).with(0x37, 3, 0)
	for range 40 {
		other.i32(0).load64(0).with(0x37, 3, 0)
	}
	add("turns", fn{locals: repeat(I64, 1), body: turns}, fn{body: other})

	var vectors asm
	for l := range uint32(1000) {
		vectors.i32(int32(l*16)).op(opVecPrefix, 0, 0, 0).set(l)
	}
	vectors.with(opCall, 0)
	for l := range uint32(1000) {
		vectors.i32(int32(l*16)).get(l).op(opVecPrefix, 11, 0, 0)
	}
	add("vectors", fn{locals: repeat(V128, 1000), body: vectors})

	all["joins"] = joins(150, 40)

	var addresses asm // computed, checked, and used again
	for l := range uint32(1000) {
		addresses.i32(int32(l*4)).with(0x28, 2, 0).i32(0xff8).op(0x71).set(l)
	}
	for l := range uint32(1000) {
		addresses.get(l).get(l).with(0x29, 3, 0).with(0x37, 3, 8)
	}
	addresses.with(opCall, 0)
	for l := range uint32(1000) {
		addresses.get(l).get(l).with(0x29, 3, 0).with(0x37, 3, 16)
	}
	add("addresses", fn{locals: repeat(I32, 1000), body: addresses})
	return all
}

// joins is a function in which paths with other values of many locals meet at
// many places, with a call behind each.
func joins(places, locals int) []byte {
	var a asm
	set := func() {
		for l := range uint32(locals) {
			a.load64(l * 8).set(l)
		}
	}
	for range places {
		a.op(opBlock, blockEmpty)
	}
	set()
	a.i32(0).with(0x28, 2, 0)
	a.with(opBrTable, uint32(places-1))
	for p := range places {
		a = appendU32(a, uint32(p))
	}
	for range places {
		a.op(opEnd)
		a.with(opCall, 1)
		for l := range uint32(locals) {
			a.i32(int32(l*8)).get(l).with(0x37, 3, 0)
		}
		a.get(0).op(0x50) // i64.eqz
		a.op(opIf, blockEmpty)
		set()
		a.op(opEnd)
	}
	a.with(opCall, 0)
	var other asm
	for range 60 {
		other.i32(0).load64(0).with(0x37, 3, 0)
	}
	return module(fn{locals: repeat(I64, locals), body: a}, fn{body: other})
}

// TestG3StackExhaustion sees that endless recursion ends on both engines as
// a stack that is used up, before the engine's own limit, and that what the
// engine has allocated for it until then is less than 16 MiB.
func TestG3StackExhaustion(t *testing.T) {
	for name, wasm := range recursions() {
		for engine, rc := range engines() {
			t.Run(name+"/"+engine, func(t *testing.T) {
				out := metered(t, wasm, Options{MaxDepth: MaxEngineDepth})
				mod := instance(t, rc, out, &meter{})
				f := mod.ExportedFunction("f0")
				args := make([]uint64, len(f.Definition().ParamTypes()))
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				_, err := f.Call(context.Background(), args...)
				runtime.ReadMemStats(&after)
				if err == nil || !strings.Contains(err.Error(), errStack.Error()) {
					t.Fatalf("%v, want a stack overflow", err)
				}
				if !strings.Contains(err.Error(), "recovered by wazero") {
					t.Errorf("the engine's own limit came first: %v", err)
				}
				grown := after.TotalAlloc - before.TotalAlloc
				limit := uint64(16 << 20) // all that was ever allocated, so more than is there at a time
				if engine == "interpreter" {
					limit = 32 << 20 // it grows by a quarter, not by doubling
				}
				if grown > limit {
					t.Errorf("the stack took %d bytes", grown)
				}
				t.Logf("%d KiB allocated", grown>>10)
			})
		}
	}
}

func engines() map[string]wazero.RuntimeConfig {
	return map[string]wazero.RuntimeConfig{
		"compiler":    wazero.NewRuntimeConfigCompiler(),
		"interpreter": wazero.NewRuntimeConfigInterpreter(),
	}
}
