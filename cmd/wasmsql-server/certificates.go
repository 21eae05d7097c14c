package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
)

// ticketAge is how long a key of session tickets is used.
const ticketAge = 24 * time.Hour

// certificates are the files of a listener's TLS. They are looked at at each
// handshake: what has changed is taken over, whole or not at all. It is safe for
// concurrent use.
type certificates struct {
	cert, key string
	clientCA  string             // empty: clients are not asked for certificates
	clients   tls.ClientAuthType // with clientCA
	protocols []string
	what      string // is the certificate of, for messages: "the certificate"
	flag      string // of clientCA

	mu    sync.Mutex
	used  *tls.Config
	made  time.Time
	seen  []os.FileInfo // of the files that used was made of
	fault string        // why it is not of what they are now, as it was logged
}

// files are those that there are.
func (c *certificates) files() []string {
	if c.clientCA == "" {
		return []string{c.cert, c.key}
	}
	return []string{c.cert, c.key, c.clientCA}
}

// config reads the files, and returns a configuration that follows them. Why one
// that has changed is not used is in the log, once.
func (c *certificates) config(log *slog.Logger) (*tls.Config, error) {
	first, err := c.now(context.Background(), log)
	if err != nil {
		return nil, err
	}
	follows := first.Clone()
	follows.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) { return c.now(hello.Context(), log) }
	return follows, nil
}

// now returns the configuration for a handshake.
func (c *certificates) now(ctx context.Context, log *slog.Logger) (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	stamps, err := stampsOf(c.files())
	if err == nil && c.used != nil && c.fault == "" && sameFiles(c.seen, stamps) && time.Since(c.made) < ticketAge {
		return c.used, nil
	}
	read, err := c.read()
	switch {
	case err == nil:
		if c.used != nil && !sameFiles(c.seen, stamps) {
			log.InfoContext(ctx, c.what+" is taken over from files that have changed")
		}
		c.used, c.seen, c.made, c.fault = read, stamps, time.Now(), ""
	case c.used == nil:
		return nil, err
	case c.fault != err.Error():
		c.fault = err.Error()
		log.ErrorContext(ctx, c.what+" is the one of before: the files that have changed are broken", "error", err)
	}
	return c.used, nil
}

// read makes a configuration of what the files hold. Session tickets of another
// one are worth nothing with it: they were given to clients whose authority may
// be accepted no more.
func (c *certificates) read() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return nil, fault.Config(c.what+" cannot be used: "+err.Error(), "")
	}
	to := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: c.protocols}
	var ticketKey [32]byte
	_, _ = rand.Read(ticketKey[:]) // it never fails
	to.SetSessionTicketKeys([][32]byte{ticketKey})
	if c.clientCA == "" {
		return to, nil
	}
	text, err := os.ReadFile(c.clientCA)
	if err != nil {
		return nil, fault.Config(c.flag+" cannot be read: "+err.Error(), "")
	}
	to.ClientCAs, to.ClientAuth = x509.NewCertPool(), c.clients
	if !to.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fault.Config(c.flag+" holds no certificate", "it has to be in PEM")
	}
	return to, nil
}

// stampsOf returns what is seen of files without reading them.
func stampsOf(names []string) ([]os.FileInfo, error) {
	var all []os.FileInfo
	for _, name := range names {
		st, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		all = append(all, st)
	}
	return all, nil
}

// sameFiles reports whether files are those that they were.
func sameFiles(before, now []os.FileInfo) bool {
	if len(before) != len(now) {
		return false
	}
	for i := range now {
		if !os.SameFile(before[i], now[i]) || before[i].Size() != now[i].Size() || !before[i].ModTime().Equal(now[i].ModTime()) {
			return false
		}
	}
	return true
}
