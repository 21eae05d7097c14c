// Package storage is where an execution's files are: inputs, templates,
// outputs and raw data, by path or URL. Paths are served here; what serves the
// other schemes is passed in, as package cloud links SDKs that are larger than
// everything else together.
package storage

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/host/flyte"
)

var (
	_ flyte.Store  = Schemes{}
	_ flyte.Store  = Files{}
	_ flyte.Object = (*file)(nil)
)

// Schemes is a Store that hands each URI to the Store of its scheme. A plain
// path has the scheme "file". It is safe for concurrent use if they are.
type Schemes map[string]flyte.Store

// Read implements flyte.Store.
func (s Schemes) Read(ctx context.Context, uri string, limit int64) ([]byte, error) {
	to, err := s.of("read", uri)
	if err != nil {
		return nil, err
	}
	return to.Read(ctx, uri, limit)
}

// Create implements flyte.Store.
func (s Schemes) Create(ctx context.Context, uri string) (flyte.Object, error) {
	to, err := s.of("create", uri)
	if err != nil {
		return nil, err
	}
	return to.Create(ctx, uri)
}

func (s Schemes) of(op, uri string) (flyte.Store, error) {
	scheme := Scheme(uri)
	if to, ok := s[scheme]; ok {
		return to, nil
	}
	known := slices.Sorted(maps.Keys(s))
	return nil, &flyte.StoreError{Op: op, Fault: flyte.StorePermanent,
		Message: fmt.Sprintf("no storage has the scheme %q", scheme),
		Hint:    "schemes that are served here: " + strings.Join(known, ", ")}
}

// Scheme returns the scheme of a URI, in lower case, and "file" for a path. As
// in fsspec, only "://" makes a URL of a path.
func Scheme(uri string) string {
	scheme, _, ok := strings.Cut(uri, "://")
	if !ok || scheme == "" || strings.Contains(scheme, "/") {
		return "file"
	}
	return strings.ToLower(scheme)
}
