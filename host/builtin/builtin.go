// Package builtin holds the template module: guest/cmd/template as WebAssembly,
// compressed. Everything in it is safe for concurrent use.
package builtin

import (
	_ "embed"
	"encoding/binary"
	"strings"
	"sync"
	"unsafe"
	"weak"

	"github.com/klauspost/compress/zstd"
)

// packed is a zstd file. A skippable frame comes first, with the Go release
// that built the module, a space, and the module's SHA-256 in hex; then one
// frame with the module.
//
//	50 2a 4d 18  length of the text, 4 bytes little endian  text  frame
//
//go:generate go run ./gen -o template.wasm.zst
//go:embed template.wasm.zst
var packed []byte

// maxModule bounds what the frame may unpack to.
const maxModule = 16 << 20

// Template returns the template module's binary, which the caller must not
// change. Who is given it while another still holds it is given the same; when
// nobody does, its 3.4 MB are free again.
func Template() ([]byte, error) {
	unpacked.mu.Lock()
	defer unpacked.mu.Unlock()
	if first := unpacked.first.Value(); first != nil {
		return unsafe.Slice(first, unpacked.size), nil
	}
	module, err := decode(packed)
	if err == nil && len(module) > 0 {
		unpacked.first, unpacked.size = weak.Make(&module[0]), len(module)
	}
	return module, err
}

var unpacked struct {
	mu    sync.Mutex
	first weak.Pointer[byte] // of the module
	size  int
}

func decode(packed []byte) ([]byte, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxModule))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return z.DecodeAll(packed, nil)
}

// Digest returns the SHA-256 in hex of the template module's binary, without
// unpacking it.
func Digest() string {
	_, digest, _ := strings.Cut(label(packed), " ")
	return digest
}

// label returns the text of the skippable frame, "" if there is none.
func label(packed []byte) string {
	const magic, head = 0x184d2a50, 8
	if len(packed) < head || binary.LittleEndian.Uint32(packed) != magic {
		return ""
	}
	n := binary.LittleEndian.Uint32(packed[4:])
	if uint64(n) > uint64(len(packed)-head) {
		return ""
	}
	return string(packed[head : head+n])
}
