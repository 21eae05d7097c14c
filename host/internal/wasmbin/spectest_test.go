package wasmbin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// The specification's suites that wazero carries, and the features they run
// with. What else is there belongs to proposals that no module may use here:
// tail-call, threads, exception-handling, typed-function-references and
// extended-const. TestCorpusRoundTrip decodes their binaries, and package sandbox
// has a list of what admission says of each. Modules in the text format are left
// out, as wazero's own runner does; so is libsodium, whose binaries wazero's
// module does not carry. Fifteen modules of elem and linking that must not be
// instantiated are by wazero, as they are and metered.
var suites = []struct {
	name     string
	features api.CoreFeatures
}{
	{"v1", api.CoreFeaturesV1},
	{"v2", api.CoreFeaturesV2},
}

type script struct {
	Commands []command `json:"commands"`
}

type command struct {
	Type       string `json:"type"`
	Line       int    `json:"line"`
	Name       string `json:"name"`
	Filename   string `json:"filename"`
	As         string `json:"as"`
	ModuleType string `json:"module_type"`
	Action     struct {
		Type   string  `json:"type"`
		Module string  `json:"module"`
		Field  string  `json:"field"`
		Args   []value `json:"args"`
	} `json:"action"`
}

type value struct {
	Type string `json:"type"`
	Lane string `json:"lane_type"`
	Data any    `json:"value"`
}

// bits returns what wazero takes for an argument.
func (v value) bits() []uint64 {
	if lanes, ok := v.Data.([]any); ok {
		width := 128 / len(lanes)
		var out [2]uint64
		for i, l := range lanes {
			n, _ := strconv.ParseUint(l.(string), 10, 64)
			at := i * width
			out[at/64] |= n << (at % 64)
		}
		return out[:]
	}
	s, _ := v.Data.(string)
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return []uint64{0} // null
	}
	if v.Type == "externref" {
		n++ // 0 is null
	}
	return []uint64{n}
}

// passes says whether an outcome is of the kind that the command asserts.
func (c command) passes(outcome string) bool {
	failed := strings.HasPrefix(outcome, "error")
	switch c.Type {
	case "assert_trap", "assert_exhaustion", "assert_malformed", "assert_invalid", "assert_unlinkable", "assert_uninstantiable":
		return failed
	}
	return !failed
}

// player runs a script on one engine, with its modules as they are or metered.
type player struct {
	ctx     context.Context
	runtime wazero.Runtime
	dir     string
	meter   func(wasm []byte) ([]byte, error)
	modules map[string]api.Module
	last    api.Module
	all     []api.Module
}

func newPlayer(t *testing.T, rc wazero.RuntimeConfig, dir string, meter func([]byte) ([]byte, error)) *player {
	t.Helper()
	p := &player{ctx: context.Background(), dir: dir, meter: meter, modules: map[string]api.Module{}}
	p.runtime = wazero.NewRuntimeWithConfig(p.ctx, rc)
	t.Cleanup(func() { _ = p.runtime.Close(p.ctx) })
	_, err := p.runtime.NewHostModuleBuilder(TickModule).NewFunctionBuilder().WithGoFunction(api.GoFunc(tickForever),
		[]api.ValueType{api.ValueTypeI64, api.ValueTypeI64}, []api.ValueType{api.ValueTypeI64}).Export(TickName).Instantiate(p.ctx)
	if err != nil {
		t.Fatal(err)
	}
	if out := p.instantiate(filepath.Join(dir, "..", "..", "testdata", "spectest.wasm"), "spectest"); out != "ok" {
		t.Fatal(out)
	}
	return p
}

var errStack = errors.New("stack overflow")

func tickForever(_ context.Context, stack []uint64) {
	if int64(stack[1]) < 0 {
		panic(errStack)
	}
	for int64(stack[0]) < 0 {
		stack[0] += 20_000
	}
}

func (p *player) instantiate(path, name string) string {
	wasm, err := os.ReadFile(path)
	if err != nil {
		return "error: " + err.Error()
	}
	if p.meter != nil {
		if wasm, err = p.meter(wasm); err != nil {
			return "error: refused"
		}
	}
	c, err := p.runtime.CompileModule(p.ctx, wasm)
	if err != nil {
		return "error: refused"
	}
	m, err := p.runtime.InstantiateModule(p.ctx, c, wazero.NewModuleConfig().WithName(name).WithStartFunctions())
	if err != nil {
		return "error: not instantiated"
	}
	p.last = m
	p.all = append(p.all, m)
	return "ok"
}

// play returns the outcome of each command.
func (p *player) play(s script) []string {
	out := make([]string, len(s.Commands))
	for i, c := range s.Commands {
		out[i] = p.command(s, i, c)
	}
	return out
}

