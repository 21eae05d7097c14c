package mysql

import (
	"context"
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// rights are privileges that a task's login should not have, and what they
// allow.
//
// Source: MySQL and MariaDB, "Privileges Provided" and GRANT.
var rights = []struct{ privilege, what string }{
	{"ALL PRIVILEGES", "may do everything on all databases"},
	{"SUPER", "is a superuser"},
	{"FILE", "may read and write files of the server"},
	{"SHUTDOWN", "may stop the server"},
	{"CREATE USER", "may create users"},
	{"PROCESS", "sees the statements of all sessions"},
	{"RELOAD", "may flush the server's caches and logs"},
	{"REPLICATION SLAVE", "may read all data by replication"},
	{"REPLICATION CLIENT", "sees the server's logs"},
	{"BINLOG MONITOR", "sees the server's logs"},
	{"CONNECTION ADMIN", "may end other sessions"},
	{"CONNECTION_ADMIN", "may end other sessions"},
	{"SYSTEM_VARIABLES_ADMIN", "may change the server's settings"},
}

// writing are privileges that change what is stored.
var writing = []string{"ALL PRIVILEGES", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX", "TRIGGER", "EVENT",
	"CREATE VIEW", "CREATE ROUTINE", "ALTER ROUTINE", "DELETE HISTORY", "REFERENCES"}

// Audit implements sqldb.Auditor.
func (d *db) Audit(ctx context.Context) ([]sqldb.Finding, error) {
	cells, err := sqldb.Texts(ctx, d, "SHOW GRANTS")
	if err != nil {
		return nil, err
	}
	var found []sqldb.Finding
	changes, passedOn := false, false
	for _, row := range cells {
		g, ok := parseGrant(row[0])
		if !ok {
			continue
		}
		for _, r := range rights {
			if g.everywhere && slices.Contains(g.privileges, r.privilege) {
				found = append(found, sqldb.Finding{Message: "the login " + r.what + " (" + r.privilege + ")", Hint: "REVOKE " + r.privilege + " ON *.*"})
			}
		}
		if g.passedOn && !passedOn { // MySQL has a line for its dynamic privileges
			passedOn = true
			found = append(found, sqldb.Finding{Message: "the login may give its rights to others (GRANT OPTION)", Hint: "REVOKE GRANT OPTION"})
		}
		changes = changes || slices.ContainsFunc(g.privileges, func(p string) bool { return slices.Contains(writing, p) })
	}
	if changes && d.access == abi.ReadOnly {
		found = append(found, sqldb.Finding{Message: "the connection is read-only, and its login may change tables",
			Hint: "give it SELECT only: the database's grants hold where everything else fails"})
	}
	return found, nil
}

// grant is a line of SHOW GRANTS.
type grant struct {
	privileges []string
	everywhere bool // ON *.*
	passedOn   bool // WITH GRANT OPTION
}

// parseGrant reads "GRANT privilege[ (columns)], … ON object TO user …". Other
// lines, of roles and proxies, are not ok.
func parseGrant(line string) (g grant, ok bool) {
	list, rest, ok := strings.Cut(strings.TrimPrefix(line, "GRANT "), " ON ")
	if !ok || !strings.HasPrefix(line, "GRANT ") {
		return g, false
	}
	object, rest, ok := strings.Cut(rest, " TO ")
	if !ok {
		return g, false
	}
	depth := 0
	for _, p := range strings.FieldsFunc(list, func(r rune) bool {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		return r == ',' && depth == 0
	}) {
		name, _, _ := strings.Cut(p, "(")
		g.privileges = append(g.privileges, strings.ToUpper(strings.TrimSpace(name)))
	}
	g.everywhere = object == "*.*"
	g.passedOn = strings.Contains(rest, "WITH GRANT OPTION")
	return g, true
}
