package host

import (
	"context"
	"errors"
	"fmt"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Audit connects and returns what the login of a connection may do and should
// not; nothing for a database without logins. Its error is an *Error.
func (h *Host) Audit(ctx context.Context, connection string) ([]sqldb.Finding, error) {
	ctx, leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	db, ok := h.databases[connection]
	if !ok {
		return nil, &Error{Code: CodeConfig, Message: fmt.Sprintf("the host configuration has no connection %q", connection), Hint: h.connectionHint(connection)}
	}
	return db.audit(ctx, keysOf(h.cfg.Source, "connections."+connection))
}

// Audit is Host.Audit for the connections of the program's task.
func (p *Program) Audit(ctx context.Context) ([]sqldb.Finding, error) {
	ctx, leave, err := p.host.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var all []sqldb.Finding
	for _, g := range p.granted {
		found, err := g.db.audit(ctx, keysOf(p.task.Source, "connection"))
		if all = append(all, found...); err != nil {
			return all, err
		}
	}
	return all, nil
}

func (d *database) audit(ctx context.Context, at keys) ([]sqldb.Finding, error) {
	var found []sqldb.Finding
	var err error
	if a, ok := d.DB.(sqldb.Auditor); ok {
		found, err = a.Audit(ctx)
	} else {
		err = d.reach(ctx)
	}
	var own *Error
	var db *sqldb.Error
	switch {
	case err == nil || errors.As(err, &own):
		return found, err
	case errors.As(err, &db):
		return nil, &Error{Code: codeOf(db.Code), Place: at.place(""), Message: fmt.Sprintf("connection %q: %s", d.name, db.Message),
			SQLState: db.SQLState, Detail: db.Detail, Hint: db.Hint, Cause: err}
	}
	return nil, &Error{Code: CodeInternal, Place: at.place(""), Message: fmt.Sprintf("connection %q cannot be looked at", d.name), Cause: err}
}

// reach connects, and leaves again.
func (d *database) reach(ctx context.Context) error {
	tx, err := d.Begin(ctx, sqldb.TxOptions{Access: abi.ReadOnly})
	if err != nil {
		return err
	}
	return tx.Rollback(ctx)
}
