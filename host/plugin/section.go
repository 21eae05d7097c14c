package plugin

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/wasmsql/wasmsql/abi"
)

// A module is a sequence of sections behind eight bytes:
//
//	00 61 73 6d  01 00 00 00  { id: byte, size: u32 in LEB128, size bytes }
//
// and a custom section, id 0, begins with its name: its length and the bytes.
// Source: WebAssembly Core Specification 2.0, section 5.5.
const head = "\x00asm\x01\x00\x00\x00"

// ErrNoModule is returned for bytes that are no module.
var ErrNoModule = errors.New("it is not a WebAssembly module")

// ErrTwoManifests is returned for a module with more than one manifest.
var ErrTwoManifests = errors.New("it has more than one section " + abi.ManifestSection)

// section is one section of a module.
type section struct {
	id   byte
	name string // of a custom section
	data []byte // of a custom section, after its name
	all  []byte // with id and size
}

// sections returns the sections of a module.
func sections(wasm []byte) ([]section, error) {
	if !bytes.HasPrefix(wasm, []byte(head)) {
		return nil, ErrNoModule
	}
	var all []section
	for rest := wasm[len(head):]; len(rest) > 0; {
		size, n := leb(rest[1:])
		if n == 0 || uint64(len(rest)-1-n) < uint64(size) {
			return nil, fmt.Errorf("section %d at byte %d is longer than the module", rest[0], len(wasm)-len(rest))
		}
		s := section{id: rest[0], all: rest[:1+n+int(size)]}
		if s.id == 0 {
			body := s.all[1+n:]
			length, n := leb(body)
			if n == 0 || uint64(len(body)-n) < uint64(length) {
				return nil, fmt.Errorf("the name of the custom section at byte %d is longer than it", len(wasm)-len(rest))
			}
			s.name, s.data = string(body[n:n+int(length)]), body[n+int(length):]
		}
		rest = rest[len(s.all):]
		all = append(all, s)
	}
	return all, nil
}

// leb reads an unsigned number of at most five bytes. It returns how many it
// took, 0 where there is none.
func leb(b []byte) (v uint32, n int) {
	for n < len(b) && n < 5 {
		c := b[n]
		v |= uint32(c&0x7f) << (7 * n)
		n++
		if c&0x80 == 0 {
			return v, n
		}
	}
	return 0, 0
}

// Find returns the data of a module's manifest section, or nil. Its error
// says that the module has several, or is none.
func Find(wasm []byte) ([]byte, error) {
	all, err := sections(wasm)
	if err != nil {
		return nil, err
	}
	var found []byte
	for _, s := range all {
		if s.id != 0 || s.name != abi.ManifestSection {
			continue
		}
		if found != nil {
			return nil, ErrTwoManifests
		}
		found = append([]byte{}, s.data...)
	}
	return found, nil
}

// Finish returns the module without its custom sections, which are names,
// debugging information and how it was built, and with a manifest. Nothing
// that runs is changed.
func Finish(wasm []byte, m *Manifest) ([]byte, error) {
	all, err := sections(wasm)
	if err != nil {
		return nil, err
	}
	out := []byte(head)
	for _, s := range all {
		if s.id != 0 {
			out = append(out, s.all...)
		}
	}
	body := binary.AppendUvarint(nil, uint64(len(abi.ManifestSection)))
	body = append(append(body, abi.ManifestSection...), m.Section()...)
	out = binary.AppendUvarint(append(out, 0), uint64(len(body)))
	return append(out, body...), nil
}
