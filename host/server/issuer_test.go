package server_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// testIssuer is an issuer of OIDC tokens on loopback.
type testIssuer struct {
	t     *testing.T
	url   string
	began time.Time

	mu    sync.Mutex
	keys  []jose.JSONWebKey
	down  bool          // it answers with an error
	delay time.Duration // before it answers
	asked int           // for its keys
	text  string        // instead of its keys, if it is not empty
}

// testKeys are made once: RSA keys take long.
var testKeys = sync.OnceValue(func() (k struct {
	rsa, other *rsa.PrivateKey
	small      *rsa.PrivateKey
	ec         *ecdsa.PrivateKey
	ed         ed25519.PrivateKey
}) {
	k.rsa, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.other, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.small, _ = rsa.GenerateKey(rand.Reader, 1024)
	k.ec, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, k.ed, _ = ed25519.GenerateKey(rand.Reader)
	return k
})

func newTestIssuer(t *testing.T) *testIssuer {
	i := &testIssuer{t: t, began: time.Now(), keys: []jose.JSONWebKey{publicKey("rsa", testKeys().rsa.Public())}}
	web := httptest.NewServer(i)
	i.url = web.URL
	t.Cleanup(web.Close)
	return i
}

func publicKey(id string, key crypto.PublicKey) jose.JSONWebKey {
	return jose.JSONWebKey{KeyID: id, Key: key, Use: "sig"}
}

// set changes the issuer.
func (i *testIssuer) set(change func(*testIssuer)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(i)
}

func (i *testIssuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	down, delay, keys, text := i.down, i.delay, i.keys, i.text
	if r.URL.Path == "/keys" {
		i.asked++
	}
	i.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case down:
		http.Error(w, strings.Repeat("down ", 1000), http.StatusServiceUnavailable)
	case r.URL.Path == "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.url, "jwks_uri": i.url + "/keys"})
	case r.URL.Path == "/keys" && text != "":
		_, _ = w.Write([]byte(text))
	case r.URL.Path == "/keys":
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: keys})
	default:
		http.NotFound(w, r)
	}
}

// claims are what a token says; a nil value is left out.
type claims map[string]any

