package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/jackc/pgx/v5/pgxpool"
)

// bareDatabase names the database of a process that is the bare handler, and
// nothing else.
const bareDatabase = "WASMSQL_BENCH_BARE"

// bare serves the point query from a pool of connections, as someone would
// write it who needs no more: no tenants, no tokens, no limits, no audit. It
// prints its address, and runs until it is killed.
func bare(ctx context.Context, uri string) error {
	pool, err := pgxpool.New(ctx, uri)
	if err != nil {
		return err
	}
	defer pool.Close()
	http.HandleFunc("POST "+barePath, func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Inputs struct{ ID int64 } }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		type row struct {
			ID    int64  `json:"id"`
			Label string `json:"label"`
		}
		var one row
		if err := pool.QueryRow(r.Context(), pointQuery+"$1", body.Inputs.ID).Scan(&one.ID, &one.Label); err != nil {
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
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%shttp://%s\n", servesAt, l.Addr())
	return http.Serve(l, nil)
}

const barePath = "/point"
