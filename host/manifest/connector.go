package manifest

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/near"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Connector says what executions of Flyte may do, by project and domain. What
// no grant names may do nothing.
type Connector struct{ Grants []FlyteGrant }

// FlyteGrant is what the executions of a project's domains may do.
type FlyteGrant struct {
	Project string
	Domains []string // AnyDomain alone is any that no other grant of the project has
	// Tenant is the tenant of the server whose quotas, limits, secrets and reach
	// they have.
	Tenant string
	// Databases may be connected to. Each says scheme, host, port and database
	// and nothing else; no port is that of the scheme, no database any. A
	// database that ends in * stands for those that begin so, and a file of
	// SQLite's that ends in / for those below.
	Databases []sqldb.URI
	// SecretGroups are the groups of secrets that templates may name.
	SecretGroups []string
	// Outputs are the folders, each with a / at its end, that results may be
	// written and inputs read below; Inputs are more of the latter.
	Outputs, Inputs []string
	Access          abi.Access
	Text            bool // interpolate as flytekit does
}

// AnyDomain stands for all domains that are not named.
const AnyDomain = "*"

// ReadConnector reads what executions of Flyte may do, one document of YAML or
// JSON. File is as for ReadTasks. The error is host.Errors.
func ReadConnector(file string, data []byte) (*Connector, error) {
	r := &reader{file: file}
	c := &Connector{}
	docs := r.documents(data, MaxFile)
	if len(docs) > 1 {
		r.fault(docs[1], "", "a configuration is one document, and this is another")
	}
	if len(docs) > 0 {
		r.fields(r.at(docs[0], ""), "", "a map with allow", r.connectorFields(c), nil)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return c, nil
}

func (r *reader) connectorFields(c *Connector) []field {
	return []field{
		{"allow", func(n *yaml.Node, path string) {
			seen := map[string]int{}
			r.items(n, path, "a list of what projects may do", func(v *yaml.Node, p string) {
				g := FlyteGrant{}
				if !r.fields(v, p, "a map with project, domain, tenant, uris and outputs", r.flyteGrantFields(&g), nil) {
					return
				}
				for _, key := range needed {
					if _, there := r.places[join(p, key.name)]; !there {
						r.fault(v, "write "+key.name+": "+key.example, "%s has no %s", quote(p), key.name)
					}
				}
				for _, d := range g.Domains {
					name := g.Project + "/" + d
					if line := seen[name]; line > 0 {
						r.fault(v, "one place says all that a project may do in a domain", "project %s, domain %s: they stand already at line %d", quote(g.Project), quote(d), line)
					}
					seen[name] = v.Line
				}
				c.Grants = append(c.Grants, g)
			})
		}},
	}
}

// needed are the keys that what a project may do must have, as they may be.
var needed = []struct{ name, example string }{
	{"project", "shop"}, {"domain", `production, or "*" for all`}, {"tenant", "shop, a folder in --tenants"},
	{"uris", "[postgresql://db.internal/warehouse], or [] for none"}, {"outputs", "[s3://bucket/folder/]"},
}

func (r *reader) flyteGrantFields(g *FlyteGrant) []field {
	return []field{
		{"project", func(n *yaml.Node, path string) {
			g.Project, _ = r.flyteName(n, path, "each project has an entry of its own")
		}},
		{"domain", func(n *yaml.Node, path string) { g.Domains = r.domains(n, path) }},
		{"tenant", func(n *yaml.Node, path string) {
			if s, ok := r.str(n, path); ok && !IsTenant(s) {
				r.fault(n, TenantHint, "%s: %s cannot be the name of a tenant", quote(path), quote(s))
			} else {
				g.Tenant = s
			}
		}},
		{"uris", func(n *yaml.Node, path string) {
			r.items(n, path, "a list of database URLs", func(v *yaml.Node, p string) {
				if u, ok := r.databases(v, p); ok {
					g.Databases = append(g.Databases, u)
				}
			})
		}},
		{"secret_groups", func(n *yaml.Node, path string) {
			r.items(n, path, "a list of groups", func(v *yaml.Node, p string) {
				s, ok := r.str(v, p)
				if ok && (strings.ContainsAny(s, `*/\`) || s == "." || s == "..") {
					r.fault(v, "each group is named, as in Secret(group=…)", "%s: %s is no name of a group", quote(p), quote(s))
				}
				g.SecretGroups = append(g.SecretGroups, s)
			})
		}},
		{"outputs", func(n *yaml.Node, path string) { g.Outputs = r.prefixes(n, path) }},
		{"inputs", func(n *yaml.Node, path string) { g.Inputs = r.prefixes(n, path) }},
		{"access", func(n *yaml.Node, path string) { g.Access = r.access(n, path) }},
		{"interpolation", func(n *yaml.Node, path string) { g.Text = r.word(n, path, "bind", "text") == "text" }},
	}
}

// items calls f for each item of the list n.
func (r *reader) items(n *yaml.Node, path, must string, f func(n *yaml.Node, path string)) {
	if n.Kind != yaml.SequenceNode {
		r.fault(n, "a list is written [one, another], or with a - before each", "%s must be %s, not %s", quote(path), must, kindOf(n))
		return
	}
	for i, item := range n.Content {
		p := fmt.Sprintf("%s[%d]", path, i)
		f(r.at(item, p), p)
	}
}

// domains reads the domains of a project: one, or several.
func (r *reader) domains(n *yaml.Node, path string) (all []string) {
	const hint = "one, a list as [development, production], or * for those that no other entry of the project names"
	one := func(v *yaml.Node, p string) {
		if v.Kind == yaml.ScalarNode && v.Value == AnyDomain {
			all = append(all, AnyDomain)
		} else if d, ok := r.flyteName(v, p, hint); ok {
			all = append(all, d)
		}
	}
	if n.Kind != yaml.SequenceNode {
		one(n, path)
		return all
	}
	if len(n.Content) == 0 {
		r.fault(n, hint, "%s names no domain", quote(path))
	}
	r.items(n, path, "a list of domains", one)
	return all
}

// flyteName reads the name of a project or a domain.
func (r *reader) flyteName(n *yaml.Node, path, hint string) (string, bool) {
	s, ok := r.str(n, path)
	if ok && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" {
		r.fault(n, hint, "%s: %s is no name of Flyte's", quote(path), quote(s))
		return "", false
	}
	return s, ok
}

// schemes are those of the URIs that may be allowed.
var schemes = []string{"sqlite", "postgresql", "postgres", "mysql", "mariadb"}

// databases reads a URI that stands for databases.
func (r *reader) databases(n *yaml.Node, path string) (sqldb.URI, bool) {
	const hint = "for instance postgresql://db.internal:5432/warehouse, postgresql://db.internal or sqlite:///orders.db"
	u := r.uri(n, path)
	wrong := ""
	switch {
	case u.Scheme == "":
		return u, false // told already
	case !slices.Contains(schemes, u.Scheme):
		r.fault(n, accepted(schemes), "%s: the scheme is none of a database%s", quote(path), near.Question(u.Scheme, schemes))
		return u, false
	case u.User != "" || u.HasPass:
		wrong = "it names a user, which is the task's"
	case len(u.Query) > 0 || u.PyDriver != "":
		wrong = "it has a driver or options, which are the task's"
	case u.Scheme == "sqlite" && u.Host != "":
		wrong = "a file has no host"
	case u.Scheme != "sqlite" && !sqldb.PlainHost(u.Host):
		wrong = "it has to name one host"
	case strings.Contains(strings.TrimSuffix(u.Database, "*"), "*"):
		wrong = "a * may only end the database"
	}
	if wrong != "" {
		r.fault(n, hint, "%s: %s", quote(path), wrong)
	}
	return u, wrong == ""
}

// storages are the schemes of the storages that there are.
var storages = []string{"file", "s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "azblob"}

// prefixes reads folders of a storage.
func (r *reader) prefixes(n *yaml.Node, path string) (all []string) {
	r.items(n, path, "a list of folders", func(v *yaml.Node, p string) {
		s, ok := r.str(v, p)
		if !ok {
			return
		}
		if !strings.HasSuffix(s, "/") || !PlainObject(s) {
			r.fault(v, "write s3://bucket/folder/ or /folder/", "%s must be the URL or the absolute path of a folder, with a / at its end", quote(p))
		} else if scheme, _, isURL := strings.Cut(s, "://"); isURL && !slices.Contains(storages, scheme) {
			r.fault(v, accepted(storages), "%s: no storage has the scheme %s%s", quote(p), quote(scheme), near.Question(scheme, storages))
		}
		all = append(all, s)
	})
	return all
}

// PlainObject reports whether the name of an object or a folder, a URL or an
// absolute path, can mean one place only: it has no . or .. in it, nothing
// empty, and no escapes, options or control characters.
func PlainObject(name string) bool {
	scheme, rest, isURL := strings.Cut(name, "://")
	switch {
	case strings.ContainsAny(name, `\%?#*`) || strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return false
	case !isURL:
		rest = name
	case scheme == "" || strings.Contains(scheme, "/"):
		return false
	case !strings.EqualFold(scheme, "file"):
		rest = "/" + rest // the bucket
	}
	folder := strings.TrimSuffix(rest, "/")
	return strings.HasPrefix(rest, "/") && folder != "" && folder != "/" && path.Clean(folder) == folder
}
