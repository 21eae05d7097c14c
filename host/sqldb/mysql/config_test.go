package mysql

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

func config(t *testing.T, uri string, args map[string]any, secrets ...string) sqldb.Config {
	t.Helper()
	u, err := sqldb.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	return sqldb.Config{URI: u, Args: args, SecretArgs: secrets}
}

func TestSettings(t *testing.T) {
	s, faults := newSettings(config(t, "mysql+pymysql://u%40x:p%2Fq@h.example:3307/d%20b?charset=utf8mb4&connect_timeout=3&read_timeout=60", map[string]any{
		"write_timeout": int64(5), "autocommit": false, "local_infile": false, "program_name": "wasmsql", "collation": "utf8mb4_unicode_ci", "use_unicode": true,
	}))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	l := s.given
	if l.host != "h.example" || l.port != 3307 || l.user != "u@x" || l.password.Reveal() != "p/q" || l.database != "d b" {
		t.Errorf("%+v", l)
	}
	if s.connectTimeout != 3*time.Second || s.readTimeout != time.Minute || s.writeTimeout != 5*time.Second || s.collation != "utf8mb4_unicode_ci" || s.attributes != "program_name:wasmsql" {
		t.Errorf("%+v", s)
	}
	for _, uri := range []string{"mysql", "mariadb", "mysql+pymysql", "mysql+mysqldb", "mariadb+mariadbconnector", "mysql+mysqlconnector", "mysql+asyncmy", "mysql+aiomysql"} {
		if _, faults := newSettings(config(t, uri+"://u@h/d", nil)); len(faults) > 0 {
			t.Error(uri, faults)
		}
	}
	s, faults = newSettings(config(t, "mysql://h/d", map[string]any{"username": "u", "passwd": "p", "db": "e", "port": 3308.0, "unix_socket": "/run/s.sock"}))
	if l := s.given; len(faults) > 0 || l.user != "u" || l.password.Reveal() != "p" || l.database != "e" || l.port != 3308 || l.socket != "/run/s.sock" {
		t.Errorf("%+v %v", l, faults)
	}
	if s, faults := newSettings(config(t, "mysql://u@h/d?client_flag=2&charset=utf8mb3", map[string]any{"ssl_ca": "", "ssl": map[string]any{"cert": ""}})); len(faults) > 0 || s.tls.mode != tlsPreferred {
		t.Errorf("an empty ssl_ca is none: %+v %v", s.tls, faults)
	}
	if s.connectTimeout != 10*time.Second || s.readTimeout != 0 {
		t.Errorf("%+v", s)
	}
}

