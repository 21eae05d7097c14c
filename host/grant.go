package host

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/internal/hostcall"
	"github.com/wasmsql/wasmsql/host/plugin"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Grant lets a task use a connection, under the name that its guest has for
// it.
type Grant struct {
	// Name is what the guest calls the connection; empty: as Connection.
	Name string
	// Connection names one of the Host's connections. Inline describes one that
	// belongs to the task alone, and goes before.
	Connection string
	Inline     *Connection
	// ReadOnly gives up writing, also where the Host's connection allows it.
	ReadOnly bool
}

// granted is a connection that a program may use: what manifest, task and Host
// all allow.
type granted struct {
	name    string // what the guest calls it
	db      *database
	inline  bool // the database is the program's own
	access  abi.Access
	refuses []string // who does not allow writing
	explain bool     // a refusal says who refused
}

// grants decides which connections the program may use, the task's own first.
// The order is the manifest's, where there is one.
func (p *Program) grants() Errors {
	asked, faults := p.askedGrants()
	at := keysOf(p.task.Source, "")
	var names []string
	for _, a := range asked {
		g := granted{name: a.Name, inline: a.Inline != nil, explain: p.manifest != nil || len(p.task.Connections) > 0}
		var errs Errors
		if a.Inline != nil {
			g.db, errs = p.host.open("inline", *a.Inline, keysOf(p.task.Source, a.key+"."))
		} else if db, ok := p.host.databases[a.Connection]; ok {
			g.db = db
		} else {
			errs = Errors{{Code: CodeConfig, Place: at.place(a.key), Hint: p.host.connectionHint(a.Connection),
				Message: fmt.Sprintf("the host configuration has no connection %q", a.Connection)}}
		}
		if slices.Contains(names, a.Name) {
			errs = append(errs, &Error{Code: CodeConfig, Place: at.place(a.key), Message: fmt.Sprintf("connection %q is granted twice", a.Name)})
		}
		names = append(names, a.Name)
		if g.db != nil {
			errs = append(errs, p.narrow(&g, a, at)...)
			p.granted = append(p.granted, g)
		}
		faults = append(faults, errs...)
	}
	if m := p.manifest; m != nil {
		order := m.ConnectionNames()
		slices.SortStableFunc(p.granted, func(a, b granted) int { return slices.Index(order, a.name) - slices.Index(order, b.name) })
	}
	return faults
}

// narrow sets the access of a grant: the least of what each allows.
func (p *Program) narrow(g *granted, a asking, at keys) Errors {
	if m := p.manifest; m != nil {
		c := m.Connection(g.name)
		if c.Access == abi.ReadOnly {
			g.refuses = append(g.refuses, "the module's manifest")
		}
		if len(c.Dialects) > 0 && !slices.Contains(c.Dialects, g.db.dialect) {
			return Errors{{Code: CodeConfig, Place: at.place(a.key), Message: fmt.Sprintf("connection %q is %s, and the module's manifest takes %s for it", g.name, g.db.dialect, joined(c.Dialects)),
				Hint: "grant it another connection"}}
		}
	}
	if a.ReadOnly {
		g.refuses = append(g.refuses, "the task file")
	}
	if g.db.conn.Access == abi.ReadOnly {
		g.refuses = append(g.refuses, "the host configuration")
	}
	if len(g.refuses) == 0 {
		g.access = abi.ReadWrite
	}
	return nil
}

func joined(dialects []abi.Dialect) string {
	names := make([]string, len(dialects))
	for i, d := range dialects {
		names[i] = string(d)
	}
	return strings.Join(names, " or ")
}

// asking is a Grant with the key that it stands at in the task file.
type asking struct {
	Grant
	key string
}

