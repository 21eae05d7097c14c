package cloud

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"
)

// s3Bucket is what is done without gocloud: uploads whose parts are all there
// before the object is, and keys as they are, which gocloud would escape.
type s3Bucket struct {
	name   string
	client *s3.Client
	public *blob.Bucket // the same without credentials
}

// openS3 opens a bucket with the variables that flytekit reads, FLYTE_AWS_*,
// and what they leave open as the SDK finds it.
func (s *Store) openS3(ctx context.Context, name string) (*bucket, error) {
	env := s.options.Env
	var with []func(*config.LoadOptions) error
	if id, key := env("FLYTE_AWS_ACCESS_KEY_ID"), env("FLYTE_AWS_SECRET_ACCESS_KEY"); id != "" && key != "" {
		with = append(with, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(id, key, "")))
	}
	attempts := cmp.Or(s.options.Attempts, number(env("AWS_MAX_ATTEMPTS")), 5)
	with = append(with,
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = attempts
				o.MaxBackoff = cmp.Or(s.options.Backoff, o.MaxBackoff)
			})
		}),
		config.WithLogger(logging.Nop{}),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = 2 * time.Minute // after which the attempt is tried again
		})))
	c, err := config.LoadDefaultConfig(ctx, with...)
	if err != nil {
		return nil, err
	}
	endpoint := env("FLYTE_AWS_ENDPOINT")
	custom := endpoint != "" || env("AWS_ENDPOINT_URL_S3") != "" || env("AWS_ENDPOINT_URL") != ""
	if c.Region == "" {
		c.Region = "us-east-1"
		if !custom {
			c.Region = cmp.Or(regionOf(ctx, http.DefaultClient, "https://"+name+".s3.amazonaws.com/"), c.Region)
		}
	}
	options := func(o *s3.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
		o.UsePathStyle = custom && !virtual(env("FLYTE_AWS_ADDRESSING_STYLE"))
		if custom && env("AWS_REQUEST_CHECKSUM_CALCULATION") == "" {
			// Not every service that speaks S3 knows the newer checksums.
			o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		}
		if custom && env("AWS_RESPONSE_CHECKSUM_VALIDATION") == "" {
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		}
	}
	c.Credentials = login{c.Credentials}
	client := s3.NewFromConfig(c, options)
	b, err := s3blob.OpenBucket(ctx, client, name, nil)
	if err != nil {
		return nil, err
	}
	public, err := s3blob.OpenBucket(ctx, s3.NewFromConfig(c, options, func(o *s3.Options) { o.Credentials = aws.AnonymousCredentials{} }), name, nil)
	if err != nil {
		return nil, err
	}
	return &bucket{Bucket: b, s3: &s3Bucket{name: name, client: client, public: public}}, nil
}

// number returns the number that a variable holds, or 0.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// virtual reports whether the bucket's name is to stand in the host's: with an
// endpoint of its own only if asked for, as botocore has it. flytekit takes any
// style that is set for this one; "path" is taken at its word here.
func virtual(style string) bool { return style != "" && !strings.EqualFold(style, "path") }

// regionOf asks S3 where a bucket is, which it tells everyone. It returns ""
// where it does not.
func regionOf(ctx context.Context, client *http.Client, url string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return ""
	}
	answer, err := client.Do(request)
	if err != nil {
		return ""
	}
	answer.Body.Close()
	return answer.Header.Get("X-Amz-Bucket-Region")
}

// login is the credentials that were found, with an error that can be told
// from others.
type login struct{ aws.CredentialsProvider }

func (l login) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := l.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		err = &noLogin{err}
	}
	return c, err
}

type noLogin struct{ error }

func (e *noLogin) Unwrap() error { return e.error }

// noCredentials reports whether a request was not sent since there was nothing
// to sign it with.
func noCredentials(err error) bool {
	var none *noLogin
	return errors.As(err, &none)
}

// reader opens an object, without credentials if there are none, as flytekit
// does.
func (b *s3Bucket) reader(ctx context.Context, from *blob.Bucket, key string) (*blob.Reader, error) {
	exactly := &blob.ReaderOptions{BeforeRead: func(as func(any) bool) error {
		var in *s3.GetObjectInput
		if as(&in) {
			in.Key = aws.String(key)
		}
		return nil
	}}
	r, err := from.NewReader(ctx, key, exactly)
	if err != nil && noCredentials(err) {
		if r, again := b.public.NewReader(ctx, key, exactly); again == nil {
			return r, nil
		}
	}
	return r, err
}
