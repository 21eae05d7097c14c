package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// The files of a tenant's folder.
const (
	configFile = "wasmsql.yaml"
	tasksDir   = "tasks"
)

// Bounds of a tenant's folder.
const (
	maxFiles   = 10_000
	maxContent = 256 << 20 // bytes of all files together
)

// tenant is a tenant's world as one reading of its folder made it. It is not
// changed afterwards: another reading makes another tenant. It is safe for
// concurrent use.
type tenant struct {
	name     string
	dir      string            // its folder
	digest   [sha256.Size]byte // of what was read
	host     *host.Host
	programs map[string]*host.Program
	quotas   manifest.Quotas
	secrets  credentials
	version  [sha256.Size]byte // of secrets, when it was made

	mu      sync.Mutex
	running int
	retired bool
	closed  bool
	idle    chan struct{} // closed when retired and nothing runs
}

func errTenantName(name string) error {
	return &host.Error{Code: host.CodeConfig, Message: fmt.Sprintf("%q cannot be the name of a tenant", name), Hint: manifest.TenantHint}
}

// content is what a tenant's folder holds, by slash-separated path. It is read
// at once, so that what is checked is what runs.
type content struct {
	dev    bool // a folder of someone's work: see Dev
	files  map[string][]byte
	digest [sha256.Size]byte
}

// readTenant reads a tenant's folder. Nothing outside of it is read, whatever
// a link in it says.
func readTenant(dir string, dev bool) (content, error) {
	c := content{dev: dev, files: map[string][]byte{}}
	sum, size := sha256.New(), int64(0)
	err := c.walk(dir, func(root *os.Root, name string, st fs.FileInfo) error {
		if size += st.Size(); size > maxContent || len(c.files) >= maxFiles {
			return fmt.Errorf("more than %d files or %d bytes", maxFiles, maxContent)
		}
		data, err := root.ReadFile(filepath.FromSlash(name))
		if err != nil {
			return err
		}
		if dev && name != configFile && path.Ext(name) != ".wasm" && !manifest.IsTask(data) { // a folder of work has other files too
			return nil
		}
		c.files[name] = data
		fmt.Fprintf(sum, "%d %s %d ", len(name), name, len(data))
		sum.Write(data)
		return nil
	})
	copy(c.digest[:], sum.Sum(nil))
	return c, err
}

// walk calls f with each file of a tenant's folder that is read, in the order of
// their names, and with what it is where a link in the folder leads to.
func (c content) walk(dir string, f func(root *os.Root, name string, st fs.FileInfo) error) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != "." && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if c.dev && d.IsDir() && name != "." {
			return fs.SkipDir
		}
		if !c.wants(name) && (c.dev || !isOfTasks(name)) {
			return nil
		}
		st, err := root.Stat(filepath.FromSlash(name)) // follows a link inside
		if !c.wants(name) && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && st.IsDir() && !d.IsDir() {
			err = errLink(name, "a link to a folder is not followed", "link its files, or the tenant's folder as a whole")
		} else if err != nil && d.Type()&fs.ModeSymlink != 0 {
			err = errLink(name, "the link cannot be followed", "links are followed as long as they stay in the tenant's folder")
		}
		if err != nil || !st.Mode().IsRegular() || !c.wants(name) {
			return err
		}
		return f(root, name, st)
	})
}

func errLink(name, message, hint string) error {
	return &host.Error{Code: host.CodeConfig, Place: host.Place{File: name}, Message: message, Hint: hint}
}

// wants reports whether a file of a tenant's folder is read.
func (c content) wants(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json":
		return c.dev || name == configFile || isOfTasks(name)
	case ".wasm":
		return true
	}
	return false
}

// isOfTasks reports whether it is the folder of tasks, or something in it.
func isOfTasks(name string) bool { return name == tasksDir || strings.HasPrefix(name, tasksDir+"/") }

