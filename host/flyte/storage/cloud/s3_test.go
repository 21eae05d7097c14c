//go:build unix

package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/flyte/storage/s3test"
)

const in = "s3://" + s3test.Bucket + "/"

// s3Store returns a Store of what listens on endpoint, with variables of Flyte
// and others.
func s3Store(t *testing.T, endpoint string, more ...string) *Store {
	t.Helper()
	env := map[string]string{}
	for _, v := range append(s3test.Env(endpoint), more...) {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
		t.Setenv(name, value)
	}
	s := New(Options{Env: func(name string) string { return env[name] }, PartSize: leastPart, Attempts: 3, Backoff: 10 * time.Millisecond})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// noise returns n bytes that compress badly and differ everywhere.
func noise(n int) []byte {
	data := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)})
	r.Read(data)
	return data
}

// put writes an object in pieces.
func put(ctx context.Context, s *Store, uri string, data []byte, finish bool) error {
	o, err := s.Create(ctx, uri)
	if err != nil {
		return err
	}
	defer o.Abort()
	for piece := range slices.Chunk(data, 700_001) {
		if n, err := o.Write(piece); err != nil {
			return err
		} else if n != len(piece) {
			return fmt.Errorf("%d of %d bytes were written, without an error", n, len(piece))
		}
	}
	if f, ok := o.(interface{ Finish() error }); ok && finish {
		if err := f.Finish(); err != nil {
			return err
		}
	}
	return o.Close()
}

// faultOf returns what kind of error err is, which must be a StoreError that
// gives nothing away.
func faultOf(t *testing.T, err error) flyte.StoreFault {
	t.Helper()
	var e *flyte.StoreError
	if !errors.As(err, &e) {
		t.Fatalf("not a StoreError: %v", err)
	}
	for _, secret := range []string{s3test.Secret, s3test.Access, "127.0.0.1", "http"} {
		if strings.Contains(e.Message+e.Hint, secret) {
			t.Errorf("the error says %q: %s", secret, e.Message)
		}
	}
	return e.Fault
}

func TestS3RoundTrip(t *testing.T) {
	ctx := t.Context()
	server := s3test.Start(t)
	s := s3Store(t, server.Endpoint, "_F_PRJ=flytesnacks", "FLYTE_INTERNAL_EXECUTION_ID=f1a2")
	for i, size := range []int{0, 1, leastPart - 1, leastPart, leastPart + 1, 3*leastPart + leastPart/2} {
		for _, finish := range []bool{false, true} {
			key := fmt.Sprintf("a b/ü+%%20=&;,/%d-%v", i, finish)
			data := noise(size)
			if err := put(ctx, s, in+key, data, finish); err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			if !bytes.Equal(server.Get(t, key), data) {
				t.Errorf("%d bytes: the object has others", size)
			}
			got, err := s.Read(ctx, in+key, int64(size))
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes: read %d, %v", size, len(got), err)
			}
			if size > 0 {
				if _, err := s.Read(ctx, in+key, int64(size-1)); err == nil || faultOf(t, err) != flyte.StoreTooLarge {
					t.Errorf("%d bytes, with a limit below: %v", size, err)
				}
			}
		}
	}
	b, _, err := s.open(ctx, "read", in+"x")
	if err != nil {
		t.Fatal(err)
	}
	bucket, key := s3test.Bucket, "a b/ü+%20=&;,/5-true"
	head, err := b.s3.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil || head.Metadata["flyte-execution-project"] != "flytesnacks" || head.Metadata["flyte-execution-name"] != "f1a2" {
		t.Errorf("metadata %v, %v", head.Metadata, err)
	}
	if n := server.Uploads(t); n != 0 {
		t.Errorf("%d uploads are open", n)
	}
}

func TestS3OverwritesWhole(t *testing.T) {
	ctx := t.Context()
	server := s3test.Start(t)
	s := s3Store(t, server.Endpoint)
	before, after := noise(10), noise(2*leastPart+1)
	for _, data := range [][]byte{before, after, before} {
		if err := put(ctx, s, in+"outputs.pb", data, false); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(server.Get(t, "outputs.pb"), data) {
			t.Error("not overwritten")
		}
	}
}

