package server

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/wasmsql/wasmsql/host/manifest"
)

// Bounds of an OIDC token.
const (
	maxOIDC    = 16 << 10 // bytes
	maxSubject = 255      // characters, as OpenID Connect has it
	toldEvery  = 10 * time.Second
)

// identity is what someone is believed to be: in which tenant, by which name,
// and what they may do.
type identity struct {
	tenant string
	token  Token // of wasmsql token, or one that has a name for its ID and a role only
}

// issuer is one whose OIDC tokens are accepted. It is safe for concurrent use.
type issuer struct {
	name     string
	entry    manifest.Issuer
	keys     *issuerKeys
	verifier *oidc.IDTokenVerifier

	mu   sync.Mutex
	told time.Time // when a refusal was last logged
}

func newIssuer(name string, entry manifest.Issuer) (*issuer, error) {
	keys, err := newIssuerKeys(entry.URL, entry.CA)
	if err != nil {
		return nil, fmt.Errorf("issuer %q: %w", name, err)
	}
	accepted := make([]string, len(algorithms))
	for i, a := range algorithms {
		accepted[i] = string(a)
	}
	return &issuer{name: name, entry: entry, keys: keys,
		verifier: oidc.NewVerifier(entry.URL, keys, &oidc.Config{ClientID: entry.Audience, SupportedSigningAlgs: accepted})}, nil
}

// identify returns whose token it is. Its error is for the operator alone.
func (i *issuer) identify(ctx context.Context, text string) (identity, error) {
	var head struct {
		Type     string          `json:"typ"`
		Critical json.RawMessage `json:"crit"`
	}
	if err := segment(text, 0, &head); err != nil {
		return identity{}, err
	}
	// Others that an issuer signs, such as those of a logout, are not for this.
	if typ := strings.TrimPrefix(strings.ToLower(head.Type), "application/"); typ != "" && typ != "jwt" && typ != "at+jwt" || head.Critical != nil {
		return identity{}, errors.New("it is of another type")
	}
	token, err := i.verifier.Verify(ctx, text)
	if err != nil {
		return identity{}, err
	}
	if n := len([]rune(token.Subject)); n == 0 || n > maxSubject || strings.ContainsFunc(token.Subject, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return identity{}, errors.New("its subject is empty, too long or not printable")
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return identity{}, err
	}
	tenants, roles := meanings(i.entry.Tenant, claims), meanings(i.entry.Role, claims)
	if len(tenants) != 1 {
		return identity{}, fmt.Errorf("its claims name %d tenants", len(tenants))
	}
	var role Role
	for _, name := range roles {
		if r, err := ParseRole(name); err == nil && (role == "" || r.may(role)) {
			role = r
		}
	}
	if role == "" {
		return identity{}, errors.New("its claims name no role")
	}
	return identity{tenants[0], Token{ID: "oidc:" + i.name + "/" + token.Subject, Role: role}}, nil
}

// issuerOf returns what a token says of its issuer. Nothing has proved it yet.
func issuerOf(text string) string {
	var body struct {
		Issuer string `json:"iss"`
	}
	if len(text) > maxOIDC || strings.Count(text, ".") != 2 || segment(text, 1, &body) != nil {
		return ""
	}
	return body.Issuer
}

// segment reads one part of a token: its head is the first.
func segment(text string, n int, to any) error {
	data, err := base64.RawURLEncoding.DecodeString(strings.Split(text, ".")[n])
	if err != nil {
		return err
	}
	return json.Unmarshal(data, to)
}

// meanings returns what claims mean, each once.
func meanings(c manifest.Claimed, claims map[string]any) (out []string) {
	if c.Fixed != "" {
		return []string{c.Fixed}
	}
	var value any = claims
	for _, name := range c.Claim {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	for _, v := range list {
		word, ok := v.(string)
		if ok && c.Values != nil {
			word = c.Values[word]
		}
		if word != "" && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	if len(out) == 0 && c.Default != "" {
		out = []string{c.Default}
	}
	return out
}

// mayTell reports whether a refusal may be logged: who sends wrong tokens does
// not fill the log.
func (i *issuer) mayTell() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if time.Since(i.told) < toldEvery {
		return false
	}
	i.told = time.Now()
	return true
}

// certified returns whom a client's certificate names. It was held against the
// authorities of the operator when the connection was made; what may have
// changed since then is the time, and the list.
func certified(state *tls.ConnectionState, list []manifest.Certificate) (identity, bool) {
	if state == nil || len(state.VerifiedChains) == 0 {
		return identity{}, false
	}
	cert := state.PeerCertificates[0]
	if now := time.Now(); now.After(cert.NotAfter) || now.Before(cert.NotBefore) {
		return identity{}, false
	}
	for _, c := range list {
		name := ""
		switch {
		case c.URI != "":
			for _, u := range cert.URIs {
				if u.String() == c.URI {
					name = c.URI
				}
			}
		case c.DNS != "" && slices.Contains(cert.DNSNames, c.DNS):
			name = c.DNS
		case c.Email != "" && slices.Contains(cert.EmailAddresses, c.Email):
			name = c.Email
		case c.CommonName != "" && cert.Subject.CommonName == c.CommonName:
			name = "CN=" + c.CommonName
		}
		if name != "" {
			return identity{c.Tenant, Token{ID: "cert:" + name, Role: Role(c.Role)}}, true
		}
	}
	return identity{}, false
}
