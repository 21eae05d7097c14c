package host_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

// TestReadOnlyConnectionStaysUnchanged (S1, S4, S17, S18) runs the hostile
// statements as tasks on a read-only connection, as a query and as a statement
// without rows, and compares the file byte for byte and the folders name by
// name.
func TestReadOnlyConnectionStaysUnchanged(t *testing.T) {
	data, err := os.Open("../testdata/sql/sqlite/hostile.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = data.Close() }()
	dir, tmp := t.TempDir(), t.TempDir()
	file := filepath.Join(dir, "people.db")
	conn := hosttest.SQLiteFile(t, file, people)
	conn.Access = abi.ReadOnly
	h := hosttest.Open(t, conn, func(c *host.Config) { c.Limits.Timeout = 2 * time.Second })
	sum := func() [32]byte {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return sha256.Sum256(b)
	}
	before, ran := sum(), 0
	lines := bufio.NewScanner(data)
	for lines.Scan() {
		outcome, sql, ok := strings.Cut(lines.Text(), "|")
		if !ok || strings.HasPrefix(outcome, "#") {
			continue
		}
		sql = strings.ReplaceAll(sql, "$TMP", tmp)
		ran++
		for _, mode := range []abi.OutputMode{abi.OutputAny, abi.OutputNone} {
			p, err := h.Load(context.Background(), host.Task{Name: "hostile", Connection: "db", Outputs: abi.Outputs{Mode: mode},
				Query: "{% raw %}" + sql + "{% endraw %}"})
			if err == nil {
				_, err = p.Run(context.Background(), nil, host.Discard())
				_ = p.Close()
			}
			if got, message := code(err); got == host.CodeInternal || got == "not of the host" {
				t.Errorf("%s: %s: %s", sql, got, message)
			} else if err == nil && outcome == "denied" {
				t.Errorf("%s: it ran", sql)
			}
		}
		if sum() != before {
			t.Fatalf("%s: the database has changed", sql)
		}
		for folder, want := range map[string]int{dir: 1, tmp: 0} {
			if names, err := os.ReadDir(folder); err != nil || len(names) != want {
				t.Fatalf("%s: left %v in %s", sql, names, folder)
			}
		}
	}
	if ran < 60 {
		t.Errorf("only %d statements", ran)
	}
}
