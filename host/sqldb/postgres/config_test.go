package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
)

// faults returns the faults of a configuration, one a line with its hint.
func faults(t *testing.T, uri string, cfg sqldb.Config) string {
	t.Helper()
	u, err := sqldb.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	cfg.URI = u
	d, err := postgres.Driver{}.Open(cfg)
	if err == nil {
		_ = d.Close()
		return ""
	}
	var all sqldb.Faults
	if !errors.As(err, &all) {
		t.Fatalf("%s: %v", uri, err)
	}
	var out []string
	for _, f := range all {
		out = append(out, f.Field+": "+f.Message+" | "+f.Hint)
	}
	return strings.Join(out, "\n")
}

// TestAccepted are URIs and arguments as Python takes them.
func TestAccepted(t *testing.T) {
	for _, uri := range []string{
		"postgresql://u@h/d", "postgres://u:p@h:5433/d", "postgresql+psycopg2://u@h", "postgresql+psycopg://u@h/d", "postgresql+asyncpg://u@h/d?ssl=require&timeout=1.5", "postgresql+pg8000://u@h/d",
		"postgresql://u@[::1]:5432/d", "postgresql://u@/d?host=/var/run/postgresql", "postgresql://u@h/d?sslmode=require&application_name=x&connect_timeout=5&keepalives_idle=30",
		"postgresql://u@h/d?sslmode=verify-full&sslrootcert=system&channel_binding=require&target_session_attrs=read-write", "postgresql://u%40x:p%2F@h/d%20b?options=-c%20search_path%3Da,b%20--statement-timeout%3D5s",
		"postgresql://u@h/d?require_auth=scram-sha-256,md5", "postgresql://u@h/d?require_auth=!none,!password", "postgresql:///?host=h&user=u&dbname=d&port=1&client_encoding=utf8&gssencmode=disable",
		"postgresql+psycopg_async://u@h/d?prepare_threshold=0", "postgresql+psycopg2cffi://u@h/d", "postgresql+asyncpg://u@h/d?prepared_statement_cache_size=0", "postgresql+pg8000://u@h:/d?timeout=5",
		"postgresql://u@h/d?sslmode=require&sslnegotiation=direct&ssl_min_protocol_version=tlsv1.2&ssl_max_protocol_version=TLSv1.3", "postgresql://u@h/d?sslnegotiation=postgres",
	} {
		if got := faults(t, uri, sqldb.Config{}); got != "" {
			t.Errorf("%s: %s", uri, got)
		}
	}
	args := map[string]any{
		"host": "h", "port": int64(5), "username": "u", "password": "p", "database": "d", "sslmode": "verify-ca", "sslrootcert": "ca.pem", "sslcert": "c.pem", "sslkey": "k.pem", "sslpassword": "x", "sslsni": int64(0),
		"connect_timeout": 10.0, "keepalives": int64(1), "keepalives_idle": int64(1), "keepalives_interval": int64(1), "keepalives_count": int64(1), "application_name": "a", "fallback_application_name": "b", "options": "-cwork_mem=64MB", "client_encoding": "UTF8", "user": nil,
	}
	if got := faults(t, "postgresql://", sqldb.Config{Args: args}); got != "" {
		t.Error(got)
	}
	args = map[string]any{"timeout": 5.0, "command_timeout": int64(60), "statement_cache_size": int64(0), "server_settings": map[string]any{"application_name": "a", "jit": "off", "search_path": "b"}}
	if got := faults(t, "postgresql+asyncpg://u@h", sqldb.Config{Args: args}); got != "" {
		t.Error(got)
	}
	if got := faults(t, "postgresql://h", sqldb.Config{SecretArgs: []string{"password", "username", "database", "sslpassword"}}); got != "" {
		t.Error(got)
	}
}

