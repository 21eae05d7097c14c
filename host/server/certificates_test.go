package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/server"
)

// authority is a certificate authority of a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := authority{t: t, key: key, cert: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

// issue makes a certificate with changes of a good one.
func (a authority) issue(change func(*x509.Certificate)) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	change(c)
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// secured has a server under test speak TLS beside what it speaks, and ask for
// certificates of an authority.
type secured struct {
	*served
	tls  *tls.Config // of its clients
	addr string
}

func serveTLS(t *testing.T, s *served, clients authority) secured {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	web.Config = s.HTTP()
	web.EnableHTTP2 = true
	web.TLS = &tls.Config{ClientCAs: x509.NewCertPool(), ClientAuth: tls.VerifyClientCertIfGiven, MinVersion: tls.VersionTLS12}
	web.TLS.ClientCAs.AddCert(clients.cert)
	web.StartTLS()
	t.Cleanup(web.Close)
	pool := x509.NewCertPool()
	pool.AddCert(web.Certificate())
	return secured{served: s, addr: web.Listener.Addr().String(), tls: &tls.Config{RootCAs: pool, ServerName: "example.com"}}
}

// client returns a client with a certificate, or none, that speaks HTTP/2 or
// HTTP/1.1.
func (s secured) client(two bool, certs ...tls.Certificate) *http.Client {
	config := s.tls.Clone()
	config.Certificates = certs
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: two, DisableKeepAlives: !two}
	if !two {
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// ask sends a request, and checks the protocol of its answer.
func (s secured) ask(c *http.Client, method, path, token string) (answer, error) {
	s.t.Helper()
	var body io.Reader
	if method == "POST" {
		body = strings.NewReader("{}")
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, "https://"+s.addr+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := c.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	if want := map[bool]int{true: 2, false: 1}[c.Transport.(*http.Transport).ForceAttemptHTTP2]; res.ProtoMajor != want {
		s.t.Errorf("%s: not HTTP/%d", res.Proto, want)
	}
	text, err := io.ReadAll(res.Body)
	a := answer{status: res.StatusCode, header: res.Header, trailer: res.Trailer, body: string(text), err: err}
	hold(s.t, method, path, a)
	return a, nil
}

const certificateEntries = `certificates:
  - {uri: 'spiffe://example.com/acme/nightly', tenant: acme, role: run}
  - {dns: loader.acme.example, tenant: acme, role: operate}
  - {email: bob@acme.example, tenant: acme, role: read}
  - {cn: dashboards, tenant: globex, role: read}
  - {cn: lost, tenant: nowhere, role: read}
`

// TestT6Certificates has clients come with certificates, over HTTP/1.1 and
// HTTP/2.
func TestT6Certificates(t *testing.T) {
	t.Parallel()
	name, use := identitiesFile(t, certificateEntries)
	ca, other := newAuthority(t), newAuthority(t)
	s := serveTLS(t, serve(t, twoTenants, use), ca)
	token := s.token("globex", server.Run)
	spiffe := func(path string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.URIs = []*url.URL{{Scheme: "spiffe", Host: "example.com", Path: path}}
		}
	}
	nightly := ca.issue(spiffe("/acme/nightly"))
	for _, two := range []bool{false, true} {
		for name, c := range map[string]struct {
			cert                tls.Certificate
			token, tenant, role string
		}{
			"uri":                 {cert: nightly, tenant: "acme", role: "run"},
			"dns":                 {cert: ca.issue(func(c *x509.Certificate) { c.DNSNames = []string{"x", "loader.acme.example"} }), tenant: "acme", role: "operate"},
			"email":               {cert: ca.issue(func(c *x509.Certificate) { c.EmailAddresses = []string{"bob@acme.example"} }), tenant: "acme", role: "read"},
			"cn":                  {cert: ca.issue(func(c *x509.Certificate) { c.Subject.CommonName = "dashboards" }), tenant: "globex", role: "read"},
			"a token goes before": {cert: nightly, token: token, tenant: "globex", role: "run"},
		} {
			got, err := s.ask(s.client(two, c.cert), "GET", "/v1/tenant", c.token)
			var tenant struct{ Name, Role string }
			if err != nil || got.status != 200 || json.Unmarshal([]byte(got.body), &tenant) != nil || tenant.Name != c.tenant || tenant.Role != c.role {
				t.Errorf("%s: %v %d %s", name, err, got.status, got.body)
			}
		}
		wrong, err := s.ask(s.client(two), "GET", "/v1/tenant", "")
		if err != nil || wrong.status != 401 {
			t.Error("without anything:", err, wrong.status)
		}
		for name, c := range map[string]struct {
			cert  tls.Certificate
			token string
		}{
			"another name":             {cert: ca.issue(spiffe("/acme/nightly2"))},
			"below the name":           {cert: ca.issue(spiffe("/acme/nightly/x"))},
			"no name":                  {cert: ca.issue(func(*x509.Certificate) {})},
			"tenant that is not there": {cert: ca.issue(func(c *x509.Certificate) { c.Subject.CommonName = "lost" })},
			"name in another case":     {cert: ca.issue(func(c *x509.Certificate) { c.Subject.CommonName = "Dashboards" })},
			"uri as a common name":     {cert: ca.issue(func(c *x509.Certificate) { c.Subject.CommonName = "spiffe://example.com/acme/nightly" })},
			"dns as a common name":     {cert: ca.issue(func(c *x509.Certificate) { c.Subject.CommonName = "loader.acme.example" })},
			"a wrong token with it":    {cert: nightly, token: "wsql_aaaaaaaaaa_" + strings.Repeat("a", 52)},
			"a token of nobody":        {cert: nightly, token: "x"},
		} {
			got, err := s.ask(s.client(two, c.cert), "GET", "/v1/tenant", c.token)
			if err != nil || got.status != 401 || got.body != wrong.body {
				t.Errorf("%s: %v %d %s", name, err, got.status, got.body)
			}
		}
		for name, cert := range map[string]tls.Certificate{
			"another authority": other.issue(spiffe("/acme/nightly")),
			"expired":           ca.issue(func(c *x509.Certificate) { spiffe("/acme/nightly")(c); c.NotAfter = time.Now().Add(-time.Minute) }),
			"not yet":           ca.issue(func(c *x509.Certificate) { spiffe("/acme/nightly")(c); c.NotBefore = time.Now().Add(time.Minute) }),
			"for a server": ca.issue(func(c *x509.Certificate) {
				spiffe("/acme/nightly")(c)
				c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			}),
		} {
			if got, err := s.ask(s.client(two, cert), "GET", "/v1/tenant", ""); err == nil {
				t.Errorf("%s: a connection is made: %d %s", name, got.status, got.body)
			}
		}
	}
	if got := s.do("GET", "/v1/tenant", "", ""); got.status != 401 { // without TLS
		t.Error(got.status)
	}
	// Who is taken from the list is refused on the connection that is open.
	open := s.client(true, nightly)
	if got, err := s.ask(open, "POST", "/v1/tasks/one/run", ""); err != nil || got.status != 200 {
		t.Error(err, got.status, got.body)
	}
	if err := os.WriteFile(name, []byte(strings.ReplaceAll(certificateEntries, "/nightly'", "/other'")), 0o600); err != nil {
		t.Fatal(err)
	}
	s.reload()
	if got, err := s.ask(open, "POST", "/v1/tasks/one/run", ""); err != nil || got.status != 401 {
		t.Error("taken from the list:", err, got.status, got.body)
	}
	if last := s.kept.list(); len(last) != 1 || last[0].Token != "cert:spiffe://example.com/acme/nightly" {
		t.Errorf("%+v", last)
	}
}

// TestT6CertificateExpires has a certificate's time end on a connection that is
// open.
func TestT6CertificateExpires(t *testing.T) {
	t.Parallel()
	_, use := identitiesFile(t, certificateEntries)
	ca := newAuthority(t)
	s := serveTLS(t, serve(t, twoTenants, use), ca)
	for _, two := range []bool{false, true} {
		var c *http.Client
		var dials int
		var end time.Time
		for life := 3 * time.Second; ; life *= 2 {
			end = time.Now().Add(life)
			c = s.client(two, ca.issue(func(c *x509.Certificate) { c.Subject.CommonName, c.NotAfter = "dashboards", end }))
			transport := c.Transport.(*http.Transport)
			transport.DisableKeepAlives = false
			dials = 0
			transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				dials++
				return (&net.Dialer{}).DialContext(ctx, network, addr)
			}
			got, err := s.ask(c, "GET", "/v1/tenant", "")
			if err == nil && got.status == 200 {
				break
			}
			if life > time.Minute || time.Now().Before(end.Add(-time.Second)) { // a certificate's times are whole seconds
				t.Fatal(err, got.status, got.body)
			}
		}
		time.Sleep(time.Until(end.Add(500 * time.Millisecond)))
		if got, err := s.ask(c, "GET", "/v1/tenant", ""); err != nil || got.status != 401 || dials != 1 {
			t.Errorf("%v: status %d over connection %d", err, got.status, dials)
		}
	}
}