func (p *player) command(s script, i int, c command) string {
	switch c.Type {
	case "module":
		name := ""
		if i+1 < len(s.Commands) && s.Commands[i+1].Type == "register" {
			name = s.Commands[i+1].As
		}
		out := p.instantiate(filepath.Join(p.dir, c.Filename), name)
		if c.Name != "" {
			p.modules[c.Name] = p.last
		}
		return out
	case "register":
		return "ok"
	case "assert_malformed", "assert_invalid", "assert_unlinkable", "assert_uninstantiable":
		if c.ModuleType == "text" {
			return "left out: text"
		}
		last := p.last
		out := p.instantiate(filepath.Join(p.dir, c.Filename), "")
		p.last = last
		return out
	}
	m := p.last
	if c.Action.Module != "" {
		m = p.modules[c.Action.Module]
	}
	if m == nil {
		return "error: no module"
	}
	if c.Action.Type == "get" {
		g := m.ExportedGlobal(c.Action.Field)
		if g == nil {
			return "error: no global"
		}
		return fmt.Sprint(g.Get())
	}
	var args []uint64
	for _, a := range c.Action.Args {
		args = append(args, a.bits()...)
	}
	p.unwind()
	f := m.ExportedFunction(c.Action.Field)
	if f == nil {
		return "error: no function"
	}
	results, err := f.Call(p.ctx, args...)
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		if strings.Contains(line, "stack overflow") {
			line = "stack overflow"
		}
		return "error: " + line
	}
	return describe(results, f.Definition().ResultTypes())
}

const spectestStack = 16 << 20

// unwind gives all modules their whole stack, as one that trapped has less.
func (p *player) unwind() {
	for _, m := range p.all {
		if g, ok := m.ExportedGlobal(StackExport).(api.MutableGlobal); ok && p.meter != nil {
			g.Set(spectestStack)
		}
	}
}

// describe prints results; a reference only as null or not, as its bits are an
// address.
func describe(results []uint64, types []api.ValueType) string {
	var b strings.Builder
	for i, t := range types {
		if t == api.ValueType(FuncRef) && i < len(results) && results[i] != 0 {
			b.WriteString(" funcref")
			continue
		}
		if i < len(results) {
			fmt.Fprintf(&b, " %#x", results[i])
		}
	}
	if len(results) > len(types) { // vectors take two
		fmt.Fprintf(&b, " %#x", results)
	}
	return b.String()
}

// TestSpecificationSuite plays every script of the suites as it is and metered,
// on both engines: each command must come out the same. What comes out is
// compared in full, not only as far as the script asserts it.
func TestSpecificationSuite(t *testing.T) {
	engines := map[string]func() wazero.RuntimeConfig{
		"compiler":    wazero.NewRuntimeConfigCompiler,
		"interpreter": wazero.NewRuntimeConfigInterpreter,
	}
	for _, suite := range suites {
		dir := filepath.Join(wazeroDir(t), "spectest", suite.name, "testdata")
		files, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil || len(files) < 70 {
			t.Fatalf("%s: %d scripts, %v", dir, len(files), err)
		}
		for engine, config := range engines {
			t.Run(suite.name+"/"+engine, func(t *testing.T) {
				var mu sync.Mutex
				var total tally
				t.Cleanup(func() {
					t.Logf("%d scripts, %d commands: %d assertions pass, metered and not; %d fail in both; %d left out: they are in the text format",
						len(files), total.commands, total.pass, total.fail, total.text)
				})
				for i, file := range files {
					if testing.Short() && i%5 != 0 {
						continue
					}
					t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
						got := compareScript(t, file, config().WithCoreFeatures(suite.features), meterFully)
						mu.Lock()
						total.add(got)
						mu.Unlock()
					})
				}
			})
		}
	}
}

func meterFully(wasm []byte) ([]byte, error) {
	m, err := Decode(wasm)
	if err != nil {
		return nil, err
	}
	out, _, err := Meter(m, Options{Stack: spectestStack, Globals: true, Coalesce: true})
	return out, err
}

type tally struct{ commands, pass, fail, text int }

func (t *tally) add(o tally) {
	t.commands += o.commands
	t.pass += o.pass
	t.fail += o.fail
	t.text += o.text
}

func compareScript(t *testing.T, file string, rc wazero.RuntimeConfig, meter func([]byte) ([]byte, error)) tally {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var s script
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(file)
	plain := newPlayer(t, rc, dir, nil).play(s)
	metered := newPlayer(t, rc, dir, meter).play(s)
	n := tally{commands: len(plain)}
	for i, c := range s.Commands {
		if plain[i] != metered[i] {
			t.Errorf("line %d, %s %s%s: %q, metered %q", c.Line, c.Type, c.Action.Field, c.Filename, plain[i], metered[i])
		}
		switch {
		case strings.HasPrefix(plain[i], "left out"):
			n.text++
		case c.passes(plain[i]):
			n.pass++
		default:
			n.fail++
			if c.Type != "assert_uninstantiable" {
				t.Errorf("line %d, %s %s%s: %q, metered and not", c.Line, c.Type, c.Action.Field, c.Filename, plain[i])
			}
		}
	}
	return n
}
