package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/drivers"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// serverDatabases make a database on each of the servers, by dialect.
var serverDatabases = map[string]func(testing.TB) sqldbtest.Database{
	"postgres": sqldbtest.PostgresDatabase,
	"mysql":    sqldbtest.MariaDBDatabase,
}

// TestServerScripts runs every script of testdata/script/server on a database
// of PostgreSQL and on one of MariaDB, which the scripts share. What
// names the database stands at setURIs; the dialect is $DIALECT and a condition, as is mariadb,
// $SLEEPS the rest of a SELECT that takes two seconds. Beside exits there are
//
//	expand FILE...   put the environment's variables into files
//	sql FILE         run statements, each ended by a semicolon and a line feed
//	rows SQL         print the rows of a query
func TestServerScripts(t *testing.T) {
	cache := t.TempDir()
	for dialect, database := range serverDatabases {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db := database(t)
			maria := dialect == "mysql" && isMariaDB(t, db.URI)
			testscript.Run(t, testscript.Params{
				Dir:                 filepath.Join("testdata", "script", "server"),
				UpdateScripts:       *update,
				ContinueOnError:     *update,
				RequireExplicitExec: true,
				RequireUniqueNames:  true,
				Condition: func(c string) (bool, error) {
					return c == dialect || c == "mariadb" && maria, nil
				},
				Setup: func(e *testscript.Env) error {
					e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
					e.Setenv("WASMSQL_CACHE", cache)
					e.Setenv("DIALECT", dialect)
					e.Setenv("SLEEPS", map[string]string{"postgres": "1 FROM pg_sleep(2)", "mysql": "SLEEP(2)"}[dialect])
					return setURIs(e, db)
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"exits": scriptExits, "expand": scriptExpand, "sql": scriptSQL, "rows": scriptRows,
				},
			})
		})
	}
}

// isMariaDB tells MariaDB from MySQL.
func isMariaDB(t testing.TB, uri string) bool {
	t.Helper()
	return sqldbtest.ReleaseOf(t, drivers.All()["mysql"], uri).Product == "mariadb"
}

// setURIs sets what names a database: $BARE, $BAREREADER and $BAREADMIN have
// no password, which is the secret of the group db or admin. $FLYTE is the
// owner's URI as flytekit's users write it.
func setURIs(e *testscript.Env, db sqldbtest.Database) error {
	for suffix, uri := range map[string]string{"": db.URI, "READER": db.ReaderURI, "ADMIN": db.AdminURI} {
		u, err := sqldb.ParseURI(uri)
		if err != nil {
			return err
		}
		driver := map[string]string{"postgresql": "postgresql+psycopg2", "mysql": "mysql+pymysql"}[u.Scheme]
		address := fmt.Sprintf("%s:%d/%s", u.Host, u.Port, u.Database)
		e.Setenv("BARE"+suffix, u.Scheme+"://"+u.User+"@"+address)
		switch suffix {
		case "ADMIN":
			e.Setenv("_FSEC_ADMIN_PASSWORD", u.Password.Reveal())
		case "":
			e.Setenv("_FSEC_DB_PASSWORD", u.Password.Reveal())
			e.Setenv("OWNER", uri)
			e.Setenv("FLYTE", driver+strings.TrimPrefix(uri, u.Scheme))
			e.Setenv("DRIVER", driver)
			e.Setenv("DBHOST", u.Host)
			e.Setenv("DBPORT", fmt.Sprint(u.Port))
			e.Setenv("DBUSER", u.User)
			e.Setenv("DBPASSWORD", u.Password.Reveal())
			e.Setenv("DBNAME", u.Database)
		}
	}
	return nil
}

func scriptExpand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: expand FILE...")
	}
	for _, file := range args {
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(os.Expand(ts.ReadFile(file), ts.Getenv)), 0o600))
	}
}

func scriptSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sql FILE")
	}
	for statement := range strings.SplitSeq(ts.ReadFile(args[0]), ";\n") {
		if strings.TrimSpace(statement) != "" {
			_, err := serverRows(ts.Getenv("OWNER"), statement)
			ts.Check(err)
		}
	}
}

func scriptRows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: rows SQL")
	}
	rows, err := serverRows(ts.Getenv("OWNER"), args[0])
	ts.Check(err)
	for _, row := range rows {
		_, err := fmt.Fprintln(ts.Stdout(), row)
		ts.Check(err)
	}
}

// serverRows runs a statement in a transaction of its own and returns its
// rows, columns by |.
func serverRows(uri, statement string) (out []string, err error) {
	u, err := sqldb.ParseURI(uri)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	db, err := drivers.All()[u.Scheme].Open(sqldb.Config{Name: "test", URI: u, Access: abi.ReadWrite})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.Begin(ctx, sqldb.TxOptions{Access: abi.ReadWrite})
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	rows, err := tx.Query(ctx, statement, nil)
	if err != nil {
		return nil, err
	}
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for i := range int(batch.NumRows()) {
			cells := make([]string, batch.NumCols())
			for j, column := range batch.Columns() {
				cells[j] = column.ValueStr(i)
			}
			out = append(out, strings.Join(cells, "|"))
		}
		batch.Release()
	}
	if err := rows.Close(); err != nil {
		return nil, err
	}
	return out, tx.Commit(ctx)
}
