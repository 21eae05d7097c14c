package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Names in the cache folder. What has another is not ours, and stays.
const (
	codePrefix = "code-" // a folder with the machine code of a module
	madePrefix = ".new-" // what is being made
	seenPrefix = "seen-" // see autoEngine
	formSuffix = ".v"    // a rewritten module, and a version
	oldPrefix  = "wazero-"
	sumFile    = "sum"
)

func ours(name string) bool {
	for _, p := range []string{codePrefix, madePrefix, seenPrefix, oldPrefix} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return strings.HasPrefix(filepath.Ext(name), formSuffix)
}

// privateFolder makes sure that nobody else can write what will be run as
// machine code.
func privateFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("compile cache: %w", err)
	}
	fi, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("compile cache: %w", err)
	}
	if !fi.IsDir() {
		return fmt.Errorf("compile cache: %s is not a folder", dir)
	}
	if !ownFolder(fi) {
		return fmt.Errorf("compile cache: %s belongs to another user: name a folder of your own", dir)
	}
	if fi.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("compile cache: others may write to it: %w", err)
	}
	if fi.Mode().Perm()&0o022 == 0 {
		return nil
	}
	return emptyFolder(dir) // what is there may be somebody else's
}

// emptyFolder removes what is ours below dir.
func emptyFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !ours(e.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// codeFolder is where the engine keeps the machine code of one module: one
// file, of the engine's name and form, below a folder of the engine's version.
// The engine's own checksum leaves out where functions begin, so a sum of the
// whole stands beside it, with the module's digest in it.
type codeFolder struct {
	path   string
	digest [sha256.Size]byte
}

func newCodeFolder(dir string, wasm []byte) codeFolder {
	digest := sha256.Sum256(wasm)
	return codeFolder{filepath.Join(dir, codePrefix+hex.EncodeToString(digest[:16])), digest}
}

// verify reports whether the folder has what take put there, and only that.
func (c codeFolder) verify() bool {
	if fi, err := os.Lstat(c.path); err != nil || !fi.IsDir() {
		return false
	}
	want, err := readRegular(filepath.Join(c.path, sumFile))
	if err != nil {
		return false
	}
	found, ok := c.sum(c.path, sumFile)
	if !ok || !bytes.Equal(found, want) {
		return false
	}
	now := time.Now()
	_ = os.Chtimes(c.path, now, now) // it is used: the oldest go first
	return true
}

// take moves a folder in which the engine has left its code to where it is
// found again. Where that cannot be, nothing is kept.
func (c codeFolder) take(made string) {
	sum, ok := c.sum(made, "")
	if !ok || os.WriteFile(filepath.Join(made, sumFile), sum, 0o600) != nil {
		return
	}
	_ = os.Rename(made, c.path)
}

// sum returns the sum of the one file in the one folder in path, beside which
// there is only a file of the name besides.
func (c codeFolder) sum(path, besides string) ([]byte, bool) {
	version, ok := only(path, besides)
	if !ok || !version.IsDir() {
		return nil, false
	}
	file, ok := only(filepath.Join(path, version.Name()), "")
	if !ok || !file.Type().IsRegular() {
		return nil, false
	}
	b := append([]byte(nil), c.digest[:]...)
	b = append(b, version.Name()+"/"+file.Name()+"\x00"...)
	b, err := appendFileSum(b, filepath.Join(path, version.Name(), file.Name()))
	if err != nil {
		return nil, false
	}
	all := sha256.Sum256(b)
	return all[:], true
}

// only returns the one entry of a folder that has another name.
func only(path, besides string) (os.DirEntry, bool) {
	entries, err := os.ReadDir(path)
	var found os.DirEntry
	for _, e := range entries {
		if e.Name() == besides {
			continue
		}
		if found != nil {
			return nil, false
		}
		found = e
	}
	return found, err == nil && found != nil
}

// appendFileSum appends a file's size and its CRC-32C, which every change of up
// to 32 bits in a row changes. More would be of no use: who can write to the
// folder can write the sum too. It is read at each start, and takes a tenth of
// the time of a cryptographic one.
func appendFileSum(b []byte, path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	n, err := io.CopyBuffer(onlyWriter{sum}, f, make([]byte, 1<<20))
	if err != nil {
		return nil, err
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(n))
	return binary.LittleEndian.AppendUint32(b, sum.Sum32()), nil
}

// onlyWriter has io.CopyBuffer use its buffer.
type onlyWriter struct{ io.Writer }

// readRegular reads a file that is no link, no pipe and no device.
func readRegular(path string) ([]byte, error) {
	fi, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() || fi.Size() > maxCache {
		return nil, fmt.Errorf("%s is no file of the cache", filepath.Base(path))
	}
	return os.ReadFile(path)
}
