package sandbox

import (
	"errors"
	"fmt"
	"strings"

	"github.com/wasmsql/wasmsql/host/internal/wasmbin"
)

// Bounds of a module.
const (
	maxModule = 16 << 20 // bytes of the binary
	maxTable  = 64 << 10 // elements of its table
)

// PageSize is the unit of linear memory, in bytes.
const PageSize = 64 << 10

// The functions that a module exports, and their signatures.
var (
	initialize = wasmbin.FuncType{}
	entry      = wasmbin.FuncType{Results: []wasmbin.ValueType{wasmbin.I32}}
)

// Admit returns what is wrong with a module, each with what was found, what is
// needed and what to do; nothing if it may run. It runs nothing and makes no
// machine code; its time is in proportion to the module.
func Admit(wasm []byte, imports []Import) []string {
	known := make(map[string]Import, len(imports))
	for _, im := range imports {
		known[im.Module+"."+im.Name] = im
	}
	m, bad := admit(wasm, known)
	if m == nil {
		return bad
	}
	if _, err := rewrite(m); err != nil {
		return append(bad, notValid(err))
	}
	if err := validate(wasm); err != nil {
		bad = append(bad, notValid(err))
	}
	return bad
}

func admit(wasm []byte, known map[string]Import) (*wasmbin.Module, []string) {
	if len(wasm) > maxModule {
		return nil, []string{fmt.Sprintf("it has %d bytes, the limit is %d: strip it (-ldflags=\"-s -w\")", len(wasm), maxModule)}
	}
	m, err := wasmbin.Decode(wasm)
	if err != nil {
		return nil, []string{told(err.Error(), maxFault)}
	}
	var bad []string
	more := 0
	add := func(format string, args ...any) {
		if len(bad) >= maxReasons {
			more++
			return
		}
		bad = append(bad, fmt.Sprintf(format, args...))
	}
	for _, im := range m.Imports {
		admitImport(m, im, known, add)
	}
	admitExports(m, add)
	if len(m.Memories) > 1 {
		add("it declares %d memories, one is needed", len(m.Memories))
	}
	if len(m.Tables) > 1 {
		add("it declares %d tables, at most one is accepted", len(m.Tables))
	}
	if m.Start {
		add("it has a start section, which would run before the host is ready: export _initialize instead (-buildmode=c-shared in Go, -mexec-model=reactor in C)")
	}
	if more > 0 {
		bad = append(bad, fmt.Sprintf("and %d more", more))
	}
	return m, bad
}

// Bounds of what is told of a module that is refused.
const (
	maxReasons = 20
	maxName    = 100 // bytes of a name
	maxFault   = 500 // bytes of what the decoder or the engine says of it
)

// told returns text of at most n bytes for a message, or its beginning and how
// long it is.
func told(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:n], ""), len(text))
}

// notValid is the reason for what rewriting or the engine does not take.
func notValid(err error) string {
	if errors.As(err, new(*wasmbin.Refusal)) { // it says itself what is accepted
		return told(err.Error(), maxFault)
	}
	return "it is not valid: " + told(strings.Join(strings.Fields(err.Error()), " "), maxFault)
}

func admitImport(m *wasmbin.Module, im wasmbin.Import, known map[string]Import, add func(string, ...any)) {
	name := told(im.Module, maxName) + "." + told(im.Name, maxName)
	if im.Kind != wasmbin.KindFunc {
		add("it imports the %s %q: only functions can be imported", im.Kind, name)
		return
	}
	want, ok := known[im.Module+"."+im.Name]
	if !ok {
		add("it imports the function %q, which no host offers: use the functions of wasmsql_v1 only", name)
		return
	}
	if int64(im.Type) >= int64(len(m.Types)) {
		add("it imports %q with a type that is not there", name)
		return
	}
	if found, need := m.Types[im.Type].String(), want.signature(); found != need {
		add("it imports %q as %s, it is %s", name, found, need)
	}
}

func admitExports(m *wasmbin.Module, add func(string, ...any)) {
	if e, ok := m.Export("memory"); !ok || e.Kind != wasmbin.KindMemory {
		add("it exports no memory named \"memory\": a guest needs one for the host to read its requests from")
	}
	e, ok := m.Export("wasmsql_v1_run")
	if !ok {
		hint := "export it"
		if _, command := m.Export("_start"); command {
			hint = "it is built as a command (it exports _start): build a reactor (-buildmode=c-shared in Go, -mexec-model=reactor in C)"
		}
		add("it exports no function \"wasmsql_v1_run\": %s", hint)
	} else {
		admitSignature(m, e, entry, add)
	}
	if e, ok := m.Export("wasmsql_v1_configure"); ok {
		admitSignature(m, e, entry, add)
	}
	if e, ok := m.Export("_initialize"); ok {
		admitSignature(m, e, initialize, add)
	}
}

func admitSignature(m *wasmbin.Module, e wasmbin.Export, want wasmbin.FuncType, add func(string, ...any)) {
	if e.Kind != wasmbin.KindFunc {
		add("its export %q is a %s, it must be a function %s", e.Name, e.Kind, want)
		return
	}
	if found, ok := m.Func(e.Index); !ok || found.String() != want.String() {
		add("its export %q is %s, it must be %s", e.Name, found, want)
	}
}

// signature returns the import's type as wasmbin prints it.
func (im Import) signature() string {
	return wasmbin.FuncType{Params: valueTypes(im.Params), Results: valueTypes(im.Result)}.String()
}

// valueTypes turns the letters of Import into value types.
func valueTypes(letters string) []wasmbin.ValueType {
	ts := make([]wasmbin.ValueType, len(letters))
	for i := range letters {
		ts[i] = wasmbin.I32
		if letters[i] == 'I' {
			ts[i] = wasmbin.I64
		}
	}
	return ts
}
