package wasmbin

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// TestG13NamesClash sees that a guest can neither export nor import
// what Meter adds, and that what only looks like it is left alone.
func TestG13NamesClash(t *testing.T) {
	base := Module{
		Types:   []FuncType{{}},
		Globals: []Global{{GlobalType{I64, true}, []byte{opI64Const, 0}}},
	}
	for _, name := range []string{FuelExport, StackExport, "wasmsql:global:0", "wasmsql:"} {
		m := base
		m.Exports = []Export{{name, KindGlobal, 0}}
		if _, _, err := Meter(&m, Options{}); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("it exports %q", name)) {
			t.Errorf("export %q: %v", name, err)
		}
	}
	wasm := (&Module{Types: base.Types, Imports: []Import{{Module: TickModule, Name: TickName, Kind: KindFunc}}}).Encode()
	m, err := Decode(wasm)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Meter(m, Options{}); err == nil || !strings.Contains(err.Error(), `it imports "tick" of "wasmsql:meter"`) {
		t.Errorf("import of the tick: %v", err)
	}
	fuel := base
	fuel.Exports = []Export{{"fuel", KindGlobal, 0}}
	if _, _, err := Meter(&fuel, Options{Globals: true}); err != nil {
		t.Errorf("an export that is named fuel: %v", err)
	}
}

// TestG13Indexes sees that a guest that names an index beyond its
// own is refused, where the rewriting would have put something there.
func TestG13Indexes(t *testing.T) {
	i64 := FuncType{Results: []ValueType{I64}}
	for name, body := range map[string]*asm{
		"global 1":   new(asm).with(opGlobalGet, 1),
		"global 2":   new(asm).with(opGlobalGet, 2),
		"function 1": new(asm).with(opCall, 1).i64(0),
		"function 2": new(asm).with(opCall, 2).i64(0),
		"local 0":    new(asm).op(opLoop, blockEmpty, opEnd).get(0),
		"type 1":     new(asm).op(opBlock, 1, opEnd).i64(0),
		"label 1":    new(asm).i64(0).with(opBr, 1),
	} {
		m, err := Decode(module(fn{typ: i64, body: *body}))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Meter(m, Options{}); err == nil || !strings.Contains(err.Error(), name+", there are ") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := m.Check(); err == nil {
			t.Errorf("%s: Check takes it", name)
		}
	}
}

// TestGlobalExports sees the private exports of a module's globals, by their
// types and values.
func TestGlobalExports(t *testing.T) {
	m := Module{Globals: []Global{
		{GlobalType{I32, true}, []byte{opI32Const, 7}},
		{GlobalType{I64, false}, []byte{opI64Const, 8}},
		{GlobalType{F64, true}, []byte{opF64Const, 0, 0, 0, 0, 0, 0, 0, 0x40}},
		{GlobalType{FuncRef, true}, []byte{opRefNull, byte(FuncRef)}},
	}}
	out, l, err := Meter(&m, Options{Globals: true, Stack: 12345})
	if err != nil {
		t.Fatal(err)
	}
	want := []GlobalExport{{0, I32, "wasmsql:global:0"}, {2, F64, "wasmsql:global:2"}, {3, FuncRef, "wasmsql:global:3"}}
	if fmt.Sprint(l.Globals) != fmt.Sprint(want) || l.Stack != 12345 {
		t.Errorf("layout: %+v", l)
	}
	mod := instance(t, wazero.NewRuntimeConfigInterpreter(), out, &meter{})
	if v := mod.ExportedGlobal("wasmsql:global:0").(api.MutableGlobal).Get(); v != 7 {
		t.Errorf("global 0 is %d", v)
	}
	if v := api.DecodeF64(mod.ExportedGlobal("wasmsql:global:2").Get()); v != 2 {
		t.Errorf("global 2 is %v", v)
	}
	if v := mod.ExportedGlobal(StackExport).Get(); v != 12345 {
		t.Errorf("the stack is %d", v)
	}
}

