package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
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

// connection returns the connection of a task, or nil where it is not
// configured.
func (s settings) connection(t host.Task) *host.Connection {
	if t.Inline != nil {
		return t.Inline
	}
	if c, ok := s.config.Connections[t.Connection]; ok {
		return &c
	}
	return nil
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
			fmt.Fprintf(a.stderr, "wasmsql: hint: %s\n", printable(w.Hint))
		}
	}}
}

// configExample is the smallest configuration, for hints.
const configExample = "for example, with -c FILE:\n" +
	"  connections:\n" +
	"    %s:\n" +
	"      uri: sqlite:///file.db\n" +
	"      access: read-write"

// known checks that the connection of a task is configured, or can be used.
func (s settings) known(t host.Task) error {
	if t.Inline != nil {
		return nil
	}
	if t.Connection == "" && t.Query == "" && t.Source == nil {
		return configFault("a module alone names no connection", "name one: --connection NAME of the host configuration, or a URI, as in --connection sqlite:///file.db")
	}
	if t.Connection == "" || s.file != "" {
		return nil // the host says what is wrong, with its place
	}
	e := &host.Error{
		Code:    host.CodeConfig,
		Message: fmt.Sprintf("connection %q is not configured: there is no %s", t.Connection, strings.Join(s.looked, " and no ")),
		Hint:    fmt.Sprintf(configExample, t.Connection),
	}
	if t.Source != nil {
		e.Place = t.Source.Key("connection")
	}
	return e
}

// redirected is the Source of a task whose connection is not its own.
type redirected struct{ host.Source }

// Key implements host.Source.Key: the connection stands in no file.
func (r redirected) Key(path string) host.Place {
	if path == "connection" || strings.HasPrefix(path, "connection.") {
		return host.Place{}
	}
	return r.Source.Key(path)
}

// redirect makes a task use another connection: a URI, or a name of the
// configuration. What it says never holds a URI.
func redirect(t host.Task, connection string) (host.Task, error) {
	if connection == "" {
		return t, nil
	}
	if t.Source != nil {
		t.Source = redirected{t.Source}
	}
	if !strings.Contains(connection, "://") {
		t.Connection, t.Inline = connection, nil
		return t, nil
	}
	uri, err := sqldb.ParseURI(connection)
	if err != nil {
		return t, usage("--connection: "+err.Error(), "write it as sqlite:///file.db")
	}
	t.Connection, t.Inline = "", &host.Connection{URI: uri, Access: abi.ReadWrite}
	return t, nil
}
