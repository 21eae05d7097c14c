package postgres_test

import (
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestAudit: a superuser, an owner and a reader have each the rights told that
// they have.
func TestAudit(t *testing.T) {
	db := sqldbtest.PostgresDatabase(t)
	tx := beginOn(t, open(t, db.URI, sqldb.Config{Access: abi.ReadWrite}), readWrite)
	exec(t, tx, "CREATE TABLE t (a int)")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, uri string
		access    abi.Access
		want      string
	}{
		{"superuser", db.AdminURI, abi.ReadOnly, "is a superuser"},
		{"owner", db.URI, abi.ReadWrite, ""},
		{"owner, read-only", db.URI, abi.ReadOnly, "may change tables: 1"},
		{"reader", db.ReaderURI, abi.ReadOnly, ""},
	} {
		found, err := open(t, c.uri, sqldb.Config{Access: c.access}).(sqldb.Auditor).Audit(t.Context())
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var all []string
		for _, f := range found {
			all = append(all, f.Message)
		}
		if got := strings.Join(all, "; "); c.want == "" && got != "" || !strings.Contains(got, c.want) || c.want != "" && len(all) != 1 {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestAuditRights: each right is told that a login has by itself, by a role that
// it is a member of, or as everyone has it.
func TestAuditRights(t *testing.T) {
	at := sqldbtest.PostgresDatabase(t)
	role, reader := random(at)+"_role", random(at)+"_reader"
	admin := open(t, at.AdminURI, sqldb.Config{Access: abi.ReadWrite})
	run := func(statements ...string) {
		t.Helper()
		tx := beginOn(t, admin, readWrite)
		for _, sql := range statements {
			exec(t, tx, strings.NewReplacer("$ROLE", role, "$READER", reader).Replace(sql))
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	run("CREATE TABLE t (a int, b int)", "CREATE VIEW v AS SELECT * FROM t", "CREATE SEQUENCE s", "CREATE FUNCTION definer() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
		"REVOKE EXECUTE ON FUNCTION definer() FROM PUBLIC", "CREATE ROLE $ROLE", "GRANT $ROLE TO $READER")
	defer run("DROP OWNED BY $ROLE", "DROP ROLE $ROLE")
	d := open(t, at.ReaderURI, sqldb.Config{})
	for _, c := range []struct{ grant, revoke, want string }{
		{"SELECT 1", "SELECT 1", ""},
		{"ALTER ROLE $ROLE SUPERUSER", "ALTER ROLE $ROLE NOSUPERUSER", "the login may become a superuser by SET ROLE"},
		{"ALTER ROLE $ROLE CREATEROLE", "ALTER ROLE $ROLE NOCREATEROLE", "the login may create roles"},
		{"ALTER ROLE $READER CREATEDB", "ALTER ROLE $READER NOCREATEDB", "the login may create databases"},
		{"ALTER ROLE $ROLE REPLICATION", "ALTER ROLE $ROLE NOREPLICATION", "the login may read all data by replication"},
		{"ALTER ROLE $ROLE BYPASSRLS NOINHERIT", "ALTER ROLE $ROLE NOBYPASSRLS INHERIT", "the login is not held by row-level security"},
		{"GRANT pg_execute_server_program TO $ROLE", "REVOKE pg_execute_server_program FROM $ROLE", "the login may run programs on the server"},
		{"GRANT pg_write_server_files TO $READER", "REVOKE pg_write_server_files FROM $READER", "the login may write files of the server"},
		{"GRANT pg_read_server_files TO $ROLE", "REVOKE pg_read_server_files FROM $ROLE", "the login may read files of the server"},
		{"GRANT pg_signal_backend TO $ROLE", "REVOKE pg_signal_backend FROM $ROLE", "the login may end other sessions"},
		{"GRANT pg_monitor TO $ROLE", "REVOKE pg_monitor FROM $ROLE", "the login sees the statements of all sessions"},
		{"GRANT EXECUTE ON FUNCTION pg_read_file(text), lo_export(oid, text) TO PUBLIC", "REVOKE EXECUTE ON FUNCTION pg_read_file(text), lo_export(oid, text) FROM PUBLIC", "the login may reach files of the server, or other servers, by lo_export, pg_read_file"},
		{"GRANT EXECUTE ON FUNCTION definer() TO PUBLIC", "REVOKE EXECUTE ON FUNCTION definer() FROM PUBLIC", "the login may call functions that have the rights of others (SECURITY DEFINER): 1"},
		{"GRANT TRUNCATE ON t TO PUBLIC", "REVOKE TRUNCATE ON t FROM PUBLIC", "the connection is read-only, and its login may change tables: 1"},
		{"GRANT UPDATE (b) ON t TO $ROLE", "REVOKE UPDATE (b) ON t FROM $ROLE", "the connection is read-only, and its login may change tables: 1"},
		{"GRANT DELETE ON v TO $READER", "REVOKE DELETE ON v FROM $READER", "the connection is read-only, and its login may change tables: 1"},
		{"ALTER TABLE t OWNER TO $ROLE", "ALTER TABLE t OWNER TO CURRENT_USER", "the connection is read-only, and its login may change tables: 1"},
		{"GRANT USAGE ON SEQUENCE s TO PUBLIC", "REVOKE USAGE ON SEQUENCE s FROM PUBLIC", "the connection is read-only, and its login may move sequences: 1"},
		{"GRANT CREATE ON SCHEMA public TO PUBLIC", "REVOKE CREATE ON SCHEMA public FROM PUBLIC", "the connection is read-only, and its login may create in schemas: 1"},
	} {
		run(c.grant)
		found, err := d.(sqldb.Auditor).Audit(t.Context())
		run(c.revoke)
		got := ""
		for _, f := range found {
			got += f.Message
			if f.Hint == "" {
				t.Errorf("%s: no hint", c.grant)
			}
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.grant, got, err, c.want)
		}
	}
}
