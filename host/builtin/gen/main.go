// Command gen builds the template module from guest/cmd/template and writes
// template.wasm.zst: the same bytes for the same source and Go release.
//
//	go run ./gen [-o template.wasm.zst]
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/klauspost/compress/zstd"
)

func main() {
	out := flag.String("o", "template.wasm.zst", "the file to write")
	flag.Parse()
	if err := generate(*out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// module is the guest's package.
const module = "github.com/wasmsql/wasmsql/guest/cmd/template"

// maxSize is what the repository takes.
const maxSize = 1 << 20

func generate(path string) error {
	wasm, err := build()
	if err != nil {
		return err
	}
	if wasm, err = slim(wasm); err != nil {
		return err
	}
	packed, err := pack(wasm)
	if err != nil {
		return err
	}
	if len(packed) > maxSize {
		return fmt.Errorf("%d bytes compressed, %d is the most", len(packed), maxSize)
	}
	return os.WriteFile(path, packed, 0o644)
}

// build compiles the guest. Nothing of the machine, the folder or the
// environment is in the binary. Our own packages are not inlined: the code is
// 8 % smaller for it, and a host reads all of it at every start.
func build() ([]byte, error) {
	dir, err := os.MkdirTemp("", "wasmsql-gen-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "template.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared",
		"-ldflags=-s -w -buildid=", "-gcflags=github.com/wasmsql/wasmsql/...=-l", "-o", file, module)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOWASM=", "GOEXPERIMENT=", "GOFLAGS=-mod=readonly", "GODEBUG=", "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return nil, errors.Join(err, errors.New(stderr.String()))
	}
	return os.ReadFile(file)
}

// pack compresses a module as package builtin wants it: a skippable frame
// with the Go release and the module's digest, then the module. Another Go
// release makes another module, which is why it is written down.
func pack(wasm []byte) ([]byte, error) {
	label := fmt.Appendf(nil, "%s %x", runtime.Version(), sha256.Sum256(wasm))
	b := binary.LittleEndian.AppendUint32(nil, 0x184d2a50)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(label)))
	b = append(b, label...)
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression),
		zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(8<<20))
	if err != nil {
		return nil, err
	}
	return z.EncodeAll(wasm, b), nil
}
