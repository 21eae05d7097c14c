//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// servers are the private servers of a run.
type servers struct {
	list     []*sqldbtest.Server
	vars     []string
	starting sync.WaitGroup
}

// plan decides which servers to start, and where. One that cannot be started
// since it is not installed is said, and left to the tests that need it.
func plan() *servers {
	all := &servers{}
	for _, s := range []struct {
		variable string
		make     func(...string) (*sqldbtest.Server, error)
	}{{"WASMSQL_TEST_POSTGRES", sqldbtest.NewPostgres}, {"WASMSQL_TEST_MARIADB", sqldbtest.NewMariaDB}} {
		if os.Getenv(s.variable) != "" {
			continue
		}
		server, err := s.make()
		var missing *sqldbtest.Missing
		if errors.As(err, &missing) && install(missing.Packages) {
			server, err = s.make()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "servers:", err)
			continue
		}
		all.list = append(all.list, server)
		all.vars = append(all.vars, s.variable+"="+server.AdminURI)
	}
	return all
}

// env is what the command finds the servers by.
func (s *servers) env() []string { return s.vars }

// start starts them, all at once, and returns where a failure is told.
func (s *servers) start() <-chan error {
	failed := make(chan error, len(s.list))
	for _, server := range s.list {
		s.starting.Go(func() {
			if err := server.Start(); err != nil {
				failed <- err
			}
		})
	}
	return failed
}

// stop stops them.
func (s *servers) stop() {
	s.starting.Wait()
	for _, server := range s.list {
		server.Stop()
	}
}
