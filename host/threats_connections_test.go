package host_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/mysql"
	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// drivers are the drivers with a URI that each takes.
var drivers = map[string]struct {
	driver sqldb.Driver
	uri    string
}{
	"sqlite":   {sqlite.Driver{}, "sqlite:///file:x.db?uri=true"},
	"postgres": {postgres.Driver{}, "postgresql://u:canary@h/d?connect_timeout=1"},
	"mysql":    {mysql.Driver{}, "mysql://u:canary@h/d?connect_timeout=1"},
}

// faultsOf opens a database and returns the fields and messages of what is
// wrong with its configuration.
func faultsOf(t *testing.T, d sqldb.Driver, uri string, args map[string]any) (list []string) {
	t.Helper()
	u, err := sqldb.ParseURI(uri)
	if err != nil {
		return []string{err.Error()}
	}
	db, err := d.Open(sqldb.Config{URI: u, Args: args, Access: abi.ReadWrite})
	if err == nil {
		_ = db.Close()
		return nil
	}
	var faults sqldb.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("%s: %v", uri, err)
	}
	for _, f := range faults {
		list = append(list, f.Field+": "+f.Message)
	}
	return list
}

// TestC1Keys: no key of a driver's own configuration gets past the allow-list,
// be it in the URI or in connect_args; each is refused by its name, and by no
// more than it.
func TestC1Keys(t *testing.T) {
	keys := []string{
		// of go-sql-driver/mysql
		"allowAllFiles=true", "allowCleartextPasswords=true", "allowFallbackToPlaintext=true", "allowNativePasswords=true", "allowOldPasswords=true", "tls=skip-verify", "tls=false", "multiStatements=true", "interpolateParams=true",
		"clientFoundRows=false", "columnsWithAlias=true", "serverPubKey=x", "maxAllowedPacket=0", "rejectReadOnly=true", "loc=Local", "parseTime=true", "sql_mode=''", "init_connect=x", "sys_var=1", "connectionAttributes=a:b",
		// of libpq and pgx
		"service=x", "servicefile=/x", "passfile=/x", "krbsrvname=x", "krbspn=x", "gsslib=x", "gssdelegation=1", "hostaddr=169.254.169.254", "requiressl=1", "sslcompression=1", "sslcrl=/x", "sslkeylogfile=/x", "requirepeer=x",
		"replication=database", "load_balance_hosts=random", "default_query_exec_mode=simple_protocol", "pool_max_conns=1000000", "statement_cache_capacity=0", "min_read_buffer_size=1", "oauth_issuer=x", "fallback=x", "dsn=x",
		// of SQLite and its drivers
		"_pragma=foreign_keys(1)", "_journal_mode=OFF", "_query_only=false", "_txlock=immediate", "_time_format=sqlite", "vfs=unix-none", "cache=shared", "immutable=1", "nolock=1", "psow=0", "key=x", "hexkey=x", "modeof=/x", "_auth=x",
		// of PyMySQL, mysqlclient and psycopg2
		"init_command=SET x", "read_default_file=/x", "read_default_group=x", "defer_connect=true", "auth_plugin_map=x", "server_public_key=x", "ssl_disabled=maybe", "conv=x", "cursorclass=x", "plugin_dir=/x", "named_pipe=true", "connection_factory=x", "async=1", "async_=1",
	}
	for name, d := range drivers {
		t.Run(name, func(t *testing.T) {
			if got := faultsOf(t, d.driver, d.uri, nil); got != nil {
				t.Fatal(got)
			}
			for _, pair := range keys {
				key, value, _ := strings.Cut(pair, "=")
				for way, got := range map[string][]string{
					"uri":          faultsOf(t, d.driver, d.uri+"&"+key+"="+url.QueryEscape(value), nil),
					"connect_args": faultsOf(t, d.driver, d.uri, map[string]any{key: value}),
				} {
					if len(got) != 1 || !strings.HasPrefix(got[0], way) || !strings.Contains(got[0], key) {
						t.Errorf("%s in %s: %q", pair, way, got)
					}
				}
			}
		})
	}
}

// hostileNames are names that would add parameters where one is pasted into a
// URI or a DSN.
var hostileNames = []string{
	"a@b", "a/b", "a?b", "a#b", "a(b)", "a&b", "a%b", "a%00b", "a:b", "a;b", "a,b", "a=b", "a b", "a'b", `a"b`, `a\b`, "a`b", "@tcp(evil)/x", "x?allowAllFiles=true", "x' host=evil", "x host=evil", "ünïcode", "x@evil:1/y?sslmode=disable#",
}

// TestC2Names logs in as users, with passwords and to databases of such names:
// each is what it is, in a URI, percent-encoded, in connect_args and as a
// secret.
func TestC2Names(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			at := s.database(t)
			for _, name := range hostileNames {
				login, database := name+"_"+databaseOf(at.URI), databaseOf(at.URI)
				alone(t, at.AdminURI, makeLogin(s.dialect, login, name, database)...)
				t.Cleanup(func() { alone(t, at.AdminURI, dropLogin(s.dialect, login)...) })
				u, _ := sqldb.ParseURI(at.URI)
				where := at.URI[:strings.Index(at.URI, "://")+3]
				address := at.URI[strings.LastIndexByte(at.URI, '@'):]
				for way, open := range map[string]func() (sqldb.Config, error){
					"uri": func() (sqldb.Config, error) {
						v, err := sqldb.ParseURI(where + percent(login) + ":" + percent(name) + address)
						return sqldb.Config{URI: v}, err
					},
					"connect_args": func() (sqldb.Config, error) {
						return sqldb.Config{URI: u, Args: map[string]any{"user": login, "password": name}}, nil
					},
					"secrets": func() (sqldb.Config, error) {
						return sqldb.Config{URI: u, SecretArgs: []string{"user", "password"}, Secrets: func(context.Context) (map[string]secret.Value, error) {
							return map[string]secret.Value{"user": secret.New(login), "password": secret.New(name)}, nil
						}}, nil
					},
				} {
					cfg, err := open()
					if err != nil {
						t.Errorf("%q by %s: %v", name, way, err)
						continue
					}
					if got := whoIs(t, cfg, s.dialect); got != login {
						t.Errorf("%q by %s: logged in as %q", name, way, got)
					}
				}
			}
		})
	}
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		for _, name := range hostileNames {
			name = strings.NewReplacer("/", "_", "?", "q").Replace(name) // the one ends a folder's name, the other the URI's path
			file := filepath.Join(dir, name+".db")
			hosttest.SQLiteFile(t, file, "CREATE TABLE t (a)")
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%q: %v", name, err)
			}
		}
		if files, err := os.ReadDir(dir); err != nil || len(files) > len(hostileNames) {
			t.Errorf("%d files, %v", len(files), err)
		}
	})
}

