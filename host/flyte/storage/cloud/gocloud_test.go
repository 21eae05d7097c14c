//go:build unix

package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/flyte/storage/s3test"
)

// TestBuckets reads and writes the buckets of all clouds as gocloud has them.
func TestBuckets(t *testing.T) {
	for _, url := range []string{"s3://" + s3test.Bucket, "s3://" + s3test.Bucket + "/of/results/", "gs://bucket/of", "azblob://bucket/of", "abfs://bucket"} {
		t.Run(url, func(t *testing.T) {
			o := othersOptions
			if url[:2] == "s3" {
				server := s3test.Start(t)
				s3Store(t, server.Endpoint)
				o = Options{Env: s3Variables(server.Endpoint), PartSize: leastPart}
			} else {
				others(t, newObjects())
			}
			b, err := OpenBucket(url, o)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			for _, size := range []int{0, 10, 6 << 20} {
				bucketRoundTrip(t, b, size)
			}
			if _, err := b.NewReader(t.Context(), "none", nil); gcerrors.Code(err) != gcerrors.NotFound {
				t.Error(err)
			}
			if err := b.Delete(t.Context(), "none"); gcerrors.Code(err) != gcerrors.NotFound && url[:2] != "s3" { // S3 does not say
				t.Error(err)
			}
			if _, err := b.List(nil).Next(t.Context()); gcerrors.Code(err) != gcerrors.Unimplemented {
				t.Error(err)
			}
		})
	}
}

// bucketRoundTrip writes an object, reads it, removes it, and drops another.
func bucketRoundTrip(t *testing.T, b *blob.Bucket, size int) {
	t.Helper()
	name, data := fmt.Sprintf("acme/%d/1.arrow", size), noise(size)
	ctx, cancel := context.WithCancel(t.Context())
	dropped, err := b.NewWriter(ctx, name+".dropped", &blob.WriterOptions{ContentType: contentType})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dropped.Write(data); err != nil {
		t.Error(err)
	}
	cancel()
	if err := dropped.Close(); err == nil {
		t.Error("what was dropped is closed")
	}
	if _, err := b.NewReader(t.Context(), name+".dropped", nil); gcerrors.Code(err) != gcerrors.NotFound {
		t.Errorf("what was dropped is there: %v", err)
	}
	if err := b.WriteAll(t.Context(), name, data, &blob.WriterOptions{ContentType: contentType}); err != nil {
		t.Fatal(err)
	}
	r, err := b.NewReader(t.Context(), name, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) || r.Size() != int64(size) {
		t.Errorf("read %d of %d bytes, %v", len(got), size, err)
	}
	if err := b.Delete(t.Context(), name); err != nil {
		t.Error(err)
	}
	if _, err := b.NewReader(t.Context(), name, nil); gcerrors.Code(err) != gcerrors.NotFound {
		t.Error(err)
	}
}

func TestBucketOfNoName(t *testing.T) {
	for _, url := range []string{"", "s3://", "s3:///x", "gs://b?anonymous=true", "azblob://b#x"} {
		_, err := OpenBucket(url, Options{})
		var told *flyte.StoreError
		if !errors.As(err, &told) || told.Message != "the URL does not name a bucket" {
			t.Errorf("%q: %v", url, err)
		}
	}
}
