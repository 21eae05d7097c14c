package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/host/flyte/storage/cloud"
	"github.com/wasmsql/wasmsql/host/manifest"
)

// flyteReadme is what host/flyte/README.md says of the connector.
func flyteReadme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "host", "flyte", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text2, found := strings.Cut(string(text), "\n## The connector\n")
	section, _, end := strings.Cut(text2, "\n## ")
	if !found || !end {
		t.Fatal("the README has no such section")
	}
	return section
}

// blocks returns the documents in the ```yaml blocks of a text.
func blocks(t *testing.T, text string) (all []map[string]any, texts []string) {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n```yaml\n")
	for found {
		block, after, closed := strings.Cut(rest, "\n```")
		if !closed {
			t.Fatal("a block is not closed")
		}
		for doc := range strings.SplitSeq(block, "\n---\n") {
			var m map[string]any
			if err := yaml.Unmarshal([]byte(doc), &m); err != nil {
				t.Fatalf("%v\n%s", err, doc)
			}
			all, texts = append(all, m), append(texts, doc)
		}
		_, rest, found = strings.Cut(after, "\n```yaml\n")
	}
	return all, texts
}

// at walks down a document. A number is an item of a list.
func at(t *testing.T, doc any, path ...any) any {
	t.Helper()
	for _, p := range path {
		switch key := p.(type) {
		case string:
			m, ok := doc.(map[string]any)
			if doc, ok = m[key], ok && m[key] != nil; !ok {
				t.Fatalf("nothing at %v", path)
			}
		case int:
			l, ok := doc.([]any)
			if !ok || key >= len(l) {
				t.Fatalf("nothing at %v", path)
			}
			doc = l[key]
		}
	}
	return doc
}

// TestFlyteManifests holds the manifests of the README against the program: the
// flags, the configurations, the ports, and the names by which the parts find
// each other.
func TestFlyteManifests(t *testing.T) {
	readme := flyteReadme(t)
	docs, texts := blocks(t, readme)
	if len(docs) != 6 {
		t.Fatalf("%d documents", len(docs))
	}
	rules, config, deployment, service, policy, helm := texts[0], docs[1], docs[2], docs[3], docs[4], docs[5]
	if _, err := manifest.ReadConnector("connector.yaml", []byte(rules)); err != nil {
		t.Error(err)
	}
	mounted, err := manifest.ReadConnector("connector.yaml", []byte(at(t, config, "data", "connector.yaml").(string)))
	if err != nil || len(mounted.Grants) != 1 {
		t.Fatal(mounted, err)
	}
	if c, err := manifest.ReadConfig("wasmsql.yaml", []byte(at(t, config, "data", "wasmsql.yaml").(string))); err != nil || c.Quotas.Running == 0 {
		t.Error(c, err)
	}
	for _, scheme := range cloud.Schemes() { // each that is served may be allowed
		text := "allow: [{project: p, domain: d, tenant: t, uris: [], outputs: ['" + scheme + "://bucket/folder/']}]"
		if _, err := manifest.ReadConnector("connector.yaml", []byte(text)); err != nil {
			t.Error(err)
		}
	}
	a := &app{env: func(string) (string, bool) { return "", false }}
	flags := a.serveCommand().Flags()
	given := map[string]string{}
	container := at(t, deployment, "spec", "template", "spec", "containers", 0)
	args := strings.Fields(readme)
	for _, arg := range at(t, container, "args").([]any) {
		args = append(args, arg.(string))
		name, value, _ := strings.Cut(strings.TrimPrefix(arg.(string), "--"), "=")
		given[name] = value
	}
	for _, arg := range args { // of the texts too
		name, isFlag := strings.CutPrefix(strings.Trim(arg, "`.,;:()"), "--")
		name, _, _ = strings.Cut(name, "=")
		if isFlag && name != "-" && flags.Lookup(name) == nil {
			t.Errorf("there is no flag --%s", name)
		}
	}
	mounts := at(t, container, "volumeMounts").([]any)
	for flag, below := range map[string]string{"tenants": "/" + mounted.Grants[0].Tenant, "secrets": "/" + mounted.Grants[0].Tenant + "/warehouse"} {
		if !slices.ContainsFunc(mounts, func(m any) bool { return at(t, m, "mountPath") == given[flag]+below }) {
			t.Errorf("nothing is mounted at %s", given[flag]+below)
		}
	}
	if given["connector-listen"] != ":8000" || at(t, container, "ports", 0, "containerPort") != 8000 || at(t, service, "spec", "ports", 0, "port") != 8000 {
		t.Error("the ports differ")
	}
	labels := at(t, deployment, "spec", "template", "metadata", "labels", "app")
	if labels != at(t, service, "spec", "selector", "app") || labels != at(t, policy, "spec", "podSelector", "matchLabels", "app") {
		t.Error("the labels differ")
	}
	inline := at(t, helm, "configuration", "inline", "plugins", "connector-service")
	id := at(t, inline, "connectorForTaskTypes", "sqlalchemy").(string)
	want := "dns:///" + at(t, service, "metadata", "name").(string) + "." + at(t, service, "metadata", "namespace").(string) + ".svc.cluster.local:8000"
	if got := at(t, inline, "connectors", id, "endpoint"); got != want {
		t.Errorf("Flyte asks %v, and the service is %s", got, want)
	}
	if at(t, helm, "configuration", "inline", "tasks", "task-plugins", "default-for-task-types", "sqlalchemy") != "connector-service" {
		t.Error("sqlalchemy is not the connector's")
	}
}