// load makes a tenant of what its folder holds. Its error has every fault at
// once, with files named as in the folder.
func (s *Server) load(ctx context.Context, name, dir string, c content) (_ *tenant, err error) {
	t := &tenant{name: name, dir: dir, digest: c.digest, programs: map[string]*host.Program{}, idle: make(chan struct{})}
	var faults host.Errors
	config, err := c.config()
	faults = append(faults, faultsOf(configFile, err)...)
	tasks, errs := c.tasks(s.cfg.Inline || c.dev)
	faults = append(faults, errs...)
	if len(faults) > 0 {
		return nil, faults
	}
	t.quotas = config.Quotas
	reach := sqldb.Reach{Files: append([]string{dir}, s.cfg.Files...), Address: s.cfg.Address}
	if c.dev {
		reach = sqldb.Reach{}
	}
	for name, c := range config.Connections {
		c.Dir = filepath.Join(dir, c.Dir)
		config.Connections[name] = c
	}
	from := s.cfg.Secrets(name)
	t.secrets = credentialsOf(config.Connections, from)
	t.version = t.secrets.version(ctx)
	t.host, err = host.New(ctx, host.Config{
		Runtime: s.cfg.Runtime, Drivers: s.cfg.Drivers, Connections: config.Connections, Secrets: from,
		Limits: config.Limits, Logger: s.cfg.Logger.With("tenant", name), Source: config.Source,
		Reach: reach,
	})
	if err != nil {
		return nil, err
	}
	for _, task := range tasks {
		p, err := t.host.Load(ctx, task)
		if err != nil {
			faults = append(faults, faultsOf("", err)...)
			continue
		}
		t.programs[task.Name] = p
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults, t.host.Close())
	}
	return t, nil
}

// config reads the tenant's configuration.
func (c content) config() (*manifest.Config, error) {
	data, ok := c.files[configFile]
	if !ok && c.dev {
		return &manifest.Config{}, nil
	}
	if !ok {
		return nil, &host.Error{Code: host.CodeConfig, Message: "the tenant has no " + configFile,
			Hint: "it may be empty where no task needs a connection"}
	}
	return manifest.ReadConfig(configFile, data)
}

// tasks reads the tenant's task files.
func (c content) tasks(inline bool) (tasks []host.Task, faults host.Errors) {
	opts := manifest.Options{ReadFile: func(name string) ([]byte, error) {
		data, ok := c.files[path.Clean(filepath.ToSlash(name))]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return data, nil
	}}
	seen := map[string]host.Place{}
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		if name == configFile || path.Ext(name) == ".wasm" {
			continue
		}
		found, err := opts.ReadTasks(name, c.files[name])
		faults = append(faults, faultsOf(name, err)...)
		for _, t := range found {
			at := host.Place{File: name}
			if t.Source != nil {
				at = t.Source.Key("name")
			}
			if first, twice := seen[t.Name]; twice {
				faults = append(faults, &host.Error{Code: host.CodeConfig, Task: t.Name, Place: at,
					Message: fmt.Sprintf("task %q is there already", t.Name), Hint: "the other is " + first.String()})
			}
			if t.Inline != nil && !inline {
				if t.Source != nil {
					at = t.Source.Key("connection")
				}
				faults = append(faults, &host.Error{Code: host.CodeDenied, Task: t.Name, Place: at,
					Message: "a connection of a task's own is not accepted by this server",
					Hint:    "give it a name in the tenant's " + configFile})
			}
			seen[t.Name] = at
			tasks = append(tasks, t)
		}
	}
	return tasks, faults
}

// faultsOf returns what is wrong, for a list of all that is.
func faultsOf(file string, err error) host.Errors {
	var all host.Errors
	var one *host.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &all):
		return all
	case errors.As(err, &one):
		return host.Errors{one}
	}
	return host.Errors{{Code: host.CodeConfig, Place: host.Place{File: file}, Message: err.Error(), Cause: err}}
}

// enter counts an execution in, which may have to wait for the quota then; it
// returns false where the tenant is being closed.
func (t *tenant) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.retired {
		return false
	}
	t.running++
	return true
}

// leave counts it out.
func (t *tenant) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	t.settle()
}

func (t *tenant) settle() {
	if t.retired && t.running == 0 {
		close(t.idle)
	}
}

// retire lets no execution begin any more, waits for those that are under way
// until ctx ends, and closes the tenant's world: what runs still is cancelled.
// It is called once.
func (t *tenant) retire(ctx context.Context) error {
	t.mu.Lock()
	t.retired = true
	t.settle()
	t.mu.Unlock()
	select {
	case <-t.idle:
	case <-ctx.Done():
	}
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	return t.host.Close()
}

// isClosed reports whether nothing runs in the tenant's world any more.
func (t *tenant) isClosed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.closed
}