// percent encodes all that is no letter, digit or underscore.
func percent(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func databaseOf(uri string) string { return uri[strings.LastIndexByte(uri, '/')+1:] }

func makeLogin(d abi.Dialect, login, password, database string) []string {
	text := "'" + strings.ReplaceAll(password, "'", "''") + "'"
	if d == abi.Postgres {
		return []string{"CREATE ROLE " + quoted(`"`, login) + " LOGIN PASSWORD " + text}
	}
	name := quoted("`", login)
	return []string{"CREATE USER " + name + "@'%' IDENTIFIED BY " + strings.ReplaceAll(text, `\`, `\\`), "GRANT SELECT ON " + database + ".* TO " + name + "@'%'"}
}

// alone runs statements each in a transaction of its own, which it may end.
func alone(t *testing.T, uri string, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		tx := begin(t, uri)
		_, err := tx.Exec(context.Background(), sql, nil, true)
		var e *sqldb.Error
		if errors.As(err, &e) && e.Code != abi.State {
			t.Errorf("%s: %v", sql, e)
		}
		if err == nil {
			err = tx.Commit(context.Background())
			if err != nil {
				t.Errorf("%s: %v", sql, err)
			}
		}
		_ = tx.Rollback(context.Background())
	}
}

func dropLogin(d abi.Dialect, login string) []string {
	if d == abi.Postgres {
		return []string{"DROP ROLE " + quoted(`"`, login)}
	}
	return []string{"DROP USER " + quoted("`", login) + "@'%'"}
}

func quoted(quote, name string) string {
	return quote + strings.ReplaceAll(name, quote, quote+quote) + quote
}

// whoIs logs in and returns as whom.
func whoIs(t *testing.T, cfg sqldb.Config, d abi.Dialect) string {
	t.Helper()
	db, err := serverDrivers()[cfg.URI.Scheme].Open(cfg)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = db.Close() }()
	tx, err := db.Begin(t.Context(), sqldb.TxOptions{})
	if err != nil {
		return err.Error()
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	sql := "SELECT current_user::text"
	if d == abi.MySQL {
		sql = "SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', LENGTH(CURRENT_USER()) - LENGTH(REPLACE(CURRENT_USER(), '@', '')))"
	}
	rows, err := tx.Query(t.Context(), sql, nil)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = rows.Close() }()
	rec, err := rows.Next(t.Context())
	if err != nil {
		return err.Error()
	}
	defer rec.Release()
	return rec.Column(0).ValueStr(0)
}

// TestC3Hosts: one connection is one server. Several hosts are refused wherever
// they can be written, and so is a path that is no folder of sockets.
func TestC3Hosts(t *testing.T) {
	for name, scheme := range map[string]string{"postgres": "postgresql://", "mysql": "mysql://"} {
		d := drivers[name].driver
		t.Run(name, func(t *testing.T) {
			for _, uri := range []string{"u@h1,h2/d", "u@h1,169.254.169.254:80/d", "u@h1:1,h2:2/d", "u@127.0.0.1,127.0.0.2/d", "u@[::1],[::2]/d", "u@h1%2Ch2/d", "u@h1;h2/d", "u@h1%20h2/d", "u@h1%2Fx/d", "u@tcp(h)/d", "u@unix(%2Fx)/d"} {
				if got := faultsOf(t, d, scheme+uri, nil); got == nil {
					t.Errorf("%s is accepted", uri)
				}
			}
			for _, host := range []string{"h1,h2", "h1,169.254.169.254:80", "h1 h2", "h1;h2", "../run", "run/postgresql", "./x", "h:1", "h/x", "h@x", "h\x00"} {
				if got := faultsOf(t, d, scheme+"u@/d", map[string]any{"host": host}); got == nil {
					t.Errorf("host %q is accepted in connect_args", host)
				}
				if got := faultsOf(t, d, scheme+"u@/d?host="+url.QueryEscape(host), nil); got == nil {
					t.Errorf("host %q is accepted in the uri", host)
				}
			}
			for _, port := range []any{"1,2", "5432,80", int64(0), int64(65536), -1.0} {
				if got := faultsOf(t, d, scheme+"u@h/d", map[string]any{"port": port}); got == nil {
					t.Errorf("port %v is accepted", port)
				}
			}
			key := map[string]string{"postgres": "host", "mysql": "unix_socket"}[name]
			for _, socket := range []string{"run/x", "../x", "./x", "@abstract", "~/x", "\x00x"} {
				if got := faultsOf(t, d, scheme+"u@/d", map[string]any{key: socket}); got == nil {
					t.Errorf("socket %q, which is no absolute path, is accepted", socket)
				}
			}
		})
	}
}
