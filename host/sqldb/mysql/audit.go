package mysql

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// rights are privileges on all databases that a task's login should not have,
// and what they allow. Those of tables need not be on all: see system.
//
// Source: MySQL and MariaDB, "Privileges Provided" and GRANT.
var rights = []struct{ privilege, what string }{
	{"ALL PRIVILEGES", "may do everything on all databases"},
	{"SUPER", "is a superuser"},
	{"FILE", "may read and write files of the server"},
	{"SHUTDOWN", "may stop the server"},
	{"CREATE USER", "may create users"},
	{"CREATE ROLE", "may create roles"},
	{"ROLE_ADMIN", "may give roles to others"},
	{"SET USER", "may make code run as another user"},
	{"SET_USER_ID", "may make code run as another user"},
	{"SET_ANY_DEFINER", "may make code run as another user"},
	{"PROCESS", "sees the statements of all sessions"},
	{"RELOAD", "may flush the server's caches and logs"},
	{"FEDERATED ADMIN", "may have the server connect to others"},
	{"REPLICATION SLAVE", "may read all data by replication"},
	{"REPLICATION CLIENT", "sees the server's logs"},
	{"BINLOG MONITOR", "sees the server's logs"},
	{"BINLOG ADMIN", "may change the server's logs"},
	{"BINLOG_ADMIN", "may change the server's logs"},
	{"BINLOG REPLAY", "may change all data as replication does"},
	{"REPLICATION_APPLIER", "may change all data as replication does"},
	{"REPLICATION SLAVE ADMIN", "may change the server's replication"},
	{"REPLICATION MASTER ADMIN", "may change the server's replication"},
	{"REPLICATION_SLAVE_ADMIN", "may change the server's replication"},
	{"GROUP_REPLICATION_ADMIN", "may change the server's replication"},
	{"CLONE_ADMIN", "may read all data by cloning"},
	{"BACKUP_ADMIN", "may read all data by cloning"},
	{"CONNECTION ADMIN", "may end other sessions"},
	{"CONNECTION_ADMIN", "may end other sessions"},
	{"READ_ONLY ADMIN", "may write on a server that is read-only"},
	{"SYSTEM_VARIABLES_ADMIN", "may change the server's settings"},
	{"PERSIST_RO_VARIABLES_ADMIN", "may change the server's settings"},
	{"SELECT", "may read the password hashes of all logins"},
	{"INSERT", "may change the rights of all logins"},
	{"UPDATE", "may change the rights of all logins"},
	{"DELETE", "may change the rights of all logins"},
	{"PROXY", "may act as another login"},
}

// writing are privileges that change what is stored.
var writing = []string{"ALL PRIVILEGES", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX", "TRIGGER", "EVENT",
	"CREATE VIEW", "CREATE ROUTINE", "ALTER ROUTINE", "DELETE HISTORY", "REFERENCES"}

// definers counts the routines that the login may call, or sees for another
// reason, and that have the rights of another login.
const definers = `SELECT COUNT(*) FROM information_schema.ROUTINES WHERE SECURITY_TYPE = 'DEFINER' AND DEFINER <> CURRENT_USER()
AND ROUTINE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema')`

// Audit implements sqldb.Auditor.
func (d *db) Audit(ctx context.Context) ([]sqldb.Finding, error) {
	grants, err := d.grants(ctx)
	if err != nil {
		return nil, err
	}
	var found []sqldb.Finding
	for _, r := range rights {
		if i := slices.IndexFunc(grants, func(g grant) bool { return g.reaches(r.privilege) }); i >= 0 {
			found = append(found, sqldb.Finding{Message: "the login " + r.what + " (" + r.privilege + ")", Hint: "REVOKE " + r.privilege + " ON " + grants[i].object})
		}
	}
	if slices.ContainsFunc(grants, func(g grant) bool { return g.passedOn }) {
		found = append(found, sqldb.Finding{Message: "the login may give its rights to others (GRANT OPTION)", Hint: "REVOKE GRANT OPTION"})
	}
	cells, err := sqldb.Texts(ctx, d, definers)
	if err != nil {
		return nil, err
	}
	everything := slices.ContainsFunc(grants, func(g grant) bool { return g.reaches("ALL PRIVILEGES") || g.reaches("SUPER") })
	if n := cells[0][0]; n != "0" && !everything {
		found = append(found, sqldb.Finding{Message: "the login may call routines that have the rights of others (SQL SECURITY DEFINER): " + n,
			Hint: "see that they do no more than they should, and end by themselves: MariaDB lets the login not end what they run; or REVOKE EXECUTE"})
	}
	if d.access == abi.ReadOnly && slices.ContainsFunc(grants, grant.writes) {
		found = append(found, sqldb.Finding{Message: "the connection is read-only, and its login may change tables",
			Hint: "give it SELECT only: the database's grants hold where everything else fails"})
	}
	return found, nil
}

