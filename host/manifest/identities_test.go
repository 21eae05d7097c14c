package manifest

import (
	"reflect"
	"testing"
)

var roles = []string{"read", "run", "operate"}

func TestReadIdentities(t *testing.T) {
	got, err := ReadIdentities("etc/identities.yaml", []byte(`
issuers:
  corp:
    url: https://login.example.com/realm
    audience: wasmsql
    ca: ca.pem
    tenant: {claim: [kubernetes.io, namespace]}
    role: {claim: groups, values: {analysts: run, "https://x/dba": operate}, default: read}
  local:
    url: http://127.0.0.1:8080
    audience: wasmsql
    tenant: acme
    role: read
certificates:
  - {uri: 'spiffe://example.com/acme', tenant: acme, role: run}
  - {cn: dashboards, tenant: globex, role: read}
`), roles)
	if err != nil {
		t.Fatal(err)
	}
	want := &Identities{
		Issuers: map[string]Issuer{
			"corp": {URL: "https://login.example.com/realm", Audience: "wasmsql", CA: "etc/ca.pem", Tenant: Claimed{Claim: []string{"kubernetes.io", "namespace"}},
				Role: Claimed{Claim: []string{"groups"}, Values: map[string]string{"analysts": "run", "https://x/dba": "operate"}, Default: "read"}},
			"local": {URL: "http://127.0.0.1:8080", Audience: "wasmsql", Tenant: Claimed{Fixed: "acme"}, Role: Claimed{Fixed: "read"}},
		},
		Certificates: []Certificate{{URI: "spiffe://example.com/acme", Tenant: "acme", Role: "run"}, {CommonName: "dashboards", Tenant: "globex", Role: "read"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got, err := ReadIdentities("", nil, roles); err != nil || len(got.Issuers)+len(got.Certificates) != 0 {
		t.Error(got, err)
	}
}

func TestReadIdentitiesFaults(t *testing.T) {
	const rest = "audience: a, tenant: t, role: run"
	for text, want := range map[string]string{
		"issuers: {a: {}}": `i:1:14: "issuers.a" has no url` + "\n" + `i:1:14: "issuers.a" has no audience` + "\n" +
			`i:1:14: "issuers.a" has no tenant` + "\n" + `i:1:14: "issuers.a" has no role`,
		"issuers: {a: }":      `i:1:14: "issuers.a" is empty`,
		"issuers: []":         `i:1:10: "issuers" must be a map from a name to an issuer, not a list`,
		"isuers: {}":          `i:1:1: unknown key "isuers"; did you mean "issuers"?`,
		"issuers: {'a b': 1}": `i:1:11: "a b" cannot be the name of a token issuer`,
		"issuers: {a: {url: 'http://login.example.com', " + rest + "}}":                                             `i:1:20: "issuers.a.url" does not begin with https://`,
		"issuers: {a: {url: 'http://localhost', " + rest + "}}":                                                     `i:1:20: "issuers.a.url" does not begin with https://`,
		"issuers: {a: {url: 'https://u:p@login.example.com', " + rest + "}}":                                        `i:1:20: "issuers.a.url" is not the URL of an issuer`,
		"issuers: {a: {url: login.example.com, " + rest + "}}":                                                      `i:1:20: "issuers.a.url" is not the URL of an issuer`,
		"issuers: {a: {url: 'https://x', " + rest + "}, b: {url: 'https://x', " + rest + "}}":                       `i:1:72: issuer "b" has the url of issuer "a"`,
		"issuers: {a: {url: 'https://x', audience: a, tenant: Acme, role: run}}":                                    `i:1:54: "issuers.a.tenant": "Acme" cannot be the name of a tenant`,
		"issuers: {a: {url: 'https://x', audience: a, tenant: {values: {}}, role: run}}":                            `i:1:54: "issuers.a.tenant" has no claim`,
		"issuers: {a: {url: 'https://x', audience: a, tenant: {claim: []}, role: run}}":                             `i:1:62: "issuers.a.tenant.claim" is empty`,
		"issuers: {a: {url: 'https://x', audience: a, tenant: [a], role: run}}":                                     `i:1:54: "issuers.a.tenant" must be a word, or a map with a claim, not a list`,
		"issuers: {a: {url: 'https://x', audience: a, tenant: t, role: root}}":                                      `i:1:63: "issuers.a.role" must be read, run or operate, not "root"`,
		"issuers: {a: {url: 'https://x', audience: a, tenant: t, role: {claim: g, values: {x: ru}, default: all}}}": `i:1:86: "issuers.a.role.values.x" must be read, run or operate, not "ru"; did you mean "run"?` + "\n" + `i:1:100: "issuers.a.role.default" must be read, run or operate, not "all"`,
		"certificates: {}":                                      `i:1:15: "certificates" must be a list of certificates, not a map`,
		"certificates: [{tenant: t, role: run}]":                `i:1:16: "certificates[0]" needs one of uri, dns, email and cn`,
		"certificates: [{cn: a, uri: b, tenant: t, role: run}]": `i:1:16: "certificates[0]" needs one of uri, dns, email and cn`,
		"certificates: [{cn: a}]":                               `i:1:16: "certificates[0]" has no tenant` + "\n" + `i:1:16: "certificates[0]" has no role`,
		"{}\n---\n{}":                                           `i:3:1: the file of identities is one document, and this is another`,
	} {
		if _, err := ReadIdentities("i", []byte(text), roles); err == nil || err.Error() != want {
			t.Errorf("%s\n%v\nwant\n%s", text, err, want)
		}
	}
}
