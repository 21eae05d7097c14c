package manifest

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/plugin"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// TestSchemaKeys holds the keys of the schemas against those that are read.
func TestSchemaKeys(t *testing.T) {
	task, config := parseSchema(t, TaskSchema()), parseSchema(t, ConfigSchema())
	r := &reader{}
	for _, c := range []struct {
		name   string
		schema map[string]any
		path   []string
		fields []field
	}{
		{"task", task, nil, Options{}.taskFields(r, &draft{})},
		{"input", task, []string{"$defs", "input"}, r.inputFields(&inputDraft{})},
		{"connection of a task", task, []string{"$defs", "connection"}, r.connectionFields(&host.Connection{})},
		{"secret of a task", task, []string{"$defs", "secret"}, r.secretFields(&secret.Ref{})},
		{"grant", task, []string{"$defs", "grant"}, r.grantFields(&host.Grant{})},
		{"plugin", parseSchema(t, plugin.Schema()), nil, r.pluginFields(&Plugin{})},
		{"connection of a plugin", parseSchema(t, plugin.Schema()), []string{"$defs", "connection"}, r.pluginConnectionFields(&plugin.Connection{})},
		{"input of a plugin", parseSchema(t, plugin.Schema()), []string{"$defs", "input"}, r.inputFields(&inputDraft{})},
		{"limits of a plugin", parseSchema(t, plugin.Schema()), []string{"properties", "limits"}, r.limitFields(&host.Limits{})},
		{"flyte", task, []string{"$defs", "flyte"}, r.flyteFields(&Flyte{})},
		{"config", config, nil, r.configFields(&Config{})},
		{"connection", config, []string{"$defs", "connection"}, r.connectionFields(&host.Connection{})},
		{"secret", config, []string{"$defs", "secret"}, r.secretFields(&secret.Ref{})},
		{"limits of a connection", config, []string{"$defs", "connection", "properties", "limits"}, r.resultLimitFields(&host.ResultLimits{})},
		{"pool", config, []string{"$defs", "connection", "properties", "pool"}, r.poolFields(&sqldb.Pool{})},
		{"limits", config, []string{"properties", "limits"}, r.limitFields(&host.Limits{})},
		{"quotas", config, []string{"properties", "quotas"}, r.quotaFields(&Quotas{})},
		{"secrets", config, []string{"properties", "secrets"}, r.secretsFields(&Secrets{})},
	} {
		s := c.schema
		for _, key := range c.path {
			s = s[key].(map[string]any)
		}
		if s["additionalProperties"] != false {
			t.Errorf("%s: other keys are accepted", c.name)
		}
		properties := s["properties"].(map[string]any)
		got, want := slices.Sorted(maps.Keys(properties)), keysOf(c.fields)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the schema has %q, what is read is %q", c.name, got, want)
		}
		for key, p := range properties {
			if p := p.(map[string]any); p["description"] == nil && p["$ref"] == nil {
				t.Errorf("%s: %s has no description", c.name, key)
			}
		}
	}
}

// TestReadme holds the page about the files against the keys that are read.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{}
	for _, fields := range [][]field{
		Options{}.taskFields(r, &draft{}), r.inputFields(&inputDraft{}), r.configFields(&Config{}), r.connectionFields(&host.Connection{}), r.secretFields(&secret.Ref{}),
		r.limitFields(&host.Limits{}), r.resultLimitFields(&host.ResultLimits{}), r.poolFields(&sqldb.Pool{}), r.secretsFields(&Secrets{}),
	} {
		for _, key := range keysOf(fields) {
			if !regexp.MustCompile("`[^`]*\\b" + key + "\\b[^`]*`").Match(data) {
				t.Errorf("the page has no %q", key)
			}
		}
	}
}

func parseSchema(t *testing.T, schema []byte) map[string]any {
	t.Helper()
	compile(t, schema)
	var m map[string]any
	if err := json.Unmarshal(schema, &m); err != nil {
		t.Fatal(err)
	}
	if m["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
		t.Errorf("schema of %v", m["$schema"])
	}
	return m
}
