package cloud

import (
	"context"
	"net/url"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/gcsblob" // the scheme gs of blob.OpenBucket
)

// openGS opens a bucket with Google's application default credentials, as
// flytekit's gcsfs does, or without credentials where there are none. The
// variable STORAGE_EMULATOR_HOST names another server.
func openGS(ctx context.Context, name string) (*bucket, error) {
	b, err := blob.OpenBucket(ctx, (&url.URL{Scheme: "gs", Host: name}).String())
	if err != nil {
		b, err = blob.OpenBucket(ctx, (&url.URL{Scheme: "gs", Host: name, RawQuery: "anonymous=true"}).String())
	}
	if err != nil {
		return nil, err
	}
	return &bucket{Bucket: b}, nil
}
