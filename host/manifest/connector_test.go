package manifest

import (
	"reflect"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

func TestConnector(t *testing.T) {
	got, err := ReadConnector("connector.yaml", []byte(`
allow:
- project: shop
  domain: [development, production]
  tenant: shop
  uris: ["postgresql://db.internal/shop_*", "sqlite:///orders.db"]
  secret_groups: [warehouse]
  outputs: [s3://flyte/shop/]
  inputs: [/data/]
  access: read-write
  interpolation: text
- {project: lab, domain: "*", tenant: lab, uris: [], outputs: []}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := &Connector{Grants: []FlyteGrant{{
		Project: "shop", Domains: []string{"development", "production"}, Tenant: "shop",
		Databases:    []sqldb.URI{{Scheme: "postgresql", Host: "db.internal", Database: "shop_*"}, {Scheme: "sqlite", Database: "orders.db"}},
		SecretGroups: []string{"warehouse"}, Outputs: []string{"s3://flyte/shop/"}, Inputs: []string{"/data/"}, Access: abi.ReadWrite, Text: true,
	}, {Project: "lab", Domains: []string{AnyDomain}, Tenant: "lab"}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if none, err := ReadConnector("connector.yaml", nil); err != nil || len(none.Grants) > 0 {
		t.Error(none, err)
	}
}

// TestConnectorFaults: every fault is told, with its place, and no URI.
func TestConnectorFaults(t *testing.T) {
	const whole = "project: p, domain: d, tenant: t, "
	for text, want := range map[string]string{
		"allow: {}":                 `f.yaml:1:8: "allow" must be a list of what projects may do, not a map`,
		"allows: []":                `f.yaml:1:1: unknown key "allows"; did you mean "allow"?`,
		"allow: [1]":                `f.yaml:1:9: "allow[0]" must be a map with project, domain, tenant, uris and outputs, not a number`,
		"allow: []\n---\nallow: []": "f.yaml:3:1: a configuration is one document, and this is another",
		"allow: [{domain: d}]":      `f.yaml:1:9: "allow[0]" has no project|f.yaml:1:9: "allow[0]" has no tenant|f.yaml:1:9: "allow[0]" has no uris|f.yaml:1:9: "allow[0]" has no outputs`,
		"allow:\n- {" + whole + "uris: [], outputs: []}\n- {" + whole + "uris: [], outputs: []}":        `f.yaml:3:3: project "p", domain "d": they stand already at line 2`,
		"allow:\n- {" + whole + "outputs: [], uris: ['postgresql://canary:canary@h/d']}":                `f.yaml:2:58: "allow[0].uris[0]": it names a user, which is the task's`,
		"allow:\n- {" + whole + "outputs: [], uris: ['postgresql://h/canary?sslmode=disable']}":         `f.yaml:2:58: "allow[0].uris[0]": it has a driver or options, which are the task's`,
		"allow:\n- {" + whole + "outputs: [], uris: ['postgresql+psycopg2://h/canary']}":                `f.yaml:2:58: "allow[0].uris[0]": it has a driver or options, which are the task's`,
		"allow:\n- {" + whole + "outputs: [], uris: ['postgres://*.canary/d']}":                         `f.yaml:2:58: "allow[0].uris[0]": it has to name one host`,
		"allow:\n- {" + whole + "outputs: [], uris: ['postgres:///canary']}":                            `f.yaml:2:58: "allow[0].uris[0]": it has to name one host`,
		"allow:\n- {" + whole + "outputs: [], uris: ['postgres://h/canary*x']}":                         `f.yaml:2:58: "allow[0].uris[0]": a * may only end the database`,
		"allow:\n- {" + whole + "outputs: [], uris: ['sqlite://canary/x']}":                             `f.yaml:2:58: "allow[0].uris[0]": a file has no host`,
		"allow:\n- {" + whole + "outputs: [], uris: ['postgresq://canary/x']}":                          `f.yaml:2:58: "allow[0].uris[0]": the scheme is none of a database; did you mean "postgresql"?`,
		"allow:\n- {" + whole + "outputs: [], uris: ['canary']}":                                        `f.yaml:2:58: "allow[0].uris[0]": not a database URL: it has no scheme://`,
		"allow:\n- {" + whole + "uris: [], outputs: ['s3://b/x', '/', 'rel/', 's3://b/../', 's3:///']}": `f.yaml:2:58: "allow[0].outputs[0]" must be the URL or the absolute path of a folder, with a / at its end|f.yaml:2:70|f.yaml:2:75|f.yaml:2:83|f.yaml:2:97`,
		"allow:\n- {" + whole + "uris: [], outputs: ['s4://b/x/']}":                                     `f.yaml:2:58: "allow[0].outputs[0]": no storage has the scheme "s4"; did you mean "s3"?`,
		"allow:\n- {" + whole + "uris: [], outputs: [], secret_groups: ['*', a/b]}":                     `f.yaml:2:77: "allow[0].secret_groups[0]": "*" is no name of a group|f.yaml:2:82: "allow[0].secret_groups[1]": "a/b" is no name of a group`,
		"allow:\n- {project: '*', domain: d, tenant: t, uris: [], outputs: []}":                         `f.yaml:2:13: "allow[0].project": "*" is no name of Flyte's`,
		"allow:\n- {project: p, domain: 'a, b', tenant: t, uris: [], outputs: []}":                      `f.yaml:2:24: "allow[0].domain": "a, b" is no name of Flyte's`,
		"allow:\n- {project: p, domain: [], tenant: t, uris: [], outputs: []}":                          `f.yaml:2:24: "allow[0].domain" names no domain`,
		"allow:\n- {project: p, domain: d, tenant: Shop, uris: [], outputs: []}":                        `f.yaml:2:35: "allow[0].tenant": "Shop" cannot be the name of a tenant`,
		"allow:\n- {" + whole + "uris: [], outputs: [], access: write}":                                 `f.yaml:2:69: "allow[0].access" must be read-only or read-write, not "write"`,
		"allow:\n- {" + whole + "uris: [], outputs: [], interpolation: raw}":                            `f.yaml:2:76: "allow[0].interpolation" must be bind or text, not "raw"`,
	} {
		_, err := ReadConnector("f.yaml", []byte(text))
		if err == nil {
			t.Errorf("%s: no fault", text)
			continue
		}
		for _, part := range strings.Split(want, "|") {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s:\n%v\nand not %s", text, err, part)
			}
		}
		if n := len(strings.Split(err.Error(), "\n")); n != len(strings.Split(want, "|")) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s:\n%v", text, err)
		}
	}
}
