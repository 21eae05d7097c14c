package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/flyte/storage/cloud"
)

// probeTime is how long the bucket of results may take to answer at the start.
const probeTime = 30 * time.Second

// bucket opens what results are kept in: a bucket where --results is a URL,
// else a folder.
func (a *app) bucket(ctx context.Context, results, state string) (*blob.Bucket, error) {
	if results == "" {
		file, ok := strings.CutPrefix(state, "sqlite:///")
		switch {
		case ok:
			results = file + ".results"
		case strings.HasPrefix(state, "postgres"):
			return nil, fault.Usage("--results is needed with a state in PostgreSQL", "name a folder that all processes share, or a bucket: s3://bucket/folder")
		default:
			return nil, fault.Usage("--state is no URL that a state can be kept at", "write sqlite:///file.db or postgresql://user@host/database")
		}
	}
	scheme, path, url := strings.Cut(results, "://")
	switch {
	case url && scheme == "file":
		results = path
	case url:
		return a.cloudBucket(ctx, results)
	}
	b, err := fileblob.OpenBucket(results, &fileblob.Options{CreateDir: true, DirFileMode: 0o700, NoTempDir: true, Metadata: fileblob.MetadataDontWrite})
	if err != nil {
		return nil, fault.Config("the folder of results cannot be used: "+err.Error(), "")
	}
	return b, nil
}

// cloudBucket opens a bucket of S3, Google or Azure, and writes and removes an
// object there: a bucket that cannot be used is found at the start and not by
// the first execution.
func (a *app) cloudBucket(ctx context.Context, url string) (*blob.Bucket, error) {
	env := func(name string) string {
		value, _ := a.env(name)
		return value
	}
	b, err := cloud.OpenBucket(url, cloud.Options{Env: env})
	if err != nil {
		return nil, bucketFault(err)
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	const name = "wasmsql-was-here"
	if err = b.WriteAll(ctx, name, []byte("wasmsql keeps results here\n"), &blob.WriterOptions{ContentType: "text/plain"}); err == nil {
		err = b.Delete(ctx, name)
	}
	if err != nil {
		_ = b.Close()
		return nil, bucketFault(err)
	}
	return b, nil
}

// bucketFault says why a bucket cannot be used, without what gocloud adds.
func bucketFault(err error) error {
	var told *flyte.StoreError
	if errors.As(err, &told) {
		hint := told.Hint
		if told.Op != "open" {
			hint = "credentials, region and endpoint are those of the cloud's SDK: AWS_*, GOOGLE_APPLICATION_CREDENTIALS, AZURE_*"
		}
		return fault.Config("--results: the bucket cannot be used: "+told.Message, hint)
	}
	return fault.Config("--results: the bucket cannot be used: "+err.Error(), "")
}
