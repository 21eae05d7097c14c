//go:build unix

package sqlite_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// TestPipe does not wait for a writer.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.db")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := open(t, path, abi.ReadOnly).Begin(t.Context(), sqldb.TxOptions{})
	if e := fault(t, err); e.Code != abi.Conn || e.Message != "the database is not a file" {
		t.Errorf("%+v", e)
	}
}
