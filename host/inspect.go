package host

// ModuleInfo is what a module's binary says of itself, read without running
// it.
type ModuleInfo struct {
	Digest   string   // SHA-256 in hex
	Size     int64    // bytes
	Imports  []string // "module.name (params) -> (results)"
	Exports  []string // "name (params) -> (results)", "memory"
	Memory   int64    // bytes at the start
	Manifest []byte   // the custom section wasmsql.manifest, or nil
	Refusals []string // what admission would refuse, each with its remedy; none: it is admitted
}

// Inspect reads a module's binary. Its error says why it is none.
func Inspect(wasm []byte) (ModuleInfo, error) { panic("in progress") }
