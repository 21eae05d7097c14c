package manifest

import (
	"math"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
)

// Config is a host configuration. It is not changed after it was read.
type Config struct {
	Connections map[string]host.Connection
	// Limits of every execution; a zero field was not given.
	Limits host.Limits
	// Secrets says where secrets are looked for.
	Secrets Secrets
	// Quotas are for a server: what its tenant may use.
	Quotas Quotas
	// Engine is "compiler", "interpreter", "auto" or "", the default.
	Engine string
	// Cache is the folder of compiled code, as an absolute path or relative to
	// the working folder; "" is the default.
	Cache string
	// Warnings are what is accepted and yet a bad idea.
	Warnings []Warning
	// Source finds the places of keys: "connections.tracks.uri".
	Source host.Source
}

// Secrets says where a host looks for secrets. An empty field was not given:
// it is that of Flyte's variables, or Flyte's default.
type Secrets struct {
	EnvPrefix  string // FLYTE_SECRETS_ENV_PREFIX, _FSEC_
	Dir        string // FLYTE_SECRETS_DEFAULT_DIR, /etc/secrets
	FilePrefix string // FLYTE_SECRETS_FILE_PREFIX, none
}

// ReadConfig is the function of that name, with options.
func (o Options) ReadConfig(file string, data []byte) (*Config, error) {
	r := &reader{file: file}
	c := &Config{}
	r.warn = func(w Warning) {
		c.Warnings = append(c.Warnings, w)
		if o.Warn != nil {
			o.Warn(w)
		}
	}
	docs := r.documents(data, MaxFile)
	if len(docs) > 1 {
		r.fault(docs[1], "", "a configuration is one document, and this is another")
	}
	if len(docs) > 0 {
		r.fields(r.at(docs[0], ""), "", "a map with connections", r.configFields(c), taskKey)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	c.Source = &source{file: file, places: r.places}
	return c, nil
}

// taskKey tells that a task file was given as a configuration.
func taskKey(key string) string {
	if slices.Contains([]string{"name", "query", "module", "inputs", "outputs"}, key) {
		return "this is a key of a task file, not of a configuration"
	}
	return ""
}

func (r *reader) configFields(c *Config) []field {
	return []field{
		{"connections", func(n *yaml.Node, path string) { c.Connections = r.connections(n, path) }},
		{"limits", func(n *yaml.Node, path string) {
			r.fields(n, path, "a map of limits", r.limitFields(&c.Limits), nil)
		}},
		{"secrets", func(n *yaml.Node, path string) {
			r.fields(n, path, "a map", r.secretsFields(&c.Secrets), nil)
		}},
		{"quotas", func(n *yaml.Node, path string) {
			r.fields(n, path, "a map of quotas", r.quotaFields(&c.Quotas), nil)
		}},
		{"engine", func(n *yaml.Node, path string) { c.Engine = r.word(n, path, "compiler", "interpreter", "auto") }},
		{"cache", func(n *yaml.Node, path string) {
			if dir, ok := r.str(n, path); ok {
				c.Cache = within(folder(r.file), dir)
			}
		}},
	}
}

func (r *reader) connections(n *yaml.Node, path string) map[string]host.Connection {
	all := map[string]host.Connection{}
	r.pairs(n, path, "a map from a name to a connection", func(k, v *yaml.Node, p string) {
		if r.name(k, "connection", k.Value) {
			all[k.Value] = r.connection(v, p, abi.ReadOnly)
		}
	})
	return all
}

func (r *reader) secretsFields(s *Secrets) []field {
	return []field{
		{"env_prefix", func(n *yaml.Node, path string) { s.EnvPrefix, _ = r.str(n, path) }},
		{"dir", func(n *yaml.Node, path string) {
			if dir, ok := r.str(n, path); ok {
				s.Dir = within(folder(r.file), dir)
			}
		}},
		{"file_prefix", func(n *yaml.Node, path string) { s.FilePrefix, _ = r.str(n, path) }},
	}
}

const (
	minMemory = 64 << 10 // a page
	maxMemory = 4 << 30  // what 32 bits address
	maxText   = 1 << 30  // what a driver takes in one message
)

func (r *reader) limitFields(l *host.Limits) []field {
	number := func(to *int64) func(*yaml.Node, string) {
		return func(n *yaml.Node, path string) { *to = r.whole(n, path, 1, math.MaxInt64) }
	}
	size := func(to *int64, lo, hi int64) func(*yaml.Node, string) {
		return func(n *yaml.Node, path string) { *to = r.size(n, path, lo, hi) }
	}
	return []field{
		{"memory", size(&l.Memory, minMemory, maxMemory)},
		{"fuel", number(&l.Fuel)},
		{"timeout", func(n *yaml.Node, path string) { l.Timeout = r.duration(n, path) }},
		{"host_calls", number(&l.HostCalls)},
		{"cursors", number(&l.Cursors)},
		{"statement", size(&l.Statement, 1, maxText)},
		{"parameters", size(&l.Parameters, 1, maxText)},
		{"parameter_count", number(&l.ParameterCount)},
		{"log", size(&l.Log, 1, maxText)},
		{"rows", number(&l.Rows)},
		{"bytes", size(&l.Bytes, 1, math.MaxInt64)},
	}
}
