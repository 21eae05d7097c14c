package flyte

import (
	"reflect"
	"testing"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/wasmsql/wasmsql/host/secret"
)

func templateOf(t *testing.T, custom map[string]any) *core.TaskTemplate {
	t.Helper()
	s, err := structpb.NewStruct(custom)
	if err != nil {
		t.Fatal(err)
	}
	return &core.TaskTemplate{Custom: s}
}

// TestCustom: numbers that a Struct made floats are integers again, a secret
// replaces a plain argument, and libpq's numbers may be text.
func TestCustom(t *testing.T) {
	c, err := readCustom(templateOf(t, map[string]any{
		"query_template": "select 1",
		"uri":            "postgresql+psycopg2://u:p%40w@db:5432/w",
		"connect_args": map[string]any{"port": 5432.0, "timeout": 2.5, "connect_timeout": "10", "application_name": "7", "password": "plain",
			"list": []any{1.0, "x", nil, true}, "map": map[string]any{"big": 1.152921504606847e+18}},
		"secret_connect_args": map[string]any{"password": map[string]any{"group": "g", "key": "k", "group_version": nil, "mount_requirement": 2.0}},
	}))
	if err != nil {
		t.Fatal(err)
	}
	if c.query != "select 1" || c.uri.Host != "db" || c.uri.Password.Reveal() != "p@w" {
		t.Errorf("%+v", c)
	}
	want := map[string]any{"port": int64(5432), "timeout": 2.5, "connect_timeout": int64(10), "application_name": "7",
		"list": []any{int64(1), "x", nil, true}, "map": map[string]any{"big": int64(1152921504606846976)}}
	if !reflect.DeepEqual(c.args, want) {
		t.Errorf("%#v", c.args)
	}
	if ref := c.secretArgs["password"]; ref != (secret.Ref{Group: "g", Key: "k", Mount: secret.File}) || !c.isLogin("password") || c.isLogin("options") {
		t.Errorf("%+v", ref)
	}
	if s := c.server(); s != `host "db", port "5432", database "w", user "u"` {
		t.Error(s)
	}
}

func TestCustomFaults(t *testing.T) {
	for _, c := range []struct {
		custom map[string]any
		says   string
	}{
		{nil, "'query_template'"},
		{map[string]any{"query_template": 1.0}, "'query_template'"},
		{map[string]any{"query_template": "x"}, "the task's uri: not a database URL: it has no scheme://"},
		{map[string]any{"query_template": "x", "uri": "sqlite://", "secret_connect_args": map[string]any{"a": map[string]any{}}},
			"secret_connect_args.a names neither group nor key"},
		{map[string]any{"query_template": "x", "uri": "sqlite://", "secret_connect_args": map[string]any{"a": map[string]any{"key": "k", "mount_requirement": 3.0}}},
			"secret_connect_args.a: mount_requirement is not one of 0, 1 and 2"},
	} {
		if _, err := readCustom(templateOf(t, c.custom)); err == nil || err.Error() != c.says {
			t.Errorf("%v: %v", c.custom, err)
		}
	}
}

// TestServer: nothing that is a secret is described.
func TestServer(t *testing.T) {
	c, err := readCustom(templateOf(t, map[string]any{"query_template": "x", "uri": "mysql://root@db/w",
		"connect_args":        map[string]any{"db": "other"},
		"secret_connect_args": map[string]any{"user": map[string]any{"group": "g", "key": "k"}}}))
	if err != nil {
		t.Fatal(err)
	}
	if s := c.server(); s != `host "db", database "other"` {
		t.Error(s)
	}
}
