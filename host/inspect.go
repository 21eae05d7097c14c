package host

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/internal/sandbox"
	"github.com/wasmsql/wasmsql/host/internal/wasmbin"
	"github.com/wasmsql/wasmsql/host/plugin"
)

// ModuleInfo is what a module's binary says of itself, read without running
// it.
type ModuleInfo struct {
	Digest   string   // SHA-256 in hex
	Size     int64    // bytes
	Imports  []string // "module.name (params) -> (results)"
	Exports  []string // "name (params) -> (results)", "name memory"
	Memory   int64    // bytes at the start
	Manifest []byte   // the custom section wasmsql.manifest, or nil
	// Plugin is the manifest, nil if there is none or it is wrong.
	Plugin   *plugin.Manifest
	Changes  []string // what admission makes of it, for people
	Refusals []string // what admission would refuse, each with its remedy; none: it is admitted
}

// Inspect reads a module's binary. Its error says why it is none.
func Inspect(wasm []byte) (ModuleInfo, error) {
	m, err := wasmbin.Decode(wasm)
	if err != nil {
		e := &Error{Code: CodeDenied, Message: err.Error(), Cause: err}
		if !errors.As(err, new(*wasmbin.Refusal)) { // which says what to do
			e.Hint = "a module is the .wasm file that a compiler writes"
			if what := foreign(wasm); what != "" {
				e.Hint = what
			}
		}
		return ModuleInfo{}, e
	}
	sum := sha256.Sum256(wasm)
	info := ModuleInfo{Digest: hex.EncodeToString(sum[:]), Size: int64(len(wasm)), Refusals: sandbox.Admit(wasm, imports())}
	for _, im := range m.Imports {
		sig := im.Kind.String()
		if im.Kind == wasmbin.KindFunc && int64(im.Type) < int64(len(m.Types)) {
			sig = m.Types[im.Type].String()
		}
		info.Imports = append(info.Imports, im.Module+"."+im.Name+" "+sig)
	}
	for _, e := range m.Exports {
		sig := e.Kind.String()
		if t, ok := m.Func(e.Index); ok && e.Kind == wasmbin.KindFunc {
			sig = t.String()
		}
		info.Exports = append(info.Exports, e.Name+" "+sig)
	}
	if len(m.Memories) > 0 {
		info.Memory = int64(m.Memories[0].Min) * sandbox.PageSize
	}
	info.Manifest, _ = m.Custom(abi.ManifestSection)
	info.readManifest(wasm)
	if len(info.Refusals) == 0 {
		info.Changes = sandbox.Changes(wasm)
	}
	return info, nil
}

// readManifest reads the manifest as Load does.
func (info *ModuleInfo) readManifest(wasm []byte) {
	p := Program{task: Task{Module: wasm}}
	m, faults := p.readManifest()
	info.Plugin = m
	for _, f := range faults {
		reason := strings.TrimPrefix(f.Message, refusedPrefix)
		if f.Hint != "" {
			reason += ": " + f.Hint
		}
		info.Refusals = append(info.Refusals, reason)
	}
}

// foreign says what bytes are that are no WebAssembly, and what to do; "" if
// that is not known.
func foreign(b []byte) string {
	for _, f := range []struct{ magic, what string }{
		{"\x7fELF", "a program for Linux"}, {"MZ", "a program for Windows"}, {"\xcf\xfa\xed\xfe", "a program for macOS"},
		{"!<arch>\n", "an archive, which is what go build makes of a package that is not main"}, {"\x1f\x8b", "compressed"}, {"PK", "a zip file"},
	} {
		if bytes.HasPrefix(b, []byte(f.magic)) {
			return "it is " + f.what + ": a plugin is built for GOOS=wasip1 GOARCH=wasm, which wasmsql build does"
		}
	}
	return ""
}
