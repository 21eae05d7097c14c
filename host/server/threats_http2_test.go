package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// attacker is a client that writes frames of HTTP/2 as it likes.
type attacker struct {
	net.Conn
	*http2.Framer
	text bytes.Buffer
	*hpack.Encoder
}

func (s secured) attacker(t *testing.T) *attacker {
	t.Helper()
	conn := s.dial(t, "h2")
	a := &attacker{Conn: conn, Framer: http2.NewFramer(conn, conn)}
	a.Encoder = hpack.NewEncoder(&a.text)
	a.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := a.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	return a
}

// head returns the head of a request, compressed. Fields are pairs.
func (a *attacker) head(method, path string, fields ...string) []byte {
	a.text.Reset()
	for _, f := range [][2]string{{":method", method}, {":scheme", "https"}, {":authority", "x"}, {":path", path}} {
		_ = a.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]})
	}
	for i := 0; i+1 < len(fields); i += 2 {
		_ = a.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return bytes.Clone(a.text.Bytes())
}

// ends reads frames until the server ends the connection, and returns why.
func (a *attacker) ends() (code http2.ErrCode, ended bool) {
	_ = a.SetReadDeadline(time.Now().Add(sqldbtest.Patience))
	code = http2.ErrCodeNo
	for {
		f, err := a.ReadFrame()
		if err != nil {
			timeout, ok := err.(net.Error) //nolint:errorlint // of the connection itself
			return code, !ok || !timeout.Timeout()
		}
		if g, ok := f.(*http2.GoAwayFrame); ok {
			code = g.ErrCode
		}
	}
}

// TestT7RapidReset has clients open streams and reset them at once, in a
// storm: what they began is ended, their connections too, and another client
// is answered. It is alone, as it counts goroutines.
func TestT7RapidReset(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml":      config + "quotas: {running: 4, waiting: 10}\n",
		"acme/tasks/spin.yaml":   task("spin", spin, "timeout: 1h\n"),
		"globex/wasmsql.yaml":    config,
		"globex/tasks/fast.yaml": task("fast", "SELECT 1 AS n", ""),
	}, nil)
	secure := serveTLS(t, s, newAuthority(t))
	acme, globex := s.token("acme", server.Run), s.token("globex", server.Run)
	before := goruntime.NumGoroutine()
	const clients, storm = 4, 5000
	ends := make(chan string, clients)
	for range clients {
		a := secure.attacker(t)
		go func() {
			code, ended := a.ends()
			ends <- fmt.Sprintf("%s %v", code, ended)
		}()
		go func() {
			body := []byte("{}")
			for i := range storm {
				id := uint32(2*i + 1)
				head := a.head("POST", "/v1/tasks/spin/run", "authorization", "Bearer "+acme, "content-type", "application/json")
				if a.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: head, EndHeaders: true}) != nil ||
					a.WriteData(id, true, body) != nil || a.WriteRSTStream(id, http2.ErrCodeCancel) != nil {
					break // the server has ended the connection
				}
			}
		}()
	}
	c := secure.client(true)
	for range 20 {
		got, err := secure.ask(c, "POST", "/v1/tasks/fast/run", globex)
		if err != nil || got.status != 200 {
			t.Error("another client:", err, got.status)
		}
	}
	for range clients {
		// Why is lost where the connection is reset before it is read.
		if end := <-ends; end != "ENHANCE_YOUR_CALM true" && end != "NO_ERROR true" {
			t.Error("a client that resets streams: ", end)
		}
	}
	sqldbtest.Eventually(t, "goroutines are left of what was reset", func() bool { return goruntime.NumGoroutine() <= before+50 })
	s.stands(acme, 0, 0)
}