// grants returns what was granted to the login, to the roles that it may take,
// and to everyone.
func (d *db) grants(ctx context.Context) (all []grant, err error) {
	c, err := d.take(ctx)
	if err != nil {
		return nil, err
	}
	defer d.release(c)
	err = c.call(ctx, func() error {
		all, err = c.grants()
		return err
	})
	if err != nil {
		return nil, describe(err, "")
	}
	return all, nil
}

// grants takes one role after the other: the rights of those that are not taken
// are not told. Roles of MySQL have hosts; there the question names them.
func (c *conn) grants() ([]grant, error) {
	var all []grant
	roles := []string{""}
	for i := 0; i < len(roles); i++ {
		question := "SHOW GRANTS"
		if _, _, hosts := cut(roles[i], "@"); hosts {
			question += " FOR CURRENT_USER() USING " + roles[i]
		} else if i > 0 {
			if err := c.run("SET ROLE " + roles[i]); err != nil {
				return nil, err
			}
		}
		lines, err := c.texts(question, 1)
		if err != nil {
			return nil, err
		}
		for _, line := range lines {
			if g, ok := parseGrant(line); ok {
				all = append(all, g)
			} else if r, ok := parseRoles(line); ok && i == 0 { // further ones come with it
				roles = append(roles, r)
			}
		}
	}
	lines, err := c.texts("SHOW GRANTS FOR PUBLIC", 1)
	var told *serverError
	if err != nil && !errors.As(err, &told) { // only MariaDB has PUBLIC, since 10.11
		return nil, err
	}
	for _, line := range lines {
		if g, ok := parseGrant(line); ok {
			all = append(all, g)
		}
	}
	return all, nil
}

// parseRoles returns the roles of "GRANT role[, …] TO user …".
func parseRoles(line string) (roles string, ok bool) {
	list, ok := strings.CutPrefix(line, "GRANT ")
	if roles, _, to := cut(list, " TO "); ok && to {
		return roles, true
	}
	return "", false
}

// grant is a line of SHOW GRANTS.
type grant struct {
	privileges []string
	object     string // what follows ON
	passedOn   bool   // WITH GRANT OPTION
}

// system are the objects that have the logins of the server and their rights.
var system = []string{"*.*", "`%`.*", "`mysql`.*", "`mysql`.`user`", "`mysql`.`global_priv`", "`mysql`.`db`", "`mysql`.`proc`", "`mysql`.`proxies_priv`"}

// reaches reports whether the grant has a privilege of rights.
func (g grant) reaches(privilege string) bool {
	return slices.Contains(g.privileges, privilege) && (privilege == "PROXY" || slices.Contains(system, g.object))
}

// writes reports whether the grant changes what is stored.
func (g grant) writes() bool {
	return slices.ContainsFunc(g.privileges, func(p string) bool { return slices.Contains(writing, p) })
}

// parseGrant reads "GRANT privilege[ (columns)], … ON object TO user …". Other
// lines, of roles, are not ok.
func parseGrant(line string) (g grant, ok bool) {
	list, rest, ok := cut(strings.TrimPrefix(line, "GRANT "), " ON ")
	if !ok || !strings.HasPrefix(line, "GRANT ") {
		return g, false
	}
	if g.object, rest, ok = cut(rest, " TO "); !ok {
		return g, false
	}
	for columns := true; columns; {
		var before, after string
		if before, after, columns = cut(list, " ("); columns {
			_, after, _ = cut(after, ")")
			list = before + after
		}
	}
	for p := range strings.SplitSeq(list, ",") {
		g.privileges = append(g.privileges, strings.ToUpper(strings.TrimSpace(p)))
	}
	g.passedOn = strings.Contains(rest, "WITH GRANT OPTION")
	return g, true
}

// cut is strings.Cut for a separator that does not stand in quotes.
func cut(s, separator string) (before, after string, found bool) {
	quote := byte(0)
	for i := range len(s) {
		switch c := s[i]; {
		case quote != 0:
			if c == quote { // a doubled one begins anew
				quote = 0
			}
		case c == '`' || c == '\'' || c == '"':
			quote = c
		case strings.HasPrefix(s[i:], separator):
			return s[:i], s[i+len(separator):], true
		}
	}
	return s, "", false
}