// TestS3NothingBeforeClose: until Close there is no object, nor after Abort or
// the end of the context, nor an upload.
func TestS3NothingBeforeClose(t *testing.T) {
	server := s3test.Start(t)
	s := s3Store(t, server.Endpoint)
	for _, size := range []int{10, 3*leastPart + 1} {
		for _, how := range []string{"abort", "finish, abort", "cancel", "cancel, close"} {
			ctx, cancel := context.WithCancel(t.Context())
			o, err := s.Create(ctx, in+"raw/00000")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := o.Write(noise(size)); err != nil {
				t.Fatal(err)
			}
			switch how {
			case "finish, abort":
				if err := o.(*upload).Finish(); err != nil {
					t.Fatal(err)
				}
				if objects := server.Objects(t, ""); len(objects) > 0 {
					t.Errorf("%d bytes, finished: %q is there", size, objects)
				}
			case "cancel":
				cancel()
			case "cancel, close":
				cancel()
				if err := o.Close(); err == nil || faultOf(t, err) != flyte.StoreTransient {
					t.Errorf("%d bytes, closed after the end: %v", size, err)
				}
			}
			o.Abort()
			o.Abort()
			cancel()
			if _, err := o.Write([]byte("x")); err == nil {
				t.Errorf("%d bytes, %s: a write succeeded afterwards", size, how)
			}
			if err := o.Close(); err == nil {
				t.Errorf("%d bytes, %s: Close succeeded afterwards", size, how)
			}
			if objects := server.Objects(t, ""); len(objects) > 0 || server.Uploads(t) > 0 {
				t.Errorf("%d bytes, %s: left %q and %d uploads", size, how, objects, server.Uploads(t))
			}
		}
	}
}

func TestS3Errors(t *testing.T) {
	ctx := t.Context()
	server := s3test.Start(t)
	server.Put(t, "there", []byte("x"))
	s := s3Store(t, server.Endpoint)
	for _, c := range []struct {
		uri  string
		want flyte.StoreFault
		text string
	}{
		{in + "not/there", flyte.StoreNotFound, "the object does not exist"},
		{"s3://no-such-bucket/x", flyte.StorePermanent, "the bucket does not exist"},
		{"s3://flyte", flyte.StorePermanent, "the URI names no object: it needs a bucket and a key"},
		{"s3://flyte/folder/", flyte.StorePermanent, "the URI names no object: it needs a bucket and a key"},
		{"s4://flyte/x", flyte.StorePermanent, `no storage has the scheme "s4"`},
	} {
		if _, err := s.Read(ctx, c.uri, 10); err == nil || faultOf(t, err) != c.want || err.Error() != c.text {
			t.Errorf("%s: %v", c.uri, err)
		}
	}
	if err := put(ctx, s, "s3://no-such-bucket/x", noise(10), false); err == nil || faultOf(t, err) != flyte.StorePermanent {
		t.Errorf("written to no bucket: %v", err)
	}
	stranger := s3Store(t, server.Endpoint, "FLYTE_AWS_SECRET_ACCESS_KEY=wrong")
	_, err := stranger.Read(ctx, in+"there", 10)
	if err == nil || faultOf(t, err) != flyte.StorePermanent || err.Error() != "access is denied (SignatureDoesNotMatch)" {
		t.Errorf("with another secret: %v", err)
	}
	nobody := s3Store(t, server.Endpoint, "FLYTE_AWS_ACCESS_KEY_ID=", "FLYTE_AWS_SECRET_ACCESS_KEY=", "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")
	if _, err := nobody.Read(ctx, in+"there", 10); err == nil || faultOf(t, err) != flyte.StoreTransient || err.Error() != "no credentials are there" {
		t.Errorf("without credentials: %v", err)
	}
	away := s3Store(t, "http://127.0.0.1:1")
	if _, err := away.Read(ctx, in+"there", 10); err == nil || faultOf(t, err) != flyte.StoreTransient || err.Error() != "the connection failed: connection refused" {
		t.Errorf("nobody listens: %v", err)
	}
}

