package sqldb

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Reach bounds what connections may touch of the machine and its networks,
// whatever their configuration says. The zero Reach bounds nothing. It is safe
// for concurrent use.
type Reach struct {
	// Files are the absolute folders that databases and certificates may be
	// in. Nil is any folder, empty is none.
	Files []string
	// Address is asked before a connection to an address, after its name was
	// resolved, and refuses it with an error that does not name it. Nil is any
	// address; where it is set, sockets of the file system are refused too.
	Address func(netip.AddrPort) error
}

// errFile and errAddress are what is told of a file or a socket out of reach.
var (
	errFile    = errors.New("the file is outside of the folders that this host allows")
	errAddress = errors.New("the address is not one that this host allows")
)

// File returns an error if the file at an absolute path is out of reach. Links
// are followed as far as the path exists.
func (r Reach) File(path string) error {
	if r.Files == nil {
		return nil
	}
	real, err := followed(path)
	if err != nil {
		return errFile
	}
	for _, folder := range r.Files {
		if folder, err := followed(folder); err == nil && strings.HasPrefix(real, strings.TrimSuffix(folder, string(filepath.Separator))+string(filepath.Separator)) {
			return nil
		}
	}
	return errFile
}

// followed returns a path without links: what does not exist yet is taken as
// it is written.
func followed(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err == nil {
		return real, nil
	}
	parent := filepath.Dir(path)
	if _, lerr := os.Lstat(path); lerr == nil || parent == path { // a link to what does not exist yet
		return "", err
	}
	if parent, err = filepath.EvalSymlinks(parent); err != nil {
		return "", err
	}
	return filepath.Join(parent, filepath.Base(path)), nil
}

// Control is that of a net.Dialer whose connections are within reach: it sees
// the address that is dialled, not a name that may mean another one later.
func (r Reach) Control(network, address string, _ syscall.RawConn) error {
	if r.Address == nil {
		return nil
	}
	if !strings.HasPrefix(network, "tcp") {
		return errAddress
	}
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: it is none of the internet", errAddress)
	}
	return r.Address(netip.AddrPortFrom(to.Addr().Unmap(), to.Port()))
}
