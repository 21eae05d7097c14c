package manifest

import (
	"math"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// What stands in a connection may be secret, also where it is wrong: messages
// name keys and kinds, and never show a URI or an argument.

const connectionMust = "a map with a uri"

// connectionFields are the keys of a connection.
func (r *reader) connectionFields(c *host.Connection) []field {
	return []field{
		{"uri", func(n *yaml.Node, path string) { c.URI = r.uri(n, path) }},
		{"connect_args", func(n *yaml.Node, path string) { c.Args = r.args(n, path) }},
		{"secret_connect_args", func(n *yaml.Node, path string) { c.SecretArgs = r.secretArgs(n, path) }},
		{"access", func(n *yaml.Node, path string) { c.Access = r.access(n, path) }},
		{"allow_text_interpolation", func(n *yaml.Node, path string) { c.AllowText = r.flag(n, path) }},
		{"limits", func(n *yaml.Node, path string) {
			r.fields(n, path, "a map of limits", r.resultLimitFields(&c.Limits), hostLimit)
		}},
		{"pool", func(n *yaml.Node, path string) { r.pool(n, path, &c.Pool) }},
	}
}

// connection reads a connection; access is what it has if it does not say.
func (r *reader) connection(n *yaml.Node, path string, access abi.Access) host.Connection {
	c := host.Connection{Access: access, Dir: folder(r.file)}
	if isNull(n) {
		r.fault(n, "", "%s must be %s, not empty", quote(path), connectionMust)
		return c
	}
	if !r.fields(n, path, connectionMust, r.connectionFields(&c), connectionElsewhere) {
		return c
	}
	if _, there := r.places[join(path, "uri")]; !there {
		r.fault(n, "write uri: sqlite:///file.db or another SQLAlchemy URL", "%s has no uri", quote(path))
	}
	for name := range c.SecretArgs {
		if _, both := c.Args[name]; both {
			p := r.places[join(path, "connect_args."+name)]
			r.faultAt(p.Line, p.Column, "keep the one in secret_connect_args", "argument %s is in connect_args and in secret_connect_args", quote(name))
		}
	}
	if _, both := c.SecretArgs["password"]; both && c.URI.HasPass {
		p := r.places[join(path, "uri")]
		r.warning(p, "leave it out of the uri", "the uri has a password, and secret_connect_args another that goes before it")
	} else if c.URI.HasPass {
		r.warning(r.places[join(path, "uri")], secretHint, "the uri has a password that whoever reads the file can read")
	}
	for _, name := range []string{"password", "passwd"} {
		if _, there := c.Args[name]; there {
			r.warning(r.places[join(path, "connect_args."+name)], secretHint, "connect_args has a password that whoever reads the file can read")
		}
	}
	return c
}

const secretHint = "name it in secret_connect_args: {password: {group: …, key: …}}"

func (r *reader) warning(p host.Place, hint, message string) {
	if r.warn != nil {
		r.warn(Warning{Place: p, Message: message, Hint: hint})
	}
}

// connectionElsewhere says where a connection argument belongs that stands
// beside the uri.
func connectionElsewhere(key string) string {
	switch key {
	case "user", "username", "host", "port", "database", "dbname":
		return "it is part of the uri, or an argument in connect_args"
	case "password", "passwd":
		return secretHint
	}
	return ""
}

func (r *reader) uri(n *yaml.Node, path string) sqldb.URI {
	const hint = "a SQLAlchemy URL: sqlite:///file.db or postgresql://user@host:5432/database"
	if n.Kind != yaml.ScalarNode || isNull(n) {
		r.fault(n, hint, "%s must be a database URL, not %s", quote(path), kindOf(n))
		return sqldb.URI{}
	}
	if from := strings.Index(n.Value, "${"); from >= 0 && strings.Contains(n.Value[from:], "}") {
		r.warning(r.place(n), "a password is named in secret_connect_args, and another uri with wasmsql run --connection",
			"the uri has ${…}, and variables of the environment are not filled in")
	} else if strings.HasPrefix(n.Value, "sqlite:///~/") {
		r.warning(r.place(n), "write the path out: four slashes begin an absolute one", "the uri has ~, which stands for no folder here")
	}
	u, err := sqldb.ParseURI(n.Value)
	if err != nil {
		r.fault(n, hint, "%s: %s", quote(path), err)
	}
	return u
}

func (r *reader) access(n *yaml.Node, path string) abi.Access {
	if r.word(n, path, abi.ReadOnly.String(), abi.ReadWrite.String()) == abi.ReadWrite.String() {
		return abi.ReadWrite
	}
	return abi.ReadOnly
}

// args reads connect_args, as sqldb.Config.Args has them.
func (r *reader) args(n *yaml.Node, path string) map[string]any {
	var args map[string]any
	r.pairs(n, path, "a map of arguments", func(k, v *yaml.Node, p string) {
		if args == nil {
			args = map[string]any{}
		}
		args[k.Value] = r.arg(v, p)
	})
	return args
}

func (r *reader) arg(n *yaml.Node, path string) any {
	n = target(n)
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			m[n.Content[i].Value] = r.arg(n.Content[i+1], join(path, n.Content[i].Value))
		}
		return m
	case yaml.SequenceNode:
		l := make([]any, len(n.Content))
		for i, c := range n.Content {
			l[i] = r.arg(c, path+"["+strconv.Itoa(i)+"]")
		}
		return l
	}
	if !isPlain(n) {
		return n.Value
	}
	switch resolve(n.Value) {
	case plainNull:
		return nil
	case plainBool:
		return strings.EqualFold(n.Value, "true")
	case plainInt:
		i, err := parseInt(n.Value)
		if err != nil {
			r.fault(n, leadingZeroHint, "%s is a number that is not a 64-bit integer", quote(path))
		}
		return i
	case plainFloat:
		f, err := parseFloat(n.Value)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			r.fault(n, "quote it for a text", "%s is a number that is out of range", quote(path))
			return nil
		}
		return f
	}
	return n.Value
}

