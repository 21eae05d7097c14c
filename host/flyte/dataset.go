package flyte

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/result"
)

var _ host.Finisher = (*dataset)(nil)

// dataset is the Sink of an execution's result: one Parquet file 00000 in a
// folder of its own below the raw output prefix, as flytekit writes it. It is
// used by one goroutine at a time.
type dataset struct {
	ctx     context.Context
	store   Store
	folder  string
	dialect abi.Dialect

	frame  *frame
	object Object
	writer *result.Writer
	// commit, if it is set, is called before the transaction is committed, when
	// the file has its name: see Run.Commit.
	commit func() error
	// committed says that the transaction is, since Close was called.
	committed bool
}

// newDataset returns a dataset below a prefix. Its folder has 32 random
// hexadecimal digits, and is made when the result begins.
func newDataset(ctx context.Context, store Store, prefix string, dialect abi.Dialect) *dataset {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails
	return &dataset{ctx: ctx, store: store, folder: join(prefix, hex.EncodeToString(id[:])), dialect: dialect}
}

// join puts a name below a prefix.
func join(prefix, name string) string {
	if prefix == "" || strings.HasSuffix(prefix, "/") {
		return prefix + name
	}
	return prefix + "/" + name
}

// Open implements host.Sink.
func (d *dataset) Open(s *arrow.Schema) error {
	d.frame = newFrame(s, d.dialect)
	object, err := d.store.Create(d.ctx, join(d.folder, "00000"))
	if err != nil {
		return err
	}
	d.object = object
	d.writer = result.New(result.Parquet, object, result.Options{})
	return d.writer.Open(d.frame.schema)
}

// Write implements host.Sink.
func (d *dataset) Write(rec arrow.Record) error {
	out, err := d.frame.apply(rec)
	if err != nil {
		return err
	}
	defer out.Release()
	return d.writer.Write(out)
}

// Finish implements host.Finisher: the file is whole, and where the store can
// do it, all of it is there but for its name, or with commit with it.
func (d *dataset) Finish() error {
	if err := d.writer.Finish(); err != nil {
		return err
	}
	if f, ok := d.object.(interface{ Finish() error }); ok {
		if err := f.Finish(); err != nil {
			return err
		}
	}
	if d.commit == nil {
		return nil
	}
	if err := d.object.Close(); err != nil {
		return err
	}
	return d.commit()
}

// Close implements host.Sink.
func (d *dataset) Close() error {
	d.committed = true
	if err := d.writer.Close(); err != nil {
		return err
	}
	if d.commit != nil {
		return nil
	}
	return d.object.Close()
}

// Abort implements host.Sink.
func (d *dataset) Abort(cause error) {
	if d.writer != nil {
		d.writer.Abort(cause)
	}
	if d.object != nil {
		d.object.Abort()
	}
}

// literal returns the result as flytekit does: a StructuredDataset, whatever
// was declared. Of the columns that a declared StructuredDataset has, those
// that were written are named: a reader asks the file for every one.
func (d *dataset) literal(declared *core.LiteralType) *core.Literal {
	t := &core.StructuredDatasetType{Format: "parquet"}
	if sd := declared.GetStructuredDatasetType(); sd != nil {
		for _, c := range sd.GetColumns() {
			if slices.ContainsFunc(d.frame.schema.Fields(), func(f arrow.Field) bool { return f.Name == c.GetName() }) {
				t.Columns = append(t.Columns, c)
			}
		}
		t.ExternalSchemaType, t.ExternalSchemaBytes = sd.GetExternalSchemaType(), sd.GetExternalSchemaBytes()
	}
	return &core.Literal{Value: &core.Literal_Scalar{Scalar: &core.Scalar{Value: &core.Scalar_StructuredDataset{
		StructuredDataset: &core.StructuredDataset{Uri: d.folder, Metadata: &core.StructuredDatasetMetadata{StructuredDatasetType: t}},
	}}}}
}
