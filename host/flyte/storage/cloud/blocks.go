package cloud

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"

	"github.com/wasmsql/wasmsql/host/flyte"
)

// maxBlocks is Azure's limit.
const maxBlocks = 50_000

// blocks is an Azure object being written. Its blocks are nothing under its
// name until Close lists them; the service drops those that nobody listed.
//
// gocloud's writer, and the SDK's below it, fill buffers of mapped memory and
// unmap them when an upload fails, while a request may read them still: that
// ends the process. These buffers are the collector's.
type blocks struct {
	ctx      context.Context
	client   *blockblob.Client
	metadata map[string]*string
	size     int // of a block

	buf      []byte
	ids      []string
	finished bool
	closed   bool
	err      error // of what failed first
}

func newBlocks(ctx context.Context, client *blockblob.Client, size int, metadata map[string]string) *blocks {
	b := &blocks{ctx: ctx, client: client, size: size, metadata: make(map[string]*string, len(metadata))}
	for name, value := range metadata {
		b.metadata[strings.ReplaceAll(name, "-", "__0x2d__")] = &value // Azure takes identifiers only; gocloud writes it so
	}
	return b
}

// Write implements io.Writer.
func (b *blocks) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		if err := b.usable("write"); err != nil {
			return written, err
		}
		n := min(len(p), b.size-len(b.buf))
		b.buf = append(b.buf, p[:n]...)
		written, p = written+n, p[n:]
		if len(b.buf) == b.size {
			if err := b.stage(); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

func (b *blocks) usable(op string) error {
	switch {
	case b.err != nil:
		return b.err
	case b.closed || b.finished && op == "write":
		return closed(op)
	case b.ctx.Err() != nil:
		return b.end(op, b.ctx.Err())
	}
	return nil
}

// stage sends what is in the buffer as a block. A request that failed may read
// its buffer still, so that each block has its own.
func (b *blocks) stage() error {
	if len(b.ids) == maxBlocks {
		return b.end("write", &flyte.StoreError{Op: "write", Fault: flyte.StorePermanent, Message: "the object has more blocks than Azure takes",
			Hint: "set _F_P_WRITE_CHUNK_SIZE to a larger number of bytes"})
	}
	id := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, uint32(len(b.ids))))
	if _, err := b.client.StageBlock(b.ctx, id, body(b.buf), nil); err != nil {
		return b.end("write", err)
	}
	b.ids = append(b.ids, id)
	b.buf = make([]byte, 0, len(b.buf))
	return nil
}

func body(p []byte) *nopCloser { return &nopCloser{bytes.NewReader(p)} }

// nopCloser is a body that can be read again.
type nopCloser struct{ *bytes.Reader }

// Close implements io.Closer.
func (nopCloser) Close() error { return nil }

// Finish sends all that was written. What Close does after it is to give the
// object its name.
func (b *blocks) Finish() error {
	if b.finished {
		return b.err
	}
	if err := b.usable("finish"); err != nil {
		return err
	}
	if len(b.buf) > 0 {
		if err := b.stage(); err != nil {
			return err
		}
	}
	b.finished = true
	return nil
}

// Close implements flyte.Object. What is smaller than a block, and was not
// finished, is one request.
func (b *blocks) Close() error {
	if err := b.usable("close"); err != nil {
		return err
	}
	kind := contentType
	headers := &blob.HTTPHeaders{BlobContentType: &kind}
	var err error
	if len(b.ids) == 0 {
		_, err = b.client.Upload(b.ctx, body(b.buf), &blockblob.UploadOptions{HTTPHeaders: headers, Metadata: b.metadata})
	} else {
		if err := b.Finish(); err != nil {
			return err
		}
		_, err = b.client.CommitBlockList(b.ctx, b.ids, &blockblob.CommitBlockListOptions{HTTPHeaders: headers, Metadata: b.metadata})
	}
	if err != nil {
		return b.end("close", err)
	}
	b.closed = true
	return nil
}

// end gives up and returns the error, which it keeps.
func (b *blocks) end(op string, err error) error {
	b.err = fault(b.ctx, op, err)
	b.Abort()
	return b.err
}

// Abort implements flyte.Object.
func (b *blocks) Abort() {
	b.closed = true
	b.buf = nil
}
