package sqldb_test

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

func TestReachOfFiles(t *testing.T) {
	allowed, other := t.TempDir(), t.TempDir()
	for _, name := range []string{filepath.Join(allowed, "in.db"), filepath.Join(other, "out.db")} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"link.db": filepath.Join(other, "out.db"), "folder": other, "dangling": filepath.Join(other, "new.db")} {
		if err := os.Symlink(to, filepath.Join(allowed, link)); err != nil {
			t.Fatal(err)
		}
	}
	r := sqldb.Reach{Files: []string{allowed}}
	for path, ok := range map[string]bool{
		filepath.Join(allowed, "in.db"):                               true,
		filepath.Join(allowed, "new.db"):                              true,
		filepath.Join(allowed, "..", filepath.Base(allowed), "in.db"): true,
		filepath.Join(other, "out.db"):                                false,
		filepath.Join(allowed, "link.db"):                             false,
		filepath.Join(allowed, "dangling"):                            false,
		filepath.Join(allowed, "folder", "out.db"):                    false,
		filepath.Join(allowed, "..", filepath.Base(other), "out.db"):  false,
		allowed + "x":        false,
		allowed:              false,
		"/proc/self/environ": false,
		filepath.Join(allowed, "missing", "..", "..", "..", "etc", "pw"): false,
	} {
		if err := r.File(path); (err == nil) != ok {
			t.Errorf("%q: %v", path, err)
		}
	}
	if err := (sqldb.Reach{}).File("/etc/passwd"); err != nil {
		t.Error("the zero Reach refuses:", err)
	}
	if err := (sqldb.Reach{Files: []string{}}).File(filepath.Join(allowed, "in.db")); err == nil {
		t.Error("no folder allows a file")
	}
}

// TestReachOfAddresses dials: what is asked is the address, whatever it was
// written as.
func TestReachOfAddresses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	refused := errors.New("refused")
	r := sqldb.Reach{Address: func(a netip.AddrPort) error {
		if a.Addr().IsLoopback() {
			return refused
		}
		return nil
	}}
	d := net.Dialer{Control: r.Control}
	for _, host := range []string{"127.0.0.1", "localhost", "::ffff:127.0.0.1", "127.1.2.3"} {
		if _, err := d.Dial("tcp", net.JoinHostPort(host, port)); !errors.Is(err, refused) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := d.Dial("unix", filepath.Join(t.TempDir(), "socket")); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Error("a socket of the file system:", err)
	}
	free := net.Dialer{Control: sqldb.Reach{}.Control}
	c, err := free.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal("the zero Reach:", err)
	}
	c.Close()
}