func TestLogin(t *testing.T) {
	s, faults := newSettings(config(t, "mysql://old:oldpass@/d", nil, "username", "password", "host"))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	l, err := s.login(context.Background(), func(context.Context) (map[string]secret.Value, error) {
		return map[string]secret.Value{"username": secret.New("new"), "password": secret.New("pass"), "host": secret.New("h2")}, nil
	})
	if err != nil || l.user != "new" || l.password.Reveal() != "pass" || l.host != "h2" || l.port != 3306 || l.database != "d" {
		t.Errorf("%+v %v", l, err)
	}
	for _, bad := range []string{"a,b", "h:1", "h/x", "", "ü"} {
		_, err := s.login(context.Background(), func(context.Context) (map[string]secret.Value, error) {
			return map[string]secret.Value{"username": secret.New("new"), "host": secret.New(bad)}, nil
		})
		if (err == nil) != (bad == "") || err != nil && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := s.login(context.Background(), func(context.Context) (map[string]secret.Value, error) { return nil, errors.New("nowhere") }); err == nil {
		t.Error("no error of the secrets")
	}
}

// TestC1FaultsAtOnce: what is not on the list is refused by name, all of it
// together, with the near name.
func TestC1FaultsAtOnce(t *testing.T) {
	_, err := Driver{}.Open(config(t, "mysql+pymsql://h1,h2/d?allowAllFiles=true&tls=skip-verify&chraset=utf8&charset=latin1&multiStatements=true", map[string]any{
		"conect_timeout": 3, "init_command": "SET x", "sql_mode": "", "client_flag": int64(65536), "local_infile": true, "autocommit": true, "read_default_file": "~/.my.cnf",
		"cursorclass": "x", "compress": true, "port": int64(99999), "connect_timeout": 0.0, "host": int64(5), "collation": "latin1_bin", "program_name": "a,b", "ssl_ca": "/nonexistent/ca",
		"ssl": map[string]any{"capath": "/x", "vrify_mode": "none", "verify_mode": "perhaps"}, "password": int64(5), "bind_address": "0.0.0.0", "use_unicode": false,
		"unix_socket": "relative",
	}, "passwort", "port"))
	var faults sqldb.Faults
	if !errors.As(err, &faults) {
		t.Fatal(err)
	}
	got := faults.Error()
	for _, want := range []string{
		`uri: unknown driver "pymsql"`, `uri: no user`, `uri: unknown name "allowAllFiles"`, `uri: unknown name "tls"`, `uri: unknown name "chraset"`, `uri: unknown name "multiStatements"`,
		`uri.charset: is not an accepted value`, `connect_args: unknown name "conect_timeout"`, `connect_args.init_command: assignment 1 is not of the form name = value`,
		`connect_args.sql_mode: the host sets the session up`, `connect_args.client_flag: how the protocol is used is the host's`, `connect_args.local_infile: the server may not ask for files`,
		`connect_args.autocommit: an execution is always one transaction`, `connect_args.read_default_file: configuration of the machine is never read`,
		`connect_args.cursorclass: cannot be Python objects here`, `connect_args.compress: is not supported`, `connect_args.port: is not an int from 1 to 65535`,
		`connect_args.connect_timeout: is not a number from 0.001 to 3.1536e+07`, `connect_args.host: is not a text`, `connect_args.collation: is not a collation of utf8mb4`,
		`connect_args.program_name: has a comma or a colon, or is too long`, `connect_args.ssl_ca: the file cannot be read`, `connect_args.ssl.capath: is not supported`,
		`connect_args.ssl: unknown name "vrify_mode"`, `connect_args.ssl.verify_mode: is not an accepted value`, `connect_args.password: is not a text`,
		`secret_connect_args.passwort: cannot be a secret`, `secret_connect_args.port: cannot be a secret`, `connect_args.unix_socket: is not an absolute path`,
		`connect_args.bind_address: is not supported`, `connect_args.use_unicode: texts are always Unicode`,
	} {
		if !strings.Contains(got+"\n", want+"\n") {
			t.Errorf("not told: %s", want)
		}
	}
	if n := strings.Count(got, "\n") + 1; n != 31 {
		t.Errorf("%d faults:\n%s", n, got)
	}
	hints := map[string]string{}
	for _, f := range faults {
		hints[f.Message] = f.Hint
	}
	for message, hint := range map[string]string{
		`unknown driver "pymsql"`: `did you mean "pymysql"?`, `unknown name "chraset"`: `did you mean "charset"?`, `unknown name "conect_timeout"`: `did you mean "connect_timeout"?`,
		`unknown name "vrify_mode"`: `did you mean "verify_mode"?`,
	} {
		if !strings.HasPrefix(hints[message], hint) {
			t.Errorf("%s: hint %q", message, hints[message])
		}
	}
	if strings.Contains(got, "h1") {
		t.Error("a host is told")
	}
	if _, faults := newSettings(config(t, "mysql://u@h1,h2/d", nil)); len(faults) != 1 || faults[0].Message != "the host is not one host name or address" {
		t.Error(faults)
	}
}

// TestC6Ambient: nothing of the machine's configuration is read.
func TestC6Ambient(t *testing.T) {
	uri := sqldbtest.MariaDB(t)
	home := t.TempDir()
	for _, name := range []string{".my.cnf", ".mylogin.cnf", "my.cnf"} {
		if err := os.WriteFile(filepath.Join(home, name), []byte("[client]\nhost=192.0.2.1\nuser=nobody\npassword=wrong\ninit-command=SET @ambient=1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, v := range map[string]string{
		"HOME": home, "MYSQL_HOME": home, "MYSQL_HOST": "192.0.2.1", "MYSQL_TCP_PORT": "1", "MYSQL_PWD": "wrong", "MYSQL_UNIX_PORT": "/nonexistent", "MYSQL_USER": "nobody",
		"MARIADB_HOME": home, "MYSQL_DATABASE": "nowhere", "USER": "nobody", "LOGNAME": "nobody",
	} {
		t.Setenv(name, v)
	}
	if got := one(t, begin(t, openURI(t, uri)), "SELECT @ambient IS NULL"); got != "1" {
		t.Error(got)
	}
	u, _ := sqldb.ParseURI(uri)
	u.User, u.HasPass, u.Password = "", false, secret.Value{}
	if _, err := (Driver{}).Open(sqldb.Config{URI: u}); err == nil {
		t.Error("a user was found")
	}
}

// TestT2ConnectErrors: each way to fail is told apart, without naming the
// server or the login.
func TestT2ConnectErrors(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	u, _ := sqldb.ParseURI(base)
	noTLS := "TLS is asked for, and the server does not offer it"
	if query(t, begin(t, openURI(t, base)), "SHOW STATUS LIKE 'Ssl_cipher'").rows[0][1] != "" {
		noTLS = "the server's certificate is from an unknown authority" // MySQL and MariaDB 11.4 make themselves one
	}
	for name, c := range map[string]struct {
		change  func(*sqldb.Config)
		message string
	}{
		"password":   {func(c *sqldb.Config) { c.URI.Password = secret.New("wrongcanary") }, "the server refused the login: wrong user or password"},
		"user":       {func(c *sqldb.Config) { c.URI.User = "nobodycanary" }, "the server refused the login: wrong user or password"},
		"database":   {func(c *sqldb.Config) { c.URI.Database = "mysql" }, "the login has no right to the database"},
		"port":       {func(c *sqldb.Config) { c.URI.Port = 1 }, "the server cannot be reached: nothing listens there"},
		"host":       {func(c *sqldb.Config) { c.URI.Host = "canary.invalid" }, "the server's host is not found"},
		"socket":     {func(c *sqldb.Config) { c.Args = map[string]any{"unix_socket": "/nonexistent/canary"} }, "the unix_socket does not exist"},
		"tls":        {func(c *sqldb.Config) { c.Args = map[string]any{"ssl_verify_cert": true} }, noTLS},
		"collation":  {func(c *sqldb.Config) { c.Args = map[string]any{"collation": "utf8mb4_canary"} }, "the server does not know the charset or collation"},
		"no secrets": {func(c *sqldb.Config) { c.SecretArgs, c.Secrets = []string{"user"}, emptyUser }, "the secret user is empty"},
	} {
		d := openURI(t, base, c.change)
		_, err := d.Begin(ctxOf(t), sqldb.TxOptions{})
		e := fails(t, err)
		if e.Code != abi.Conn || e.Message != c.message || e.Hint == "" {
			t.Errorf("%s: %s", name, whole(err))
		}
		for _, canary := range []string{"canary", u.User, u.Password.Reveal(), "127.0.0.1", "wrongcanary", "/nonexistent"} {
			if strings.Contains(strings.Join([]string{e.Error(), e.Message, e.Detail, e.Hint}, " "), canary) {
				t.Errorf("%s: %q is told: %s", name, canary, whole(err))
			}
		}
	}
}

func emptyUser(context.Context) (map[string]secret.Value, error) {
	return map[string]secret.Value{"user": secret.New("")}, nil
}

// TestT2StatementErrors: the server names users and hosts in its messages, and
// we do not.
func TestT2StatementErrors(t *testing.T) {
	db := sqldbtest.MariaDBDatabase(t)
	must(t, openURI(t, db.URI), table1...)
	d := openURI(t, db.ReaderURI)
	u, _ := sqldb.ParseURI(db.ReaderURI)
	for _, sql := range []string{
		"UPDATE t SET v = 1", "SELECT * FROM mysql.user", "CREATE TABLE x (id int)", "SELECT v FROM nowhere.t", "GRANT SELECT ON *.* TO x", "SHOW GRANTS FOR 'root'@'localhost'",
		"SELECT LOAD_FILE('/etc/passwd')", "SET GLOBAL max_connections = 5", "CREATE DATABASE x", "KILL 1", "SHOW BINARY LOGS", "CREATE USER y", "SELECT 'x' INTO OUTFILE '/tmp/canary'",
		"CREATE DEFINER='root'@'%' VIEW vv AS SELECT 1", "CALL nowhere.p()", "SELECT nosuchfunction()",
	} {
		x := begin(t, d)
		_, err := read(ctxOf(t), x, sql)
		if err == nil {
			continue
		}
		e := fails(t, err)
		for _, canary := range []string{u.User + "'", u.User + "@", "@'", "'%'", u.Password.Reveal(), "localhost", "127.0.0.1", "/tmp"} {
			if strings.Contains(e.Message+e.Detail+e.Hint, canary) {
				t.Errorf("%s: %q is told: %s", sql, canary, whole(err))
			}
		}
		_ = x.Rollback(ctxOf(t))
	}
	x := begin(t, d)
	_, err := x.Exec(ctxOf(t), "UPDATE t SET v = 1", nil, false)
	if e := fails(t, err); e.Code != abi.DB || e.Hint == "" || !strings.HasPrefix(e.Message, "UPDATE command denied to the login for table") {
		t.Error(whole(err))
	}
}

func TestPosition(t *testing.T) {
	x := begin(t, open(t))
	for sql, want := range map[string]int{
		"SELECT 'é', FROM t": 13, "SELECT\n  1 +* 2": 13, "SELEC 1": 1, "SELECT 1 FROM": 0,
	} {
		_, err := x.Query(ctxOf(t), sql, nil)
		if e := fails(t, err); e.Position != want || e.SQLState != "42000" {
			t.Errorf("%q: %d, want %d: %s", sql, e.Position, want, whole(err))
		}
	}
}
