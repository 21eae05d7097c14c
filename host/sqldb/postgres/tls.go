package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"slices"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// sslModes are libpq's, from the least to the most.
var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// tlsSettings are how a connection is protected.
type tlsSettings struct {
	mode     string // of sslModes
	rootCert string // a file, or "system"
	cert     string
	key      string
	password secret.Value
	noName   bool   // leave the host's name out of the handshake
	direct   bool   // begin with the handshake: PostgreSQL 17 and later
	least    string // of tlsVersions
	most     string
}

// tlsVersions are libpq's names of what is spoken here.
var tlsVersions = []string{"TLSv1.2", "TLSv1.3"}

func tlsVersion(name string, other uint16) uint16 {
	switch name {
	case "TLSv1.2":
		return tls.VersionTLS12
	case "TLSv1.3":
		return tls.VersionTLS13
	}
	return other
}

func (s *tlsSettings) check(fault func(field, message, hint string)) {
	switch {
	case s.rootCert == "system" && s.mode != "verify-full" && s.mode != "prefer":
		fault("connect_args.sslrootcert", "system needs sslmode=verify-full", "a weaker mode would trust every certificate of the world")
	case s.rootCert == "system":
		s.mode = "verify-full"
	case s.rootCert == "" && (s.mode == "verify-ca" || s.mode == "verify-full"):
		fault("connect_args.sslmode", s.mode+" needs sslrootcert", "name a file, or system for the system's authorities")
	}
	if weak := s.mode == "disable" || s.mode == "allow" || s.mode == "prefer"; s.direct && weak {
		fault("connect_args.sslnegotiation", "direct needs sslmode=require or more", "without it a server may be asked for less")
	}
	if s.least > s.most && s.most != "" {
		fault("connect_args.ssl_min_protocol_version", "is above ssl_max_protocol_version", "")
	}
	if (s.cert == "") != (s.key == "") {
		fault("connect_args.sslcert", "sslcert and sslkey go together", "name both files")
	}
}

// configs returns the ways to connect, in order: nil is one without TLS. Files
// are read each time, so that renewed ones are seen.
//
// What a mode means is libpq's: allow and prefer take what there is, require
// takes any certificate unless there is a sslrootcert, verify-ca wants one that
// it signed, and verify-full one that is for the host too.
//
// Source: the PostgreSQL documentation, "SSL Support", "Protection Provided in
// Different Modes".
func (s *tlsSettings) configs(host string) ([]*tls.Config, error) {
	if s.mode == "disable" {
		return []*tls.Config{nil}, nil
	}
	c := &tls.Config{InsecureSkipVerify: true, MinVersion: tlsVersion(s.least, tls.VersionTLS12), MaxVersion: tlsVersion(s.most, 0)}
	if s.direct {
		c.NextProtos = []string{"postgresql"}
	}
	if !s.noName && net.ParseIP(host) == nil {
		c.ServerName = host
	}
	if err := s.roots(c); err != nil {
		return nil, err
	}
	if err := s.certificate(c); err != nil {
		return nil, err
	}
	if roots := c.RootCAs; s.mode == "verify-full" || s.mode == "verify-ca" || s.mode == "require" && roots != nil {
		c.VerifyConnection = func(state tls.ConnectionState) error {
			err := verifyChain(state, roots)
			if err == nil && s.mode == "verify-full" {
				err = verifyHost(state.PeerCertificates[0], host)
			}
			return err
		}
	}
	switch s.mode {
	case "allow":
		return []*tls.Config{nil, c}, nil
	case "prefer":
		return []*tls.Config{c, nil}, nil
	}
	return []*tls.Config{c}, nil
}

// verifyChain checks that a root signed the server's certificate, for whatever
// host that is.
func verifyChain(state tls.ConnectionState, roots *x509.CertPool) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("tls: the server has no certificate")
	}
	opts := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range state.PeerCertificates[1:] {
		opts.Intermediates.AddCert(c)
	}
	_, err := state.PeerCertificates[0].Verify(opts)
	return err
}

// verifyHost checks that a certificate is for the host as libpq does, which
// crypto/tls is stricter than: the common name counts where there is no
// alternative name of the host's kind, and a name may be an address.
//
// Source: the PostgreSQL documentation, "Client Verification of Server
// Certificates"; src/interfaces/libpq/fe-secure-openssl.c,
// pgtls_verify_peer_name_matches_certificate_guts.
func verifyHost(c *x509.Certificate, host string) error {
	err := c.VerifyHostname(host)
	if err == nil {
		return nil
	}
	names, counts := c.DNSNames, len(c.DNSNames) == 0
	if net.ParseIP(host) != nil {
		counts = len(c.IPAddresses) == 0
	}
	if counts {
		names = append(slices.Clone(names), c.Subject.CommonName)
	}
	if slices.Contains(names, host) || (&x509.Certificate{DNSNames: names}).VerifyHostname(host) == nil {
		return nil
	}
	return err
}

func (s *tlsSettings) roots(c *tls.Config) (err error) {
	switch s.rootCert {
	case "":
		return nil
	case "system":
		if c.RootCAs, err = x509.SystemCertPool(); err != nil {
			return badFile("sslrootcert", "the system's authorities cannot be read", err)
		}
		return nil
	}
	text, err := os.ReadFile(s.rootCert)
	if err != nil {
		return badFile("sslrootcert", "the file cannot be read", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(text) {
		return badFile("sslrootcert", "the file holds no certificate", nil)
	}
	return nil
}

// certificate loads the client's certificate.
func (s *tlsSettings) certificate(c *tls.Config) error {
	if s.cert == "" {
		return nil
	}
	cert, err := os.ReadFile(s.cert)
	if err != nil {
		return badFile("sslcert", "the file cannot be read", err)
	}
	key, err := os.ReadFile(s.key)
	if err != nil {
		return badFile("sslkey", "the file cannot be read", err)
	}
	block, _ := pem.Decode(key)
	switch {
	case block == nil:
		return badFile("sslkey", "the file holds no key", nil)
	case block.Type == "ENCRYPTED PRIVATE KEY":
		return badFile("sslkey", "a key that is encrypted as PKCS #8 cannot be read: openssl rsa -traditional writes one that can", nil)
	//lint:ignore SA1019 it is how libpq's users have encrypted their keys
	case x509.IsEncryptedPEMBlock(block):
		//lint:ignore SA1019 see above
		der, err := x509.DecryptPEMBlock(block, []byte(s.password.Reveal()))
		if err != nil {
			return badFile("sslpassword", "the key cannot be decrypted", err)
		}
		key = pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: der})
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return badFile("sslcert", "the certificate and the key do not fit together", err)
	}
	c.Certificates = []tls.Certificate{pair}
	return nil
}

func badFile(name, what string, cause error) error {
	return &sqldb.Error{Code: abi.Conn, Message: "connect_args." + name + ": " + what, Cause: cause}
}
