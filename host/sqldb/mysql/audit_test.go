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
		"GRANT ALL PRIVILEGES ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*X' WITH GRANT OPTION": {[]string{"ALL PRIVILEGES"}, true, true},
		"GRANT USAGE ON *.* TO `a`@`%`":                                           {[]string{"USAGE"}, true, false},
		"GRANT SELECT (`a`, `b`), INSERT (`a`), SHOW VIEW ON `db`.`t` TO 'a'@'%'": {[]string{"SELECT", "INSERT", "SHOW VIEW"}, false, false},
		"GRANT FILE, create user ON *.* TO `a`@`localhost` REQUIRE SSL":           {[]string{"FILE", "CREATE USER"}, true, false},
	} {
		got, ok := parseGrant(line)
		if !ok || !slices.Equal(got.privileges, want.privileges) || got.everywhere != want.everywhere || got.passedOn != want.passedOn {
			t.Errorf("%s: %+v", line, got)
		}
	}
	for _, line := range []string{"", "GRANT `role` TO `a`@`%`", "SET DEFAULT ROLE `r` FOR `a`@`%`", "GRANT PROXY"} {
		if g, ok := parseGrant(line); ok {
			t.Errorf("%q: %+v", line, g)
		}
	}
}
