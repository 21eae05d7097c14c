package manifest

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Identities say who may use a server beside the tokens of its tenants: whose
// statements about people and programs it believes, and what they may do. They
// are not changed after they were read.
type Identities struct {
	// Issuers are those of OIDC tokens, by a name that stands in records.
	Issuers map[string]Issuer
	// Certificates are those of clients. The first that fits counts.
	Certificates []Certificate
}

// Issuer is one whose OIDC tokens are accepted.
type Issuer struct {
	URL      string // as tokens have it in iss; its keys are found from there
	Audience string // what tokens have in aud
	CA       string // a file of certificates, in PEM, that its own is held against; "" is those of the system
	Tenant   Claimed
	Role     Claimed
}

// Claimed is taken from the claims of a token.
type Claimed struct {
	Fixed   string            // it is this, whatever the token claims
	Claim   []string          // the claim's name, and those of the objects that it is in
	Values  map[string]string // what values of the claim mean; nil: themselves
	Default string            // where the claim is not there, or means nothing; "" is none
}

// Certificate is that of a client: the names that it has are compared, and one
// of them is given.
type Certificate struct {
	URI, DNS, Email string // of its alternative names
	CommonName      string // of its subject
	Tenant, Role    string
}

// ReadIdentities reads the file of a server's identities, one document of YAML
// or JSON. File is as for ReadTasks. The roles are those that there are. The
// error is host.Errors.
func ReadIdentities(file string, data []byte, roles []string) (*Identities, error) {
	r := &identityReader{reader: &reader{file: file}, roles: roles}
	out := &Identities{Issuers: map[string]Issuer{}}
	docs := r.documents(data, MaxFile)
	if len(docs) > 1 {
		r.fault(docs[1], "", "the file of identities is one document, and this is another")
	}
	if len(docs) > 0 {
		r.fields(r.at(docs[0], ""), "", "a map with issuers or certificates", []field{
			{"issuers", func(n *yaml.Node, path string) { r.issuers(n, path, out.Issuers) }},
			{"certificates", func(n *yaml.Node, path string) { out.Certificates = r.certificates(n, path) }},
		}, nil)
	}
	return out, r.err()
}

// identityReader reads the file of identities.
type identityReader struct {
	*reader
	roles []string
}

func (r *identityReader) issuers(n *yaml.Node, path string, to map[string]Issuer) {
	first := map[string]string{} // the name by the URL
	r.pairs(n, path, "a map from a name to an issuer", func(k, v *yaml.Node, p string) {
		if !r.name(k, "token issuer", k.Value) {
			return
		}
		i := r.issuer(v, p)
		if other, twice := first[i.URL]; twice && i.URL != "" {
			r.fault(v, "give it one entry", "issuer %s has the url of issuer %s", quote(k.Value), quote(other))
		}
		first[i.URL] = k.Value
		to[k.Value] = i
	})
}

func (r *identityReader) issuer(n *yaml.Node, path string) (i Issuer) {
	ok := !isNull(n) && r.fields(n, path, "a map with a url", []field{
		{"url", func(n *yaml.Node, path string) { i.URL = r.issuerURL(n, path) }},
		{"audience", func(n *yaml.Node, path string) { i.Audience, _ = r.str(n, path) }},
		{"ca", func(n *yaml.Node, path string) {
			if name, ok := r.str(n, path); ok {
				i.CA = within(folder(r.file), name)
			}
		}},
		{"tenant", func(n *yaml.Node, path string) { i.Tenant = r.claimed(n, path, r.tenant) }},
		{"role", func(n *yaml.Node, path string) { i.Role = r.claimed(n, path, r.role) }},
	}, nil)
	if !ok {
		if isNull(n) {
			r.fault(n, "", "%s is empty", quote(path))
		}
		return i
	}
	for _, key := range []struct{ name, hint string }{
		{"url", "write it as the tokens have it in iss"},
		{"audience", "write what the tokens have in aud: without it, tokens for others would be accepted"},
		{"tenant", "write tenant: NAME, or tenant: {claim: NAME}"},
		{"role", "write role: NAME, or role: {claim: NAME, values: {VALUE: NAME}}"},
	} {
		r.needed(n, path, key.name, key.hint)
	}
	return i
}

// needed tells that a key is missing.
func (r *identityReader) needed(n *yaml.Node, path, key, hint string) {
	if _, there := r.places[join(path, key)]; !there {
		r.fault(n, hint, "%s has no %s", quote(path), key)
	}
}

