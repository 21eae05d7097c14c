package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/plugin"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// configName is what a host configuration is called where none is named.
const configName = "wasmsql.yaml"

// settings is the host configuration of a call.
type settings struct {
	file   string           // empty: there is none
	config *manifest.Config // empty without a file, never nil
	looked []string         // where it was looked for
}

// settings reads the configuration: the file that is named, else that of the
// working folder, else that of the user.
func (a *app) settings(ctx context.Context, file string) (settings, error) {
	if file != "" {
		data, err := a.read(ctx, "configuration", file)
		if err != nil {
			return settings{}, err
		}
		return a.readSettings(label(file), data)
	}
	s := settings{config: &manifest.Config{}, looked: usualConfigs()}
	for _, f := range s.looked {
		data, err := os.ReadFile(f)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return settings{}, unreadable("configuration", f, err)
		}
		return a.readSettings(f, data)
	}
	return s, nil
}

// usualConfigs returns where the configuration is looked for where none is
// named.
func usualConfigs() []string {
	files := []string{configName}
	if dir, err := os.UserConfigDir(); err == nil {
		files = append(files, filepath.Join(dir, "wasmsql", configName))
	}
	return files
}

// connections returns the connections of a task, as far as they are known.
func (s settings) connections(t host.Task) []*host.Connection {
	var all []*host.Connection
	for _, g := range append([]host.Grant{{Connection: t.Connection, Inline: t.Inline}}, t.Connections...) {
		if g.Inline != nil {
			all = append(all, g.Inline)
		} else if c, ok := s.config.Connections[g.Connection]; ok {
			all = append(all, &c)
		}
	}
	return all
}

func (a *app) readSettings(file string, data []byte) (settings, error) {
	c, err := a.manifest().ReadConfig(file, data)
	if err != nil {
		return settings{}, err
	}
	return settings{file: file, config: c}, nil
}

// manifest returns how task files and configurations are read: what is right
// and yet a bad idea is a warning.
func (a *app) manifest() manifest.Options {
	return manifest.Options{Warn: func(w manifest.Warning) {
		a.warn("%s: %s", w.Place, w.Message)
		if w.Hint != "" {
			fmt.Fprintf(a.stderr, "wasmsql: hint: %s\n", fault.Printable(w.Hint))
		}
	}}
}

// configExample is the smallest configuration, for hints.
const configExample = "for example, with -c FILE:\n" +
	"  connections:\n" +
	"    %s:\n" +
	"      uri: sqlite:///file.db\n" +
	"      access: read-write"

// known checks that the connections of a task are configured, or can be used.
func (s settings) known(t host.Task) error {
	if t.Inline == nil && t.Connection == "" && len(t.Connections) == 0 && t.Query == "" && t.Source == nil {
		return moduleAlone(t.Module)
	}
	if s.file != "" {
		return nil // the host says what is wrong, with its place
	}
	for i, g := range append([]host.Grant{{Connection: t.Connection, Inline: t.Inline}}, t.Connections...) {
		if g.Inline != nil || g.Connection == "" {
			continue
		}
		e := &host.Error{
			Code:    host.CodeConfig,
			Message: fmt.Sprintf("connection %q is not configured: there is no %s", g.Connection, strings.Join(s.looked, " and no ")),
			Hint:    fmt.Sprintf(configExample, g.Connection),
		}
		if ext := filepath.Ext(g.Connection); ext == ".db" || strings.HasPrefix(ext, ".sqlite") {
			e.Hint = "a database in a file is named by its uri: sqlite:///" + g.Connection
		}
		if t.Source != nil && i == 0 {
			e.Place = t.Source.Key("connection")
		} else if t.Source != nil {
			e.Place = t.Source.Key("connections." + g.Name)
		}
		return e
	}
	return nil
}

// moduleAlone says which connections a module needs that was given none,
// unless its manifest says that it needs none.
func moduleAlone(wasm []byte) error {
	hint := "name one: --connection NAME of the host configuration, or a URI, as in --connection sqlite:///file.db"
	if section, err := plugin.Find(wasm); err == nil && section != nil {
		m, err := plugin.Read(section)
		switch {
		case err != nil:
			return nil // the host says what is wrong with it
		case len(m.Connections) == 0:
			return nil
		case len(m.Connections) > 1:
			hint = "name each: --connection " + strings.Join(m.ConnectionNames(), "=NAME --connection ") + "=NAME; a URI may stand for NAME"
		}
	}
	return fault.Config("a module alone names no connection", hint)
}

// redirected is the Source of a task whose connection is not its own.
type redirected struct{ host.Source }

// Key implements host.Source.Key: the connection stands in no file.
func (r redirected) Key(path string) host.Place {
	if key, _, _ := strings.Cut(path, "."); key == "connection" || key == "connections" {
		return host.Place{}
	}
	return r.Source.Key(path)
}

// redirect makes a task use other connections: each a URI, or a name of the
// configuration, for the task's own or for the one that the module calls NAME
// in NAME=. What it says never holds a URI.
func redirect(t host.Task, connections []string) (host.Task, error) {
	if len(connections) == 0 {
		return t, nil
	}
	if t.Source != nil {
		t.Source = redirected{t.Source}
	}
	t.Connections = slices.Clone(t.Connections)
	own := false
	for _, c := range connections {
		name, to, named := strings.Cut(c, "=")
		if named = named && plugin.IsName(name); !named {
			to = c
		}
		g, err := grant(name, to)
		switch {
		case err != nil:
			return t, err
		case !named && own:
			return t, fault.Usage("--connection is given twice for the task's own connection", "say which is for what: --connection NAME=…, by the module's names")
		case !named:
			own = true
			t.Connection, t.Inline = g.Connection, g.Inline
			continue
		case t.Query != "":
			return t, fault.Usage(fmt.Sprintf("--connection %s=… is for a module, and this task has a query", name), "leave out "+name+"=")
		}
		if i := slices.IndexFunc(t.Connections, func(o host.Grant) bool { return o.Name == name }); i >= 0 {
			g.ReadOnly = t.Connections[i].ReadOnly
			t.Connections[i] = g
			continue
		}
		t.Connections = append(t.Connections, g)
	}
	return t, nil
}

// grant returns what a --connection grants: a name of the configuration, or a
// URI.
func grant(name, to string) (host.Grant, error) {
	if to == "" {
		return host.Grant{}, fault.Usage("--connection is empty", "leave it out or give it a value")
	}
	if !strings.ContainsAny(to, ":@") {
		if strings.ContainsAny(to, "/\\ ") {
			return host.Grant{}, fault.Usage("--connection: that is neither the name of a connection nor a URI", "a database in a file is written as sqlite:///file.db")
		}
		return host.Grant{Name: name, Connection: to}, nil
	}
	uri, err := sqldb.ParseURI(to)
	if err != nil {
		return host.Grant{}, fault.Usage("--connection: "+err.Error(), "write it as sqlite:///file.db")
	}
	return host.Grant{Name: name, Inline: &host.Connection{URI: uri, Access: abi.ReadWrite}}, nil
}
