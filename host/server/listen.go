package server

import (
	"cmp"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"
)

// Bounds of a connection, beside those of a request.
const (
	headTime    = 10 * time.Second // for the head of a request
	idleTime    = 2 * time.Minute  // between requests
	pingAfter   = 30 * time.Second // without a sign of life from a client of HTTP/2
	pingTime    = 15 * time.Second // for its answer
	headerBytes = 64 << 10
	streams     = 100 // of one HTTP/2 connection
)

// DefaultPatience is Config.Patience where nothing is said.
const DefaultPatience = time.Minute

// HTTP returns an http.Server with the API, and with bounds on what a client
// may do and how long it may take. Who calls it gives it TLS, a listener and
// an end.
func (s *Server) HTTP() *http.Server {
	patience := s.patience()
	return &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: min(headTime, patience), IdleTimeout: idleTime, MaxHeaderBytes: headerBytes,
		DisableGeneralOptionsHandler: true,
		HTTP2: &http.HTTP2Config{MaxConcurrentStreams: streams, SendPingTimeout: min(pingAfter, patience), PingTimeout: min(pingTime, patience),
			WriteByteTimeout: patience},
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // of clients that do not speak HTTP or TLS
	}
}

// bound gives a request that has a body the server's patience to send it: a
// handler that does not read it does not wait for it either.
func (s *Server) bound(w http.ResponseWriter, r *http.Request) {
	if r.Body != nil && r.Body != http.NoBody {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.patience()))
	}
	if len(r.TransferEncoding) > 0 {
		// What stands behind a chunked body is another request to some and a
		// part of this one to others, if there was a Content-Length too (RFC
		// 9112, 6.1): there is none after it.
		w.Header().Set("Connection", "close")
	}
}

// isClean reports whether a request's path is written as one is: who writes it
// otherwise is not sent to where it may lead.
func isClean(r *http.Request) bool {
	p := r.URL.EscapedPath()
	return p == "/" || strings.HasPrefix(p, "/") && path.Clean(p) == strings.TrimSuffix(p, "/") && !strings.HasSuffix(p, "//")
}

// patience is how long the server waits for a client.
func (s *Server) patience() time.Duration { return cmp.Or(s.cfg.Patience, DefaultPatience) }
