package host_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

var engines = []string{"compiler", "interpreter"}

// module reads a guest of testdata/guests/wat, where its source stands too.
func module(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "guests", "wat", name+".wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// code returns the Code and the message of an error of a Host.
func code(err error) (host.Code, string) {
	var e *host.Error
	if !errors.As(err, &e) {
		if err == nil {
			return "", ""
		}
		return "not of the host", err.Error()
	}
	return e.Code, err.Error()
}

// TestGuests runs every guest on both engines: what each does is in the first
// lines of its source.
func TestGuests(t *testing.T) {
	for _, c := range []struct {
		guest   string
		outputs abi.OutputMode
		code    host.Code
		want    string // of the message
	}{
		{"minimal", abi.OutputNone, "", ""},
		{"minimal", abi.OutputAny, host.CodeTask, "the guest gave no result, and the task declares outputs"},
		{"every-call", abi.OutputAny, "", ""},
		{"exec-rows", abi.OutputNone, "", ""},
		{"entropy", abi.OutputNone, "", ""},
		{"fill-rule", abi.OutputNone, "", ""},
		{"handles", abi.OutputNone, "", ""},
		{"output-twice", abi.OutputAny, "", ""},
		{"messages", abi.OutputNone, "", ""},
		{"statements", abi.OutputNone, "", ""},
		{"probe", abi.OutputNone, "", ""},
		{"initialize", abi.OutputNone, "", ""},
		{"configure-state", abi.OutputNone, "", ""},
		{"fuel-global", abi.OutputNone, "", ""},
		{"grow", abi.OutputNone, "", ""},
		{"grow-once", abi.OutputNone, "", ""},
		{"wasi", abi.OutputNone, "", ""},
		{"pointer-edge", abi.OutputNone, "", ""},
		{"log-flood", abi.OutputNone, host.CodeLimit, "bytes, the limit is 1000"},
		{"log-level", abi.OutputNone, "", ""},
		{"log-oversize", abi.OutputNone, host.CodeLimit, "bytes, the limit is 1000"},
		{"stdout-flood", abi.OutputNone, host.CodeLimit, "bytes, the limit is 1000"},
		{"fail-zero", abi.OutputNone, "", ""},
		{"fail", abi.OutputNone, host.CodeTask, ""},
		{"fail-silent", abi.OutputNone, host.CodeTask, "the guest failed with status 7 and no message"},
		{"exit", abi.OutputNone, host.CodeDenied, "the guest exited with status 3"},
		{"exit-zero", abi.OutputNone, host.CodeDenied, "the guest exited with status 0"},
		{"trap", abi.OutputNone, host.CodeDenied, "the guest trapped: unreachable"},
		{"trap-message", abi.OutputNone, host.CodeDenied, "the guest trapped: unreachable"},
		{"recursion-deep", abi.OutputNone, host.CodeDenied, "the guest trapped: stack overflow"},
		{"pointer-config", abi.OutputNone, host.CodeDenied, "a pointer outside of memory"},
		{"pointer-exec", abi.OutputNone, host.CodeDenied, "a pointer outside of memory"},
		{"pointer-fail", abi.OutputNone, host.CodeDenied, "a pointer outside of memory"},
		{"pointer-log", abi.OutputNone, host.CodeDenied, "a pointer outside of memory"},
		{"pointer-output", abi.OutputAny, host.CodeDenied, "a pointer outside of memory"},
		{"pointer-query", abi.OutputNone, host.CodeDenied, "a pointer outside of memory"},
		{"wasi-pointer", abi.OutputNone, host.CodeDenied, "a pointer outside of memory"},
		{"call-storm", abi.OutputNone, host.CodeLimit, "the guest has made 1001 host calls, the limit is 1000"},
		{"spin", abi.OutputNone, host.CodeLimit, "the deadline of 300ms has passed"},
		{"output-garbage", abi.OutputAny, host.CodeTask, "the guest's result is not a valid Arrow IPC stream"},
		{"output-length", abi.OutputAny, host.CodeTask, "the guest's result is not a valid Arrow IPC stream"},
	} {
		for _, engine := range engines {
			t.Run(c.guest+"/"+engine, func(t *testing.T) {
				var log bytes.Buffer
				h := hosttest.Open(t, hosttest.SQLite(t, ""), func(cfg *host.Config) {
					cfg.Runtime = hosttest.Runtime(t, engine)
					cfg.Connections["secret"] = cfg.Connections["db"]
					cfg.Limits = host.Limits{HostCalls: 1000, Timeout: 300 * time.Millisecond, Log: 1000}
					if c.guest != "spin" {
						cfg.Limits.Timeout = time.Hour
					}
					if strings.HasSuffix(c.guest, "-flood") {
						cfg.Limits.HostCalls = 100_000
					}
					cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
				})
				p, err := h.Load(context.Background(), host.Task{Name: c.guest, Module: module(t, c.guest), Connection: "db", Outputs: abi.Outputs{Mode: c.outputs}})
				if err != nil {
					t.Fatal(err)
				}
				var rows hosttest.Rows
				report, err := p.Run(context.Background(), nil, &rows)
				got, message := code(err)
				if got != c.code || !strings.Contains(message, c.want) {
					t.Errorf("%s: %s, want %s with %q", got, message, c.code, c.want)
				}
				if rows.Closed != (err == nil && c.outputs == abi.OutputAny) || (rows.Aborted != nil) != (err != nil) {
					t.Errorf("sink closed %v, aborted %v, for %v", rows.Closed, rows.Aborted, err)
				}
				if strings.HasSuffix(c.guest, "-flood") && (report.LogDropped == 0 || log.Len() > 8000) {
					t.Errorf("dropped %d, logged %d bytes", report.LogDropped, log.Len())
				}
			})
		}
	}
}

// TestGuestsNotLoaded are guests that no program can be made of.
func TestGuestsNotLoaded(t *testing.T) {
	for guest, want := range map[string]struct {
		code host.Code
		text string
	}{
		"configure-fail":  {host.CodeConfig, ""},
		"trap-configure":  {host.CodeDenied, "the guest trapped: unreachable"},
		"spin-configure":  {host.CodeLimit, "the guest has not configured itself within 200ms"},
		"spin-initialize": {host.CodeLimit, "the guest has not configured itself within 200ms"},
		"import-socket":   {host.CodeDenied, "wasi_snapshot_preview1.sock_"},
		"no-run":          {host.CodeDenied, `it exports no function "wasmsql_v1_run"`},
		"memory-initial":  {host.CodeLimit, "the guest needs 4299161600 bytes of memory, the limit is 67108864"},
	} {
		for _, engine := range engines {
			t.Run(guest+"/"+engine, func(t *testing.T) {
				h := hosttest.Open(t, hosttest.SQLite(t, ""), func(cfg *host.Config) {
					cfg.Runtime = hosttest.Runtime(t, engine)
					if strings.HasPrefix(guest, "spin-") {
						cfg.Limits.Timeout = 200 * time.Millisecond
					}
				})
				_, err := h.Load(context.Background(), host.Task{Name: guest, Module: module(t, guest), Connection: "db"})
				if got, message := code(err); got != want.code || !strings.Contains(message, want.text) {
					t.Errorf("%s: %s, want %s with %q", got, message, want.code, want.text)
				}
			})
		}
	}
}

// TestG15GuestEscapes sees that a guest cannot steer the terminal of who
// reads its log or its error.
func TestG15GuestEscapes(t *testing.T) {
	var log bytes.Buffer
	h := hosttest.Open(t, hosttest.SQLite(t, ""), func(cfg *host.Config) {
		cfg.Logger = slog.New(slog.NewJSONHandler(&log, nil))
	})
	p, err := h.Load(context.Background(), host.Task{Name: "escapes", Module: module(t, "escapes"), Connection: "db", Outputs: abi.Outputs{Mode: abi.OutputNone}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Run(context.Background(), nil, host.Discard())
	if err == nil || log.Len() == 0 {
		t.Fatalf("error %v, log %q", err, &log)
	}
	for _, s := range []string{err.Error(), log.String()} {
		if strings.ContainsAny(s, "\x1b\r\x07\x00") || !strings.Contains(s, `\u001b`) {
			t.Errorf("control characters came through, or were not written out: %q", s)
		}
	}
}
