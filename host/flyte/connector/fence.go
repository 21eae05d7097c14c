package connector

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/manifest"
)

// maxRead is how much of objects an execution reads at most, in bytes: many
// share the process.
const maxRead = 64 << 20

// fence is a Store that reads and writes what a grant allows and nothing else.
// Reads are those of one goroutine.
type fence struct {
	flyte.Store
	grant manifest.FlyteGrant
	read  int64 // bytes
}

// errBeyond is the cause of an error of a fence.
var errBeyond = errors.New("it is beyond what the project may reach")

// Read implements flyte.Store.
func (s *fence) Read(ctx context.Context, uri string, limit int64) ([]byte, error) {
	if !below(uri, s.grant.Outputs) && !below(uri, s.grant.Inputs) {
		return nil, &flyte.StoreError{Op: "read", Fault: flyte.StorePermanent, Message: "the project may not read there", Hint: askOperator, Cause: errBeyond}
	}
	data, err := s.Store.Read(ctx, uri, min(limit, maxRead-s.read))
	s.read += int64(len(data))
	return data, err
}

// Create implements flyte.Store.
func (s *fence) Create(ctx context.Context, uri string) (flyte.Object, error) {
	if !below(uri, s.grant.Outputs) {
		return nil, &flyte.StoreError{Op: "create", Fault: flyte.StorePermanent, Message: "the project may not write there", Hint: askOperator, Cause: errBeyond}
	}
	return s.Store.Create(ctx, uri)
}

// below reports whether an object or a folder is below one of some folders.
func below(uri string, folders []string) bool {
	return manifest.PlainObject(uri) && slices.ContainsFunc(folders, func(f string) bool {
		return strings.HasPrefix(strings.TrimSuffix(uri, "/")+"/", f)
	})
}

// errPostponed is that of a read that is left for later.
var errPostponed = errors.New("it is read when the execution begins")

// postponed is a Store for looking at a request: it reads nothing.
type postponed struct{}

// Read implements flyte.Store.
func (postponed) Read(context.Context, string, int64) ([]byte, error) { return nil, errPostponed }

// Create implements flyte.Store.
func (postponed) Create(context.Context, string) (flyte.Object, error) { return nil, errPostponed }
