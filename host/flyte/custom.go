package flyte

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// custom is what the SQLAlchemy plugin puts into a template's custom.
type custom struct {
	query      string
	uri        sqldb.URI
	args       map[string]any
	secretArgs map[string]secret.Ref
}

// readCustom reads a template's custom. Whole numbers, which a Struct can only
// hold as floats, are integers again.
//
// Source: SQLAlchemyTask.get_custom in flytekitplugins/sqlalchemy/task.py.
func readCustom(t *core.TaskTemplate) (*custom, error) {
	fields := t.GetCustom().GetFields()
	c := &custom{args: map[string]any{}, secretArgs: map[string]secret.Ref{}}
	q, ok := fields["query_template"].GetKind().(*structpb.Value_StringValue)
	if !ok {
		return nil, &inputError{kind: "KeyError", message: "'query_template'", hint: "the template is not one of a task of flytekit's SQLAlchemy plugin"}
	}
	c.query = q.StringValue
	uri, err := sqldb.ParseURI(fields["uri"].GetStringValue())
	if err != nil {
		return nil, &inputError{kind: "ArgumentError", message: "the task's uri: " + err.Error(), hint: "write it as SQLAlchemy does: postgresql+psycopg2://user@host:5432/database"}
	}
	c.uri = uri
	for name, v := range fields["connect_args"].GetStructValue().GetFields() {
		c.args[name] = plainValue(v, 0)
	}
	for name, v := range fields["secret_connect_args"].GetStructValue().GetFields() {
		if c.secretArgs[name], err = readRef(name, v.GetStructValue()); err != nil {
			return nil, err
		}
		delete(c.args, name)
	}
	if c.dialect() == abi.Postgres {
		for _, name := range libpqNumbers {
			if s, ok := c.args[name].(string); ok {
				c.args[name] = number64(s)
			}
		}
	}
	return c, nil
}

// dialect returns the SQL of the task's database, or "" for a scheme of none.
func (c *custom) dialect() abi.Dialect {
	switch c.uri.Scheme {
	case "sqlite":
		return abi.SQLite
	case "postgresql", "postgres":
		return abi.Postgres
	case "mysql", "mariadb":
		return abi.MySQL
	}
	return ""
}

// libpqNumbers are the connect_args of PostgreSQL that are numbers. libpq takes
// them as text, which is how authors get around the floats of a Struct.
var libpqNumbers = []string{
	"port", "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "sslsni",
}

// number64 returns the int64 that a text is, or the text.
func number64(s string) any {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	return s
}

// plainValue turns a value of a Struct into one of sqldb.Config.Args.
func plainValue(v *structpb.Value, depth int) any {
	if depth > maxNesting {
		return nil
	}
	switch x := v.GetKind().(type) {
	case *structpb.Value_NumberValue:
		if x.NumberValue == math.Trunc(x.NumberValue) && math.Abs(x.NumberValue) < 1<<63 {
			return int64(x.NumberValue)
		}
		return x.NumberValue
	case *structpb.Value_StringValue:
		return x.StringValue
	case *structpb.Value_BoolValue:
		return x.BoolValue
	case *structpb.Value_ListValue:
		out := []any{}
		for _, e := range x.ListValue.GetValues() {
			out = append(out, plainValue(e, depth+1))
		}
		return out
	case *structpb.Value_StructValue:
		out := map[string]any{}
		for name, e := range x.StructValue.GetFields() {
			out[name] = plainValue(e, depth+1)
		}
		return out
	}
	return nil
}

// readRef reads one of secret_connect_args.
func readRef(name string, s *structpb.Struct) (secret.Ref, error) {
	r := secret.Ref{Group: text(s, "group"), Key: text(s, "key"), Version: text(s, "group_version")}
	mount := s.GetFields()["mount_requirement"].GetNumberValue()
	if mount != 0 && mount != 1 && mount != 2 {
		return r, &inputError{kind: "ValueError", message: "secret_connect_args." + name + ": mount_requirement is not one of 0, 1 and 2"}
	}
	r.Mount = secret.Mount(mount)
	if r.Group == "" && r.Key == "" {
		return r, &inputError{kind: "IndexError", message: "secret_connect_args." + name + " names neither group nor key"}
	}
	return r, nil
}

// logins are the connect_args whose values a driver takes as secrets, so that
// a new one is seen by the next connection. Any other is looked up once, before
// the task is loaded.
var logins = map[abi.Dialect][]string{
	abi.Postgres: {"password", "user", "username", "dbname", "database", "sslpassword"},
	abi.MySQL:    {"user", "username", "password", "passwd", "host", "database", "db"},
}

// isLogin reports whether the driver takes a connect_arg as a secret.
func (c *custom) isLogin(name string) bool { return slices.Contains(logins[c.dialect()], name) }

// plainSecret returns what a connect_arg is set to by a secret: its text, or the
// number that libpq reads in it.
func (c *custom) plainSecret(name string, v secret.Value) any {
	if c.dialect() == abi.Postgres && slices.Contains(libpqNumbers, name) {
		return number64(v.Reveal())
	}
	return v.Reveal()
}

// server describes where the task connects to, for errors: what the template
// says openly of host, port, database and user, and never what is a secret.
func (c *custom) server() string {
	if c.dialect() == abi.SQLite {
		return ""
	}
	pick := func(from string, names ...string) string {
		for _, n := range names {
			if _, hidden := c.secretArgs[n]; hidden {
				return ""
			}
			switch v := c.args[n].(type) {
			case string:
				from = v
			case int64:
				from = strconv.FormatInt(v, 10)
			}
		}
		return from
	}
	port := ""
	if c.uri.Port != 0 {
		port = strconv.Itoa(c.uri.Port)
	}
	var parts []string
	for _, p := range [...][2]string{
		{"host", pick(c.uri.Host, "host")}, {"port", pick(port, "port")},
		{"database", pick(c.uri.Database, "dbname", "database", "db")}, {"user", pick(c.uri.User, "user", "username")},
	} {
		if p[1] != "" {
			parts = append(parts, p[0]+" "+strconv.Quote(p[1]))
		}
	}
	return strings.Join(parts, ", ")
}
