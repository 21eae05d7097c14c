package postgres

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// settings are what a Config says, checked. They are not changed.
type settings struct {
	host     string // a name or address, or the absolute path of a folder of Unix sockets
	port     int
	user     string
	database string // empty is the server's default: the user's name
	password secret.Value

	tls            tlsSettings
	channelBinding string
	requireAuth    string

	connectTimeout time.Duration
	keepalive      keepalive
	role           string            // of the server: target_session_attrs
	session        map[string]string // parameters of the session

	secrets map[string]bool // the names that come from Config.Secrets
	reach   sqldb.Reach
}

// keepalive are the options of TCP; zeros are the system's.
type keepalive struct {
	off            bool
	idle, interval time.Duration
	count          int
}

const (
	defaultPort           = 5432
	defaultConnectTimeout = 30 * time.Second
)

// newSettings checks cfg. It connects to nothing and reads no file.
func newSettings(cfg sqldb.Config) (*settings, sqldb.Faults) {
	u := cfg.URI
	s := &settings{
		host: u.Host, port: u.Port, user: u.User, database: u.Database, password: u.Password,
		connectTimeout: defaultConnectTimeout, channelBinding: "prefer", role: "any",
		session: session(cfg.Access), secrets: map[string]bool{}, reach: cfg.Reach,
	}
	var faults sqldb.Faults
	checkDriver(u, &faults)
	sources := []*sqldb.Args{sqldb.ReadOptions("uri", u.Query, &faults), sqldb.ReadArgs("connect_args", cfg.Args, &faults)}
	s.tls.mode = "prefer"
	for i, a := range sources {
		field := [...]string{"uri", "connect_args"}[i]
		s.loginArgs(a)
		s.serverArgs(a)
		s.tlsArgs(a, cfg.Dir)
		s.sessionArgs(a, field, &faults)
		refuseArgs(a)
		s.driverArgs(a, u.PyDriver)
		a.Done()
	}
	s.secretArgs(cfg.SecretArgs, &faults)
	s.check(&faults)
	return s, faults
}

// loginArgs reads who logs in to which database.
//
//	user, username      flytekit's documentation writes username
//	password
//	dbname, database    psycopg2 takes both
func (s *settings) loginArgs(a *sqldb.Args) {
	for _, name := range [...]string{"user", "username"} {
		a.Text(name, &s.user)
	}
	for _, name := range [...]string{"dbname", "database"} {
		a.Text(name, &s.database)
	}
	var password string
	if a.Text("password", &password) {
		s.password = secret.New(password)
	}
}

// serverArgs reads where the server is and how to reach it.
//
//	host                       also the absolute path of a folder of Unix sockets
//	port
//	connect_timeout            seconds, 0 is the default of 30
//	keepalives                 0 turns TCP's keepalives off
//	keepalives_idle, keepalives_interval, keepalives_count
//	target_session_attrs       what the server must be: any, read-write, read-only,
//	                           primary, standby, prefer-standby
//	gssencmode=disable|prefer  accepted; there is no GSS encryption here
//
// Source: the PostgreSQL documentation, "Parameter Key Words"; psycopg2.connect.
func (s *settings) serverArgs(a *sqldb.Args) {
	a.Text("host", &s.host)
	var n int64
	if a.Int("port", &n, 1, 65535) {
		s.port = int(n)
	}
	if a.Int("connect_timeout", &n, 0, 1<<20) {
		s.connectTimeout = time.Duration(n) * time.Second
		if n == 0 {
			s.connectTimeout = defaultConnectTimeout
		}
	}
	if a.Int("keepalives", &n, 0, 1) {
		s.keepalive.off = n == 0
	}
	if a.Int("keepalives_idle", &n, 0, 1<<15) {
		s.keepalive.idle = time.Duration(n) * time.Second
	}
	if a.Int("keepalives_interval", &n, 0, 1<<15) {
		s.keepalive.interval = time.Duration(n) * time.Second
	}
	if a.Int("keepalives_count", &n, 0, 127) {
		s.keepalive.count = int(n)
	}
	a.Enum("target_session_attrs", &s.role, "any", "read-write", "read-only", "primary", "standby", "prefer-standby")
	var unused string
	a.Enum("gssencmode", &unused, "disable", "prefer")
}

