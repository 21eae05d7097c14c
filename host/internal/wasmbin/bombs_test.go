package wasmbin

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
	"time"
)

// bombs (G12) are modules that are small or simple and ask for much.
func bombs() map[string][]byte {
	all := map[string][]byte{}
	section := func(id byte, body ...byte) []byte {
		return append(appendU32([]byte{id}, uint32(len(body))), body...)
	}
	raw := func(name string, sections ...[]byte) {
		all[name] = append(bytes.Clone(header), bytes.Join(sections, nil)...)
	}
	for id, name := range map[byte]string{secType: "types", secImport: "imports", secFunction: "functions", secTable: "tables", secGlobal: "globals",
		secExport: "exports", secElement: "elements", secCode: "codes", secData: "data"} {
		raw("a count of "+name, section(id, 0xff, 0xff, 0xff, 0xff, 0x0f))
	}
	many := func(n int) []byte {
		m := Module{Types: []FuncType{{}}, Functions: make([]uint32, n), Code: make([]Code, n)}
		for i := range m.Code {
			m.Code[i] = fn{}.code()
		}
		return m.Encode()
	}
	all["a million functions"] = many(1_000_000)
	all["50,000 functions"] = many(50_000)
	all["50,000 locals"] = withLocals(1, 50_000)
	all["10,000 locals 105 times"] = withLocals(105, 9980)
	all["10,000 locals 50,000 times"] = withLocals(50_000, 10_000)

	body := func(name string, f fn) { all[name] = module(f) }
	table := new(asm).op(opBlock, blockEmpty).i32(0).with(opBrTable, 15_000)
	body("a br_table of 15,000", fn{body: append(append(*table, make([]byte, 15_001)...), opEnd)})
	table = new(asm).i32(0).with(opBrTable, 200_000)
	body("a br_table of 200,000", fn{body: append(*table, make([]byte, 200_001)...)})
	nested := func(op byte, n int) fn {
		return fn{body: append(bytes.Repeat([]byte{op, blockEmpty}, n), bytes.Repeat([]byte{opEnd}, n)...)}
	}
	body("4,900 nested blocks", nested(opBlock, 4900))
	body("100 nested loops", nested(opLoop, 100))
	body("101 nested loops", nested(opLoop, 101))
	body("a million nested blocks", nested(opBlock, 600_000))
	body("6,000 ifs", fn{body: bytes.Repeat([]byte{opI32Const, 0, opIf, blockEmpty, opEnd}, 6000)})
	body("100,000 ifs", fn{body: bytes.Repeat([]byte{opI32Const, 0, opIf, blockEmpty, opEnd}, 100_000)})
	body("a straight line", fn{body: bytes.Repeat([]byte{opI32Const, 0, opDrop}, 80_000)})
	body("stores", fn{body: bytes.Repeat(*new(asm).i32(0).i32(0).with(0x36, 2, 0), 50_000)})
	all["joins of locals"] = joinsOfLocals(1900, 1000)
	all["calls and globals"] = callsAndGlobals(4000, 900)
	var wide fn
	wide.typ = FuncType{Results: repeat(I64, 1000)}
	wide.body.op(opLoop, blockEmpty)
	wide.body = append(wide.body, bytes.Repeat([]byte{opCall, 0}, 3000)...)
	wide.body.op(opUnreachable, opEnd, opUnreachable)
	body("calls with 1,000 results", wide)
	return all
}

// withLocals returns n functions with that many locals each.
func withLocals(n int, locals uint32) []byte {
	b := append(appendU32([]byte{1}, locals), byte(I32), opEnd)
	m := Module{Types: []FuncType{{}}, Functions: make([]uint32, n), Code: make([]Code, n)}
	for i := range m.Code {
		m.Code[i].Body = b
	}
	return m.Encode()
}

// joinsOfLocals reads many locals at its end, which were set before many places
// where paths meet.
func joinsOfLocals(places, locals int) []byte {
	var a asm
	for l := range uint32(locals) {
		a.load64(l * 8).set(l)
	}
	for range places {
		a.i32(0).op(opIf, blockEmpty, opEnd)
	}
	for l := range uint32(locals) {
		a.i32(0).get(l).with(0x37, 3, 0)
	}
	return module(fn{locals: repeat(I64, locals), body: a})
}

// callsAndGlobals calls in a module of many globals, which the engine reads
// again after each call.
func callsAndGlobals(globals, calls int) []byte {
	m, _ := Decode(module(fn{body: bytes.Repeat([]byte{opCall, 0}, calls)}))
	for len(m.Globals) < globals {
		m.Globals = append(m.Globals, m.Globals[0])
	}
	return m.Encode()
}

// TestG12Bombs sees that each is refused or rewritten in time and memory
// that are in proportion to its size.
func TestG12Bombs(t *testing.T) {
	for name, wasm := range bombs() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		m, err := Decode(wasm)
		var out []byte
		if err == nil {
			out, _, err = Meter(m, Options{})
		}
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		allocated := after.TotalAlloc - before.TotalAlloc
		if limit := uint64(2<<20 + 60*len(wasm)); allocated > limit {
			t.Errorf("%s: %d bytes took %d bytes of memory", name, len(wasm), allocated)
		}
		if limit := 2*time.Second + time.Duration(len(wasm))*5*time.Microsecond; took > limit {
			t.Errorf("%s: %d bytes took %v", name, len(wasm), took)
		}
		var refusal *Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Errorf("%s: %v, want a refusal that names a bound", name, err)
		}
		t.Logf("%s: %d bytes, metered %d, %v, %d KiB: %v", name, len(wasm), len(out), took.Round(time.Microsecond), allocated>>10, err)
	}
}
