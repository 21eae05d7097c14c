package connector

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// grants say what tasks may do.
type grants []manifest.FlyteGrant

// of returns the grant of a project's domain: one that names it goes before one
// for all.
func (g grants) of(project, domain string) (manifest.FlyteGrant, bool) {
	for _, d := range []string{domain, manifest.AnyDomain} {
		for _, grant := range g {
			if grant.Project == project && slices.Contains(grant.Domains, d) {
				return grant, true
			}
		}
	}
	return manifest.FlyteGrant{}, false
}

// deniedKind is the kind of a fault whose message has names in it, and no values.
const deniedKind = "DeniedError"

// denied is the fault of what is not allowed.
func denied(hint, format string, args ...any) *flyte.Fault {
	return &flyte.Fault{Kind: deniedKind, Message: fmt.Sprintf(format, args...), Hint: hint}
}

const askOperator = "who runs the connector allows it in its configuration"

// noGrant is the fault of a project that may do nothing.
func noGrant(project, domain string) *flyte.Fault {
	return denied(askOperator, "project %q may run nothing here in domain %q", project, domain)
}

// unprepared is the fault of a task that cannot be prepared.
func unprepared(g manifest.FlyteGrant, err error) *flyte.Fault {
	if errors.Is(err, errBeyond) {
		return denied(askOperator, "an input's offloaded literal: project %q may not read there", g.Project)
	}
	return flyte.FaultOf(err)
}

// permitPrefix says why a result may not be written below a prefix, or nothing.
func permitPrefix(g manifest.FlyteGrant, what, prefix string) *flyte.Fault {
	if below(prefix, g.Outputs) {
		return nil
	}
	return denied(askOperator, "%s: project %q may not write there", what, g.Project)
}

// permit bounds a task to what a grant allows, or says what it does not allow.
func permit(g manifest.FlyteGrant, t *flyte.Task) *flyte.Fault {
	if f := placeInURI(t); f != nil {
		return f
	}
	if !slices.ContainsFunc(g.Databases, func(p sqldb.URI) bool { return covers(p, t.Inline.URI) }) {
		return denied(askOperator, "project %q may not use the database of the task's uri", g.Project)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Inline.SecretArgs)) {
		ref := t.Inline.SecretArgs[name]
		if !slices.ContainsFunc(g.SecretGroups, func(s string) bool { return strings.EqualFold(s, ref.Group) }) {
			return denied(askOperator, "secret_connect_args.%s: project %q may not use secrets of the group %q", name, g.Project, ref.Group)
		}
		for _, part := range []string{ref.Group, ref.Key, ref.Version} {
			if strings.ContainsAny(part, `/\`) || part == "." || part == ".." {
				return denied("a group and a key are plain names", "secret_connect_args.%s: %q is no name of a secret", name, part)
			}
		}
		ref.Mount = secret.File // whatever Flyte would have mounted in a task's own pod
		t.Inline.SecretArgs[name] = ref
	}
	t.Inline.Access = g.Access
	t.Inline.AllowText = g.Text
	return nil
}

// places are the connect_args and options that say where a database is.
var places = []string{"host", "hostaddr", "port", "dbname", "database", "db", "unix_socket", "service", "servicefile", "read_default_file", "read_default_group", "dsn"}

// placeInURI refuses a task whose database is not the one of its URI: nothing
// else is held against what is allowed.
func placeInURI(t *flyte.Task) *flyte.Fault {
	for _, name := range places {
		for _, from := range []struct {
			key   string
			there bool
		}{{"connect_args." + name, has(t.Inline.Args, name)}, {"secret_connect_args." + name, has(t.Inline.SecretArgs, name)}, {"uri: the option " + name, has(t.Inline.URI.Query, name)}} {
			if from.there {
				return denied("write it as scheme://user@host:port/database", "%s: where the database is must stand in the uri itself", from.key)
			}
		}
	}
	return nil
}

func has[V any](m map[string]V, key string) bool {
	_, there := m[key]
	return there
}

// defaultPorts are those of the schemes, whose other names are left out.
var defaultPorts = map[string]int{"postgresql": 5432, "mysql": 3306}

// dialect returns the first of the names that a scheme has.
func dialect(scheme string) string {
	switch scheme {
	case "postgres":
		return "postgresql"
	case "mariadb":
		return "mysql"
	}
	return scheme
}

// covers reports whether a pattern allows a URI.
func covers(p, u sqldb.URI) bool {
	scheme := dialect(p.Scheme)
	if scheme != dialect(u.Scheme) {
		return false
	}
	if scheme == "sqlite" {
		return u.Host == "" && coversFile(p.Database, u.Database)
	}
	port := func(n int) int {
		if n == 0 {
			return defaultPorts[scheme]
		}
		return n
	}
	if !strings.EqualFold(p.Host, u.Host) || port(p.Port) != port(u.Port) {
		return false
	}
	if prefix, some := strings.CutSuffix(p.Database, "*"); some {
		return u.Database != "" && strings.HasPrefix(u.Database, prefix)
	}
	return p.Database == "" || p.Database == u.Database
}

// coversFile reports whether a pattern allows a file of SQLite's: none is the
// database in memory.
func coversFile(p, file string) bool {
	if p == file {
		return true
	}
	if p == "" || file == "" || path.Clean(file) != file || strings.HasPrefix(file, "file:") || strings.ContainsAny(file, `\%?#`) {
		return false
	}
	if prefix, some := strings.CutSuffix(p, "*"); some {
		return strings.HasPrefix(file, prefix) && !strings.Contains(file[len(prefix):], "/")
	}
	return strings.HasSuffix(p, "/") && strings.HasPrefix(file, p)
}