// tlsArgs reads how the connection is protected. File paths are relative to
// dir.
//
//	sslmode                disable, allow, prefer (default), require, verify-ca, verify-full
//	sslrootcert            a file, or system for the system's authorities
//	sslcert, sslkey        the client's certificate and key
//	sslpassword            of the key
//	sslsni                 0 leaves the host's name out of the handshake
//	sslnegotiation         postgres (default), direct
//	ssl_min_protocol_version, ssl_max_protocol_version
//	                       TLSv1.2, TLSv1.3
//	channel_binding        disable, prefer (default), require
//	require_auth           as libpq has it, for instance scram-sha-256
func (s *settings) tlsArgs(a *sqldb.Args, dir string) {
	a.Enum("sslmode", &s.tls.mode, sslModes...)
	if a.Text("sslrootcert", &s.tls.rootCert) && s.tls.rootCert != "system" {
		s.tls.rootCert = inDir(dir, s.tls.rootCert)
	}
	if a.Text("sslcert", &s.tls.cert) {
		s.tls.cert = inDir(dir, s.tls.cert)
	}
	if a.Text("sslkey", &s.tls.key) {
		s.tls.key = inDir(dir, s.tls.key)
	}
	var password string
	if a.Text("sslpassword", &password) {
		s.tls.password = secret.New(password)
	}
	var n int64
	if a.Int("sslsni", &n, 0, 1) {
		s.tls.noName = n == 0
	}
	for _, v := range []struct {
		name string
		to   *string
	}{{"ssl_min_protocol_version", &s.tls.least}, {"ssl_max_protocol_version", &s.tls.most}} {
		a.Enum(v.name, v.to, tlsVersions...)
	}
	negotiation := "postgres"
	if a.Enum("sslnegotiation", &negotiation, "postgres", "direct") {
		s.tls.direct = negotiation == "direct"
	}
	a.Enum("channel_binding", &s.channelBinding, "disable", "prefer", "require")
	a.Text("require_auth", &s.requireAuth)
}

func inDir(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// sessionArgs reads the parameters of the session.
//
//	application_name, fallback_application_name
//	client_encoding     utf8
//	options             -c name=value of sessionOptions, as often as wanted
func (s *settings) sessionArgs(a *sqldb.Args, field string, faults *sqldb.Faults) {
	var name string
	if a.Text("fallback_application_name", &name) && s.session["application_name"] == "" {
		s.session["application_name"] = name
	}
	if a.Text("application_name", &name) {
		s.session["application_name"] = name
	}
	var encoding string
	a.Enum("client_encoding", &encoding, "utf8", "utf-8", "unicode", "auto")
	var options string
	if a.Text("options", &options) {
		if message, hint := s.options(options); message != "" {
			*faults = append(*faults, sqldb.Fault{Field: field + ".options", Message: message, Hint: hint})
		}
	}
}

// sessionOptions are the parameters that options may set: what a session
// waits for, and what its names mean.
var sessionOptions = []string{
	"search_path", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout",
	"default_transaction_isolation", "work_mem", "tcp_user_timeout", "timezone", "jit",
}

// options reads -c name=value, also --name=value, with backslashes before
// blanks.
func (s *settings) options(text string) (message, hint string) {
	words := optionWords(text)
	for i := 0; i < len(words); i++ {
		w := words[i]
		switch {
		case w == "-c" && i+1 < len(words):
			i++
			w = words[i]
		case strings.HasPrefix(w, "--"):
			w = w[2:]
		case strings.HasPrefix(w, "-c"):
			w = w[2:]
		default:
			return "is not of the form -c name=value", "for instance -c statement_timeout=30s"
		}
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			return "is not of the form -c name=value", "for instance -c statement_timeout=30s"
		}
		name = strings.ToLower(strings.ReplaceAll(name, "-", "_"))
		known := false
		for _, o := range sessionOptions {
			known = known || o == name
		}
		if !known {
			return "unknown name " + strconv.Quote(name), sqldb.NameHint(name, sessionOptions)
		}
		s.set(name, value)
	}
	return "", ""
}

// optionWords splits as the server does.
//
// Source: src/backend/utils/init/postinit.c, pg_split_opts.
func optionWords(text string) []string {
	var words []string
	var word []byte
	in := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == ' ' || c >= '\t' && c <= '\r':
			if in {
				words = append(words, string(word))
			}
			word, in = nil, false
			continue
		case c == '\\' && i+1 < len(text):
			i++
			c = text[i]
		}
		word, in = append(word, c), true
	}
	if in {
		words = append(words, string(word))
	}
	return words
}