// TestC1Refused are the faults, which come all at once.
func TestC1Refused(t *testing.T) {
	for _, c := range []struct {
		uri  string
		args map[string]any
		want string
	}{
		{"postgresql+psycopg3://u@h/d", nil, `uri: unknown driver "psycopg3" | did you mean "psycopg2"? accepted are psycopg2, psycopg, asyncpg, pg8000`},
		{"postgresql:///d", nil, "uri: the uri names no host | write localhost, or ?host=/folder for a Unix socket\nuri: the uri names no user | write postgresql://user@host/database: the name of the system's user is not taken"},
		{"postgresql://u@h1,h2/d", nil, "uri: more than one host | name one"},
		{"postgresql://u@h/d?host=x,169.254.169.254", nil, "uri: more than one host | name one"},
		{"postgresql://u@h/d?host=a/b", nil, "uri: the host is not well formed | write a name, an address, or the absolute path of a socket's folder"},
		{"postgresql://u@h/d?sslmod=x", nil, `uri: unknown name "sslmod" | did you mean "sslmode"? accepted are application_name, `},
		{"postgresql://u@h/d?sslmode=verify", nil, "uri.sslmode: is not an accepted value | accepted are disable, allow, prefer, require, verify-ca, verify-full"},
		{"postgresql://u@h/d?sslmode=verify-full", nil, "connect_args.sslmode: verify-full needs sslrootcert | name a file, or system for the system's authorities"},
		{"postgresql://u@h/d?sslmode=require&sslrootcert=system", nil, "connect_args.sslrootcert: system needs sslmode=verify-full | a weaker mode would trust every certificate of the world"},
		{"postgresql://u@h/d?sslcert=x", nil, "connect_args.sslcert: sslcert and sslkey go together | name both files"},
		{"postgresql://u@h/d?service=x&passfile=y&servicefile=z", nil, "uri.service: is refused: nothing is read from outside of the configuration | write the settings here, and the password as a secret\nuri.servicefile: is refused: nothing"},
		{"postgresql://u@h/d?options=-c%20role%3Dx", nil, `uri.options: unknown name "role" | accepted are search_path, `},
		{"postgresql://u@h/d?options=-c%20standard_conforming_strings%3Doff", nil, `uri.options: unknown name "standard_conforming_strings" | accepted are search_path, `},
		{"postgresql://u@h/d?options=-f%20x", nil, "uri.options: is not of the form -c name=value | for instance -c statement_timeout=30s"},
		{"postgresql://u@h/d?client_encoding=latin1", nil, "uri.client_encoding: is not an accepted value | accepted are utf8, utf-8, unicode, auto"},
		{"postgresql://u@h/d?require_auth=scram-sha-256,!md5", nil, "connect_args.require_auth: mixes methods with and without ! | "},
		{"postgresql://u@h/d?require_auth=gss", nil, `connect_args.require_auth: unknown method "gss" | `},
		{"postgresql://u@h/d?ssl=true", nil, `uri: unknown name "ssl" | `},
		{"postgresql://u@h/d?krbsrvname=x&hostaddr=1.1.1.1", nil, "uri.krbsrvname: is not supported | remove it\nuri.hostaddr: is not supported | remove it"},
		{"postgresql://u@h/d", map[string]any{"dsn": "x", "conect_timeout": int64(1), "port": "x", "keepalives": int64(5)},
			"connect_args.port: is not an int from 1 to 65535 | \nconnect_args.keepalives: is not an int from 0 to 1 | \nconnect_args.dsn: is of Python alone | remove it\nconnect_args: unknown name \"conect_timeout\" | did you mean \"connect_timeout\"? "},
		{"postgresql://u@h/d", map[string]any{"application_name": "a\x00b"}, "connect_args.application_name: is not a text | "},
		{"postgresql://u@h/d?sslnegotiation=direct", nil, "connect_args.sslnegotiation: direct needs sslmode=require or more | "},
		{"postgresql://u@h/d?ssl_min_protocol_version=TLSv1.3&ssl_max_protocol_version=TLSv1.2", nil, "connect_args.ssl_min_protocol_version: is above ssl_max_protocol_version | "},
		{"postgresql://u@h/d?ssl_min_protocol_version=TLSv1", nil, "uri.ssl_min_protocol_version: is not an accepted value | accepted are TLSv1.2, TLSv1.3"},
		{"postgresql://u@h1:1,h2:2/d", nil, "uri: more than one host | name one"},
		{"postgresql+asyncpg://u@h/d", map[string]any{"server_settings": map[string]any{"role": "x"}}, `connect_args.server_settings: unknown name "role" | accepted are application_name, `},
		{"postgresql+psycopg2://u@h/d", map[string]any{"server_settings": map[string]any{}}, `connect_args: unknown name "server_settings" | `},
		{"postgresql://u%00x@h/d", nil, "uri: the user, password or database holds a NUL character | "},
	} {
		if got := faults(t, c.uri, sqldb.Config{Args: c.args}); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", c.uri, got, c.want)
		}
	}
	if got := faults(t, "postgresql://u@h", sqldb.Config{SecretArgs: []string{"pasword"}}); got != `secret_connect_args.pasword: cannot be a secret | did you mean "password"? accepted are password, user, username, dbname, database, sslpassword` {
		t.Error(got)
	}
}

// canaries returns what must not be in an error about a URI.
func canaries(u sqldb.URI) []string {
	return []string{u.User, u.Password.Reveal(), u.Database, u.Host + ":", "canary"}
}

