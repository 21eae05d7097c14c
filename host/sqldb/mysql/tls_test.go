package mysql

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// authority signs certificates for tests, as files of a folder.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, dir, name string) *authority {
	t.Helper()
	a := &authority{dir: dir}
	a.cert, a.key = a.issue(t, name, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotAfter: time.Now().Add(time.Hour),
	})
	return a
}

// issue writes name.pem and name-key.pem.
func (a *authority) issue(t *testing.T, name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore = big.NewInt(time.Now().UnixNano()), time.Now().Add(-2*time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(file, kind string, data []byte) {
		if err := os.WriteFile(filepath.Join(a.dir, file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(name+".pem", "CERTIFICATE", der)
	write(name+"-key.pem", "PRIVATE KEY", raw)
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made, key
}

// secured starts a server with the certificate of that name.
func secured(t *testing.T, dir, cert string, more ...string) *sqldbtest.Server {
	t.Helper()
	return private(t, append(more, "ssl-ca="+dir+"/ca.pem", "ssl-cert="+dir+"/"+cert+".pem", "ssl-key="+dir+"/"+cert+"-key.pem")...)
}

// private starts a server for the test alone.
func private(t *testing.T, settings ...string) *sqldbtest.Server {
	t.Helper()
	s, err := sqldbtest.NewMariaDB(settings...)
	var missing *sqldbtest.Missing
	if errors.As(err, &missing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// TestC7TLS: the options of TLS mean what they mean to PyMySQL, and what is
// not right of a certificate is told.
func TestC7TLS(t *testing.T) {
	dir, err := os.MkdirTemp("", "tls") // the server may run as another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	ca := newAuthority(t, dir, "ca")
	newAuthority(t, dir, "stranger")
	soon := time.Now().Add(time.Hour)
	ca.issue(t, "here", &x509.Certificate{Subject: pkix.Name{CommonName: "x"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, NotAfter: soon})
	ca.issue(t, "elsewhere", &x509.Certificate{Subject: pkix.Name{CommonName: "elsewhere"}, DNSNames: []string{"elsewhere.example"}, NotAfter: soon})
	ca.issue(t, "expired", &x509.Certificate{Subject: pkix.Name{CommonName: "x"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(-time.Hour)})
	ca.issue(t, "client", &x509.Certificate{Subject: pkix.Name{CommonName: "client"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, NotAfter: soon})
	const (
		plain, encrypted = "", "TLS"
		unknown          = "the server's certificate is from an unknown authority"
		otherHost        = "the server's certificate is for another host"
		old              = "the server's certificate has expired or is not valid yet"
	)
	type m = map[string]any
	caFile, strange := dir+"/ca.pem", dir+"/stranger.pem"
	for _, s := range []struct {
		cert  string
		cases []tlsCase
	}{
		{"here", []tlsCase{
			{"", nil, encrypted}, {"", m{"ssl_disabled": true}, plain}, {"?ssl_disabled=true", nil, plain}, {"", m{"ssl_ca": caFile}, encrypted}, {"", m{"ssl_ca": strange}, encrypted},
			{"", m{"ssl_ca": strange, "ssl_verify_cert": true}, unknown}, {"", m{"ssl_ca": caFile, "ssl_verify_cert": true}, encrypted},
			{"", m{"ssl_ca": caFile, "ssl_verify_identity": true}, encrypted}, {"", m{"ssl_verify_cert": true}, unknown}, {"", m{"ssl_verify_identity": true}, unknown},
			{"", m{"ssl": m{"ca": caFile}}, encrypted}, {"", m{"ssl": m{"ca": strange}}, unknown}, {"", m{"ssl": m{"ca": strange, "verify_mode": "none"}}, encrypted},
			{"", m{"ssl": m{"ca": strange, "verify_mode": false}}, encrypted}, {"", m{"ssl": m{"verify_mode": true}}, unknown},
			{"?ssl_ca=" + caFile, nil, encrypted}, {"?ssl_ca=" + strange, nil, unknown},
			{"", m{"ssl_ca": "ca.pem", "ssl_verify_cert": true}, encrypted},
			{"?ssl_mode=REQUIRED", nil, encrypted}, {"?ssl_mode=disabled", nil, plain}, {"?ssl_mode=PREFERRED", nil, encrypted}, {"?ssl_mode=VERIFY_IDENTITY", nil, unknown},
			{"", m{"ssl_mode": "VERIFY_CA", "ssl_ca": strange}, unknown}, {"", m{"ssl_mode": "VERIFY_IDENTITY", "ssl_ca": caFile}, encrypted}, {"", m{"ssl_mode": "DISABLED"}, plain},
			{"", m{"ssl_cert": dir + "/client.pem", "ssl_key": dir + "/client-key.pem"}, encrypted},
		}},
		{"elsewhere", []tlsCase{
			{"", m{"ssl_ca": caFile, "ssl_verify_cert": true}, encrypted}, {"", m{"ssl_ca": caFile, "ssl_verify_identity": true}, otherHost},
			{"", m{"ssl": m{"ca": caFile}}, otherHost}, {"", m{"ssl": m{"ca": caFile, "check_hostname": false}}, encrypted},
			{"?ssl_mode=VERIFY_CA&ssl_ca=" + caFile, nil, encrypted}, {"?ssl_mode=VERIFY_IDENTITY&ssl_ca=" + caFile, nil, otherHost},
			{"", m{"ssl_mode": "VERIFY_CA", "ssl_ca": caFile}, encrypted}, {"", m{"ssl_mode": "VERIFY_IDENTITY", "ssl_ca": caFile}, otherHost},
			{"?ssl_ca=" + caFile, nil, otherHost}, {"?ssl_check_hostname=false&ssl_ca=" + caFile, nil, encrypted},
		}},
		{"expired", []tlsCase{
			{"", nil, encrypted}, {"", m{"ssl_ca": caFile, "ssl_verify_cert": true}, old}, {"", m{"ssl_ca": caFile, "ssl_verify_identity": true}, old},
		}},
	} {
		t.Run(s.cert, func(t *testing.T) {
			t.Parallel()
			server := secured(t, dir, s.cert)
			for _, c := range s.cases {
				c.run(t, server.AdminURI, dir)
			}
			if s.cert == "here" {
				clients(t, server, dir)
			}
		})
	}
}

// TestC7RefusedTLS: a server whose TLS ends before it begins is told as that, and
// gets nothing without TLS.
func TestC7RefusedTLS(t *testing.T) {
	more := make(chan bool, 1)
	d := openURI(t, "mysql://u:p@127.0.0.1/d", listen(t, func(p *peer) {
		defer func() { _ = p.Close() }()
		p.send(helloOf(usual | canTLS)...)
		if _, err := p.receive(); err == nil {
			_ = tls.Server(p.Conn, &tls.Config{}).Handshake() // without a certificate
		}
		_, err := p.receive()
		more <- err == nil
	}))
	_, err := d.Begin(ctxOf(t), sqldb.TxOptions{})
	if e := fails(t, err); e.Message != "the server refused TLS" || !strings.Contains(e.Hint, "ssl_disabled") {
		t.Error(whole(err))
	}
	if <-more {
		t.Error("a login follows")
	}
}

type tlsCase struct {
	query string
	args  map[string]any
	want  string
}

func (c tlsCase) run(t *testing.T, uri, dir string) {
	t.Helper()
	d := openURI(t, uri+c.query, func(cfg *sqldb.Config) { cfg.Args, cfg.Dir = c.args, dir })
	x, err := d.Begin(ctxOf(t), sqldb.TxOptions{})
	got := ""
	if err != nil {
		got = fails(t, err).Message
	} else {
		b := query(t, x, "SHOW STATUS LIKE 'Ssl_cipher'")
		if b.rows[0][1] != "" {
			got = "TLS"
		}
		if n := one(t, x, "SELECT COUNT(*) FROM seq_1_to_200000 WHERE seq > ?", num(5)); n != "199995" {
			t.Error(n)
		}
		_ = x.Rollback(ctxOf(t))
	}
	if got != c.want {
		t.Errorf("%s %v: got %q, want %q (%v)", c.query, c.args, got, c.want, err)
	}
}

// clients: a login that needs a client's certificate, and each way to log in.
func clients(t *testing.T, server *sqldbtest.Server, dir string) {
	for _, sql := range []string{
		"INSTALL SONAME 'auth_ed25519'", "CREATE USER cert@'%' IDENTIFIED BY 'pw' REQUIRE X509", "CREATE USER ed@'%' IDENTIFIED VIA ed25519 USING PASSWORD('pw')",
	} {
		if _, err := server.Client(server.AdminURI, sql+";"); err != nil {
			t.Log("not tested:", err)
			return
		}
	}
	at := server.AdminURI[strings.LastIndexByte(server.AdminURI, '@'):]
	at = at[:strings.LastIndexByte(at, '/')] + "/"
	for _, c := range []struct {
		user string
		args map[string]any
		want string
	}{
		{"cert", nil, "the server refused the login: wrong user or password"},
		{"cert", map[string]any{"ssl_cert": dir + "/client.pem", "ssl_key": dir + "/client-key.pem"}, "TLS"},
		{"ed", nil, "TLS"},
		{"ed", map[string]any{"ssl_disabled": true}, ""},
	} {
		tlsCase{"", c.args, c.want}.run2(t, "mysql://"+c.user+":pw"+at, dir)
	}
}

func (c tlsCase) run2(t *testing.T, uri, dir string) {
	t.Helper()
	d := openURI(t, uri, func(cfg *sqldb.Config) { cfg.Args, cfg.Dir = c.args, dir })
	x, err := d.Begin(ctxOf(t), sqldb.TxOptions{})
	got := ""
	if err != nil {
		got = fails(t, err).Message
	} else if query(t, x, "SHOW STATUS LIKE 'Ssl_cipher'").rows[0][1] != "" {
		got = "TLS"
	}
	if got != c.want {
		t.Errorf("%v: got %q, want %q (%v)", c.args, got, c.want, err)
	}
}
