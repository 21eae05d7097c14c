package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// checkCommand is wasmsql check.
func (a *app) checkCommand() *cobra.Command {
	var config string
	var connect bool
	cmd := &cobra.Command{
		Use:                   "check [flags] PATH...",
		DisableFlagsInUseLine: true,
		Short:                 "find every fault of task files, configurations and modules",
		Long: `Find every fault of task files, configurations and modules, with its place.

A folder is searched for .yaml, .yml and .wasm files. A folder of tenants of
wasmsql serve is checked as that would take it over, and so is a file that says
what Flyte's projects may do (--connector-config). Tasks are checked with the
configuration beside them that is checked too, else with the one that wasmsql
run would use. No connection is opened and no secret is read, but with
--connect: then each connection is opened, and a warning says what its login may
do and should not.`,
		Example: `  wasmsql check .
  wasmsql check -c wasmsql.yaml tasks/ plugin.wasm`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fault.Usage("PATH is missing", "usage: "+cmd.UseLine())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.check(cmd.Context(), args, config, connect) },
	}
	cmd.Flags().StringVarP(&config, "config", "c", "", "check tasks with the host configuration in `FILE`")
	cmd.Flags().BoolVar(&connect, "connect", false, "open the connections, and warn of rights that a login should\nnot have")
	return cmd
}

// checked is a file that is checked.
type checked struct {
	file   string
	data   []byte
	tasks  []host.Task
	config *settings // nil: it is no configuration, or a faulty one
	err    error
}

// check prints a line for each file that is right, and returns everything
// that is wrong with the others.
func (a *app) check(ctx context.Context, paths []string, config string, connect bool) error {
	var tenants error // of the first folder that is wrong
	if !connect && config == "" {
		paths = slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
			if !isTenants(path) {
				return false
			}
			if err := a.checkTenants(ctx, path); tenants == nil {
				tenants = err
			}
			return true
		})
		if len(paths) == 0 {
			return tenants
		}
	}
	files, err := a.findFiles(ctx, paths)
	if err != nil {
		return err
	}
	c := checker{a: a, ctx: ctx, connect: connect, configs: map[string]*settings{}}
	if config != "" {
		s, err := a.settings(ctx, config)
		if err != nil {
			return err
		}
		c.named = &s
	}
	if c.rt, err = a.runtime(ctx, settings{config: &manifest.Config{}}); err != nil {
		return err
	}
	defer c.rt.Close()
	for _, f := range files {
		c.parse(f)
	}
	var wrong []error
	for _, f := range files {
		if f.err == nil {
			f.err = c.load(f)
		}
		if f.err != nil {
			wrong = append(wrong, f.err)
			continue
		}
		if err := a.print([]byte(fault.Printable(label(f.file)) + ": ok\n")); err != nil {
			return err
		}
	}
	return cmp.Or(errors.Join(wrong...), tenants)
}

// findFiles reads the files that paths name, with those in the folders.
func (a *app) findFiles(ctx context.Context, paths []string) ([]*checked, error) {
	var files []*checked
	add := func(file string) {
		data, err := a.read(ctx, "file", file)
		files = append(files, &checked{file: file, data: data, err: err})
	}
	for _, p := range paths {
		if p == "-" {
			add(p)
			continue
		}
		before := len(files)
		err := filepath.WalkDir(p, func(file string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			hidden := strings.HasPrefix(d.Name(), ".") && file != p
			switch {
			case d.IsDir() && hidden:
				return fs.SkipDir
			case d.IsDir() || hidden || file != p && (!checkable(file) || d.Type()&^fs.ModeSymlink != 0): // a pipe is not waited for
				return nil
			}
			add(file)
			return nil
		})
		if err != nil {
			return nil, unreadable("file", p, err)
		}
		if len(files) == before {
			return nil, fault.Usage(fmt.Sprintf("there is no task file, configuration or module in %s", command.Shown(p)), "they end in .yaml, .yml and .wasm")
		}
	}
	return files, nil
}

func checkable(file string) bool {
	if _, err := os.Stat(filepath.Join(filepath.Dir(file), tenantConfig)); err == nil && filepath.Base(file) == tenantTokens {
		return false // hashes of a tenant's tokens, which no one writes by hand
	}
	switch filepath.Ext(file) {
	case ".yaml", ".yml", ".wasm":
		return true
	}
	return false
}

// checker checks files against the configurations among them.
type checker struct {
	a       *app
	ctx     context.Context
	connect bool
	rt      *host.Runtime
	named   *settings            // that of --config
	configs map[string]*settings // by folder
	usual   *settings            // that of wasmsql run, once it was looked for
}

