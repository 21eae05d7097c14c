package mysql

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// settings are what a Config says, checked.
type settings struct {
	given          login    // what is not in the secrets
	secrets        []string // names of secret_connect_args
	connectTimeout time.Duration
	readTimeout    time.Duration // 0 is none
	writeTimeout   time.Duration
	collation      string // of the session, or the server's default
	attributes     string // what the server shows of the connection
	tls            tlsPlan
	reach          sqldb.Reach
	stored         bool   // sqldb.Config.Plain
	init           string // what the session sets besides: ", name=value"
}

// login is whom to connect as, and where.
type login struct {
	host     string
	port     int
	socket   string // instead of host and port
	user     string
	password secret.Value
	database string
}

const (
	defaultPort           = 3306
	defaultHost           = "localhost"
	defaultConnectTimeout = 10 // seconds, PyMySQL's
	maxSeconds            = 31_536_000
)

// pyDrivers are the Python drivers whose URIs are taken. What follows the URI
// is PyMySQL's in any case.
var pyDrivers = []string{"pymysql", "mysqldb", "mysqlconnector", "mariadbconnector", "asyncmy", "aiomysql"}

// secretNames are what secret_connect_args may hold.
var secretNames = []string{"user", "username", "password", "passwd", "host", "database", "db"}

// newSettings checks cfg. It reads the certificates that it names.
func newSettings(cfg sqldb.Config) (*settings, sqldb.Faults) {
	s := &settings{secrets: cfg.SecretArgs, reach: cfg.Reach, stored: cfg.Plain}
	var faults sqldb.Faults
	fault := func(field, message, hint string) {
		faults = append(faults, sqldb.Fault{Field: field, Message: message, Hint: hint})
	}
	u := cfg.URI
	if u.PyDriver != "" && !slices.Contains(pyDrivers, u.PyDriver) {
		fault("uri", "unknown driver \""+u.PyDriver+"\"", sqldb.NameHint(u.PyDriver, pyDrivers))
	}
	s.given = login{host: u.Host, port: u.Port, user: u.User, password: u.Password, database: u.Database}
	options := sqldb.ReadOptions("uri", u.Query, &faults)
	args := sqldb.ReadArgs("connect_args", cfg.Args, &faults)
	s.connectArgs(options, args)
	s.tls = newTLSPlan(files{cfg.Dir, cfg.Reach}, options, args, &faults)
	options.Done()
	args.Done()
	for _, name := range cfg.SecretArgs {
		if !slices.Contains(secretNames, name) {
			fault("secret_connect_args."+name, "cannot be a secret", sqldb.NameHint(name, secretNames))
		}
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return slices.Contains(cfg.SecretArgs, n) })
	}
	switch {
	case s.given.user == "" && !has("user", "username"):
		fault("uri", "no user", "write mysql://user@host/database, or a user in connect_args or secret_connect_args")
	case s.given.socket == "" && s.given.host != "" && !sqldb.PlainHost(s.given.host):
		fault("uri", "the host is not one host name or address", "")
	}
	if s.given.socket != "" && !strings.HasPrefix(s.given.socket, "/") {
		fault("connect_args.unix_socket", "is not an absolute path", "")
	}
	return s, faults
}

// connectArgs reads what concerns the connection: from the options of the URI,
// and then from connect_args, which win.
//
//	host, port, user, password, database        passwd, db and username are other names of them
//	unix_socket                                 a path, instead of host and port
//	connect_timeout                             seconds, default 10, to be logged in
//	read_timeout, write_timeout                 seconds without any progress, default none
//	charset                                     utf8mb4, or utf8 and utf8mb3, which mean the same here
//	collation                                   of the session, one of utf8mb4
//	program_name                                what the server shows of the connection
//	init_command                                SET of initVariables
//	autocommit, local_infile, use_unicode, …    the values that make no difference
//
// Source: PyMySQL 1.2, pymysql/connections.py, Connection; SQLAlchemy 2.1,
// dialects/mysql/mysqldb.py, create_connect_args.
func (s *settings) connectArgs(sources ...*sqldb.Args) {
	connect, read, write := float64(defaultConnectTimeout), 0.0, 0.0
	for _, a := range sources {
		s.loginArgs(a)
		s.initArg(a)
		a.Float("connect_timeout", &connect, 0.001, maxSeconds)
		a.Float("read_timeout", &read, 0.001, maxSeconds)
		a.Float("write_timeout", &write, 0.001, maxSeconds)
		var charset, program string
		a.Enum("charset", &charset, "utf8mb4", "utf8", "utf8mb3")
		if a.Text("collation", &s.collation) && !utf8mb4Collation(s.collation) {
			a.Refuse("collation", "is not a collation of utf8mb4", "for instance utf8mb4_unicode_ci")
		}
		if a.Text("program_name", &program) {
			if strings.ContainsAny(program, ",:") || len(program) > 512 {
				a.Refuse("program_name", "has a comma or a colon, or is too long", "")
			}
			s.attributes = "program_name:" + program
		}
		refuseArgs(a)
	}
	seconds := func(x float64) time.Duration { return time.Duration(x * float64(time.Second)) }
	s.connectTimeout, s.readTimeout, s.writeTimeout = seconds(connect), seconds(read), seconds(write)
}

