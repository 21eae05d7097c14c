package mysql

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

// tlsPlan is what the options say of TLS.
type tlsPlan struct {
	mode  tlsMode
	roots *x509.CertPool // nil: the system's
	pairs []tls.Certificate
}

// tlsMode is how much of TLS there is.
type tlsMode uint8

const (
	tlsPreferred tlsMode = iota // if the server offers it, without a look at its certificate
	tlsOff
	tlsRequired // without a look at the certificate
	tlsChain    // the certificate is from an authority
	tlsIdentity // and is the host's
)

// tlsArgs are the options as they are given.
type tlsArgs struct {
	ca, cert, key   string
	verify          string // none, optional, required, or "" as the rest implies
	hostname        *bool
	disabled, given bool
}

// newTLSPlan reads the options of TLS. They mean what they mean to PyMySQL:
//
//	nothing                     TLS if the server offers it, with any certificate
//	ssl_disabled                no TLS
//	ssl_ca, ssl_cert, ssl_key   TLS, with any certificate
//	ssl_verify_cert             TLS, with a certificate of ssl_ca or else of the system's authorities
//	ssl_verify_identity         the same, and it must be the host's
//	ssl_mode                    mysqlclient's: what its words say
//	ssl: {ca, cert, key, check_hostname, verify_mode}, and the options of a URI
//	                            TLS; a ca alone checks the certificate and the host
//
// TLS that was asked for and that the server does not offer is an error.
//
// Source: PyMySQL 1.2, pymysql/connections.py, __init__ and _create_ssl_ctx;
// SQLAlchemy 2.1, dialects/mysql/mysqldb.py, create_connect_args.
func newTLSPlan(from files, options, args *sqldb.Args, faults *sqldb.Faults) tlsPlan {
	asMap := readSSLMap(options, "ssl_")
	if m, ok := args.Map("ssl"); ok {
		read := readSSLMap(m, "")
		m.Done()
		if read.given {
			asMap = read
		}
	}
	flat, verify := readSSLArgs(args)
	var p tlsPlan
	use := asMap
	switch {
	case flat.disabled || asMap.disabled:
		p.mode = tlsOff
		return p
	case flat.given:
		use, p.mode = flat, verify
	case asMap.given:
		p.mode = asMap.mapMode()
	default:
		return p
	}
	p.load(from, use, faults)
	return p
}

// readSSLMap reads PyMySQL's ssl, or the options of a URI, which SQLAlchemy
// makes one of.
func readSSLMap(a *sqldb.Args, prefix string) tlsArgs {
	var t tlsArgs
	t.readFiles(a, prefix)
	var hostname bool
	if a.Bool(prefix+"check_hostname", &hostname) {
		t.hostname, t.given = &hostname, true
	}
	if prefix == "" {
		t.given = readVerify(a, "verify_mode", &t.verify) || t.given
	} else {
		a.Bool(prefix+"disabled", &t.disabled)
		t.readMode(a)
		var verify bool
		if a.Bool(prefix+"verify_cert", &verify) {
			t.verify, t.given = map[bool]string{true: "required", false: "none"}[verify], true
		}
		if a.Bool(prefix+"verify_identity", &verify) && verify {
			t.verify, t.hostname, t.given = "required", &verify, true
		}
	}
	a.Refuse(prefix+"capath", "is not supported", "give the certificates in one file, as "+prefix+"ca")
	a.Refuse(prefix+"cipher", "is not supported", "remove it")
	return t
}

// readMode reads mysqlclient's ssl_mode.
func (t *tlsArgs) readMode(a *sqldb.Args) {
	var mode string
	if !a.Enum("ssl_mode", &mode, "DISABLED", "PREFERRED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY") {
		return
	}
	t.disabled = t.disabled || mode == "DISABLED"
	t.given = t.given || mode != "DISABLED" && mode != "PREFERRED"
	identity := mode == "VERIFY_IDENTITY"
	if mode == "VERIFY_CA" || identity {
		t.verify, t.hostname = "required", &identity
	}
}

// readFiles reads the names of the files; an empty one is none.
func (t *tlsArgs) readFiles(a *sqldb.Args, prefix string) {
	a.Text(prefix+"ca", &t.ca)
	a.Text(prefix+"cert", &t.cert)
	a.Text(prefix+"key", &t.key)
	t.given = t.ca+t.cert+t.key != ""
}

