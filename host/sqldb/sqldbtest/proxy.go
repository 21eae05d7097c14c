package sqldbtest

import (
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Proxy passes the bytes of each connection on to a server, up to a cut. It is
// safe for concurrent use; what is set counts for the connections after it.
type Proxy struct {
	URI      string       // the server's, through the proxy
	After    atomic.Int64 // the cut: so many bytes of one direction; less than 0 is none
	Upstream atomic.Bool  // of what the client sends, else of what the server sends
	Mute     atomic.Bool  // at the cut pass nothing on any more, instead of closing
	Passed   atomic.Int64 // bytes of that direction in the connection that ended last

	listener net.Listener
	server   string
	all      sync.WaitGroup
}

// NewProxy returns a proxy without a cut to the server of a URI. It is closed
// with the test.
func NewProxy(t testing.TB, uri string) *Proxy {
	t.Helper()
	u, err := sqldb.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, address, ok := cutURI(uri)
	if !ok {
		t.Fatal("the URI has no host")
	}
	p := &Proxy{listener: l, server: net.JoinHostPort(u.Host, strconv.Itoa(u.Port))}
	p.URI = strings.Replace(uri, address, l.Addr().String(), 1)
	p.After.Store(-1)
	t.Cleanup(func() {
		_ = p.Close()
		p.all.Wait()
	})
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			p.all.Go(func() { p.serve(in) })
		}
	}()
	return p
}

// cutURI returns what stands before the host and port of a URI, and these.
func cutURI(uri string) (before, address string, ok bool) {
	start := strings.LastIndexByte(uri, '@') + 1
	address, _, ok = strings.Cut(uri[start:], "/")
	return uri[:start], address, ok && address != ""
}

// Close takes no more connections.
func (p *Proxy) Close() error { return p.listener.Close() }

func (p *Proxy) serve(in net.Conn) {
	defer func() { _ = in.Close() }()
	out, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	limited, free := io.ReadWriter(in), io.ReadWriter(out) // limited is read up to the cut
	if !p.Upstream.Load() {
		limited, free = out, in
	}
	done := make(chan struct{}, 2)
	go func() {
		if n := p.After.Load(); n >= 0 {
			got, _ := io.CopyN(free, limited, n)
			p.Passed.Store(got)
			if p.Mute.Load() {
				_, _ = io.Copy(io.Discard, limited)
			}
		} else {
			got, _ := io.Copy(free, limited)
			p.Passed.Store(got)
		}
		done <- struct{}{}
	}()
	go func() {
		_, _ = io.Copy(limited, free)
		done <- struct{}{}
	}()
	<-done
}
