package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// bareDatabase names the database of a process that is the bare handler, and
// nothing else.
const bareDatabase = "WASMSQL_BENCH_BARE"

// The handlers of the bare server: one that does no more than the query, on a
// connection that has it prepared, and one that keeps what wasmsql promises of the
// database: a transaction that only reads, and a session that is clean after it.
const (
	barePath  = "/point"
	cleanPath = "/clean"
)

// row is the answer to the point query.
type row struct {
	ID    int64  `json:"id"`
	Label string `json:"label"`
}

// bare serves the point query from pools of connections, as someone would write
// it who needs no more: no tenants, no tokens, no limits, no audit. It prints its
// address, and runs until it is killed.
func bare(ctx context.Context, uri string) error {
	prepared, err := pgxpool.New(ctx, uri)
	if err != nil {
		return err
	}
	defer prepared.Close()
	cfg, err := pgxpool.ParseConfig(uri)
	if err != nil {
		return err
	}
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec // nothing stays prepared in a clean session
	cfg.AfterRelease = func(c *pgx.Conn) bool {
		_, err := c.Exec(ctx, "DISCARD ALL")
		return err == nil
	}
	clean, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer clean.Close()
	answer("POST "+barePath, func(ctx context.Context, id int64) (one row, err error) {
		err = prepared.QueryRow(ctx, pointQuery+"$1", id).Scan(&one.ID, &one.Label)
		return one, err
	})
	answer("POST "+cleanPath, func(ctx context.Context, id int64) (one row, err error) {
		err = pgx.BeginTxFunc(ctx, clean, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			return tx.QueryRow(ctx, pointQuery+"$1", id).Scan(&one.ID, &one.Label)
		})
		return one, err
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%shttp://%s\n", servesAt, l.Addr())
	return http.Serve(l, nil)
}

// answer has a path answer with what get finds.
func answer(pattern string, get func(ctx context.Context, id int64) (row, error)) {
	http.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Inputs struct{ ID int64 } }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		one, err := get(r.Context(), body.Inputs.ID)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		text, err := json.Marshal([]row{one})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text)
	})
}