// step is one request of an object's way in, and what writes it.
type step struct {
	what string // as s3test.Proxy names it
	size int
	read bool
}

var steps = []step{
	{"GetObject o", 100_000, true},
	{"PutObject o", 100_000, false},
	{"CreateMultipartUpload o", 2*leastPart + 1, false},
	{"UploadPart 1 o", 2*leastPart + 1, false},
	{"UploadPart 2 o", 2*leastPart + 1, false},
	{"UploadPart 3 o", 2*leastPart + 1, false},
	{"CompleteMultipartUpload o", 2*leastPart + 1, false},
}

// do does what a step stands in, and returns whether it came out right.
func (c step) do(t *testing.T, server *s3test.Server, s *Store) error {
	data := noise(c.size)
	if c.read {
		server.Put(t, "o", data)
		got, err := s.Read(t.Context(), in+"o", 1<<20)
		if err == nil && !bytes.Equal(got, data) {
			err = errors.New("read something else")
		}
		return err
	}
	err := put(t.Context(), s, in+"o", data, c.size > leastPart)
	if err == nil && !bytes.Equal(server.Get(t, "o"), data) {
		err = errors.New("something else was written")
	}
	return err
}

// TestS3OneFault: a fault that passes is not noticed, whatever it is, at each
// request.
func TestS3OneFault(t *testing.T) {
	server := s3test.Start(t)
	for _, c := range steps {
		for _, fault := range []s3test.Fault{s3test.Unavailable, s3test.Reset, s3test.CutRequest, s3test.Lost, s3test.CutAnswer} {
			t.Run(c.what+" "+fault.String(), func(t *testing.T) {
				hit := false
				proxy := s3test.NewProxy(t, server, func(what string) s3test.Fault {
					if what == c.what && !hit {
						hit = true
						return fault
					}
					return s3test.Pass
				})
				if err := c.do(t, server, s3Store(t, proxy.Endpoint)); err != nil {
					t.Errorf("%v, after %q", err, proxy.Seen())
				}
				if !hit {
					t.Error("the fault did not happen")
				}
			})
		}
	}
}

// TestS3StayingFault: of a fault that stays there is an error of its kind, and
// nothing under the object's name, nor an open upload.
func TestS3StayingFault(t *testing.T) {
	for _, c := range steps {
		for _, fault := range []s3test.Fault{s3test.Unavailable, s3test.Denied, s3test.Reset, s3test.CutRequest} {
			t.Run(c.what+" "+fault.String(), func(t *testing.T) {
				t.Parallel()
				server := s3test.Start(t)
				proxy := s3test.NewProxy(t, server, func(what string) s3test.Fault {
					if what == c.what {
						return fault
					}
					return s3test.Pass
				})
				s := New(Options{Env: s3Variables(proxy.Endpoint), PartSize: leastPart, Attempts: 2, Backoff: 10 * time.Millisecond})
				err := c.do(t, server, s)
				want := flyte.StoreTransient
				if fault == s3test.Denied {
					want = flyte.StorePermanent
				}
				if err == nil || faultOf(t, err) != want {
					t.Errorf("%v, after %q", err, proxy.Seen())
				}
				if objects := server.Objects(t, "o"); !c.read && len(objects) > 0 {
					t.Errorf("left %q", objects)
				}
				if n := server.Uploads(t); n > 0 {
					t.Errorf("left %d uploads, after %q", n, proxy.Seen())
				}
			})
		}
	}
}

// s3Variables looks up the variables of a server, where the process has none.
func s3Variables(endpoint string) func(string) string {
	return func(name string) string {
		for _, v := range s3test.Env(endpoint) {
			if n, value, _ := strings.Cut(v, "="); n == name {
				return value
			}
		}
		return ""
	}
}
