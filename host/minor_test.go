package host_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

// minor0 returns the guest that was built against ABI minor 0 once.
func minor0(t *testing.T) []byte {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("..", "testdata", "guests", "go", "minor0", "minor0.wasm.zst"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	wasm, err := z.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// TestMinor0: a module that was built against ABI minor 0 goes on running, the
// same on both engines. The binary is never built again.
func TestMinor0(t *testing.T) {
	const script = people + `CREATE TABLE everything (i INTEGER, f REAL, s TEXT, b BOOLEAN, at TIMESTAMP, d DATE, tm TIME, span INTEGER, n NUMERIC(10,2), x BLOB, j JSON, missing TEXT);
INSERT INTO people VALUES (10, NULL, 0);
`
	module := minor0(t)
	at := abi.Value{Type: abi.Type{Kind: abi.Datetime}, Int: 1_700_000_000_000_000}
	for _, c := range []struct {
		mode string
		want string // the rows, or the error with its hint
		log  string
	}{
		{"hand over", "[[2 O'Neil] [3 Zoë] [10 (null)]]", ""},
		{"own result", `[[1 it's Ada 1.25 ["a","b"] 2023-11-14 22:13:20Z false AAAAAAAAAAAAAAAAAAAAAQ==] ` +
			`[2 it's O'Neil 1.25 ["a","b"] 2023-11-14 22:13:20Z true AAAAAAAAAAAAAAAAAAAAAg==] ` +
			`[3 it's Zoë 1.25 ["a","b"] 2023-11-14 22:13:20Z false AAAAAAAAAAAAAAAAAAAAAw==] ` +
			`[10 (null) (null) ["a","b"] 2023-11-14 22:13:20Z true AAAAAAAAAAAAAAAAAAAACg==]]`, ""},
		{"change", "[[7 0.5 tëxt true 2023-11-14 22:13:20Z 2026-02-28 01:00:00.000000 90 12.5 AP8= [1] (null)]]", "no such table: nowhere"},
		{"fail", "task: it's has failed (try again)", ""},
		{"panic", "task: panic in main.run (main.go:50): runtime error: index out of range [1] with length 0 ()", ""},
		{"denied", `denied: connection "elsewhere" is not granted to this task (the task's connection names what it may use)`, ""},
	} {
		for _, engine := range []string{"compiler", "interpreter"} {
			t.Run(c.mode+"/"+engine, func(t *testing.T) {
				var log bytes.Buffer
				h := hosttest.Open(t, hosttest.SQLite(t, script), func(cfg *host.Config) {
					cfg.Runtime = hosttest.Runtime(t, engine)
					cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				})
				values := host.Inputs{"mode": {Type: abi.Type{Kind: abi.Str}, Str: c.mode}, "after": intValue(1), "at": at}
				task := host.Task{Name: "minor0", Module: module, Config: []byte(`{"prefix": "it's"}`), Connection: "db"}
				for name, v := range values {
					task.Inputs = append(task.Inputs, host.Input{Name: name, Type: v.Type})
				}
				p, err := h.Load(context.Background(), task)
				if err != nil {
					t.Fatal(err)
				}
				var rows hosttest.Rows
				_, err = p.Run(context.Background(), values, &rows)
				got := fmt.Sprint(rows.Cells)
				if e, ok := err.(*host.Error); ok {
					got = fmt.Sprintf("%s: %s (%s)", e.Code, e.Message, e.Hint)
				} else if err != nil {
					t.Fatal(err)
				}
				if got != c.want {
					t.Errorf("%s\nwant %s", got, c.want)
				}
				if !strings.Contains(log.String(), "configured with it's") || !strings.Contains(log.String(), c.log) {
					t.Errorf("log %s", &log)
				}
			})
		}
	}
	h := hosttest.Open(t, hosttest.SQLite(t, script))
	_, err := h.Load(context.Background(), host.Task{Name: "minor0", Module: module, Config: []byte(`{"prefix": "bad"}`), Connection: "db"})
	if err == nil || err.Error() != "the prefix is bad" {
		t.Errorf("with a bad prefix: %v", err)
	}
	_, err = h.Load(context.Background(), host.Task{Name: "minor0", Module: module, Config: []byte(`{"prefxi": "x"}`), Connection: "db"})
	if err == nil || err.Error() != `config: the plugin has no setting "prefxi"` {
		t.Errorf("with an unknown setting: %v", err)
	}
}