// secretFields are the keys of flytekit's Secret.
func (r *reader) secretFields(ref *secret.Ref) []field {
	text := func(to *string) func(*yaml.Node, string) {
		return func(n *yaml.Node, path string) { *to, _ = r.str(n, path) }
	}
	return []field{
		{"group", text(&ref.Group)},
		{"key", text(&ref.Key)},
		{"group_version", text(&ref.Version)},
		{"mount_requirement", func(n *yaml.Node, path string) {
			switch r.word(n, path, "any", "env_var", "file") {
			case "env_var":
				ref.Mount = secret.Env
			case "file":
				ref.Mount = secret.File
			}
		}},
	}
}

func (r *reader) secretArgs(n *yaml.Node, path string) map[string]secret.Ref {
	var refs map[string]secret.Ref
	r.pairs(n, path, "a map from an argument to a secret", func(k, v *yaml.Node, p string) {
		var ref secret.Ref
		if v.Kind != yaml.MappingNode {
			r.fault(v, "write {group: …, key: …}: the secret's name, not its value", "%s must be a map with a key, not %s", quote(p), kindOf(v))
			return
		}
		r.fields(v, p, "a map with a key", r.secretFields(&ref), nil)
		if _, there := r.places[join(p, "key")]; !there {
			r.fault(v, "", "%s has no key", quote(p))
		}
		if refs == nil {
			refs = map[string]secret.Ref{}
		}
		refs[k.Value] = ref
	})
	return refs
}

// hostLimit says where a limit belongs that a connection has not.
func hostLimit(key string) string {
	switch key {
	case "memory", "fuel", "host_calls", "cursors", "statement", "parameters", "parameter_count", "log":
		return "it belongs in the limits of the host, beside connections; accepted here: timeout, rows, bytes"
	}
	return ""
}

func (r *reader) resultLimitFields(l *host.ResultLimits) []field {
	return []field{
		{"timeout", func(n *yaml.Node, path string) { l.Timeout = r.duration(n, path) }},
		{"rows", func(n *yaml.Node, path string) { l.Rows = r.whole(n, path, 1, math.MaxInt64) }},
		{"bytes", func(n *yaml.Node, path string) { l.Bytes = r.size(n, path, 1, math.MaxInt64) }},
	}
}

const maxPool = 10_000

func (r *reader) poolFields(p *sqldb.Pool) []field {
	return []field{
		{"max", func(n *yaml.Node, path string) { p.Max = int(r.whole(n, path, 1, maxPool)) }},
		{"idle", func(n *yaml.Node, path string) { p.Idle = int(r.whole(n, path, 0, maxPool)) }},
		{"lifetime", func(n *yaml.Node, path string) { p.Lifetime = r.duration(n, path).Round(time.Millisecond) }},
	}
}

func (r *reader) pool(n *yaml.Node, path string, p *sqldb.Pool) {
	r.fields(n, path, "a map with max, idle and lifetime", r.poolFields(p), nil)
	if p.Max > 0 && p.Idle > p.Max {
		at := r.places[join(path, "idle")]
		r.faultAt(at.Line, at.Column, "", "%s is more than max: %d of %d", quote(join(path, "idle")), p.Idle, p.Max)
	}
}
