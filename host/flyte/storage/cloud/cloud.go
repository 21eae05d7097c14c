// Package cloud is the storage of buckets: s3, gs, and Azure's abfs, through
// gocloud.dev/blob and the SDKs below it. It is apart from package storage
// because linking it triples the size of a program.
package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/flyte/storage"
)

var (
	_ flyte.Store  = (*Store)(nil)
	_ flyte.Object = (*upload)(nil)
	_ flyte.Object = (*object)(nil)
)

// reads is how often a read is tried whose connection was cut.
const reads = 4

// Options are those of a Store. The zero value takes nothing from Flyte's
// variables.
type Options struct {
	// Env looks up the variables by which Flyte configures its containers. What
	// the SDKs look for themselves, AWS_*, GOOGLE_*, AZURE_* and what stands in
	// their files, they take from the process.
	Env func(name string) string
	// PartSize is the number of bytes of one part of an upload. 0 is what
	// flytekit's variable _F_P_WRITE_CHUNK_SIZE says, else 8 MiB. Parts grow
	// when there are thousands of them.
	PartSize int
	// Attempts is how often a request to S3 is made at most. 0 is what the
	// SDK's AWS_MAX_ATTEMPTS says, else 5.
	Attempts int
	// Backoff is the longest time between two of them, 0 for 20 s.
	Backoff time.Duration
}

// Store is the Store of all buckets. A bucket is opened when it is first
// asked for, and with what the environment says then. It is safe for
// concurrent use.
type Store struct {
	options  Options
	metadata map[string]string
	mu       sync.Mutex
	buckets  map[string]*bucket
}

// New returns a Store. It opens no connection.
func New(o Options) *Store {
	if o.Env == nil {
		o.Env = func(string) string { return "" }
	}
	if o.PartSize == 0 {
		o.PartSize = max(cmp.Or(number(o.Env("_F_P_WRITE_CHUNK_SIZE")), firstPart), leastPart)
	}
	return &Store{options: o, metadata: executionMetadata(o.Env), buckets: map[string]*bucket{}}
}

// Schemes returns the schemes that a Store serves.
func Schemes() []string { return []string{"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "azblob"} }

// Close ends the connections. It is called once nothing is read or written any
// more.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for name, b := range s.buckets {
		err = errors.Join(err, b.Close())
		delete(s.buckets, name)
	}
	return err
}

// bucket is an open bucket.
type bucket struct {
	*blob.Bucket
	s3    *s3Bucket         // nil for others
	azure *container.Client // nil for others
}

// place splits a URI into its bucket, with the scheme, and the key. Nothing is
// unescaped: Flyte and fsspec take both as they stand.
func place(op, uri string) (bucket, key string, err error) {
	scheme, rest, _ := strings.Cut(uri, "://")
	name, key, _ := strings.Cut(rest, "/")
	if name == "" || key == "" || strings.HasSuffix(key, "/") {
		return "", "", &flyte.StoreError{Op: op, Fault: flyte.StorePermanent, Message: "the URI names no object: it needs a bucket and a key"}
	}
	return strings.ToLower(scheme) + "://" + name, key, nil
}

// open returns the bucket of a URI, and the key in it.
func (s *Store) open(ctx context.Context, op, uri string) (*bucket, string, error) {
	name, key, err := place(op, uri)
	if err != nil {
		return nil, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.buckets[name]; ok {
		return b, key, nil
	}
	scheme, host, _ := strings.Cut(name, "://")
	var b *bucket
	switch scheme {
	case "s3", "s3a":
		b, err = s.openS3(ctx, host)
	case "gs", "gcs":
		b, err = openGS(ctx, host)
	case "abfs", "abfss", "az", "azblob":
		b, err = s.openAzure(ctx, host)
	default:
		err = &flyte.StoreError{Op: op, Fault: flyte.StorePermanent, Message: fmt.Sprintf("no storage has the scheme %q", scheme),
			Hint: "schemes that are served here: " + strings.Join(slices.Sorted(slices.Values(Schemes())), ", ")}
	}
	if err != nil {
		return nil, "", fault(ctx, op, err)
	}
	s.buckets[name] = b
	return b, key, nil
}

// Read implements flyte.Store. A connection that is cut within the object is
// tried again, from the start.
func (s *Store) Read(ctx context.Context, uri string, limit int64) ([]byte, error) {
	b, key, err := s.open(ctx, "read", uri)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		data, err := b.read(ctx, key, limit)
		if err == nil {
			return data, nil
		}
		err = fault(ctx, "read", err)
		var e *flyte.StoreError
		if try == reads || !errors.As(err, &e) || e.Fault != flyte.StoreTransient || ctx.Err() != nil {
			return nil, err
		}
		pause(ctx, try)
	}
}

