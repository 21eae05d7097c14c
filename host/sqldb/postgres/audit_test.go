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
