package sandbox

import (
	"fmt"
	"strings"

	"github.com/wasmsql/wasmsql/host/internal/wasmbin"
)

// Changes returns what admission makes of a module that it accepts, for
// people: nothing where it refuses it. It runs and compiles nothing.
func Changes(wasm []byte) []string {
	m, err := wasmbin.Decode(wasm)
	if err != nil {
		return nil
	}
	var names []string
	dropped := 0
	for _, c := range m.Customs {
		names, dropped = append(names, told(c.Name, maxName)), dropped+len(c.Data)
	}
	segments := len(m.Data)
	f, err := rewrite(m)
	if err != nil {
		return nil
	}
	data := 0
	for _, s := range f.data {
		data += len(s.bytes)
	}
	all := []string{fmt.Sprintf("work is metered at function entries and loops: %d bytes become %d", len(wasm)-dropped-data, len(f.binary))}
	if len(f.data) > 0 {
		all = append(all, fmt.Sprintf("%d bytes of data in %d segments are written once, for the snapshot", data, segments))
	}
	if len(names) > 0 {
		all = append(all, fmt.Sprintf("%d bytes of custom sections do not reach the engine: %s", dropped, strings.Join(names, ", ")))
	}
	if !f.snapshots {
		all = append(all, "every execution gets an instance of its own making: the module changes its table, drops segments, or has globals that no snapshot can hold")
	}
	return all
}