// pause waits before the next try: 0.1 to 0.2 s, then four times as long, and
// so on.
func pause(ctx context.Context, try int) {
	d := 100 * time.Millisecond << (2 * (try - 1))
	select {
	case <-ctx.Done():
	case <-time.After(d + rand.N(d)):
	}
}

func (b *bucket) read(ctx context.Context, key string, limit int64) ([]byte, error) {
	r, err := b.reader(ctx, key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if r.Size() > limit {
		return nil, storage.TooLarge(limit)
	}
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(data)) > limit:
		return nil, storage.TooLarge(limit)
	case r.Size() >= 0 && int64(len(data)) < r.Size():
		return nil, io.ErrUnexpectedEOF
	}
	return data, nil
}

func (b *bucket) reader(ctx context.Context, key string) (*blob.Reader, error) {
	if b.s3 != nil {
		return b.s3.reader(ctx, b.Bucket, key)
	}
	return b.NewReader(ctx, key, nil)
}

// Create implements flyte.Store. The object is written with the context given
// here.
func (s *Store) Create(ctx context.Context, uri string) (flyte.Object, error) {
	b, key, err := s.open(ctx, "create", uri)
	if err != nil {
		return nil, err
	}
	if b.s3 != nil {
		return b.s3.create(ctx, key, s.options.PartSize, s.metadata), nil
	}
	if b.azure != nil {
		return newBlocks(ctx, b.azure.NewBlockBlobClient(key), s.options.PartSize, s.metadata), nil
	}
	return newObject(ctx, b.Bucket, key, &blob.WriterOptions{BufferSize: s.options.PartSize, MaxConcurrency: uploads,
		ContentType: contentType, Metadata: s.metadata}), nil
}

// contentType is what flytekit's storage gives an object whose name has no
// known extension.
const contentType = "application/octet-stream"

// executionMetadata is what flytekit writes beside each object, unless
// FLYTE_PERSISTENCE_ATTACH_EXECUTION_METADATA says no.
func executionMetadata(env func(string) string) map[string]string {
	switch strings.ToLower(env("FLYTE_PERSISTENCE_ATTACH_EXECUTION_METADATA")) {
	case "false", "0", "no", "off":
		return nil
	}
	m := map[string]string{}
	for name, variables := range map[string][2]string{
		"project":    {"FLYTE_INTERNAL_EXECUTION_PROJECT", "_F_PRJ"},
		"domain":     {"FLYTE_INTERNAL_EXECUTION_DOMAIN", "_F_DM"},
		"launchplan": {"FLYTE_INTERNAL_EXECUTION_LAUNCHPLAN", "_F_LP"},
		"workflow":   {"FLYTE_INTERNAL_EXECUTION_WORKFLOW", "_F_WF"},
		"name":       {"FLYTE_INTERNAL_EXECUTION_ID", "_F_NM"},
	} {
		for _, v := range variables {
			if value := env(v); value != "" {
				m["flyte-execution-"+name] = value
				break
			}
		}
	}
	return m
}

// notFound reports whether gocloud says that there is no such object.
func notFound(err error) bool { return gcerrors.Code(err) == gcerrors.NotFound }
