package server

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// Times and bounds of an issuer's keys.
const (
	keysTime   = 5 * time.Second  // to fetch them
	keysEvery  = 10 * time.Minute // they are fetched again: a key that is withdrawn is gone by then
	keysSoon   = 10 * time.Second // at the soonest, also for a token that names a key that is not known
	keysRetry  = 2 * time.Second  // after a fault, and longer after each one more
	keysStale  = 24 * time.Hour   // keys that the issuer has not confirmed for so long are not used
	keysBytes  = 1 << 20          // of each of its answers
	maxKeys    = 100
	minRSABits = 2048
)

// algorithms are those that a token may be signed with: none has a secret that
// the server would have to share.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// issuerKeys are the public keys of an issuer, as fetched from where its
// configuration says. They are used while they are fetched again. It
// implements oidc.KeySet, and is safe for concurrent use.
type issuerKeys struct {
	url    string
	client *http.Client

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time     // zero: never
	asked   time.Time     // when the last fetch began
	flight  chan struct{} // closed at the end of the fetch under way, if there is one
	err     error         // of the last fetch
	faults  int           // in a row
}

var _ oidc.KeySet = (*issuerKeys)(nil)

// newIssuerKeys makes the keys of an issuer, of which none is fetched yet. Its
// certificate is held against those in a file, or those of the system.
func newIssuerKeys(issuer, ca string) (*issuerKeys, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = 64 << 10
	if ca != "" {
		text, err := os.ReadFile(ca)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate in PEM", ca)
		}
	}
	return &issuerKeys{url: issuer, client: &http.Client{
		Transport:     bounded{transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("the issuer sends somewhere else") },
	}}, nil
}

// bounded makes an error of an answer that is too large.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{&boundedBody{from: res.Body, left: keysBytes}, res.Body}
	}
	return res, err
}

type boundedBody struct {
	from io.Reader
	left int
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, fmt.Errorf("the issuer's answer has more than %d bytes", keysBytes)
	}
	return n, err
}

// VerifySignature implements oidc.KeySet. For a token with a key that is not
// known the keys are fetched, which many tokens make no more than once in
// keysSoon.
func (k *issuerKeys) VerifySignature(ctx context.Context, text string) ([]byte, error) {
	token, err := jose.ParseSignedCompact(text, algorithms)
	if err != nil || len(token.Signatures) != 1 {
		return nil, errors.New("it is not a signed token")
	}
	payload, known := k.verify(token)
	if known || k.fetch(ctx) != nil {
		return verified(payload)
	}
	payload, _ = k.verify(token)
	return verified(payload)
}

func verified(payload []byte) ([]byte, error) {
	if payload == nil {
		return nil, errors.New("no key of the issuer has signed it")
	}
	return payload, nil
}

// verify returns what the token holds, or nil; and whether the key that it
// names is known.
func (k *issuerKeys) verify(token *jose.JSONWebSignature) (payload []byte, known bool) {
	k.mu.Lock()
	keys := k.keys
	if time.Since(k.fetched) > keysStale {
		keys = nil
	}
	k.mu.Unlock()
	head := token.Signatures[0].Header
	for _, key := range keys {
		if head.KeyID != "" && key.KeyID != head.KeyID || key.Algorithm != "" && key.Algorithm != head.Algorithm {
			continue
		}
		known = known || head.KeyID != ""
		if payload, err := token.Verify(key.Key); err == nil {
			return payload, true
		}
	}
	return nil, known
}

// tend fetches the keys again and again until ctx ends.
func (k *issuerKeys) tend(ctx context.Context, log func(err error)) {
	told := ""
	for {
		err := k.fetch(ctx)
		if ctx.Err() != nil {
			return
		}
		text := ""
		if err != nil && !errors.Is(err, errTooSoon) {
			text = err.Error()
		}
		if text != told {
			told = text
			log(err)
		}
		k.mu.Lock()
		wait := keysEvery
		if k.err != nil {
			wait = min(keysRetry<<min(k.faults, 5), time.Minute)
		}
		k.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// errTooSoon is why keys are not fetched.
var errTooSoon = errors.New("the issuer was asked a moment ago")

// fetch fetches the keys, or waits for the end of the fetch that is under way.
func (k *issuerKeys) fetch(ctx context.Context) error {
	k.mu.Lock()
	flight := k.flight
	if flight == nil {
		soon := keysSoon
		if k.err != nil {
			soon = keysRetry
		}
		if !k.asked.IsZero() && time.Since(k.asked) < soon {
			k.mu.Unlock()
			return errTooSoon
		}
		flight = make(chan struct{})
		k.asked, k.flight = time.Now(), flight
		go k.fly(context.WithoutCancel(ctx), flight) // who asked may go, others wait too
	}
	k.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-flight:
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err
}

// fly is one fetch.
func (k *issuerKeys) fly(ctx context.Context, flight chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, keysTime)
	defer cancel()
	keys, err := k.ask(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flight, k.err = nil, err
	if err != nil {
		k.faults++
	} else {
		k.keys, k.fetched, k.faults = keys, time.Now(), 0
	}
	close(flight)
}

// ask asks the issuer where its keys are, and for them.
func (k *issuerKeys) ask(ctx context.Context) ([]jose.JSONWebKey, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, k.client), k.url)
	if err != nil {
		return nil, err
	}
	var at struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&at); err != nil {
		return nil, err
	}
	issuer, _ := url.Parse(k.url) // it was read from a file and checked
	to, err := url.Parse(at.Keys)
	if err != nil || to.Scheme != "https" && (to.Scheme != issuer.Scheme || to.Hostname() != issuer.Hostname()) {
		return nil, errors.New("the issuer's jwks_uri does not begin with https://")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.Keys, nil)
	if err != nil {
		return nil, err
	}
	res, err := k.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the issuer answers the request for its keys with %s", res.Status)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	return parseKeys(text)
}

// parseKeys reads a JSON Web Key Set. Keys that are not for signatures, or of
// a kind that is not accepted, are left out.
func parseKeys(text []byte) (keys []jose.JSONWebKey, err error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, errors.New("the issuer's keys are not a JSON Web Key Set")
	}
	for _, one := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(one, &key) != nil || !key.Valid() || !key.IsPublic() || key.Use != "" && key.Use != "sig" {
			continue
		}
		if rsa, ok := key.Key.(*rsa.PublicKey); ok && rsa.N.BitLen() < minRSABits {
			continue
		}
		if keys = append(keys, key); len(keys) > maxKeys {
			return nil, fmt.Errorf("the issuer has more than %d keys", maxKeys)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the issuer has no key that signatures can be held against")
	}
	return keys, nil
}
