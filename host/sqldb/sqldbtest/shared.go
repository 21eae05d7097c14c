package sqldbtest

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// shared is the server of a kind that the tests of a binary share.
type shared struct {
	once   sync.Once
	server *Server
	err    error
}

var (
	sharedPostgres, sharedMariaDB shared
)

func (k *kind) shared() *shared {
	if k == &postgres {
		return &sharedPostgres
	}
	return &sharedMariaDB
}

// server returns the server of the tests. Where its programs are missing the
// test is skipped, or fails under CI.
func (k *kind) server(t testing.TB) *Server {
	t.Helper()
	s := k.shared()
	s.once.Do(func() { s.server, s.err = k.open() })
	if s.err != nil {
		skipMissing(t, fmt.Errorf("a %s server for the test: %w", k.name, s.err))
	}
	return s.server
}

// skipMissing ends a test by an error: it is skipped for a program that is not
// installed, unless under CI, and fails for anything else.
func skipMissing(t testing.TB, err error) {
	t.Helper()
	var missing *Missing
	if errors.As(err, &missing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	t.Fatal(err)
}

// open finds the server of the environment, or starts a private one.
func (k *kind) open() (*Server, error) {
	if uri := os.Getenv(k.variable); uri != "" {
		if _, err := parse(uri); err != nil {
			return nil, fmt.Errorf("%s: %w", k.variable, err)
		}
		s := &Server{AdminURI: uri, kind: k}
		if err := s.wait(); err != nil {
			return nil, fmt.Errorf("%s: %w", k.variable, err)
		}
		return s, nil
	}
	s, err := k.new(nil)
	if err == nil {
		err = s.Start()
	}
	return s, err
}

// Main runs the tests of a package whose tests use private servers, and stops
// those before it exits. Without it they stop a moment after.
func Main(m *testing.M) {
	code := m.Run()
	for _, s := range []*shared{&sharedPostgres, &sharedMariaDB} {
		s.once.Do(func() {})
		if s.server != nil {
			s.server.Stop()
		}
	}
	os.Exit(code)
}
