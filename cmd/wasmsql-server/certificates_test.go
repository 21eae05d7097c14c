package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestT6CertificatesAreRenewed has the files of TLS renewed under the server:
// the certificate is another for the next connection, clients of an authority
// that is accepted no more are refused, also those that have a session ticket,
// and what is broken changes nothing.
func TestT6CertificatesAreRenewed(t *testing.T) {
	dir := t.TempDir()
	servers, before, after := newAuthority(t, "servers"), newAuthority(t, "before"), newAuthority(t, "after")
	cert, key := servers.issue(2)
	write(t, dir, map[string]string{"tenants/acme/wasmsql.yaml": onFile, "server.pem": cert, "server.key": key, "clients.pem": before.pem})
	p, said := startIn(t, dir, nil, "serve", "--tenants", "tenants", "--listen", "127.0.0.1:0",
		"--tls-cert", "server.pem", "--tls-key", "server.key", "--tls-client-ca", "clients.pem", "--tls-client-required")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(servers.pem))
	client := func(a *authority) *tls.Config {
		pair, err := tls.X509KeyPair(func() ([]byte, []byte) { c, k := a.issue(3); return []byte(c), []byte(k) }())
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{RootCAs: roots, ClientSessionCache: tls.NewLRUClientSessionCache(1),
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }}
	}
	old, fresh := client(before), client(after)
	// ask returns the number of the server's certificate, and whether a ticket
	// was taken, or no number where there is no answer.
	ask := func(c *tls.Config) (serial int64, resumed bool) {
		t.Helper()
		conn, err := tls.Dial("tcp", strings.TrimPrefix(p.url, "https://"), c)
		if err != nil {
			return 0, false
		}
		web := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialTLSContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil }}}
		res, err := web.Get(p.url + "/livez")
		if err != nil {
			return 0, false
		}
		res.Body.Close()
		state := conn.ConnectionState()
		return state.PeerCertificates[0].SerialNumber.Int64(), state.DidResume
	}
	expect := func(what string, c *tls.Config, serial int64, resumed bool) {
		t.Helper()
		if got, with := ask(c); got != serial || with != resumed {
			t.Errorf("%s: certificate %d, resumed %v\n%s", what, got, with, said)
		}
	}
	expect("at first", old, 2, false)
	expect("with a ticket", old, 2, true)
	expect("another authority's", fresh, 0, false)
	replace := func(name, text string) {
		t.Helper()
		write(t, dir, map[string]string{name + ".new": text})
		if err := os.Rename(filepath.Join(dir, name+".new"), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	cert, key = servers.issue(77)
	replace("server.pem", cert)
	for range 3 {
		expect("half of it", old, 2, true)
	}
	replace("server.key", key)
	expect("renewed", old, 77, false)
	replace("clients.pem", after.pem)
	expect("taken from the list", old, 0, false)
	expect("on the list", fresh, 77, false)
	replace("clients.pem", "nothing")
	expect("a broken list", old, 0, false)
	expect("a broken list", fresh, 77, true)
	if err := os.Remove(filepath.Join(dir, "server.key")); err != nil {
		t.Fatal(err)
	}
	expect("a key that is gone", fresh, 77, true)
	if n := strings.Count(said.String(), "is the one of before"); n != 3 {
		t.Errorf("three faults are told %d times:\n%s", n, said)
	}
}