// TestG4TableBound grows a table without a maximum of its own.
func TestG4TableBound(t *testing.T) {
	m, err := Decode(module(fn{typ: FuncType{Params: []ValueType{I32}, Results: []ValueType{I32}},
		body: *new(asm).op(opRefNull, byte(FuncRef)).get(0).op(opMiscPrefix, opTableGrow, 0)}))
	if err != nil {
		t.Fatal(err)
	}
	m.Tables = []Table{{Limits{Min: 10}, FuncRef}}
	out, l, err := Meter(m, Options{MaxTable: 1000})
	if err != nil || !l.Uses.Tables {
		t.Fatalf("%+v, %v", l, err)
	}
	for engine, rc := range engines() {
		grow := instance(t, rc, out, &meter{}).ExportedFunction("f0")
		for _, c := range [][2]uint64{{990, 10}, {1, 1<<32 - 1}, {0, 1000}} {
			if got, err := grow.Call(context.Background(), c[0]); err != nil || got[0] != c[1] {
				t.Errorf("%s: growing by %d: %d, %v, want %d", engine, c[0], got[0], err, c[1])
			}
		}
	}
	if _, _, err := Meter(m, Options{MaxTable: 9}); err == nil || err.Error() != "elements of a table: found 10, at most 9 are accepted: use fewer function pointers" {
		t.Errorf("a table that starts beyond the bound: %v", err)
	}
}

