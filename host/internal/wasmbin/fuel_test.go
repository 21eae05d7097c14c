package wasmbin

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// TestFuelIsExact runs every workload as it is and metered, on both engines and
// twice: the results are equal, and the fuel is, to the unit.
func TestFuelIsExact(t *testing.T) {
	small := map[string]uint64{"fib": 15, "bytes": 1, "sum": 1, "sieve": 1, "indirect": 1000, "leaves": 1000, "machine": 1000, "multiply": 3,
		"sha256": 1, "sort": 500, "json": 3, "matrix": 12, "text": 30, "regexp": 5, "crc": 1,
		"chacha": 20, "quicksort": 500, "compress": 3, "bodies": 100, "queens": 5, "hashes": 1000,
		"fibonacci": 12, "string_manipulation": 3, "reverse_array": 100, "random_mat_mul": 5}
	for _, module := range []string{"wat", "c", "tinygo", "go"} {
		if testing.Short() && module == "go" {
			continue
		}
		wasm := workModule(t, module)
		out := metered(t, wasm, Options{MaxDepth: MaxEngineDepth, Globals: true, Coalesce: true})
		cache := wazero.NewCompilationCache()
		defer cache.Close(context.Background())
		var first []string
		for name, rc := range engines() {
			rc = rc.WithCompilationCache(cache)
			for range 2 {
				plain := instance(t, rc, wasm, &meter{})
				m := &meter{}
				mod := instance(t, rc, out, m)
				var got []string
				for _, w := range workloads {
					if w.module != module {
						continue
					}
					w.n = small[w.function]
					want, _ := w.run(t, context.Background(), plain)
					started := m.used(mod)
					results, _ := w.run(t, context.Background(), mod)
					if module != "tinygo" && results[0] != want[0] { // its results are addresses or none
						t.Errorf("%s %s on the %s: %d, metered %d", w.module, w.function, name, want[0], results[0])
					}
					if left := mod.ExportedGlobal(StackExport).Get(); left != DefaultStack {
						t.Errorf("%s %s: %d bytes of stack are left after it returned", w.module, w.function, left)
					}
					got = append(got, fmt.Sprintf("%s %s: %d", w.module, w.function, m.used(mod)-started))
				}
				if first == nil {
					first = got
				}
				if !slices.Equal(got, first) {
					t.Errorf("fuel on the %s: %v, before: %v", name, got, first)
				}
			}
		}
		t.Log(strings.Join(first, ", "))
	}
}

// spinners never end, or not before the universe does.
func spinners() map[string][]byte {
	void := FuncType{}
	all := map[string][]byte{}
	add := func(name string, fns ...fn) { all[name] = module(fns...) }
	loop := func(body ...byte) asm {
		return append(append(asm{opLoop, blockEmpty}, body...), opBr, 0, opEnd)
	}
	add("G1 loop", fn{typ: void, body: loop()})
	add("G1 loop of loops", fn{body: loop(opLoop, blockEmpty, opEnd, opLoop, blockEmpty, opI32Const, 0, opBrIf, 0, opEnd)})
	add("G1 loop by br_table", fn{body: asm{opLoop, blockEmpty, opI32Const, 0, opBrTable, 1, 0, 0, opEnd}})
	add("G1 loop of leaves", fn{body: loop(opCall, 1)}, fn{})
	add("G1 loop of nops", fn{body: loop(bytes.Repeat([]byte{opNop}, 100)...)})
	add("G1 loop of constants", fn{body: loop(bytes.Repeat([]byte{opI32Const, 0, opDrop}, 5000)...)})
	var tree []fn
	for i := range 9 { // 100 calls of the next, ten levels deep
		var a asm
		for range 100 {
			a.with(opCall, uint32(i+1))
		}
		tree = append(tree, fn{body: a})
	}
	add("G2 tree without loops", append(tree, fn{})...)
	add("G5 fill", fn{body: loop(opI32Const, 0, opI32Const, 0, opI32Const, 0x80, 0x80, 0x04, opMiscPrefix, opMemoryFill, 0)})
	add("G5 copy", fn{body: loop(opI32Const, 0, opI32Const, 0, opI32Const, 0x80, 0x80, 0x04, opMiscPrefix, opMemoryCopy, 0, 0)})
	add("G4 grow by none", fn{body: loop(opI32Const, 0, opMemoryGrow, 0, opDrop)})
	add("G4 grow by too much", fn{body: loop(opI32Const, 0x7f, opMemoryGrow, 0, opDrop)})
	return all
}

// TestG1OutOfFuel (G1, G2, G4, G5) gives guests that never end some fuel, and
// sees them ended on both engines at the same unit, in time.
func TestG1OutOfFuel(t *testing.T) {
	const limit = 2_000_000
	for name, wasm := range spinners() {
		used := map[int64]bool{}
		for engine, rc := range engines() {
			m := &meter{limit: limit}
			mod := instance(t, rc, metered(t, wasm, Options{}), m)
			start := time.Now()
			_, err := mod.ExportedFunction("f0").Call(context.Background())
			took := time.Since(start)
			if err == nil || !strings.Contains(err.Error(), errFuel.Error()) {
				t.Errorf("%s on the %s: %v, want it out of fuel", name, engine, err)
				continue
			}
			n := m.used(mod)
			used[n] = true
			if n < limit || n > limit+20_000 {
				t.Errorf("%s on the %s: used %d of %d", name, engine, n, limit)
			}
			if took > 10*time.Second { // a second at most, on a machine with nothing else to do
				t.Errorf("%s on the %s took %v", name, engine, took)
			}
		}
		if len(used) != 1 {
			t.Errorf("%s used different fuel: %v", name, used)
		}
	}
}