// TestT7HTTP2Floods sends frames that cost a server more than their sender.
func TestT7HTTP2Floods(t *testing.T) {
	t.Parallel()
	s := serve(t, twoTenants, func(c *server.Config) { c.Patience = 2 * time.Second })
	secure := serveTLS(t, s, newAuthority(t))
	token := s.token("acme", server.Run)
	part := bytes.Repeat([]byte{0x40, 0x01, 'a', 0x01, 'b'}, 3000) // a: b, which is indexed
	for name, flood := range map[string]func(a *attacker) error{
		"CONTINUATION without an end": func(a *attacker) error {
			if err := a.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: a.head("GET", "/livez")}); err != nil {
				return err
			}
			for range 20_000 {
				if err := a.WriteContinuation(1, false, part); err != nil {
					return err
				}
			}
			return nil
		},
		"empty CONTINUATION": func(a *attacker) error {
			if err := a.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: a.head("GET", "/livez")}); err != nil {
				return err
			}
			for range 200_000 {
				if err := a.WriteContinuation(1, false, nil); err != nil {
					return err
				}
			}
			return nil
		},
		"streams with an even id": func(a *attacker) error {
			return a.WriteHeaders(http2.HeadersFrameParam{StreamID: 2, BlockFragment: a.head("GET", "/livez"), EndHeaders: true, EndStream: true})
		},
		"a pushed stream": func(a *attacker) error {
			return a.WritePushPromise(http2.PushPromiseParam{StreamID: 1, PromiseID: 2, BlockFragment: a.head("GET", "/livez"), EndHeaders: true})
		},
		"a window of nothing": func(a *attacker) error { return a.WriteWindowUpdate(0, 0) },
		"a huge frame": func(a *attacker) error {
			_, err := a.Conn.Write(append([]byte{0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1}, make([]byte, 1<<20)...))
			return err
		},
		"no HPACK": func(a *attacker) error {
			return a.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: bytes.Repeat([]byte{0xff}, 100), EndHeaders: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := secure.attacker(t)
			_ = a.SetWriteDeadline(time.Now().Add(sqldbtest.Patience))
			a.AllowIllegalWrites = true
			wrote := make(chan error, 1)
			go func() { wrote <- flood(a) }()
			if code, ended := a.ends(); !ended {
				t.Error("the connection goes on:", code)
			}
			a.Conn.Close()
			<-wrote
		})
	}
	// Bounds of a request: its stream is answered, or reset.
	a := secure.attacker(t)
	var large []string
	for i := range 3000 {
		large = append(large, fmt.Sprintf("x-%d", i), strings.Repeat("a", 20))
	}
	head := a.head("GET", "/livez", large...)
	if err := a.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head[:1000], EndStream: true}); err != nil {
		t.Fatal(err)
	}
	for rest := head[1000:]; len(rest) > 0; {
		n := min(len(rest), 16<<10)
		if err := a.WriteContinuation(1, n == len(rest), rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	status := a.status(t, 1)
	if status != "431" && status != "reset" {
		t.Error("a head of 60 KiB and its names:", status)
	}
	// Heads that HTTP/1.1 could not carry.
	for name, fields := range map[string][]string{
		"connection": {"connection", "close"}, "transfer-encoding": {"transfer-encoding", "chunked"}, "upper case": {"X-A", "a"},
		"a line": {"x-a", "a\r\nx-b: b"}, "NUL": {"x-a", "a\x00"}, "two paths": {":path", "/v1/audit"}, "unknown": {":x", "y"},
	} {
		a := secure.attacker(t)
		a.AllowIllegalWrites = true
		if err := a.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: a.head("GET", "/v1/tenant", append(fields, "authorization", "Bearer "+token)...), EndHeaders: true, EndStream: true}); err != nil {
			t.Fatal(err)
		}
		if status := a.status(t, 1); status != "reset" && status != "400" {
			t.Errorf("%s: %s", name, status)
		}
	}
	if got, err := secure.ask(secure.client(true), "GET", "/v1/tenant", token); err != nil || got.status != http.StatusOK {
		t.Error("another client:", err, got.status)
	}
}

// status returns the status of a stream, or "reset".
func (a *attacker) status(t *testing.T, stream uint32) string {
	t.Helper()
	_ = a.SetReadDeadline(time.Now().Add(sqldbtest.Patience))
	for {
		f, err := a.ReadFrame()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return "nothing"
		}
		if err != nil {
			return "reset"
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			if f.StreamID == stream {
				return f.PseudoValue("status")
			}
		case *http2.RSTStreamFrame:
			if f.StreamID == stream {
				return "reset"
			}
		case *http2.GoAwayFrame:
			return "reset"
		}
	}
}
