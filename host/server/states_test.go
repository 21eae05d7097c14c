package server_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestStatesAtOnce starts several processes on a state that is empty: one of
// them makes the tables.
func TestStatesAtOnce(t *testing.T) {
	state := sqldbtest.Postgres(t)
	rt, tenants := hosttest.Runtime(t, "compiler"), t.TempDir()
	var all sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		all.Go(func() {
			s, err := server.New(t.Context(), server.Config{Tenants: tenants, Runtime: rt, State: state, Results: memblob.OpenBucket(nil),
				Secrets: func(string) secret.Provider { return secret.Chain() }})
			if err == nil {
				err = s.Close(context.Background())
			}
			errs[i] = err
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}
