package sqldb

import (
	"context"
	"errors"
	"io"
)

// Auditor is a DB that can say what its login may do and should not. The rights
// of the login are the last line of defence, behind everything that the host
// refuses.
type Auditor interface {
	// Audit connects and returns what it finds. Errors are those of DB.Begin
	// and Tx.Query.
	Audit(ctx context.Context) ([]Finding, error)
}

// Finding is a right that a login has and should not.
type Finding struct {
	Message string // for instance: the login is a superuser
	Hint    string // what to do
}

// Texts runs a query in a transaction of its own and returns its values as
// Arrow prints them; a null is "(null)".
func Texts(ctx context.Context, db DB, sql string) (cells [][]string, err error) {
	tx, err := db.Begin(ctx, TxOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tx.Rollback(context.WithoutCancel(ctx))) }()
	rows, err := tx.Query(ctx, sql, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for {
		rec, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return cells, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range int(rec.NumRows()) {
			row := make([]string, rec.NumCols())
			for j := range row {
				row[j] = rec.Column(j).ValueStr(i)
			}
			cells = append(cells, row)
		}
		rec.Release()
	}
}
