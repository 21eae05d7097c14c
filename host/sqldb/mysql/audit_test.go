package mysql

import (
	"slices"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

func TestAudit(t *testing.T) {
	db := sqldbtest.MariaDBDatabase(t)
	for _, c := range []struct {
		name, uri string
		access    abi.Access
		want      []string
	}{
		{"superuser", db.AdminURI, abi.ReadOnly, []string{"may do everything", "give its rights to others", "may change tables"}},
		{"owner", db.URI, abi.ReadWrite, nil},
		{"owner, read-only", db.URI, abi.ReadOnly, []string{"may change tables"}},
		{"reader", db.ReaderURI, abi.ReadOnly, nil},
	} {
		uri, err := sqldb.ParseURI(c.uri)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Driver{}.Open(sqldb.Config{Name: "db", URI: uri, Access: c.access})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		found, err := d.(sqldb.Auditor).Audit(t.Context())
		if c.name == "superuser" && release(t).Product == "mysql" { // MySQL lists what "all" is
			for _, want := range []string{"is a superuser", "may read and write files", "may create users", "may give its rights to others", "may end other sessions", "may change the server's settings", "may change tables"} {
				if !slices.ContainsFunc(found, func(f sqldb.Finding) bool { return strings.Contains(f.Message, want) }) {
					t.Errorf("%s: %q is missing: %v", c.name, want, found)
				}
			}
			continue
		}
		if err != nil || len(found) != len(c.want) {
			t.Errorf("%s: %v, %v", c.name, found, err)
			continue
		}
		for i, f := range found {
			if !strings.Contains(f.Message, c.want[i]) {
				t.Errorf("%s: %q, want %q", c.name, f.Message, c.want[i])
			}
		}
	}
}

func TestParseGrant(t *testing.T) {
	for line, want := range map[string]grant{
		"GRANT ALL PRIVILEGES ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*X' WITH GRANT OPTION": {[]string{"ALL PRIVILEGES"}, "*.*", true},
		"GRANT USAGE ON *.* TO `a`@`%`":                                           {[]string{"USAGE"}, "*.*", false},
		"GRANT SELECT (`a`, `b`), INSERT (`a`), SHOW VIEW ON `db`.`t` TO 'a'@'%'": {[]string{"SELECT", "INSERT", "SHOW VIEW"}, "`db`.`t`", false},
		"GRANT FILE, create user ON *.* TO `a`@`localhost` REQUIRE SSL":           {[]string{"FILE", "CREATE USER"}, "*.*", false},
		"GRANT SELECT (`a) ON `, `b TO c`) ON `d ON *.*`.`(` TO `a TO b`@`%`":     {[]string{"SELECT"}, "`d ON *.*`.`(`", false},
		"GRANT PROXY ON 'root'@'%' TO 'a'@'%' WITH GRANT OPTION":                  {[]string{"PROXY"}, "'root'@'%'", true},
	} {
		got, ok := parseGrant(line)
		if !ok || !slices.Equal(got.privileges, want.privileges) || got.object != want.object || got.passedOn != want.passedOn {
			t.Errorf("%s: %+v", line, got)
		}
	}
	for _, line := range []string{"", "GRANT `role` TO `a`@`%`", "SET DEFAULT ROLE `r` FOR `a`@`%`", "GRANT PROXY"} {
		if g, ok := parseGrant(line); ok {
			t.Errorf("%q: %+v", line, g)
		}
	}
}

// TestAuditRights: each right is told that a login has by itself or by a role
// that it may take.
func TestAuditRights(t *testing.T) {
	at := sqldbtest.MariaDBDatabase(t)
	name := at.URI[strings.LastIndexByte(at.URI, '/')+1:]
	replace := strings.NewReplacer("$DB", name, "$READER", name+"_reader@'%'", "$ROLE", name+"_role", "$INNER", name+"_inner").Replace
	admin := openURI(t, at.AdminURI)
	run := func(statements ...string) {
		t.Helper()
		for _, sql := range statements {
			tx := begin(t, admin)
			// What a GRANT does is committed at once, and the execution over with it.
			if _, err := tx.Exec(t.Context(), replace(sql), nil, true); err != nil && fails(t, err).Code != abi.State {
				t.Fatalf("%s: %v", sql, err)
			}
			_ = tx.Rollback(t.Context())
		}
	}
	run("CREATE TABLE t (a int, b int)", "CREATE FUNCTION definer() RETURNS int RETURN 1", "CREATE ROLE $ROLE", "CREATE ROLE $INNER", "GRANT $INNER TO $ROLE", "GRANT $ROLE TO $READER")
	defer run("DROP ROLE $ROLE", "DROP ROLE $INNER")
	reader, err := sqldb.ParseURI(at.ReaderURI)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Driver{}.Open(sqldb.Config{Name: "db", URI: reader})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, c := range []struct{ right, to, want string }{
		{"USAGE ON *.*", "$READER", ""},
		{"SUPER ON *.*", "$READER", "the login is a superuser (SUPER)"},
		{"FILE ON *.*", "$ROLE", "the login may read and write files of the server (FILE)"},
		{"PROCESS ON *.*", "$INNER", "the login sees the statements of all sessions (PROCESS)"},
		{"SELECT ON mysql.user", "$READER", "the login may read the password hashes of all logins (SELECT)"},
		{"SELECT ON *.*", "$INNER", "the login may read the password hashes of all logins (SELECT)"},
		{"SELECT ON mysql.time_zone_name", "$READER", ""},
		{"UPDATE ON mysql.db", "$ROLE", "the login may change the rights of all logins (UPDATE); the connection is read-only, and its login may change tables"},
		{"EXECUTE ON $DB.*", "$READER", "the login may call routines that have the rights of others (SQL SECURITY DEFINER): 1"},
		{"INSERT (a) ON $DB.t", "$READER", "the connection is read-only, and its login may change tables"},
		{"DROP ON $DB.*", "$INNER", "the connection is read-only, and its login may change tables"},
	} {
		run("GRANT " + c.right + " TO " + c.to)
		found, err := d.(sqldb.Auditor).Audit(t.Context())
		run("REVOKE " + c.right + " FROM " + c.to)
		var all []string
		for _, f := range found {
			all = append(all, f.Message)
		}
		if got := strings.Join(all, "; "); err != nil || got != c.want {
			t.Errorf("%s to %s: %q, %v, want %q", c.right, c.to, got, err, c.want)
		}
	}
}

func TestParseRoles(t *testing.T) {
	for line, want := range map[string]string{
		"GRANT `r` TO `a`@`%`":                          "`r`",
		"GRANT `r` TO `a`@`%` WITH ADMIN OPTION":        "`r`",
		"GRANT `a TO b`@`%`,`s`@`localhost` TO `a`@`%`": "`a TO b`@`%`,`s`@`localhost`",
		"SET DEFAULT ROLE `r` FOR `a`@`%`":              "",
		"REVOKE SELECT ON `d`.* FROM `a`@`%`":           "",
	} {
		if got, ok := parseRoles(line); got != want || ok != (want != "") {
			t.Errorf("%s: %q", line, got)
		}
	}
}