// askedGrants returns what the task asks for, by the names that the guest
// uses.
func (p *Program) askedGrants() ([]asking, Errors) {
	t, at := &p.task, keysOf(p.task.Source, "")
	var all []asking
	var faults Errors
	if t.Inline != nil || t.Connection != "" {
		g := Grant{Name: t.Connection, Connection: t.Connection, Inline: t.Inline}
		if t.Inline != nil {
			g.Name = "inline"
		}
		if p.manifest != nil {
			name, fault := ownName(p.manifest, g)
			if fault != nil {
				fault.Place = at.place("connection")
				faults = append(faults, fault)
			}
			g.Name = name
		}
		all = append(all, asking{g, "connection"})
	}
	for _, g := range t.Connections {
		if g.Name == "" {
			g.Name = g.Connection
		}
		key := "connections." + g.Name
		if m := p.manifest; m != nil && m.Connection(g.Name) == nil {
			faults = append(faults, &Error{Code: CodeConfig, Place: at.place(key), Hint: listed("the manifest has", g.Name, m.ConnectionNames()),
				Message: fmt.Sprintf("the module's manifest declares no connection %q", g.Name)})
			continue
		}
		all = append(all, asking{g, key})
	}
	all = slices.DeleteFunc(all, func(a asking) bool { return a.Name == "" })
	if len(all) == 0 && len(faults) == 0 && (p.manifest == nil || len(p.manifest.Connections) > 0) {
		hint := "add connection: with a name of the host configuration, or {uri: …}"
		if m := p.manifest; m != nil && len(m.Connections) > 1 {
			hint = "add connections: with a name of the host configuration for each of " + strings.Join(m.ConnectionNames(), ", ")
		}
		faults = append(faults, &Error{Code: CodeConfig, Place: at.place(""), Hint: hint, Message: "the task names no connection"})
	}
	return all, faults
}

// ownName returns what a manifest calls the one connection of a task: that of
// its name, or the only one there is.
func ownName(m *plugin.Manifest, g Grant) (string, *Error) {
	names := m.ConnectionNames()
	switch {
	case m.Connection(g.Name) != nil:
		return g.Name, nil
	case len(names) == 1:
		return names[0], nil
	case len(names) == 0:
		return "", &Error{Code: CodeConfig, Message: "the module's manifest declares no connection, and the task gives it one",
			Hint: "leave the connection out, or declare it in " + plugin.SourceName}
	}
	return "", &Error{Code: CodeConfig, Message: "the module's manifest declares the connections " + strings.Join(names, ", ") + ", and the task does not say which it gives",
		Hint: "say which: connections: {" + names[0] + ": NAME, …} in the task file, or --connection " + names[0] + "=NAME"}
}

// connections returns the grants as host calls need them.
func (p *Program) connections() []hostcall.Connection {
	all := make([]hostcall.Connection, len(p.granted))
	for i, g := range p.granted {
		all[i] = hostcall.Connection{Name: g.name, Dialect: g.db.dialect, Access: g.access,
			Begin: func(ctx context.Context, single bool) (sqldb.Tx, error) { return p.begin(ctx, g, single) }}
	}
	return all
}

// whoRefused says for whoever runs the task which of manifest, task file and
// host configuration does not allow the use of a connection. The guest is not
// told. It is "" where there is one alone that could have.
func (p *Program) whoRefused(name string) string {
	const most = 64 // the name is the guest's
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	i := slices.IndexFunc(p.granted, func(g granted) bool { return g.name == name })
	switch {
	case i < 0 && p.manifest != nil && p.manifest.Connection(name) == nil:
		return fmt.Sprintf("the module's manifest does not declare %q; %s", name, listed("it declares", name, p.manifest.ConnectionNames()))
	case i < 0 && p.manifest != nil:
		return fmt.Sprintf("the module's manifest declares %q, the task file does not grant it: add connections: {%s: NAME}", name, name)
	case i < 0 && len(p.task.Connections) > 0:
		names := make([]string, len(p.granted))
		for j, g := range p.granted {
			names[j] = g.name
		}
		return fmt.Sprintf("the task file does not grant %q; %s", name, listed("it grants", name, names))
	case i < 0 || !p.granted[i].explain || len(p.granted[i].refuses) == 0:
		return ""
	}
	return fmt.Sprintf("connection %q is read-only by %s: writing needs access: read-write there", name, strings.Join(p.granted[i].refuses, " and by "))
}

// writes reports whether the program may change anything.
func (p *Program) writes() bool {
	return slices.ContainsFunc(p.granted, func(g granted) bool { return g.access == abi.ReadWrite })
}

// connectionName returns the task's own connection for a trace, as the Host
// calls it.
func (p *Program) connectionName() string {
	if len(p.granted) == 0 {
		return ""
	}
	return p.granted[0].db.name
}