// issuerURL reads the URL of an issuer: what its keys are fetched from has to
// be who it says.
func (r *identityReader) issuerURL(n *yaml.Node, path string) string {
	text, ok := r.str(n, path)
	if !ok {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		r.fault(n, "write it as https://login.example.com/realm", "%s is not the URL of an issuer", quote(path))
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		r.fault(n, "http is for addresses of this machine alone, as 127.0.0.1", "%s does not begin with https://", quote(path))
	default:
		return text
	}
	return ""
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// claimed reads what is taken from claims: a word, or a map that names the
// claim. Check reads a word that it may be.
func (r *identityReader) claimed(n *yaml.Node, path string, check func(*yaml.Node, string) string) (c Claimed) {
	if n.Kind == yaml.ScalarNode {
		c.Fixed = check(n, path)
		return c
	}
	r.fields(n, path, "a word, or a map with a claim", []field{
		{"claim", func(n *yaml.Node, path string) { c.Claim = r.claim(n, path) }},
		{"values", func(n *yaml.Node, path string) {
			c.Values = map[string]string{}
			r.pairs(n, path, "a map from a value to what it means", func(k, v *yaml.Node, p string) { c.Values[k.Value] = check(v, p) })
		}},
		{"default", func(n *yaml.Node, path string) { c.Default = check(n, path) }},
	}, nil)
	if n.Kind == yaml.MappingNode {
		r.needed(n, path, "claim", "write claim: NAME, or claim: [OBJECT, NAME] for one in another")
	}
	return c
}

// claim reads the name of a claim, or a list of names that lead to it.
func (r *identityReader) claim(n *yaml.Node, path string) []string {
	if n.Kind != yaml.SequenceNode {
		name, _ := r.str(n, path)
		return []string{name}
	}
	var names []string
	for _, e := range n.Content {
		if name, ok := r.str(target(e), path); ok {
			names = append(names, name)
		}
	}
	if len(n.Content) == 0 {
		r.fault(n, "", "%s is empty", quote(path))
	}
	return names
}

func (r *identityReader) tenant(n *yaml.Node, path string) string {
	name, ok := r.str(n, path)
	if ok && !IsTenant(name) {
		r.fault(n, TenantHint, "%s: %s cannot be the name of a tenant", quote(path), quote(name))
	}
	return name
}

func (r *identityReader) role(n *yaml.Node, path string) string { return r.word(n, path, r.roles...) }

// IsTenant reports whether a name can be that of a server's tenant: it stands
// in log lines, metrics and the names of variables.
func IsTenant(name string) bool {
	for word := range strings.SplitSeq(name, "-") {
		if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return len(name) <= 63
}

// TenantHint says what the name of a tenant is made of.
const TenantHint = "lower case letters and digits, with a - between them where you like, at most 63"

func (r *identityReader) certificates(n *yaml.Node, path string) []Certificate {
	if n.Kind != yaml.SequenceNode {
		r.fault(n, "", "%s must be a list of certificates, not %s", quote(path), kindOf(n))
		return nil
	}
	all := make([]Certificate, len(n.Content))
	for i, e := range n.Content {
		p := fmt.Sprintf("%s[%d]", path, i)
		e = r.at(e, p)
		c := &all[i]
		text := func(to *string) func(*yaml.Node, string) {
			return func(n *yaml.Node, path string) { *to, _ = r.str(n, path) }
		}
		if !r.fields(e, p, "a map", []field{
			{"uri", text(&c.URI)}, {"dns", text(&c.DNS)}, {"email", text(&c.Email)}, {"cn", text(&c.CommonName)},
			{"tenant", func(n *yaml.Node, path string) { c.Tenant = r.tenant(n, path) }},
			{"role", func(n *yaml.Node, path string) { c.Role = r.role(n, path) }},
		}, nil) {
			continue
		}
		names := slices.DeleteFunc([]string{c.URI, c.DNS, c.Email, c.CommonName}, func(s string) bool { return s == "" })
		if len(names) != 1 {
			r.fault(e, "", "%s needs one of uri, dns, email and cn", quote(p))
		}
		r.needed(e, p, "tenant", "write tenant: NAME")
		r.needed(e, p, "role", "write role: "+oneOf(r.roles))
	}
	return all
}