// parse reads what a file is, and what is wrong with that alone.
func (c *checker) parse(f *checked) {
	switch {
	case f.err != nil:
	case bytes.HasPrefix(f.data, wasmMagic) || filepath.Ext(f.file) == ".wasm":
		f.err = checkModule(f.file, f.data)
	case kindOf(f.data) == pluginFile:
		_, f.err = manifest.ReadPlugin(label(f.file), f.data)
	case kindOf(f.data) == connectorFile:
		_, f.err = manifest.ReadConnector(label(f.file), f.data)
	case kindOf(f.data) == configFile, filepath.Base(f.file) == tenantConfig && len(bytes.TrimSpace(f.data)) == 0:
		s, err := c.a.readSettings(label(f.file), f.data)
		if err != nil {
			f.err = err
			return
		}
		f.config = &s
		c.configs[filepath.Dir(f.file)] = &s
	default:
		f.tasks, f.err = c.a.manifest().ReadTasks(label(f.file), f.data)
	}
}

// checkModule says what admission would refuse.
func checkModule(file string, data []byte) error {
	m, err := inspect(file, data)
	if err != nil {
		return err
	}
	var wrong host.Errors
	for _, r := range m.Refusals {
		wrong = append(wrong, &host.Error{Code: host.CodeDenied, Place: host.Place{File: label(file)}, Message: r})
	}
	if len(wrong) == 0 {
		return nil
	}
	return wrong
}

// load lets a Host check a configuration, or tasks with theirs.
func (c *checker) load(f *checked) error {
	if f.config == nil && len(f.tasks) == 0 {
		return nil
	}
	s := f.config
	if s == nil {
		var err error
		if s, err = c.settingsFor(f.file); err != nil {
			return err
		}
	}
	h, err := c.a.host(c.ctx, c.rt, *s)
	if err != nil {
		if f.config == nil && s.file != "" {
			return fault.Config(fmt.Sprintf("%s cannot be checked: the configuration %s is wrong", command.Shown(f.file), command.Shown(s.file)), "wasmsql check "+s.file)
		}
		return err
	}
	defer h.Close()
	var wrong []error
	for _, t := range f.tasks {
		if err := c.loadTask(h, s, t); err != nil {
			wrong = append(wrong, err)
		}
	}
	if f.config != nil && c.connect {
		for _, name := range slices.Sorted(maps.Keys(s.config.Connections)) {
			found, err := h.Audit(c.ctx, name)
			if err != nil {
				wrong = append(wrong, err)
			}
			c.warn(name, s.config.Source.Key("connections."+name), found)
		}
	}
	return errors.Join(wrong...)
}

func (c *checker) loadTask(h *host.Host, s *settings, t host.Task) error {
	if err := s.known(t); err != nil {
		return err
	}
	p, err := h.Load(c.ctx, t)
	if err != nil || t.Inline == nil || !c.connect {
		return err
	}
	found, err := p.Audit(c.ctx)
	c.warn("inline", t.Source.Key("connection"), found)
	return err
}

// warn prints what a login should not be able to do.
func (c *checker) warn(connection string, at host.Place, found []sqldb.Finding) {
	for _, f := range found {
		c.a.warn("%s: connection %q: %s", at, connection, f.Message)
		if f.Hint != "" {
			fmt.Fprintf(c.a.stderr, "wasmsql: hint: %s\n", fault.Printable(f.Hint))
		}
	}
}

// settingsFor returns the configuration of a task file: the one that is
// named, else that of its folder or of the nearest one above that is checked
// too, else that of wasmsql run.
func (c *checker) settingsFor(file string) (*settings, error) {
	if c.named != nil {
		return c.named, nil
	}
	for dir := filepath.Dir(file); file != "-"; dir = filepath.Dir(dir) {
		if s, ok := c.configs[dir]; ok {
			return s, nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if c.usual == nil {
		s, err := c.a.settings(c.ctx, "")
		if err != nil {
			return nil, err
		}
		c.usual = &s
	}
	return c.usual, nil
}

// kindOfFile is what a YAML file is.
type kindOfFile uint8

const (
	taskFile kindOfFile = iota
	configFile
	pluginFile    // the manifest of a plugin, as its author writes it
	connectorFile // what Flyte's projects may do
)

// kindOf tells by its keys what a file is: a task has a query or a module, a
// plugin's manifest a version, what Flyte's projects may do a list of what is
// allowed, and a configuration what only it has then.
func kindOf(data []byte) kindOfFile {
	has := map[string]bool{}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err == nil && len(root.Content) > 0 {
		doc := root.Content[0]
		for i := 0; doc.Kind == yaml.MappingNode && i < len(doc.Content); i += 2 {
			has[doc.Content[i].Value] = true
		}
	} else {
		for line := range bytes.Lines(data) { // not YAML: what it is meant to be
			if key, _, ok := bytes.Cut(line, []byte(":")); ok {
				has[string(key)] = true
			}
		}
	}
	switch {
	case has["query"] || has["module"]:
		return taskFile
	case has["version"]:
		return pluginFile
	case has["connections"] || has["limits"] || has["secrets"]:
		return configFile
	case has["allow"]:
		return connectorFile
	}
	return taskFile
}
