package postgres

import (
	"context"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// rights are what a login may have that a task's login should not, each with
// the SQL that tells, and what it allows. What a role may that the login is a
// member of, the login may too: at once, or after a SET ROLE.
//
// Source: PostgreSQL, "Role Attributes", "Role Membership" and "Predefined
// Roles".
var rights = []struct{ sql, what, hint string }{
	{"r.rolsuper", "is a superuser: no grant holds it back, and it reaches the server's files and programs", "make it a role of its own without SUPERUSER"},
	{member("p.rolsuper"), "may become a superuser by SET ROLE", "REVOKE the role that is a superuser"},
	{member("p.rolcreaterole AND NOT p.rolsuper"), "may create roles", "ALTER ROLE … NOCREATEROLE"},
	{member("p.rolcreatedb AND NOT p.rolsuper"), "may create databases", "ALTER ROLE … NOCREATEDB"},
	{member("p.rolreplication AND NOT p.rolsuper"), "may read all data by replication", "ALTER ROLE … NOREPLICATION"},
	{member("p.rolbypassrls AND NOT p.rolsuper"), "is not held by row-level security", "ALTER ROLE … NOBYPASSRLS"},
	{member("p.rolname = 'pg_execute_server_program'"), "may run programs on the server", "REVOKE pg_execute_server_program"},
	{member("p.rolname = 'pg_write_server_files'"), "may write files of the server", "REVOKE pg_write_server_files"},
	{member("p.rolname = 'pg_read_server_files'"), "may read files of the server", "REVOKE pg_read_server_files"},
	{member("p.rolname = 'pg_signal_backend'"), "may end other sessions", "REVOKE pg_signal_backend"},
	{member("p.rolname = 'pg_read_all_stats'"), "sees the statements of all sessions", "REVOKE pg_read_all_stats, or pg_monitor"},
	{member("p.rolname = 'pg_create_subscription'"), "may have the server connect to others", "REVOKE pg_create_subscription"},
}

// member tells whether the login is a member of a role p, or is it. Old servers
// do not have all predefined roles.
func member(which string) string {
	return "NOT r.rolsuper AND EXISTS (SELECT 1 FROM pg_roles p WHERE " + which + " AND pg_has_role(p.oid, 'MEMBER'))"
}

// functions are two questions: which functions the login may call that reach
// beyond the database, and how many that run with the rights of another role.
//
// Source: PostgreSQL, "System Administration Functions", "dblink", "adminpack".
const functions = `SELECT coalesce(string_agg(DISTINCT p.proname, ', ') FILTER (WHERE p.proname IN (
  'pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'pg_stat_file', 'lo_import', 'lo_export', 'dblink', 'dblink_connect', 'dblink_connect_u', 'dblink_exec',
  'pg_file_read', 'pg_file_write', 'pg_file_rename', 'pg_file_unlink', 'pg_file_sync', 'pg_reload_conf', 'pg_rotate_logfile')), ''),
  count(*) FILTER (WHERE p.prosecdef AND NOT pg_has_role(p.proowner, 'MEMBER'))
FROM pg_proc p WHERE has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(p.pronamespace, 'USAGE')`

// writes tells how many tables, by themselves or over a view, and sequences the
// login may change, and in how many schemas it may make some.
const writes = `SELECT count(*) FILTER (WHERE c.relkind <> 'S' AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
    OR has_any_column_privilege(c.oid, 'INSERT, UPDATE') OR pg_has_role(c.relowner, 'MEMBER'))),
  count(*) FILTER (WHERE c.relkind = 'S' AND has_sequence_privilege(c.oid, 'USAGE, UPDATE')),
  (SELECT count(*) FROM pg_namespace n WHERE has_schema_privilege(n.oid, 'CREATE') AND n.nspname !~ '^pg_(temp|toast)')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(temp|toast)'`

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
	if len(cells) == 0 || cells[0][0] == "true" {
		return found, nil
	}
	if cells, err = sqldb.Texts(ctx, d, functions); err != nil {
		return nil, err
	}
	if names := cells[0][0]; names != "" {
		found = append(found, sqldb.Finding{Message: "the login may reach files of the server, or other servers, by " + names, Hint: "REVOKE EXECUTE ON FUNCTION …, also FROM PUBLIC"})
	}
	if n := cells[0][1]; n != "0" {
		found = append(found, sqldb.Finding{Message: "the login may call functions that have the rights of others (SECURITY DEFINER): " + n,
			Hint: "see that they do no more than they should, or REVOKE EXECUTE ON FUNCTION …, also FROM PUBLIC"})
	}
	if d.access != abi.ReadOnly {
		return found, nil
	}
	if cells, err = sqldb.Texts(ctx, d, writes); err != nil {
		return nil, err
	}
	var may []string
	for i, what := range []string{"change tables: ", "move sequences: ", "create in schemas: "} {
		if n := cells[0][i]; n != "0" {
			may = append(may, what+n)
		}
	}
	if len(may) > 0 {
		found = append(found, sqldb.Finding{Message: "the connection is read-only, and its login may " + strings.Join(may, ", "),
			Hint: "give it SELECT only: the database's grants hold where everything else fails"})
	}
	return found, nil
}