// loginArgs reads whom to connect as, and where.
func (s *settings) loginArgs(a *sqldb.Args) {
	l := &s.given
	a.Text("host", &l.host)
	port := int64(l.port)
	if a.Int("port", &port, 1, 65535) {
		l.port = int(port)
	}
	a.Text("unix_socket", &l.socket)
	a.Text("user", &l.user)
	a.Text("username", &l.user)
	a.Text("database", &l.database)
	a.Text("db", &l.database)
	var password string
	if a.Text("password", &password) || a.Text("passwd", &password) {
		l.password = secret.New(password)
	}
}

// refuseArgs reads what may only be what it is by default, and says why of the
// names that are never taken.
func refuseArgs(a *sqldb.Args) {
	only := func(name string, want bool, why, hint string) {
		if v := want; a.Bool(name, &v) && v != want {
			a.Refuse(name, why, hint)
		}
	}
	only("autocommit", false, "an execution is always one transaction", "accepted is false")
	only("local_infile", false, "the server may not ask for files", "accepted is false")
	only("compress", false, "is not supported", "accepted is false")
	only("named_pipe", false, "is not supported", "accepted is false")
	only("defer_connect", false, "has no meaning here", "accepted is false")
	only("use_unicode", true, "texts are always Unicode", "accepted is true")
	var unused bool
	var number int64
	a.Bool("binary_prefix", &unused)
	a.Int("max_allowed_packet", &number, 1, 1<<30)
	if a.Int("client_flag", &number, 0, math.MaxUint32) && number&^int64(canFoundRows) != 0 {
		a.Refuse("client_flag", "how the protocol is used is the host's", "accepted is 2, FOUND_ROWS, which is always on")
	}
	a.Refuse("sql_mode", "the host sets the session up", "write the statement in the task")
	for _, name := range [...]string{"read_default_file", "read_default_group"} {
		a.Refuse(name, "configuration of the machine is never read", "write its values here")
	}
	for _, name := range [...]string{"cursorclass", "conv", "auth_plugin_map"} {
		a.Refuse(name, "cannot be Python objects here", "remove it")
	}
	for _, name := range [...]string{"bind_address", "server_public_key"} {
		a.Refuse(name, "is not supported", "remove it")
	}
}

func utf8mb4Collation(s string) bool {
	rest, ok := strings.CutPrefix(s, "utf8mb4_")
	for _, c := range []byte(rest) {
		if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return ok && rest != "" && len(s) < 64
}

// login returns whom to connect as, with the secrets of now.
func (s *settings) login(ctx context.Context, secrets func(context.Context) (map[string]secret.Value, error)) (login, error) {
	l := s.given
	if len(s.secrets) > 0 && secrets != nil {
		values, err := secrets(ctx)
		if err != nil {
			return l, err
		}
		l.reveal(values)
	}
	if l.host == "" {
		l.host = defaultHost
	}
	if l.port == 0 {
		l.port = defaultPort
	}
	switch {
	case l.user == "":
		return l, cannotLogIn("the secret user is empty")
	case l.socket == "" && !sqldb.PlainHost(l.host):
		return l, cannotLogIn("the secret host is not one host name or address")
	case strings.IndexByte(l.user+l.database+l.password.Reveal(), 0) >= 0:
		return l, cannotLogIn("the user, password or database holds a NUL character")
	}
	return l, nil
}

// reveal puts the secrets in place.
func (l *login) reveal(values map[string]secret.Value) {
	for name, v := range values {
		switch name {
		case "user", "username":
			l.user = v.Reveal()
		case "password", "passwd":
			l.password = v
		case "host":
			l.host = v.Reveal()
		case "database", "db":
			l.database = v.Reveal()
		}
	}
}