// session returns the parameters that every session has: those that change
// what a text or a time means, so that neither a role's nor a database's
// setting does.
func session(access abi.Access) map[string]string {
	p := map[string]string{
		"client_encoding": "UTF8", "DateStyle": "ISO, YMD", "IntervalStyle": "postgres", "TimeZone": "UTC",
		"standard_conforming_strings": "on", "extra_float_digits": "1", "bytea_output": "hex",
		"default_transaction_read_only": "off", "array_nulls": "on",
	}
	if access == abi.ReadOnly {
		p["default_transaction_read_only"] = "on"
	}
	return p
}

// refuseArgs explains names that psycopg2 and libpq take, and this does not.
func refuseArgs(a *sqldb.Args) {
	const ambient = "is refused: nothing is read from outside of the configuration"
	for _, name := range [...]string{"service", "servicefile", "passfile"} {
		a.Refuse(name, ambient, "write the settings here, and the password as a secret")
	}
	for _, name := range [...]string{"krbsrvname", "gsslib", "gssdelegation", "requirepeer", "sslcrl", "sslcrldir", "hostaddr", "replication", "ssl_context"} {
		a.Refuse(name, "is not supported", "remove it")
	}
	for _, name := range [...]string{"dsn", "connection_factory", "cursor_factory", "async", "async_"} {
		a.Refuse(name, "is of Python alone", "remove it")
	}
}

// secretNames are the names of connect_args whose values may be secrets.
var secretNames = []string{"password", "user", "username", "dbname", "database", "sslpassword"}

func (s *settings) secretArgs(names []string, faults *sqldb.Faults) {
	for _, name := range names {
		s.secrets[name] = true
		known := false
		for _, n := range secretNames {
			known = known || n == name
		}
		if !known {
			*faults = append(*faults, sqldb.Fault{
				Field: "secret_connect_args." + name, Message: "cannot be a secret", Hint: sqldb.NameHint(name, secretNames),
			})
		}
	}
}

// check finds what is missing, and what does not go together.
func (s *settings) check(faults *sqldb.Faults) {
	fault := func(field, message, hint string) {
		*faults = append(*faults, sqldb.Fault{Field: field, Message: message, Hint: hint})
	}
	isSocket := strings.HasPrefix(s.host, "/")
	switch {
	case s.host == "":
		fault("uri", "the uri names no host", "write localhost, or ?host=/folder for a Unix socket")
	case strings.Contains(s.host, ","):
		fault("uri", "more than one host", "name one")
	case strings.ContainsRune(s.host, 0) || !isSocket && !sqldb.PlainHost(s.host):
		fault("uri", "the host is not well formed", "write a name, an address, or the absolute path of a socket's folder")
	}
	if s.port == 0 {
		s.port = defaultPort
	}
	if s.user == "" && !s.secrets["user"] && !s.secrets["username"] {
		fault("uri", "the uri names no user", "write postgresql://user@host/database: the name of the system's user is not taken")
	}
	for _, name := range [...]string{s.user, s.database, s.password.Reveal()} {
		if strings.ContainsRune(name, 0) {
			fault("uri", "the user, password or database holds a NUL character", "")
			break
		}
	}
	if isSocket {
		s.tls.mode = "disable"
	}
	s.tls.check(fault)
	for name, file := range map[string]string{"sslrootcert": s.tls.rootCert, "sslcert": s.tls.cert, "sslkey": s.tls.key} {
		if file == "" || file == "system" {
			continue
		}
		if err := s.reach.File(file); err != nil {
			fault("connect_args."+name, err.Error(), "")
		}
	}
	if message := checkRequireAuth(s.requireAuth); message != "" {
		fault("connect_args.require_auth", message, "accepted are "+strings.Join(authMethods, ", ")+", each also with ! for not")
	}
}

var authMethods = []string{"password", "md5", "scram-sha-256", "none"}

// checkRequireAuth returns what is wrong with a require_auth.
func checkRequireAuth(text string) string {
	if text == "" {
		return ""
	}
	negated := strings.HasPrefix(text, "!")
	for _, m := range strings.Split(text, ",") {
		name, not := strings.CutPrefix(strings.TrimSpace(m), "!")
		known := false
		for _, a := range authMethods {
			known = known || a == name
		}
		switch {
		case !known:
			return "unknown method " + strconv.Quote(name)
		case not != negated:
			return "mixes methods with and without !"
		}
	}
	return ""
}