// TestUnwindingIsMetered lets a deep recursion return through code without
// calls or loops: the fuel is looked at on the way.
func TestUnwindingIsMetered(t *testing.T) {
	deep := fn{typ: FuncType{Params: []ValueType{I32}}}
	deep.body.get(0).op(opIf, blockEmpty)
	deep.body.get(0).i32(1).op(0x6b).with(opCall, 0)
	for range 3000 {
		deep.body.get(0).op(opIf, blockEmpty).i32(0).load64(0).load64(8).op(opI64DivS).with(0x37, 3, 16).op(opEnd)
	}
	deep.body.op(opEnd)
	deep.body = append(*new(asm).i32(0).i64(7).with(0x37, 3, 8), deep.body...)
	for engine, rc := range engines() {
		m := &meter{limit: 100_000}
		mod := instance(t, rc, metered(t, module(deep), Options{Stack: 64 << 20}), m)
		_, err := mod.ExportedFunction("f0").Call(context.Background(), 100)
		if err == nil || !strings.Contains(err.Error(), errFuel.Error()) {
			t.Errorf("%s: %v, want it out of fuel", engine, err)
		}
		if n := m.used(mod); n > 100_000+2*maxUnchecked+20_000 {
			t.Errorf("%s: used %d of 100000", engine, n)
		}
	}
}

// TestSizesArePaidFirst sees that what takes a size is charged for it before it
// runs, and that a size that fails at once is not.
func TestSizesArePaidFirst(t *testing.T) {
	i32 := FuncType{Params: []ValueType{I32}, Results: []ValueType{I32}}
	cases := []struct {
		name string
		body *asm
		n    uint64
		fuel int64
		trap bool
	}{
		{"fill", new(asm).i32(0).i32(0).get(0).op(opMiscPrefix, opMemoryFill, 0).i32(0), 64 << 10, 8 << 10, false},
		{"copy", new(asm).i32(0).i32(0).get(0).op(opMiscPrefix, opMemoryCopy, 0, 0).i32(0), 64 << 10, 8 << 10, false},
		{"fill beyond the end", new(asm).i32(0).i32(0).get(0).op(opMiscPrefix, opMemoryFill, 0).i32(0), 0xffffffff, 0, true},
		{"fill beyond the end by a little", new(asm).i32(0).i32(0).get(0).op(opMiscPrefix, opMemoryFill, 0).i32(0), 64<<10 + 1, 0, true},
		{"grow", new(asm).get(0).op(opMemoryGrow, 0), 3, 3 << 14, false},
		{"grow by too much", new(asm).get(0).op(opMemoryGrow, 0), 0x10001, 0, false},
		{"grow by all", new(asm).get(0).op(opMemoryGrow, 0), 0xffffffff, 0, false},
	}
	for _, c := range cases {
		for engine, rc := range engines() {
			m := &meter{}
			mod := instance(t, rc, metered(t, module(fn{typ: i32, body: *c.body}), Options{}), m)
			_, err := mod.ExportedFunction("f0").Call(context.Background(), c.n)
			if (err != nil) != c.trap {
				t.Errorf("%s on the %s: %v", c.name, engine, err)
			}
			if n := m.used(mod); n < c.fuel || n > c.fuel+2000 {
				t.Errorf("%s on the %s: used %d, want %d and little more", c.name, engine, n, c.fuel)
			}
		}
	}
}

// TestInstanceAfterReturn sees that the stack is given back on each way out of
// a function, and that results of all kinds get through.
func TestInstanceAfterReturn(t *testing.T) {
	typ := FuncType{Params: []ValueType{I32}, Results: []ValueType{I32, I64, F64}}
	values := func(a *asm, n int32) *asm {
		a.i32(n).i64(int64(n) * 3)
		return a.op(opF64Const, 0, 0, 0, 0, 0, 0, 0, 0x40)
	}
	var f fn
	f.typ = typ
	f.body.with(opCall, 1)
	// 0 returns, 1 branches to the function, 2 falls out of it, 3 by br_table
	for way, leave := range [][]byte{{opReturn}, {opBr, 1}, nil, {opI32Const, 0, opBrTable, 0, 1}} {
		f.body.get(0).i32(int32(way)).op(0x46).op(opIf, blockEmpty)
		if leave != nil {
			values(&f.body, int32(way)).op(leave...)
		}
		f.body.op(opEnd)
	}
	values(&f.body, 2)
	calls := fn{body: asm{opLoop, blockEmpty, opEnd}}
	for engine, rc := range engines() {
		m := &meter{}
		mod := instance(t, rc, metered(t, module(f, calls), Options{MaxDepth: 10}), m)
		for way := range uint64(4) {
			got, err := mod.ExportedFunction("f0").Call(context.Background(), way)
			if err != nil || len(got) != 3 || got[0] != way || got[1] != way*3 || api.DecodeF64(got[2]) != 2 {
				t.Errorf("%s, way %d: %v, %v", engine, way, got, err)
			}
			if left := mod.ExportedGlobal(StackExport).Get(); left != DefaultStack {
				t.Errorf("%s, way %d: %d bytes of stack are left", engine, way, left)
			}
		}
	}
}
