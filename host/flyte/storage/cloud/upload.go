package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/wasmsql/wasmsql/host/flyte"
)

const (
	leastPart = 5 << 20 // S3's limit
	firstPart = 8 << 20
	lastPart  = 64 << 20 // the largest
	growEvery = 1000     // parts
	maxParts  = 10000    // S3's limit
	uploads   = 2        // at the same time, of one object
	aborting  = 30 * time.Second
	underway  = 5 * time.Second // that parts on their way have to arrive when the upload is aborted
)

// upload is an S3 object being written. What is smaller than a part is one
// request, at Close. Anything else is a multipart upload: its parts are nothing
// under the object's name until Close completes it. Up to two parts are on
// their way while the next one fills.
//
// After a kill the parts stay, invisible; a rule of the bucket
// (AbortIncompleteMultipartUpload) removes them.
type upload struct {
	ctx      context.Context
	b        *s3Bucket
	key      string
	metadata map[string]string
	partSize int

	buf      []byte
	id       *string // of the multipart upload, once there is one
	begun    int     // parts
	size     int64   // of all parts that were begun
	free     chan []byte
	sending  context.Context // of the parts; it does not end with the execution
	drop     context.CancelFunc
	running  sync.WaitGroup
	finished bool // all parts are there
	closed   bool

	mu    sync.Mutex // of what the uploads of parts write
	parts []types.CompletedPart
	err   error // of what failed first
}

func (b *s3Bucket) create(ctx context.Context, key string, partSize int, metadata map[string]string) *upload {
	u := &upload{ctx: ctx, b: b, key: key, metadata: metadata, partSize: partSize, free: make(chan []byte, uploads)}
	u.sending, u.drop = context.WithCancel(context.WithoutCancel(ctx))
	for range uploads {
		u.free <- nil
	}
	return u
}

// Write implements io.Writer.
func (u *upload) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		if err := u.usable("write"); err != nil {
			return written, err
		}
		n := min(len(p), u.partSize-len(u.buf))
		u.buf = append(u.buf, p[:n]...)
		written, p = written+n, p[n:]
		if len(u.buf) == u.partSize {
			if err := u.send("write"); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

func (u *upload) usable(op string) error {
	if err := u.failed(); err != nil {
		return u.end(op, err)
	}
	if u.closed || u.finished && op == "write" {
		return closed(op)
	}
	if err := u.ctx.Err(); err != nil {
		return u.end(op, err)
	}
	return nil
}

// send uploads what is in the buffer as a part, in the background.
func (u *upload) send(op string) error {
	if u.id == nil {
		out, err := u.b.client.CreateMultipartUpload(u.ctx, &s3.CreateMultipartUploadInput{Bucket: &u.b.name, Key: &u.key,
			ContentType: aws.String(contentType), Metadata: u.metadata})
		if err != nil {
			return u.end(op, err)
		}
		u.id = out.UploadId
	}
	if u.begun == maxParts {
		return u.end(op, &flyte.StoreError{Op: op, Fault: flyte.StorePermanent, Message: fmt.Sprintf("the object is larger than %d bytes", u.size),
			Hint: "set _F_P_WRITE_CHUNK_SIZE to a larger number of bytes"})
	}
	var next []byte
	select {
	case next = <-u.free: // one of those on their way has arrived
	case <-u.ctx.Done():
		return u.end(op, u.ctx.Err())
	}
	part := u.buf
	u.begun++
	u.size += int64(len(part))
	number := int32(u.begun)
	u.running.Go(func() {
		out, err := u.b.client.UploadPart(u.sending, &s3.UploadPartInput{Bucket: &u.b.name, Key: &u.key, UploadId: u.id,
			PartNumber: &number, Body: bytes.NewReader(part)})
		u.mu.Lock()
		if err == nil {
			u.parts = append(u.parts, types.CompletedPart{ETag: out.ETag, PartNumber: &number, ChecksumCRC32: out.ChecksumCRC32})
		} else if u.err == nil {
			u.err = err
		}
		u.mu.Unlock()
		u.free <- part[:0]
	})
	u.buf = next
	if u.begun%growEvery == 0 {
		u.partSize = min(2*u.partSize, max(lastPart, u.partSize))
	}
	return nil
}

func (u *upload) failed() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.err
}

// Finish uploads all that was written. What Close does after it is to give the
// object its name.
func (u *upload) Finish() error {
	if u.finished {
		return u.failed()
	}
	if err := u.usable("finish"); err != nil {
		return err
	}
	if len(u.buf) > 0 {
		if err := u.send("write"); err != nil {
			return err
		}
	}
	if err := u.arrived(); err != nil {
		return u.end("write", err)
	}
	u.finished = true
	return nil
}

// arrived waits for the parts on their way.
func (u *upload) arrived() error {
	done := make(chan struct{})
	go func() {
		u.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return u.failed()
	case <-u.ctx.Done():
		return u.ctx.Err()
	}
}

// Close implements flyte.Object.
func (u *upload) Close() error {
	if err := u.usable("close"); err != nil {
		return err
	}
	if u.id == nil {
		return u.put()
	}
	if err := u.Finish(); err != nil {
		return err
	}
	slices.SortFunc(u.parts, func(a, b types.CompletedPart) int { return int(*a.PartNumber - *b.PartNumber) })
	_, err := u.b.client.CompleteMultipartUpload(u.ctx, &s3.CompleteMultipartUploadInput{Bucket: &u.b.name, Key: &u.key, UploadId: u.id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts}})
	if err != nil && !u.there() {
		return u.end("close", err)
	}
	u.closed = true
	u.drop()
	return nil
}

// put writes an object of less than a part.
func (u *upload) put() error {
	_, err := u.b.client.PutObject(u.ctx, &s3.PutObjectInput{Bucket: &u.b.name, Key: &u.key,
		ContentType: aws.String(contentType), Metadata: u.metadata, Body: bytes.NewReader(u.buf)})
	if err != nil {
		return u.end("close", err)
	}
	u.closed = true
	u.drop()
	return nil
}

// there reports whether the upload was completed although no answer said so:
// it is not known to the service any more, and an object of its size has the
// name.
func (u *upload) there() bool {
	ctx, cancel := u.after()
	defer cancel()
	_, err := u.b.client.ListParts(ctx, &s3.ListPartsInput{Bucket: &u.b.name, Key: &u.key, UploadId: u.id})
	var gone *types.NoSuchUpload
	if code, _ := service(err); !errors.As(err, &gone) && code != "NoSuchUpload" {
		return false
	}
	head, err := u.b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &u.b.name, Key: &u.key})
	return err == nil && aws.ToInt64(head.ContentLength) == u.size
}

// after returns the context of what is done although the execution is over.
func (u *upload) after() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(u.ctx), aborting)
}

// end gives up and returns the error, which it keeps.
func (u *upload) end(op string, err error) error {
	err = fault(u.ctx, op, err)
	u.mu.Lock()
	u.err = err
	u.mu.Unlock()
	u.Abort()
	return err
}

// Abort implements flyte.Object.
func (u *upload) Abort() {
	if u.closed {
		return
	}
	u.closed = true
	// A part that arrives after the end of its upload may begin it anew.
	late := time.AfterFunc(underway, u.drop)
	u.running.Wait()
	late.Stop()
	u.drop()
	u.buf = nil
	if u.id == nil {
		return
	}
	ctx, cancel := u.after()
	defer cancel()
	// An upload that cannot be aborted is invisible all the same.
	u.b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.b.name, Key: &u.key, UploadId: u.id})
}