// readVerify reads a verify_mode, which is a bool or a word.
func readVerify(a *sqldb.Args, name string, to *string) bool {
	if !a.Enum(name, to, "none", "optional", "required", "0", "1", "false", "true", "no", "yes") {
		return false
	}
	switch *to {
	case "0", "false", "no":
		*to = "none"
	case "1", "true", "yes":
		*to = "required"
	}
	return true
}

// mapMode is what PyMySQL makes of its ssl.
func (t tlsArgs) mapMode() tlsMode {
	verify := t.verify
	if verify == "" && t.ca != "" {
		verify = "required"
	}
	identity := t.hostname == nil || *t.hostname
	switch {
	case verify == "" || verify == "none":
		return tlsRequired
	case identity && t.ca != "":
		return tlsIdentity
	case t.hostname != nil && *t.hostname:
		return tlsIdentity
	}
	return tlsChain
}

// readSSLArgs reads PyMySQL's ssl_… arguments.
func readSSLArgs(a *sqldb.Args) (tlsArgs, tlsMode) {
	var t tlsArgs
	var chain, identity bool
	t.readFiles(a, "ssl_")
	a.Bool("ssl_disabled", &t.disabled)
	a.Bool("ssl_verify_cert", &chain)
	a.Bool("ssl_verify_identity", &identity)
	t.readMode(a)
	chain, identity = chain || t.verify != "", identity || t.hostname != nil && *t.hostname
	t.given = t.given || chain || identity
	a.Refuse("ssl_key_password", "is not supported", "keep the key without a password, in a file that only its owner reads")
	switch {
	case identity:
		return t, tlsIdentity
	case chain:
		return t, tlsChain
	}
	return t, tlsRequired
}

// files is where certificates are read from.
type files struct {
	dir   string // of relative paths
	reach sqldb.Reach
}

func (f files) read(path string) ([]byte, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.dir, path)
	}
	if err := f.reach.File(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// load reads the certificates.
func (p *tlsPlan) load(from files, t tlsArgs, faults *sqldb.Faults) {
	fault := func(name, message, hint string) {
		*faults = append(*faults, sqldb.Fault{Field: "connect_args." + name, Message: message, Hint: hint})
	}
	read := func(name, path string) []byte {
		if path == "" {
			return nil
		}
		data, err := from.read(path)
		if err != nil {
			fault(name, "the file cannot be read", "a relative path is looked for beside the configuration")
			return nil
		}
		return data
	}
	if ca := read("ssl_ca", t.ca); ca != nil {
		p.roots = x509.NewCertPool()
		if !p.roots.AppendCertsFromPEM(ca) {
			fault("ssl_ca", "the file holds no certificate", "it has to be in PEM")
		}
	}
	cert := read("ssl_cert", t.cert)
	key := read("ssl_key", t.key)
	if t.key == "" {
		key = cert // both may be in one file
	}
	switch {
	case t.cert == "" && t.key != "":
		fault("ssl_key", "there is no certificate for it", "give ssl_cert")
	case cert != nil && key != nil:
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			fault("ssl_cert", "the certificate and the key do not fit together", "both have to be in PEM, the key without a password")
			return
		}
		p.pairs = []tls.Certificate{pair}
	}
}

// verified reports whether the server has to show who it is.
func (p tlsPlan) verified() bool { return p.mode >= tlsChain }

// config returns the configuration of TLS, nil for none, and whether a server
// without TLS will do. A local socket needs none.
func (p tlsPlan) config(l login) (config *tls.Config, optional bool) {
	optional = p.mode == tlsPreferred
	if p.mode == tlsOff || optional && l.socket != "" {
		return nil, false
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: p.roots, Certificates: p.pairs}
	c.ServerName = strings.TrimSuffix(l.host, ".")
	if p.mode != tlsIdentity {
		c.InsecureSkipVerify = true // what is checked instead stands below
		if net.ParseIP(c.ServerName) != nil {
			c.ServerName = ""
		}
	}
	if p.mode == tlsChain {
		c.VerifyConnection = func(s tls.ConnectionState) error { return p.verifyChain(s) }
	}
	return c, optional
}

// verifyChain checks the server's certificates, whatever its name is.
func (p tlsPlan) verifyChain(s tls.ConnectionState) error {
	if len(s.PeerCertificates) == 0 {
		return x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign}
	}
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: p.roots, Intermediates: between})
	return err
}