// TestFunctionNames sees the names in a trap's stack.
func TestFunctionNames(t *testing.T) {
	m, err := Decode(module(fn{body: asm{opCall, 1}}, fn{body: asm{opUnreachable}}))
	if err != nil {
		t.Fatal(err)
	}
	sub := []byte{2, 0, 5, 'o', 'u', 't', 'e', 'r', 1, 5, 'i', 'n', 'n', 'e', 'r'}
	m.Customs = []Custom{
		{Name: "producers", Data: []byte{0}},
		{Name: nameSection, Data: append([]byte{0, 3, 2, 'm', 'n', functionNames, byte(len(sub))}, sub...)},
	}
	out, _, err := Meter(m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	mod := instance(t, wazero.NewRuntimeConfigCompiler(), out, &meter{})
	_, err = mod.ExportedFunction("f0").Call(context.Background())
	if err == nil || !strings.Contains(err.Error(), ".inner()") || !strings.Contains(err.Error(), ".outer()") {
		t.Errorf("%v, want it to name both functions", err)
	}
	for cut := range sub {
		m.Customs[1].Data = append([]byte{functionNames, byte(cut)}, sub[:cut]...)
		out, _, err := Meter(m, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Decode(out); err != nil || len(back.Customs) != 0 {
			t.Errorf("names cut at %d: %v, %v", cut, back.Customs, err)
		}
	}
}

// TestCoalesce joins segments of random places and compares the memory.
func TestCoalesce(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	joined := 0
	for n := range 300 {
		m := Module{Memories: []Limits{{Min: 1}}, Exports: []Export{{"memory", KindMemory, 0}}}
		at := 0
		for range rng.IntN(12) {
			if n%3 == 0 {
				at = rng.IntN(4000) // may overlap
			} else {
				at += rng.IntN(400)
			}
			b := make([]byte, rng.IntN(20))
			for i := range b {
				b[i] = byte(rng.Uint32())
			}
			m.Data = append(m.Data, Data{Offset: appendS64([]byte{opI32Const}, int64(at)), Bytes: b})
			at += len(b)
		}
		if n%4 == 0 {
			rng.Shuffle(len(m.Data), func(i, j int) { m.Data[i], m.Data[j] = m.Data[j], m.Data[i] })
		}
		before := m.Encode()
		out, _, err := Meter(&m, Options{Coalesce: true})
		if err != nil {
			t.Fatal(err)
		}
		back, err := Decode(out)
		if err != nil {
			t.Fatal(err)
		}
		if len(back.Data) < len(m.Data) {
			joined++
		}
		if !bytes.Equal(m.Encode(), before) {
			t.Fatal("Meter has changed the module")
		}
		if !bytes.Equal(memory(t, before), memory(t, out)) {
			t.Errorf("the memory is different: %v", m.Data)
		}
	}
	if joined < 100 {
		t.Errorf("only %d were joined", joined)
	}
	passive := Module{Memories: []Limits{{Min: 1}}, Data: []Data{
		{Offset: []byte{opI32Const, 0}, Bytes: []byte{1}}, {Offset: []byte{opI32Const, 1}, Bytes: []byte{2}}, {Mode: Passive},
	}}
	if got := passive.coalesced(); len(got) != 3 {
		t.Errorf("with a passive segment: %v", got)
	}
	beyond := Module{Memories: []Limits{{Min: 1}}, Data: []Data{
		{Offset: appendS64([]byte{opI32Const}, 65535), Bytes: []byte{1}}, {Offset: appendS64([]byte{opI32Const}, 65536), Bytes: []byte{2}},
	}}
	out, _, err := Meter(&beyond, Options{Coalesce: true})
	if err != nil {
		t.Fatal(err)
	}
	r := wazero.NewRuntimeWithConfig(context.Background(), wazero.NewRuntimeConfigInterpreter())
	defer r.Close(context.Background())
	tickModule(t, r, &meter{})
	if _, err := r.Instantiate(context.Background(), out); err == nil {
		t.Error("a segment beyond the memory was lost")
	}
}

func memory(t *testing.T, wasm []byte) []byte {
	mod := instance(t, wazero.NewRuntimeConfigInterpreter(), wasm, &meter{})
	b, _ := mod.Memory().Read(0, mod.Memory().Size())
	return b
}

// FuzzMeter holds what Meter makes of a module against the engine: it is valid
// if and only if the module was. It neither panics nor takes memory out of
// proportion.
func FuzzMeter(f *testing.F) {
	f.Add(small)
	f.Add(joins(3, 2))
	for _, wasm := range recursions() {
		if len(wasm) < 4096 {
			f.Add(wasm)
		}
	}
	for _, wasm := range spinners() {
		if len(wasm) < 4096 {
			f.Add(wasm)
		}
	}
	f.Add(workModule(f, "wat"))
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	f.Cleanup(func() { _ = r.Close(ctx) })
	validate := func(wasm []byte) error {
		c, err := r.CompileModule(ctx, wasm)
		if err == nil {
			err = c.Close(ctx)
		}
		return err
	}
	f.Fuzz(func(t *testing.T, wasm []byte) {
		m, err := Decode(wasm)
		if err != nil {
			return
		}
		out, _, err := Meter(m, Options{Globals: true, Coalesce: true, MaxDepth: 100})
		if err != nil {
			return
		}
		if len(out) > 4096+20*len(wasm) {
			t.Fatalf("%d bytes became %d", len(wasm), len(out))
		}
		m.Customs = nil // the engine minds some that mean nothing
		if before, after := validate(m.Encode()), validate(out); (before == nil) != (after == nil) {
			t.Fatalf("as it is: %v, metered: %v", before, after)
		}
	})
}

// TestMutations changes bytes of the specification's modules, which a fuzzer
// does not get past their lengths for long: what is metered of them is valid if
// and only if they are.
func TestMutations(t *testing.T) {
	var modules [][]byte
	corpus(t, func(name string, wasm []byte) {
		if strings.Contains(filepath.ToSlash(name), "spectest/v2") && len(wasm) < 8<<10 && len(wasm) > 40 {
			modules = append(modules, wasm)
		}
	})
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer r.Close(ctx)
	validate := func(wasm []byte) error {
		c, err := r.CompileModule(ctx, wasm)
		if err == nil {
			err = c.Close(ctx)
		}
		return err
	}
	trials := 20_000
	if testing.Short() {
		trials = 3000
	}
	rng := rand.New(rand.NewPCG(3, 4))
	var refused, malformed, invalid, valid int
	for range trials {
		wasm := bytes.Clone(modules[rng.IntN(len(modules))])
		for range 1 + rng.IntN(3) {
			at := 8 + rng.IntN(len(wasm)-8)
			if rng.IntN(2) == 0 { // the code is at the end
				at = len(wasm) - 1 - rng.IntN(min(len(wasm)-8, 30))
			}
			wasm[at] = byte(rng.Uint32())
		}
		m, err := Decode(wasm)
		if err != nil {
			malformed++
			continue
		}
		m.Customs = nil // the engine minds some that mean nothing
		out, _, err := Meter(m, Options{Globals: true})
		if err != nil {
			refused++
			// The engine reads one byte of a vector opcode, and takes the rest
			// of a longer one for instructions: such modules are refused.
			if validate(m.Encode()) == nil && !strings.Contains(err.Error(), "is no vector instruction") {
				t.Errorf("refused, and the engine takes it: %v: %x", err, wasm)
			}
			continue
		}
		before, after := validate(m.Encode()), validate(out)
		if (before == nil) != (after == nil) {
			t.Errorf("as it is: %v, metered: %v: %x", before, after, wasm)
		}
		if before == nil {
			valid++
		} else {
			invalid++
		}
	}
	t.Logf("%d malformed, %d refused, %d invalid and %d valid, metered and not", malformed, refused, invalid, valid)
}
