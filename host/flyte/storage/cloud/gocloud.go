package cloud

import (
	"context"
	"errors"
	"io"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"

	"github.com/wasmsql/wasmsql/host/flyte"
)

// OpenBucket returns a bucket, or what is below a folder of it, as gocloud has
// them: the one that a URL names, as s3://bucket/folder. It is read, written
// and emptied as a Store does it; it cannot be listed. That it is there is seen
// at the first use. Errors tell neither addresses nor credentials.
func OpenBucket(url string, o Options) (*blob.Bucket, error) {
	scheme, rest, _ := strings.Cut(url, "://")
	name, folder, _ := strings.Cut(strings.TrimRight(rest, "/"), "/")
	if name == "" || strings.ContainsAny(rest, "?#") {
		return nil, &flyte.StoreError{Op: "open", Fault: flyte.StorePermanent, Message: "the URL does not name a bucket",
			Hint: "write it as s3://bucket/folder: how to log in, the region and the endpoint are for the variables of the cloud's SDK"}
	}
	b := blob.NewBucket(&gocloud{store: New(o), name: scheme + "://" + name})
	if folder != "" {
		b = blob.PrefixedBucket(b, folder+"/")
	}
	return b, nil
}

// gocloud implements driver.Bucket with a Store, whose writers survive what
// ends the process in those of gocloud: see blocks and object.
type gocloud struct {
	store *Store
	name  string // with the scheme
}

var _ driver.Bucket = (*gocloud)(nil)

// errUnsupported is returned by what the server has no use for.
var errUnsupported = &flyte.StoreError{Fault: flyte.StorePermanent, Message: "buckets cannot do this here"}

func (g *gocloud) open(ctx context.Context, op, key string) (*bucket, string, error) {
	return g.store.open(ctx, op, g.name+"/"+key)
}

// NewRangeReader implements driver.Bucket.
func (g *gocloud) NewRangeReader(ctx context.Context, key string, offset, length int64, _ *driver.ReaderOptions) (driver.Reader, error) {
	b, key, err := g.open(ctx, "read", key)
	if err != nil {
		return nil, err
	}
	var r *blob.Reader
	if offset == 0 && length < 0 {
		r, err = b.reader(ctx, key)
	} else {
		r, err = b.Bucket.NewRangeReader(ctx, key, offset, length, nil)
	}
	if err != nil {
		return nil, fault(ctx, "read", err)
	}
	return gocloudReader{r, ctx}, nil
}

// NewTypedWriter implements driver.Bucket. The type is always that of a
// Store's objects.
func (g *gocloud) NewTypedWriter(ctx context.Context, key, _ string, _ *driver.WriterOptions) (driver.Writer, error) {
	o, err := g.store.Create(ctx, g.name+"/"+key)
	if err != nil {
		return nil, err
	}
	return gocloudWriter{o, ctx}, nil
}

// Delete implements driver.Bucket.
func (g *gocloud) Delete(ctx context.Context, key string, _ *driver.DeleteOptions) error {
	b, key, err := g.open(ctx, "delete", key)
	if err != nil {
		return err
	}
	if err := b.Bucket.Delete(ctx, key); err != nil {
		return fault(ctx, "delete", err)
	}
	return nil
}

// Close implements driver.Bucket.
func (g *gocloud) Close() error { return g.store.Close() }

// ErrorCode implements driver.Bucket.
func (g *gocloud) ErrorCode(err error) gcerrors.ErrorCode {
	var e *flyte.StoreError
	switch {
	case errors.Is(err, errUnsupported):
		return gcerrors.Unimplemented
	case !errors.As(err, &e):
		return gcerrors.Unknown
	case e.Fault == flyte.StoreNotFound:
		return gcerrors.NotFound
	}
	return gcerrors.Internal
}

// As implements driver.Bucket.
func (g *gocloud) As(any) bool { return false }

// ErrorAs implements driver.Bucket.
func (g *gocloud) ErrorAs(err error, to any) bool {
	e, ok := to.(**flyte.StoreError)
	return ok && errors.As(err, e)
}

// Attributes implements driver.Bucket.
func (g *gocloud) Attributes(context.Context, string) (*driver.Attributes, error) {
	return nil, errUnsupported
}

// ListPaged implements driver.Bucket.
func (g *gocloud) ListPaged(context.Context, *driver.ListOptions) (*driver.ListPage, error) {
	return nil, errUnsupported
}

// Copy implements driver.Bucket.
func (g *gocloud) Copy(context.Context, string, string, *driver.CopyOptions) error {
	return errUnsupported
}

// SignedURL implements driver.Bucket.
func (g *gocloud) SignedURL(context.Context, string, *driver.SignedURLOptions) (string, error) {
	return "", errUnsupported
}

// gocloudReader implements driver.Reader.
type gocloudReader struct {
	*blob.Reader
	ctx context.Context //nolint:containedctx // of the one object that is read
}

// Read implements io.Reader.
func (r gocloudReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fault(r.ctx, "read", err)
	}
	return n, err
}

// Attributes implements driver.Reader.
func (r gocloudReader) Attributes() *driver.ReaderAttributes {
	return &driver.ReaderAttributes{ContentType: r.ContentType(), ModTime: r.ModTime(), Size: r.Size()}
}

// As implements driver.Reader.
func (r gocloudReader) As(any) bool { return false }

// gocloudWriter implements driver.Writer: the end of the context drops what
// was written.
type gocloudWriter struct {
	flyte.Object
	ctx context.Context //nolint:containedctx // of the one object that is written
}

// Close implements driver.Writer.
func (w gocloudWriter) Close() error {
	if err := w.ctx.Err(); err != nil {
		w.Abort()
		return err
	}
	return w.Object.Close()
}
