package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// certificateOf makes an authority and a certificate of it, in PEM.
func certificateOf(t *testing.T, name string) (authority, cert, key string) {
	t.Helper()
	text := func(kind string, der []byte, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	caKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of " + name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	authority = text("CERTIFICATE", der, err)
	own, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	der, err = x509.CreateCertificate(rand.Reader, leaf, ca, own.Public(), caKey)
	cert = text("CERTIFICATE", der, err)
	der, err = x509.MarshalPKCS8PrivateKey(own)
	return authority, cert, text("PRIVATE KEY", der, err)
}

// TestT6ClientCertificates has the program take certificates, by its flags.
func TestT6ClientCertificates(t *testing.T) {
	dir := t.TempDir()
	serverCA, serverCert, serverKey := certificateOf(t, "server")
	clientCA, clientCert, clientKey := certificateOf(t, "nightly")
	_, strangeCert, strangeKey := certificateOf(t, "nightly")
	write(t, dir, map[string]string{
		"tenants/acme/wasmsql.yaml": onFile, "server.pem": serverCert, "server.key": serverKey, "clients.pem": clientCA,
		"identities.yaml": "certificates: [{cn: nightly, tenant: acme, role: run}]\n",
	})
	token := tokenOf(t, dir, "acme")
	args := []string{"serve", "--tenants", "tenants", "--listen", "127.0.0.1:0", "--tls-cert", "server.pem", "--tls-key", "server.key",
		"--identities", "identities.yaml", "--tls-client-ca", "clients.pem"}
	optional, _ := startIn(t, dir, nil, args...)
	needed, _ := startIn(t, dir, nil, append(args, "--tls-client-required")...)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(serverCA))
	for name, c := range map[string]struct {
		cert, key, token string
		optional, needed int // statuses; 0: no connection
	}{
		"certificate":         {clientCert, clientKey, "", 200, 200},
		"nothing":             {"", "", "", 401, 0},
		"token":               {"", "", token, 200, 0},
		"both":                {clientCert, clientKey, token, 200, 200},
		"wrong token with it": {clientCert, clientKey, token[:len(token)-5] + "aaaaa", 401, 401},
		"another authority's": {strangeCert, strangeKey, "", 0, 0},
		"that, and a token":   {strangeCert, strangeKey, token, 0, 0},
	} {
		for want, p := range map[*int]*program{&c.optional: optional, &c.needed: needed} {
			config := &tls.Config{RootCAs: roots}
			if c.cert != "" {
				pair, err := tls.X509KeyPair([]byte(c.cert), []byte(c.key))
				if err != nil {
					t.Fatal(err)
				}
				// Also where the server has said that it is of no authority it knows.
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
			}
			r, _ := http.NewRequestWithContext(t.Context(), "GET", p.url+"/v1/tenant", nil)
			if c.token != "" {
				r.Header.Set("Authorization", "Bearer "+c.token)
			}
			transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
			res, err := (&http.Client{Transport: transport}).Do(r)
			status, body := 0, []byte(nil)
			if err == nil {
				status = res.StatusCode
				body, _ = io.ReadAll(res.Body)
				res.Body.Close()
			}
			transport.CloseIdleConnections()
			if status != *want || status == 200 && !strings.Contains(string(body), `"name":"acme"`) {
				t.Errorf("%s: status %d, not %d: %v %s", name, status, *want, err, body)
			}
		}
	}
}
