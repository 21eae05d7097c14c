// Package sqldb is the contract between the host and a database driver, with
// what every driver shares: the parsed URI, the errors and the batch limits.
//
// A driver is a package below this one. It turns SQLAlchemy's URIs and the
// connect_args of the Python driver that such a URI implies into connections,
// runs one statement a call in the one transaction of an execution, and
// decodes rows straight into Arrow batches.
package sqldb

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/secret"
)

// Driver makes databases of one dialect. Implementations are safe for
// concurrent use.
type Driver interface {
	// Dialect returns the SQL that the driver's databases speak.
	Dialect() abi.Dialect

	// Open checks cfg and returns the database it describes. It opens no
	// connection and reads no secret. Its error is Faults: all of them at once.
	Open(cfg Config) (DB, error)
}

// Config describes a connection. It is not changed after it was handed over.
type Config struct {
	// Name is what the connection is called in messages.
	Name string
	// URI says where the database is. Its password, if it has one, is a secret.
	URI URI
	// Args are the connect_args: string, int64, float64, bool or nil, lists
	// ([]any) and maps (map[string]any) of these.
	Args map[string]any
	// SecretArgs are the names of the connect_args whose values are secrets.
	SecretArgs []string
	// Secrets finds the values of SecretArgs. It is called for each new
	// connection, so that a rotated secret is seen. Nil without SecretArgs.
	Secrets func(ctx context.Context) (map[string]secret.Value, error)
	// Access is how the connection may be used at most.
	Access abi.Access
	// Plain gives columns the types of what is stored, as the drivers of Python
	// do: SQLite's are those of the values, whatever CREATE TABLE says of bools,
	// dates or decimals, and MySQL's tinyint(1) is a number and its TIME a
	// duration. PostgreSQL's are the same either way.
	Plain bool
	// Dir is what a relative file path is relative to; empty is the working
	// folder of the process.
	Dir string
	// Pool bounds the connections that are kept.
	Pool Pool
	// Reach bounds the files and addresses that the connection may touch.
	Reach Reach
}

// DB is a database that transactions can be begun on. It is safe for
// concurrent use.
type DB interface {
	// Begin starts the transaction of an execution on a connection of its own.
	// Errors to reach the server or to log in are *Error with abi.Conn.
	Begin(ctx context.Context, opts TxOptions) (Tx, error)

	// Close closes what is pooled. Transactions that are under way are
	// interrupted. It is idempotent.
	Close() error
}

// TxOptions are the choices of one transaction.
type TxOptions struct {
	// Access of the transaction, never more than that of the connection.
	Access abi.Access
	// Single says that there will be one statement. A driver may then end a
	// read-only transaction in the same breath, and refuses a second statement.
	Single bool
	// Batch bounds the batches of its cursors. The zero Batch has the defaults.
	Batch Batch
	// Result is what the task declares of its result, or nil: for a driver
	// whose columns may have no type of their own, or pass for another.
	Result []abi.OutputColumn
}

// Batch bounds a batch of rows.
type Batch struct {
	Rows  int   // rows in a batch; 0 is DefaultBatchRows
	Bytes int64 // bytes of a batch's values; 0 is DefaultBatchBytes
	Cell  int64 // bytes of one value, more is an error; 0 is DefaultCellBytes
}

// The default bounds of a batch.
const (
	DefaultBatchRows  = 16 << 10
	DefaultBatchBytes = 8 << 20
	DefaultCellBytes  = 256 << 20
)

// Tx is a transaction. It is used by one goroutine at a time, and one cursor
// is open at a time: a statement while one is open is *Error with abi.State.
//
// A context that ends interrupts the statement, on the server too.
type Tx interface {
	// Query starts a statement that returns rows. What the statement returns
	// may be known only once the first rows are: see Rows.Schema.
	Query(ctx context.Context, sql string, params []abi.Value) (Rows, error)

	// Exec runs a statement to its end and returns how many rows it changed.
	// Rows that it returns are dropped where discard is set, else the statement
	// is refused with abi.State before it has run.
	Exec(ctx context.Context, sql string, params []abi.Value, discard bool) (int64, error)

	// Commit ends the transaction for good. If its outcome is not known, the
	// error says so: Error.Unknown.
	Commit(ctx context.Context) error

	// Rollback undoes the transaction. After Commit it does nothing. It has to
	// be called in any case, and returns the connection. An *Error with
	// abi.State says what of the transaction the database keeps all the same.
	Rollback(ctx context.Context) error
}

// Rows is a cursor over the rows of a statement, as Arrow batches. It is used
// by one goroutine at a time.
type Rows interface {
	// Schema returns the columns. It is known from the start on: a driver that
	// must see rows for it reads ahead. A statement that returns no columns at
	// all has a schema without fields, and Changed rows.
	Schema() *arrow.Schema

	// Next returns the next batch, which the caller releases, or io.EOF.
	Next(ctx context.Context) (arrow.Record, error)

	// Changed returns how many rows the statement changed, once Next has
	// returned io.EOF.
	Changed() int64

	// Close ends the statement. It is idempotent.
	Close() error
}

// MetaType is the key of the Arrow field metadata with the database's name of
// a type that Arrow has no equal of, for instance "numeric".
const MetaType = "wasmsql.type"