// good returns the claims of a token that is accepted, with changes.
func (i *testIssuer) good(change claims) claims {
	now := time.Now().Unix()
	c := claims{"iss": i.url, "aud": "wasmsql", "sub": "alice", "iat": now, "exp": now + 600, "org": "acme-inc", "groups": []string{"staff", "analysts"}}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

// signed makes a token. The key decides how it is signed, whatever its head
// says.
func signed(t *testing.T, head map[string]any, body any, key any) string {
	t.Helper()
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	text := part(head) + "." + part(body)
	sum := sha256.Sum256([]byte(text))
	var signature []byte
	var err error
	switch k := key.(type) {
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	case *ecdsa.PrivateKey:
		r, s, serr := ecdsa.Sign(rand.Reader, k, sum[:])
		signature, err = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...), serr
	case ed25519.PrivateKey:
		signature = ed25519.Sign(k, []byte(text))
	case []byte:
		mac := hmac.New(sha256.New, k)
		mac.Write([]byte(text))
		signature = mac.Sum(nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// token is a good token with changes of its claims.
func (i *testIssuer) token(change claims) string {
	i.t.Helper()
	return signed(i.t, map[string]any{"alg": "RS256", "kid": "rsa", "typ": "JWT"}, i.good(change), testKeys().rsa)
}

// identitiesFile writes a file of identities, and has a server use it.
func identitiesFile(t *testing.T, text string) (name string, use func(*server.Config)) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "identities.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name, func(c *server.Config) { c.Identities = name }
}

// entry is how the file of identities has a test's issuer.
func (i *testIssuer) entry() string {
	return "issuers:\n  corp:\n    url: " + i.url + "\n    audience: wasmsql\n" +
		"    tenant: {claim: org, values: {acme-inc: acme, globex-llc: globex, nowhere-ltd: nowhere, broken-gmbh: broken}}\n" +
		"    role: {claim: groups, values: {everyone: read, analysts: run, dba: operate}}\n"
}

// twoTenants are tenants with a task each, and one whose folder is broken.
var twoTenants = files{
	"acme/wasmsql.yaml":     config,
	"acme/tasks/one.yaml":   task("one", "SELECT 1 AS n", ""),
	"globex/wasmsql.yaml":   config,
	"globex/tasks/two.yaml": task("two", "SELECT 2 AS n", ""),
	"broken/wasmsql.yaml":   "connections: nonsense\n",
}

// TestT6OIDCTokens sends tokens of an issuer that is accepted, and all kinds of
// tokens that are not: each of those is answered as a token that does not
// exist.
func TestT6OIDCTokens(t *testing.T) {
	t.Parallel()
	k := testKeys()
	i := newTestIssuer(t)
	private := jose.JSONWebKey{KeyID: "private", Key: k.ec}
	i.keys = append(i.keys, publicKey("ec", k.ec.Public()), publicKey("ed", k.ed.Public()), publicKey("small", k.small.Public()),
		jose.JSONWebKey{KeyID: "enc", Key: k.other.Public(), Use: "enc"}, jose.JSONWebKey{KeyID: "ps", Key: k.other.Public(), Algorithm: "PS256"},
		jose.JSONWebKey{KeyID: "oct", Key: []byte("0123456789abcdef0123456789abcdef")}, private)
	_, use := identitiesFile(t, i.entry())
	s := serve(t, twoTenants, use)
	other := newTestIssuer(t)
	der, err := x509.MarshalPKIXPublicKey(k.rsa.Public())
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	head := func(alg, kid string) map[string]any { return map[string]any{"alg": alg, "kid": kid} }
	with := func(name string, value any) map[string]any {
		return map[string]any{"alg": "RS256", "kid": "rsa", name: value}
	}
	own, _ := json.Marshal(publicKey("mine", k.other.Public()))
	good := i.token(nil)
	parts := strings.Split(good, ".")
	now := time.Now().Unix()

	for name, c := range map[string]struct {
		token string
		role  string // of the answer
	}{
		"RSA":                  {good, "run"},
		"ECDSA":                {signed(t, head("ES256", "ec"), i.good(nil), k.ec), "run"},
		"Ed25519":              {signed(t, head("EdDSA", "ed"), i.good(nil), k.ed), "run"},
		"no kid":               {signed(t, map[string]any{"alg": "ES256"}, i.good(nil), k.ec), "run"},
		"access token":         {signed(t, with("typ", "at+jwt"), i.good(nil), k.rsa), "run"},
		"several audiences":    {i.token(claims{"aud": []string{"other", "wasmsql"}}), "run"},
		"role: a word":         {i.token(claims{"groups": "everyone"}), "read"},
		"role: the highest":    {i.token(claims{"groups": []any{"everyone", 7, "dba", "analysts"}}), "operate"},
		"tenant: one of many":  {i.token(claims{"org": []string{"unknown", "acme-inc", "acme-inc"}}), "run"},
		"begins soon":          {i.token(claims{"nbf": now + 20}), "run"},
		"more than is asked":   {i.token(claims{"scope": "all", "tenant": "globex", "role": "operate"}), "run"},
		"subject of UTF-8":     {i.token(claims{"sub": "zoë"}), "run"},
		"bearer in lower case": {good, "run"},
	} {
		got := s.do("GET", "/v1/tenant", "", "", "Authorization", map[bool]string{true: "bearer ", false: "Bearer "}[name == "bearer in lower case"]+c.token)
		var tenant struct{ Name, Role string }
		if err := json.Unmarshal([]byte(got.body), &tenant); got.status != 200 || err != nil || tenant.Name != "acme" || tenant.Role != c.role {
			t.Errorf("%s: status %d: %s", name, got.status, got.body)
		}
	}
	wrong := s.do("GET", "/v1/tenant", "wsql_aaaaaaaaaa_"+strings.Repeat("a", 52), "")
	for name, token := range map[string]string{
		"expired":                  i.token(claims{"exp": now - 1}),
		"long expired":             i.token(claims{"exp": 0}),
		"without an end":           i.token(claims{"exp": nil}),
		"end is a text":            i.token(claims{"exp": "tomorrow"}),
		"not yet":                  i.token(claims{"nbf": now + 3600}),
		"wrong audience":           i.token(claims{"aud": "other"}),
		"no audience":              i.token(claims{"aud": nil}),
		"audience in another case": i.token(claims{"aud": "WASMSQL"}),
		"wrong issuer":             i.token(claims{"iss": "https://evil.example"}),
		"issuer with a slash":      i.token(claims{"iss": i.url + "/"}),
		"no issuer":                i.token(claims{"iss": nil}),
		"issuer that is not asked": other.token(nil),
		"alg none":                 parts64(map[string]any{"alg": "none"}, i.good(nil)) + ".",
		"alg None":                 parts64(map[string]any{"alg": "None", "kid": "rsa"}, i.good(nil)) + ".",
		"no signature":             parts[0] + "." + parts[1] + ".",
		"HS256, the public key":    signed(t, head("HS256", "rsa"), i.good(nil), text),
		"HS256, its DER":           signed(t, head("HS256", "rsa"), i.good(nil), der),
		"HS256, a secret key":      signed(t, head("HS256", "oct"), i.good(nil), []byte("0123456789abcdef0123456789abcdef")),
		"no algorithm":             signed(t, map[string]any{"kid": "rsa"}, i.good(nil), k.rsa),
		"another algorithm's key":  signed(t, head("ES256", "rsa"), i.good(nil), k.ec),
		"kid of another key":       signed(t, head("RS256", "ec"), i.good(nil), k.rsa),
		"kid unknown":              signed(t, head("RS256", "none"), i.good(nil), k.rsa),
		"another's key":            signed(t, head("RS256", "rsa"), i.good(nil), k.other),
		"key for encryption":       signed(t, head("RS256", "enc"), i.good(nil), k.other),
		"key for another alg":      signed(t, head("RS256", "ps"), i.good(nil), k.other),
		"key in the head":          signed(t, map[string]any{"alg": "RS256", "jwk": json.RawMessage(own)}, i.good(nil), k.other),
		"key by its URL":           signed(t, map[string]any{"alg": "RS256", "kid": "rsa", "jku": other.url + "/keys"}, i.good(nil), k.other),
		"small key":                signed(t, head("RS256", "small"), i.good(nil), k.small),
		"private key published":    signed(t, head("ES256", "private"), i.good(nil), k.ec),
		"critical":                 signed(t, with("crit", []string{"b64"}), i.good(nil), k.rsa),
		"critical, unknown":        signed(t, with("crit", []string{"x"}), i.good(nil), k.rsa),
		"logout token":             signed(t, with("typ", "logout+jwt"), i.good(nil), k.rsa),
		"changed":                  parts[0] + "." + parts64(i.good(claims{"groups": "dba"})) + "." + parts[2],
		"as JSON":                  `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"two parts":                parts[0] + "." + parts[1],
		"five parts":               good + ".a.b",
		"with padding":             good + "=",
		"no claims":                signed(t, head("RS256", "rsa"), []int{1}, k.rsa),
		"no subject":               i.token(claims{"sub": nil}),
		"odd subject":              i.token(claims{"sub": "a\nb"}),
		"long subject":             i.token(claims{"sub": strings.Repeat("a", 256)}),
		"no tenant":                i.token(claims{"org": nil}),
		"unknown tenant":           i.token(claims{"org": "other"}),
		"tenant by its name":       i.token(claims{"org": "acme"}),
		"two tenants":              i.token(claims{"org": []string{"acme-inc", "globex-llc"}}),
		"tenant that is not there": i.token(claims{"org": "nowhere-ltd"}),
		"tenant is a number":       i.token(claims{"org": 1}),
		"no role":                  i.token(claims{"groups": nil}),
		"unknown role":             i.token(claims{"groups": []string{"staff"}}),
		"role by its name":         i.token(claims{"groups": "operate"}),
		"huge":                     i.token(claims{"more": strings.Repeat("a", 17<<10)}),
	} {
		got := s.do("GET", "/v1/tenant", token, "")
		if got.status != 401 || got.body != wrong.body || got.header.Get("WWW-Authenticate") != wrong.header.Get("WWW-Authenticate") {
			t.Errorf("%s: status %d: %s", name, got.status, got.body)
		}
	}
	if p := s.do("GET", "/v1/tenant", i.token(claims{"org": "broken-gmbh"}), "").problem(t); p.Status != 503 || p.Code != "broken" {
		t.Errorf("a tenant whose folder is broken: %+v", p)
	}
	i.askedSeldom()
}

// askedSeldom fails the test where the issuer was asked for its keys more often
// than at first and then each ten seconds.
func (i *testIssuer) askedSeldom() {
	i.t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	if most := 2 + int(time.Since(i.began)/(10*time.Second)); i.asked > most {
		i.t.Errorf("the issuer was asked %d times for its keys, and not at most %d", i.asked, most)
	}
}

func parts64(v ...any) string {
	var all []string
	for _, v := range v {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		all = append(all, base64.RawURLEncoding.EncodeToString(text))
	}
	return strings.Join(all, ".")
}

// TestT6IssuerChangesItsKeys has an issuer rotate its keys, withdraw one, go
// down and come back.
func TestT6IssuerChangesItsKeys(t *testing.T) {
	t.Parallel()
	k := testKeys()
	i := newTestIssuer(t)
	_, use := identitiesFile(t, i.entry())
	s := serve(t, twoTenants, use)
	status := func(token string) int { return s.do("GET", "/v1/tenant", token, "").status }
	if got := status(i.token(nil)); got != 200 {
		t.Fatal(got)
	}
	next := signed(t, map[string]any{"alg": "ES256", "kid": "next"}, i.good(nil), k.ec)
	if got := status(next); got != 401 {
		t.Error("a key that is not published yet:", got)
	}
	i.set(func(i *testIssuer) { i.keys = []jose.JSONWebKey{publicKey("next", k.ec.Public())} })
	sqldbtest.Eventually(t, "the next key is not found", func() bool { return status(next) == 200 })
	if got := status(i.token(nil)); got != 401 {
		t.Error("the key that was withdrawn:", got)
	}
	i.askedSeldom()
	i.set(func(i *testIssuer) { i.down = true })
	if got := status(next); got != 200 {
		t.Error("a token while the issuer is down:", got)
	}
}

// TestT6IssuerDown starts a server whose issuer does not answer, answers
// slowly, or with what is no key: tokens of tenants work, and the issuer's do
// when it is there.
func TestT6IssuerDown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		break_ func(*testIssuer)
		said   string
	}{
		"down":      {func(i *testIssuer) { i.down = true }, "503"},
		"slow":      {func(i *testIssuer) { i.delay = time.Hour }, "deadline"},
		"huge":      {func(i *testIssuer) { i.text = `{"keys": [` + strings.Repeat(" ", 2<<20) + `]}` }, "more than"},
		"no JSON":   {func(i *testIssuer) { i.text = "<html>" }, "not a JSON Web Key Set"},
		"no keys":   {func(i *testIssuer) { i.text = `{"keys": []}` }, "no key"},
		"many keys": {func(i *testIssuer) { i.text = `{"keys": [` + manyKeys(200) + `]}` }, "more than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newTestIssuer(t)
			c.break_(i)
			_, use := identitiesFile(t, i.entry())
			var s *served
			for tries := 0; ; tries++ {
				s = serve(t, twoTenants, use)
				if got := s.do("GET", "/v1/tenant", s.token("acme", server.Read), ""); got.status != 200 {
					t.Error("the token of a tenant:", got.status, got.body)
				}
				if name != "slow" || !strings.Contains(s.log.String(), unfetched) {
					break // it has not waited until it gave up
				}
				if tries == 5 {
					t.Fatal("the server waits for the issuer")
				}
			}
			if got := s.do("GET", "/v1/tenant", i.token(nil), ""); got.status != 401 {
				t.Error(got.status, got.body)
			}
			if got := s.do("GET", "/readyz", "", ""); !strings.Contains(got.body, `"degraded","broken":1,"identities":1`) {
				t.Error(got.body)
			}
			sqldbtest.Eventually(t, "nothing says that the keys cannot be fetched", func() bool {
				return strings.Contains(s.log.String(), unfetched)
			})
			i.set(func(i *testIssuer) { i.down, i.delay, i.text = false, 0, "" })
			sqldbtest.Eventually(t, "the issuer is back, and its tokens are not accepted", func() bool {
				return s.do("GET", "/v1/tenant", i.token(nil), "").status == 200
			})
			if got := s.do("GET", "/readyz", "", ""); !strings.Contains(got.body, `"broken":1}`) {
				t.Error(got.body)
			}
			if log := s.log.String(); !strings.Contains(log, unfetched) || !strings.Contains(log, c.said) || strings.Contains(log, "down down down down "+strings.Repeat("down ", 100)) {
				t.Error(log)
			}
		})
	}
}

// unfetched is what the log says.
const unfetched = "the keys of an issuer cannot be fetched"

func manyKeys(n int) string {
	text, err := json.Marshal(publicKey("k", testKeys().ec.Public()))
	if err != nil {
		panic(err)
	}
	return strings.Repeat(string(text)+",", n-1) + string(text)
}

// TestT12IdentitiesChange changes the operator's file under the server.
func TestT12IdentitiesChange(t *testing.T) {
	t.Parallel()
	i := newTestIssuer(t)
	name, use := identitiesFile(t, i.entry())
	s := serve(t, twoTenants, use)
	status := func() int { return s.do("GET", "/v1/tenant", i.token(nil), "").status }
	if got := status(); got != 200 {
		t.Fatal(got)
	}
	for _, broken := range []string{"issuers: nonsense\n", i.entry() + "    colour: red\n", strings.Replace(i.entry(), "analysts: run", "analysts: root", 1)} {
		if err := os.WriteFile(name, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		s.reload()
		if got := status(); got != 200 {
			t.Error("a broken file changes what is accepted:", got)
		}
		if got := s.do("GET", "/readyz", "", ""); !strings.Contains(got.body, `"identities":1`) {
			t.Error(got.body)
		}
	}
	if !strings.Contains(s.log.String(), "identities.yaml:6:62: \\\"issuers.corp.role.values.analysts\\\" must be read, run or operate") {
		t.Error(s.log)
	}
	if err := os.WriteFile(name, []byte(strings.Replace(i.entry(), "acme-inc: acme, ", "", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	s.reload()
	if got := status(); got != 401 {
		t.Error("what is not in the file any more is accepted:", got)
	}
	if got := s.do("GET", "/v1/tenant", i.token(claims{"org": "globex-llc"}), ""); got.status != 200 {
		t.Error(got.status, got.body)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	s.reload()
	if got := s.do("GET", "/v1/tenant", i.token(claims{"org": "globex-llc"}), ""); got.status != 200 {
		t.Error("a file that is gone changes what is accepted:", got.status)
	}
}

// TestT11WhoAsked looks for who asked in the audit and in an execution.
func TestT11WhoAsked(t *testing.T) {
	t.Parallel()
	i := newTestIssuer(t)
	_, use := identitiesFile(t, i.entry())
	state := withState(t, t.TempDir())
	s := serve(t, twoTenants, func(c *server.Config) { use(c); state(c) })
	alice, bob := i.token(nil), i.token(claims{"sub": "bob"})
	if got := s.do("POST", "/v1/tasks/one/run", alice, "{}"); got.status != 200 {
		t.Fatal(got.status, got.body)
	}
	got := s.do("POST", "/v1/executions", alice, `{"task": "one"}`)
	id := got.execution(t).ID
	if e := s.wait(bob, id); e.Status != "succeeded" {
		t.Errorf("%+v", e)
	}
	for _, r := range s.kept.list() {
		if r.Token != "oidc:corp/alice" || r.Tenant != "acme" {
			t.Errorf("%+v", r)
		}
	}
	if p := s.do("DELETE", "/v1/executions/"+id, bob, "").problem(t); p.Status != 403 {
		t.Errorf("another's execution: %+v", p)
	}
	if got := s.do("DELETE", "/v1/executions/"+id, alice, ""); got.status != 202 {
		t.Error("her own execution:", got.status, got.body)
	}
	if strings.Contains(s.log.String(), alice) {
		t.Error("the log holds a token")
	}
}
