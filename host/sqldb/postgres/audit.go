package postgres

import (
	"context"
	"fmt"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// rights are what a login may have that a task's login should not, each with
// the SQL that tells, and what it allows.
//
// Source: PostgreSQL, "Role Attributes" and "Predefined Roles".
var rights = []struct{ sql, what, hint string }{
	{"r.rolsuper", "is a superuser: no grant holds it back, and it reaches the server's files and programs", "make it a role of its own without SUPERUSER"},
	{"NOT r.rolsuper AND r.rolcreaterole", "may create roles", "ALTER ROLE … NOCREATEROLE"},
	{"NOT r.rolsuper AND r.rolcreatedb", "may create databases", "ALTER ROLE … NOCREATEDB"},
	{"NOT r.rolsuper AND r.rolreplication", "may read all data by replication", "ALTER ROLE … NOREPLICATION"},
	{"NOT r.rolsuper AND r.rolbypassrls", "is not held by row-level security", "ALTER ROLE … NOBYPASSRLS"},
	{member("pg_execute_server_program"), "may run programs on the server", "REVOKE pg_execute_server_program"},
	{member("pg_write_server_files"), "may write files of the server", "REVOKE pg_write_server_files"},
	{member("pg_read_server_files"), "may read files of the server", "REVOKE pg_read_server_files"},
	{member("pg_signal_backend"), "may end other sessions", "REVOKE pg_signal_backend"},
}

// member tells whether the login is in a predefined role, which old servers do
// not all have.
func member(role string) string {
	return fmt.Sprintf("NOT r.rolsuper AND EXISTS (SELECT 1 FROM pg_roles p WHERE p.rolname = '%s' AND pg_has_role(current_user, p.oid, 'MEMBER'))", role)
}

// writes tells how many tables the login may change.
const writes = `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_toast%'
AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')`

// Audit implements sqldb.Auditor.
func (d *db) Audit(ctx context.Context) ([]sqldb.Finding, error) {
	sql := "SELECT"
	for i, r := range rights {
		if i > 0 {
			sql += ","
		}
		sql += " (" + r.sql + ")"
	}
	cells, err := sqldb.Texts(ctx, d, sql+" FROM pg_roles r WHERE r.rolname = current_user")
	if err != nil {
		return nil, err
	}
	var found []sqldb.Finding
	for _, row := range cells {
		for i, r := range rights {
			if row[i] == "true" {
				found = append(found, sqldb.Finding{Message: "the login " + r.what, Hint: r.hint})
			}
		}
	}
	if d.access != abi.ReadOnly || len(cells) > 0 && cells[0][0] == "true" {
		return found, nil
	}
	if cells, err = sqldb.Texts(ctx, d, writes); err != nil {
		return nil, err
	}
	if n := cells[0][0]; n != "0" {
		found = append(found, sqldb.Finding{Message: "the connection is read-only, and its login may change tables: " + n,
			Hint: "give it SELECT only: the database's grants hold where everything else fails"})
	}
	return found, nil
}
