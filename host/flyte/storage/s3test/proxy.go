//go:build unix

package s3test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"sync"
	"testing"
)

// Fault is what a Proxy does with a request.
type Fault int

const (
	Pass        Fault = iota // hand it on
	Unavailable              // 503 SlowDown, the server hears nothing
	Denied                   // 403 AccessDenied, the server hears nothing
	Reset                    // the connection ends, the server hears nothing
	CutRequest               // half of the body is read, then the connection ends
	Lost                     // the server does it, the answer does not arrive
	CutAnswer                // half of the answer's body arrives
)

// String returns the fault's name.
func (f Fault) String() string {
	return [...]string{"pass", "unavailable", "denied", "reset", "cut request", "lost", "cut answer"}[f]
}

// Proxy stands in front of a Server. It is safe for concurrent use.
type Proxy struct {
	Endpoint string
	to       *Server
	mu       sync.Mutex
	decide   func(what string) Fault
	seen     []string
}

// NewProxy starts a proxy that asks decide about each request: by the name of
// the operation and the last part of the key, for instance
// "UploadPart 2 00000". It ends with the test.
func NewProxy(t testing.TB, to *Server, decide func(what string) Fault) *Proxy {
	t.Helper()
	p := &Proxy{to: to, decide: decide}
	s := httptest.NewServer(p)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	p.Endpoint = s.URL
	return p
}

// Seen returns the requests so far, in order.
func (p *Proxy) Seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.seen)
}

// operation names a request as S3's documentation does.
func operation(r *http.Request) string {
	q := r.URL.Query()
	name := map[string]string{"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}[r.Method]
	switch {
	case partNumber(r) > 0:
		name = fmt.Sprintf("UploadPart %d", partNumber(r))
	case r.Method == http.MethodPost && q.Has("uploads"):
		name = "CreateMultipartUpload"
	case r.Method == http.MethodPost && q.Has("uploadId"):
		name = "CompleteMultipartUpload"
	case r.Method == http.MethodDelete && q.Has("uploadId"):
		name = "AbortMultipartUpload"
	case r.Method == http.MethodGet && q.Has("uploadId"):
		name = "ListParts"
	}
	return name + " " + path.Base(r.URL.Path)
}

// ServeHTTP implements http.Handler.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	what := operation(r)
	p.mu.Lock()
	fault := p.decide(what)
	p.seen = append(p.seen, what)
	p.mu.Unlock()
	switch fault {
	case Unavailable:
		refuse(w, r, http.StatusServiceUnavailable, "SlowDown")
		return
	case Denied:
		refuse(w, r, http.StatusForbidden, "AccessDenied")
		return
	case Reset:
		reset(w)
		return
	case CutRequest:
		io.CopyN(io.Discard, r.Body, r.ContentLength/2)
		reset(w)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone; the server hears nothing of half a request
	}
	answer, err := p.forward(r, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	if fault == Lost {
		io.Copy(io.Discard, answer.Body)
		reset(w)
		return
	}
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	if fault == CutAnswer {
		io.CopyN(w, answer.Body, answer.ContentLength/2)
		w.(http.Flusher).Flush()
		reset(w)
		return
	}
	io.Copy(w, answer.Body)
}

// forward sends a request on, with the host that it was signed for.
func (p *Proxy) forward(r *http.Request, body []byte) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.RequestURI = ""
	out.URL.Scheme, out.URL.Host = "http", p.to.Endpoint[len("http://"):]
	out.Host = r.Host
	out.Body = io.NopCloser(bytes.NewReader(body))
	out.ContentLength = int64(len(body))
	return http.DefaultTransport.RoundTrip(out)
}

func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>seeded</Message></Error>`, code)
	}
}

// reset ends the connection without a word.
func reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}
