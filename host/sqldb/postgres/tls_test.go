package postgres_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// authority signs certificates, into files of a folder.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	if err := os.Chmod(a.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	a.sign(t, name, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotAfter: time.Now().Add(time.Hour)})
	return a
}

// sign writes name.pem and name.key.
func (a *authority) sign(t *testing.T, name string, c *x509.Certificate) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore = big.NewInt(time.Now().UnixNano()), time.Now().Add(-2*time.Hour)
	if c.Subject.CommonName == "" {
		c.Subject.CommonName = name
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, k
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &k.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert == nil {
		a.key = k
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
	}
	keyDER, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+".key")
	for path, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(b), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// TestC7TLS: each mode means what it means to libpq, with a certificate that is
// right, for another host, expired, or of another authority.
func TestC7TLS(t *testing.T) {
	ours, others := newAuthority(t, "ours"), newAuthority(t, "others")
	local := []net.IP{net.ParseIP("127.0.0.1")}
	soon := time.Now().Add(time.Hour)
	ca, otherCA := filepath.Join(ours.dir, "ours.pem"), filepath.Join(others.dir, "others.pem")
	const ok = ""
	s := tlsServer(t, ours)
	uri := s.AdminURI
	for name, c := range map[string]struct {
		cert *x509.Certificate
		want map[string]string // by mode and authority
	}{
		"right": {&x509.Certificate{IPAddresses: local, NotAfter: soon}, map[string]string{
			"require": ok, "require " + ca: ok, "require " + otherCA: "authority", "verify-ca " + ca: ok, "verify-ca " + otherCA: "authority", "verify-full " + ca: ok, "verify-full " + otherCA: "authority", "prefer": ok, "allow": ok, "disable": ok,
		}},
		"other": {&x509.Certificate{DNSNames: []string{"other.example"}, NotAfter: soon}, map[string]string{
			"require": ok, "verify-ca " + ca: ok, "verify-full " + ca: "another host",
		}},
		"common name": {&x509.Certificate{Subject: pkix.Name{CommonName: "127.0.0.1"}, NotAfter: soon}, map[string]string{
			"verify-full " + ca: ok, "verify-full " + otherCA: "authority",
		}},
		"expired": {&x509.Certificate{IPAddresses: local, NotAfter: time.Now().Add(-time.Hour)}, map[string]string{
			"require": ok, "verify-ca " + ca: "expired", "verify-full " + ca: "expired",
		}},
	} {
		ours.serve(t, c.cert)
		loaded := func() string {
			text, err := s.Client(uri, "SELECT pg_conf_load_time();")
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		before := loaded()
		if _, err := s.Client(uri, "SELECT pg_reload_conf();"); err != nil {
			t.Fatal(err)
		}
		sqldbtest.Eventually(t, "the server does not load its configuration", func() bool { return loaded() != before })
		for mode, want := range c.want {
			mode, root, _ := strings.Cut(mode, " ")
			args := map[string]any{"sslmode": mode}
			if root != "" {
				args["sslrootcert"] = root
			}
			tx, err := open(t, uri, sqldb.Config{Args: args}).Begin(t.Context(), sqldb.TxOptions{})
			if want != ok {
				if e := fault(t, err); !strings.Contains(e.Message, want) {
					t.Errorf("%s, %s: %s", name, mode, e.Message)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, %s: %v", name, mode, err)
				continue
			}
			encrypted := cell(t, tx, "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
			if (encrypted == "true") != (mode != "disable" && mode != "allow") {
				t.Errorf("%s, %s: encrypted is %s", name, mode, encrypted)
			}
			_ = tx.Rollback(t.Context())
		}
	}
	// A cancel request goes the same way.
	d := open(t, uri, sqldb.Config{Args: map[string]any{"sslmode": "require"}})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := drain(ctx, beginOn(t, d, sqldb.TxOptions{}), "SELECT pg_sleep(3600)"); fault(t, err).Code != abi.Timeout {
		t.Error(err)
	}
	// The bounds of the version hold, and a server that speaks TLS at once is asked at once.
	for _, version := range []string{"TLSv1.2", "TLSv1.3"} {
		tx := beginOn(t, open(t, uri, sqldb.Config{Args: map[string]any{"sslmode": "require", "ssl_min_protocol_version": version, "ssl_max_protocol_version": version}}), sqldb.TxOptions{})
		if got := cell(t, tx, "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"); got != version {
			t.Errorf("%s: %s", version, got)
		}
		if version == "TLSv1.3" && since(t, tx, 17) {
			cell(t, beginOn(t, open(t, uri, sqldb.Config{Args: map[string]any{"sslmode": "require", "sslnegotiation": "direct"}}), sqldb.TxOptions{}), "SELECT 1")
		}
	}
	// Without TLS on the other side, require does not go on.
	if _, err := open(t, server(t), sqldb.Config{Args: map[string]any{"sslmode": "require"}}).Begin(t.Context(), sqldb.TxOptions{}); err == nil {
		t.Error("went on without TLS")
	}
}

// tlsServer starts a server whose certificate is server.pem of the authority's
// folder, for as long as the test.
func tlsServer(t *testing.T, a *authority) *sqldbtest.Server {
	t.Helper()
	for dir := a.dir; strings.HasPrefix(dir, os.TempDir()+"/"); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	a.serve(t, &x509.Certificate{NotAfter: time.Now().Add(time.Hour)})
	s, err := sqldbtest.NewPostgres("ssl=on", "ssl_cert_file="+filepath.Join(a.dir, "server.pem"), "ssl_key_file="+filepath.Join(a.dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// serve makes a certificate that the server can read.
func (a *authority) serve(t *testing.T, c *x509.Certificate) {
	t.Helper()
	_, key := a.sign(t, "server", c)
	if err := os.Chmod(key, 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() != 0 {
		return
	}
	for _, name := range []string{"postgres", "nobody"} { // whom a server of root's tests runs as
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.Atoi(u.Uid)
			if err := os.Chown(key, uid, -1); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
}