// TestT2CannotConnect: what goes wrong on the way is told apart, without a
// host, a user, a database or a password.
func TestT2CannotConnect(t *testing.T) {
	uri := server(t)
	u, _ := sqldb.ParseURI(uri)
	cert := filepath.Join(t.TempDir(), "canary.pem")
	if err := os.WriteFile(cert, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, mute := newProxy(t, uri, 0, true)
	_, cut := newProxy(t, uri, 0, false)
	for _, c := range []struct {
		uri           string
		args          map[string]any
		state         string
		message, hint string
	}{
		{uri, map[string]any{"password": "canary"}, "28P01", "the server refuses the password", "check the user, and the password or its secret"},
		{uri, map[string]any{"user": "canary", "password": "x"}, "28P01", "the server refuses the password", "check the user, and the password or its secret"},
		{uri, map[string]any{"dbname": "canary"}, "3D000", "the database does not exist on the server", "check the name behind the host in the uri"},
		{uri, map[string]any{"port": int64(1)}, "", "the server cannot be reached: nothing listens there", "check the host and port in the uri, and that the server runs"},
		{uri, map[string]any{"host": "canary.invalid"}, "", "the server's host is not found", "check the host in the uri"},
		{uri, map[string]any{"host": "/canary"}, "", "the server's socket cannot be opened", "check the folder that host names, and the port"},
		{uri, map[string]any{"sslmode": "require"}, "", "the server does not offer TLS, which sslmode asks for", "sslmode=prefer takes a connection without TLS"},
		{uri, map[string]any{"sslmode": "verify-ca", "sslrootcert": "/canary"}, "", "connect_args.sslrootcert: the file cannot be read", ""},
		{uri, map[string]any{"sslmode": "verify-ca", "sslrootcert": cert}, "", "connect_args.sslrootcert: the file holds no certificate", ""},
		{uri, map[string]any{"sslcert": cert, "sslkey": cert}, "", "connect_args.sslkey: the file holds no key", ""},
		{uri, map[string]any{"channel_binding": "require"}, "", "the server's way to log in is not acceptable", "check require_auth and channel_binding, and that the password is not empty"},
		{uri, map[string]any{"require_auth": "password"}, "", "the server's way to log in is not acceptable", "check require_auth and channel_binding, and that the password is not empty"},
		{uri, map[string]any{"options": "-c statement_timeout=canary"}, "22023", "the server refuses a parameter of the session", "check options in connect_args; a connection pooler must pass the parameters of a session on"},
		{uri, map[string]any{"target_session_attrs": "standby"}, "", "the server is not what target_session_attrs asks for", "check the host in the uri"},
		{cut, nil, "", "the server closed the connection during the login", "check that a PostgreSQL server listens at the port"},
		{mute, map[string]any{"connect_timeout": int64(1)}, "", "the server does not answer", "check the host and port in the uri, and the network; connect_args.connect_timeout is how long to wait"},
	} {
		d := open(t, c.uri, sqldb.Config{Args: c.args})
		_, err := d.Begin(t.Context(), sqldb.TxOptions{})
		e := fault(t, err)
		if e.Code != abi.Conn || e.SQLState != c.state || e.Message != c.message || e.Hint != c.hint {
			t.Errorf("%v: %v %q %q %q (%v)", c.args, e.Code, e.SQLState, e.Message, e.Hint, e.Cause)
		}
		for _, secret := range canaries(u) {
			if text := e.Error() + e.Detail + e.Hint; strings.Contains(text, secret) {
				t.Errorf("%v: tells %q: %s", c.args, secret, text)
			}
		}
	}
	for _, args := range []map[string]any{{"target_session_attrs": "read-write"}, {"target_session_attrs": "primary", "sslmode": "allow"}, {"require_auth": "scram-sha-256", "channel_binding": "disable"}, {"sslmode": "disable"}} {
		if got := cell(t, beginOn(t, open(t, uri, sqldb.Config{Args: args}), sqldb.TxOptions{}), "SELECT 1"); got != "1" {
			t.Error(got)
		}
	}
}

// TestC6Ambient: nothing of the environment or the home folder is used.
func TestC6Ambient(t *testing.T) {
	uri := server(t)
	home := t.TempDir()
	for name, text := range map[string]string{
		".pgpass": "*:*:*:*:canary\n", ".pg_service.conf": "[evil]\nhost=canary.invalid\nuser=canary\n", ".postgresql/root.crt": "nothing", ".postgresql/postgresql.crt": "nothing", ".postgresql/postgresql.key": "nothing",
	} {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	for _, service := range []string{"", "evil", "absent"} {
		for name, v := range map[string]string{
			"PGHOST": "canary.invalid", "PGHOSTADDR": "192.0.2.1", "PGPORT": "canary", "PGDATABASE": "canary", "PGUSER": "canary", "PGPASSWORD": "canary", "PGPASSFILE": filepath.Join(home, ".pgpass"),
			"PGAPPNAME": "canary", "PGCONNECT_TIMEOUT": "canary", "PGSSLMODE": "canary", "PGSSLKEY": "/canary", "PGSSLCERT": "/canary", "PGSSLCERTMODE": "require", "PGSSLSNI": "canary", "PGSSLROOTCERT": "/canary",
			"PGSSLPASSWORD": "canary", "PGSSLNEGOTIATION": "direct", "PGTARGETSESSIONATTRS": "canary", "PGSERVICE": service, "PGSERVICEFILE": filepath.Join(home, ".pg_service.conf"), "PGTZ": "Asia/Tokyo",
			"PGOPTIONS": "-c search_path=canary", "PGMINPROTOCOLVERSION": "9", "PGMAXPROTOCOLVERSION": "9", "PGCHANNELBINDING": "require", "PGREQUIREAUTH": "none", "PGCLIENTENCODING": "latin1", "PGDATESTYLE": "german", "PGSYSCONFDIR": home,
		} {
			t.Setenv(name, v)
		}
		d := open(t, uri, sqldb.Config{})
		tx := beginOn(t, d, sqldb.TxOptions{})
		for sql, want := range map[string]string{
			"SHOW search_path": `"$user", public`, "SHOW timezone": "UTC", "SELECT current_setting('application_name')": "", "SELECT 'ü'": "ü",
			"SELECT (current_user LIKE '%canary%')::text": "false",
		} {
			if got := cell(t, tx, sql); got != want {
				t.Errorf("service %q: %s: %s", service, sql, got)
			}
		}
		// Without a password there is none.
		u, _ := sqldb.ParseURI(uri)
		d = open(t, strings.Replace(uri, ":"+u.Password.Reveal()+"@", "@", 1), sqldb.Config{})
		if _, err := d.Begin(t.Context(), sqldb.TxOptions{}); err == nil {
			t.Error("logged in without a password")
		}
		if got := faults(t, "postgresql://", sqldb.Config{}); !strings.Contains(got, "names no host") || !strings.Contains(got, "names no user") {
			t.Error(got)
		}
	}
}

// TestC2Names: what stands in a user, a password or a database is that, and no
// parameter.
func TestC2Names(t *testing.T) {
	uri := server(t)
	for _, name := range []string{"x' host=evil", `x\`, "x host=evil", "x?host=evil", "x&host=evil", "a/b", "a@b", "host=evil", "postgresql://u@evil/d"} {
		for _, arg := range []string{"user", "dbname", "password"} {
			d := open(t, uri, sqldb.Config{Args: map[string]any{arg: name}})
			_, err := d.Begin(t.Context(), sqldb.TxOptions{})
			want := map[string]string{"user": "28P01", "dbname": "3D000", "password": "28P01"}[arg]
			if e := fault(t, err); e.SQLState != want {
				t.Errorf("%s %q: %+v", arg, name, e)
			}
		}
	}
}

// TestSecrets: they are asked for at each connection, so that a new one counts.
func TestSecrets(t *testing.T) {
	uri := server(t)
	u, _ := sqldb.ParseURI(uri)
	asked := 0
	password := u.Password
	var missing error
	cfg := sqldb.Config{SecretArgs: []string{"password", "user"}, Pool: sqldb.Pool{Max: 2}, Secrets: func(context.Context) (map[string]secret.Value, error) {
		asked++
		return map[string]secret.Value{"password": password, "user": secret.New(u.User)}, missing
	}}
	d := open(t, fmt.Sprintf("postgresql://%s:%d/%s", u.Host, u.Port, u.Database), cfg)
	if asked != 0 {
		t.Error("asked before there is a connection")
	}
	first := beginOn(t, d, sqldb.TxOptions{})
	if got := cell(t, first, "SELECT 1"); got != "1" || asked != 1 {
		t.Error(got, asked)
	}
	password = secret.New("old")
	if _, err := d.Begin(t.Context(), sqldb.TxOptions{}); fault(t, err).SQLState != "28P01" || asked != 2 {
		t.Error(err, asked)
	}
	missing = errors.New("no such secret")
	if _, err := d.Begin(t.Context(), sqldb.TxOptions{}); !errors.Is(err, missing) {
		t.Error(err)
	}
	if err := first.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	beginOn(t, d, sqldb.TxOptions{}) // the pooled one
}
