package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/internal/hostcall"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// database is a Connection with the sqldb.DB behind it.
type database struct {
	name    string
	conn    Connection
	dialect abi.Dialect
	sqldb.DB
}

// keys finds places by a path below a prefix.
type keys struct {
	source Source
	prefix string
}

func keysOf(s Source, prefix string) keys { return keys{s, prefix} }

func (k keys) place(path string) Place {
	if k.source == nil {
		return Place{}
	}
	return k.source.Key(strings.TrimSuffix(k.prefix+path, "."))
}

// open makes the database of a connection, without connecting to it.
func (h *Host) open(name string, c Connection, at keys) (*database, Errors) {
	driver, ok := h.cfg.Drivers[c.URI.Scheme]
	if !ok {
		known := slices.Sorted(maps.Keys(h.cfg.Drivers))
		return nil, Errors{{Code: CodeConfig, Place: at.place("uri"),
			Message: fmt.Sprintf("connection %q: no driver for %q", name, c.URI.Scheme),
			Hint:    "accepted are: " + strings.Join(known, ", ")}}
	}
	db, err := driver.Open(sqldb.Config{
		Name: name, URI: c.URI, Args: c.Args,
		SecretArgs: slices.Sorted(maps.Keys(c.SecretArgs)),
		Secrets:    func(ctx context.Context) (map[string]secret.Value, error) { return h.secrets(ctx, name, c, at) },
		Access:     c.Access, Dir: c.Dir, Pool: c.Pool, Reach: h.cfg.Reach, Plain: c.Plain,
	})
	if err == nil {
		return &database{name: name, conn: c, dialect: driver.Dialect(), DB: db}, nil
	}
	var faults sqldb.Faults
	if !errors.As(err, &faults) {
		return nil, Errors{{Code: CodeConfig, Place: at.place(""), Message: fmt.Sprintf("connection %q: %v", name, err), Cause: err}}
	}
	var errs Errors
	for _, f := range faults {
		errs = append(errs, &Error{Code: CodeConfig, Place: at.place(f.Field),
			Message: fmt.Sprintf("connection %q: %s: %s", name, f.Field, f.Message), Hint: f.Hint})
	}
	return nil, errs
}

// secrets finds the values of a connection's secret_connect_args.
func (h *Host) secrets(ctx context.Context, name string, c Connection, at keys) (map[string]secret.Value, error) {
	values := make(map[string]secret.Value, len(c.SecretArgs))
	for _, arg := range slices.Sorted(maps.Keys(c.SecretArgs)) {
		ref := c.SecretArgs[arg]
		if h.cfg.Secrets == nil {
			return nil, &Error{Code: CodeConfig, Place: at.place("secret_connect_args." + arg),
				Message: fmt.Sprintf("connection %q: secret %q is needed, and this host has no secrets", name, ref)}
		}
		v, err := h.cfg.Secrets.Lookup(ctx, ref)
		if err != nil {
			e := &Error{Code: CodeConfig, Place: at.place("secret_connect_args." + arg),
				Message: fmt.Sprintf("connection %q: %v", name, err), Cause: err}
			var told *secret.Error
			if errors.As(err, &told) {
				e.Hint = told.Hint
			}
			return nil, e
		}
		values[arg] = v
	}
	return values, nil
}

// begin starts a transaction for a guest on a connection, of one statement if
// single. An error of our own, such as a missing secret, reaches the guest as a
// connection that cannot be had.
func (p *Program) begin(ctx context.Context, g granted, single bool) (sqldb.Tx, error) {
	d := g.db
	opts := sqldb.TxOptions{Access: g.access, Single: single, Result: p.task.Outputs.Columns}
	if l := p.limits.Bytes; l > 0 {
		opts.Batch.Cell = min(l, sqldb.DefaultCellBytes) // a value that is over the limit is not even read
	}
	tx, err := d.Begin(ctx, opts)
	if err == nil {
		return tx, nil
	}
	var e *Error
	if errors.As(err, &e) {
		return nil, &hostcall.Error{Final: true, Cause: e,
			Guest: abi.Error{Code: abi.Conn, Message: fmt.Sprintf("connection %q cannot be opened", d.name)}}
	}
	var db *sqldb.Error
	if errors.As(err, &db) && db.Code == abi.Conn {
		named := *db
		named.Message = fmt.Sprintf("connection %q: %s", d.name, db.Message)
		return nil, &named
	}
	return nil, err
}
