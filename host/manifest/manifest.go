// Package manifest reads task files and the host configuration: YAML or JSON
// text into host.Task and [Config], with every fault at once, each with its
// file, line and column and the names that would have been accepted.
//
// It also parses and prints values as text: what the command line's inputs
// and the defaults of a task file are written in.
//
// Everything in this package is safe for concurrent use.
package manifest

import (
	_ "embed"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/wasmsql/wasmsql/host"
)

// The bounds of what is read, in bytes.
const (
	// MaxFile is the size of a task file or a configuration.
	MaxFile = 1 << 20
	// MaxInputs is the size of a file with inputs.
	MaxInputs = 16 << 20
	// MaxModule is the size of a module's binary, which is that of admission.
	MaxModule = 16 << 20
)

// Options are the choices of reading. The zero Options reads modules from the
// file system and drops warnings.
type Options struct {
	// ReadFile returns the content of a module. Its argument is the task's
	// module path, joined to the folder of the task file. Nil: os.Open.
	ReadFile func(path string) ([]byte, error)
	// Warn gets what is not wrong but should not stay. Nil: it is dropped.
	Warn func(Warning)
}

// Warning is what is accepted and yet a bad idea, such as a password in a file.
type Warning struct {
	Place   host.Place
	Message string
	Hint    string
}

// ReadTasks reads a task file: YAML, one document a task, or JSON. The name is
// that of messages, and its folder is where relative paths in the file start;
// "-" is standard input. The error is host.Errors, and then no task is
// returned.
func ReadTasks(file string, data []byte) ([]host.Task, error) {
	return Options{}.ReadTasks(file, data)
}

// ReadConfig reads a host configuration, one document of YAML or JSON. File is
// as for ReadTasks. The error is host.Errors.
func ReadConfig(file string, data []byte) (*Config, error) {
	return Options{}.ReadConfig(file, data)
}

//go:embed task.schema.json
var taskSchema string

//go:embed config.schema.json
var configSchema string

// TaskSchema returns the JSON Schema, draft 2020-12, of one document of a task
// file.
func TaskSchema() []byte { return []byte(taskSchema) }

// ConfigSchema returns the JSON Schema, draft 2020-12, of a host configuration.
func ConfigSchema() []byte { return []byte(configSchema) }

// folder returns what the relative paths in file are relative to; "" is the
// working folder.
func folder(file string) string {
	if file == "" || file == "-" {
		return ""
	}
	if d := filepath.Dir(file); d != "." {
		return d
	}
	return ""
}

// within returns path as the file in folder dir means it.
func within(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

var errTooLarge = errors.New("it is larger than 16 MiB")

// readFile returns a module's content, and never more than MaxModule.
func (o Options) readFile(path string) ([]byte, error) {
	if o.ReadFile != nil {
		b, err := o.ReadFile(path)
		if err == nil && len(b) > MaxModule {
			err = errTooLarge
		}
		return b, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxModule+1))
	if err == nil && len(b) > MaxModule {
		err = errTooLarge
	}
	return b, err
}

// reason returns why a file could not be read, without its path.
func reason(err error) string {
	var pe *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "it may not be read"
	case errors.As(err, &pe):
		return pe.Err.Error()
	case errors.Is(err, errTooLarge):
		return err.Error()
	}
	return "it could not be read"
}
