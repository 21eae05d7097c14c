package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

const acceptedArgs = "accepted are autocommit, cached_statements, check_same_thread, detect_types, isolation_level, timeout, uri"

// TestC1Faults: what is not on the list is refused by name, all of it together.
func TestC1Faults(t *testing.T) {
	type args = map[string]any
	for _, c := range []struct {
		uri  string
		args args
		want string // field: message | hint; one a line
	}{
		{"sqlite://relative.db", nil, "uri: a SQLite database has no host | three slashes begin a relative path, sqlite:///file.db, and four an absolute one"},
		{"sqlite://u:p@h:1/x.db", nil, "uri: a SQLite database has no user, password, host or port | write sqlite:///file.db"},
		{"sqlite+pysqlcipher:///x.db", nil, "uri: an encrypted database cannot be opened | use sqlite:// with an unencrypted file"},
		{"sqlite:///x.db?mode=ro", nil, "uri.mode: needs uri=true | write sqlite:///file:path?mode=ro&uri=true"},
		{"sqlite:///x.db?mode=ro&uri=true", nil, "uri: mode= needs a file: URI | write sqlite:///file:path?mode=ro&uri=true"},
		{"sqlite:///file:x.db?mode=ro", nil, "uri.mode: needs uri=true | write sqlite:///file:path?mode=ro&uri=true\nuri: a file: URI needs the option uri=true | write sqlite:///file:path?uri=true, or a plain path"},
		{"sqlite:///file://other/x.db?uri=true", nil, "uri: the file: URI is not well formed, or names a host | write file:path or file:///absolute/path"},
		{"sqlite:///file:x%ZZ?uri=true", nil, "uri: the file: URI is not well formed, or names a host | write file:path or file:///absolute/path"},
		{"sqlite:///file:x.db?uri=true&mode=write", nil, "uri.mode: is not an accepted value | accepted are ro, rw, rwc, memory"},
		{"sqlite:///file:x.db?uri=true&vfs=unix-none", nil, "uri.vfs: is refused | accepted of a file: URI is mode=ro, rw or rwc"},
		{"sqlite:///file:x.db?uri=true&cache=shared", nil, "uri.cache: is refused | accepted of a file: URI is mode=ro, rw or rwc"},
		{"sqlite:///file:x.db?uri=true&immutable=1", nil, "uri.immutable: is refused | accepted of a file: URI is mode=ro, rw or rwc"},
		{"sqlite:///file:x.db?uri=true&nolock=1", nil, "uri.nolock: is refused | accepted of a file: URI is mode=ro, rw or rwc"},
		{"sqlite:///file:x.db?uri=true&_pragma=foreign_keys(1)", nil, "uri._pragma: is refused | accepted of a file: URI is mode=ro, rw or rwc"},
		{"sqlite:///x.db?_pragma=x", nil, `uri: unknown name "_pragma" | ` + acceptedArgs},
		{"sqlite:///x.db?timeout=soon", nil, "uri.timeout: is not a number from 0 to 1e+06 | "},
		{"sqlite:///x.db?timeout=1&timeout=2", nil, "uri.timeout: given more than once | "},
		{"sqlite:///x.db?check_same_thread=maybe", nil, "uri.check_same_thread: is not a bool | accepted are true and false"},
		{"sqlite:///x.db", args{"timout": int64(3)}, `connect_args: unknown name "timout" | did you mean "timeout"? ` + acceptedArgs},
		{"sqlite:///x.db", args{"password": "canary"}, `connect_args: unknown name "password" | ` + acceptedArgs},
		{"sqlite:///x.db", args{"timeout": "30"}, "connect_args.timeout: is not a number from 0 to 1e+06 | "},
		{"sqlite:///x.db", args{"timeout": -1.0}, "connect_args.timeout: is not a number from 0 to 1e+06 | "},
		{"sqlite:///x.db", args{"isolation_level": "SERIALIZABLE"}, "connect_args.isolation_level: is not an accepted value | accepted are DEFERRED, IMMEDIATE, EXCLUSIVE"},
		{"sqlite:///x.db", args{"isolation_level": int64(1)}, "connect_args.isolation_level: is not an accepted value | accepted are DEFERRED, IMMEDIATE, EXCLUSIVE"},
		{"sqlite:///x.db", args{"check_same_thread": "no"}, "connect_args.check_same_thread: is not a bool | accepted are true and false"},
		{"sqlite:///x.db", args{"cached_statements": 1.5}, "connect_args.cached_statements: is not an int from 0 to 2147483647 | "},
		{"sqlite:///x.db", args{"detect_types": int64(4)}, "connect_args.detect_types: is not an int from 0 to 3 | "},
		{"sqlite:///x.db", args{"autocommit": true}, "connect_args.autocommit: an execution is always one transaction | accepted is false"},
		{"sqlite:///x.db", args{"factory": "Connection"}, "connect_args.factory: cannot be a Python class here | remove it"},
		{"sqlite:///x.db", args{"database": "y.db"}, "connect_args.database: the database is given by the uri | remove it"},
		{"sqlite://h/x.db?a=1", args{"b": true}, "uri: a SQLite database has no host | three slashes begin a relative path, sqlite:///file.db, and four an absolute one\n" +
			`uri: unknown name "a" | ` + acceptedArgs + "\n" + `connect_args: unknown name "b" | ` + acceptedArgs},
	} {
		u, err := sqldb.ParseURI(c.uri)
		if err != nil {
			t.Errorf("%s: %v", c.uri, err)
			continue
		}
		_, err = sqlite.Driver{}.Open(sqldb.Config{URI: u, Args: c.args})
		var faults sqldb.Faults
		if !errors.As(err, &faults) {
			t.Errorf("%s %v: got %v, want faults", c.uri, c.args, err)
			continue
		}
		var got []string
		for _, f := range faults {
			got = append(got, f.Field+": "+f.Message+" | "+f.Hint)
		}
		if text := strings.Join(got, "\n"); text != c.want {
			t.Errorf("%s %v:\n got %s\nwant %s", c.uri, c.args, text, c.want)
		}
		if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "x.db") {
			t.Errorf("%s: the error tells too much: %v", c.uri, err)
		}
	}
}

func TestSecretArgs(t *testing.T) {
	u, err := sqldb.ParseURI("sqlite:///x.db")
	if err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Driver{}.Open(sqldb.Config{URI: u, SecretArgs: []string{"password"}})
	if err == nil || err.Error() != "secret_connect_args.password: a SQLite database takes no secret" {
		t.Fatal(err)
	}
}

// TestURIs is where each form of a URI leads.
func TestURIs(t *testing.T) {
	dir := t.TempDir()
	odd := "a b?c#d%20.db"
	for uri, file := range map[string]string{
		"sqlite:///rel.db":                                         "rel.db",
		"sqlite+pysqlite:///./sub/../rel2.db":                      "rel2.db",
		"sqlite:///" + dir + "/abs.db":                             "abs.db",
		"sqlite:///file:uri.db?uri=true":                           "uri.db",
		"sqlite:///file:rwc.db?uri=1&mode=rwc":                     "rwc.db",
		"sqlite:///file://" + dir + "/abs2.db?uri=yes&mode=rwc":    "abs2.db",
		"sqlite:///file://localhost" + dir + "/abs3.db?uri=true":   "abs3.db",
		"sqlite:///file:a%20b%3fc%23d%2520.db?uri=true&timeout=.5": odd,
		"sqlite:///opts.db?timeout=1&isolation_level=IMMEDIATE&check_same_thread=false&cached_statements=5&detect_types=3": "opts.db",
		"sqlite:///:memory:":               "",
		"sqlite://":                        "",
		"sqlite:///":                       "",
		"sqlite:///file::memory:?uri=true": "",
		"sqlite:///file:anything?mode=memory&uri=true": "",
		"sqlite+aiosqlite:///file::memory:?uri=true":   "",
		"sqlite:///percent%20kept.db":                  "percent%20kept.db",
	} {
		d := openURI(t, uri, sqldb.Config{Access: abi.ReadWrite, Dir: dir})
		before, _ := os.ReadDir(dir)
		tx := beginOn(t, d, sqldb.TxOptions{Access: abi.ReadWrite})
		exec(t, tx, "CREATE TABLE t (a)")
		if err := tx.Commit(t.Context()); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
		after, _ := os.ReadDir(dir)
		if file == "" {
			if len(after) != len(before) {
				t.Errorf("%s: made a file", uri)
			}
			again := beginOn(t, d, sqldb.TxOptions{Access: abi.ReadWrite})
			exec(t, again, "CREATE TABLE t (a)") // an empty database again
		} else if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func TestCannotOpen(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	if err := os.WriteFile(garbage, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	const missingHint = "check the uri: a relative path is looked for beside the configuration, four slashes begin an absolute one"
	for _, c := range []struct {
		uri           string
		access        abi.Access
		message, hint string
	}{
		{"sqlite:///missing.db", abi.ReadOnly, "the database file does not exist", missingHint + "; only a read-write connection creates a file"},
		{"sqlite:///file:missing.db?mode=ro&uri=true", abi.ReadWrite, "the database file does not exist", missingHint},
		{"sqlite:///file:missing.db?mode=rw&uri=true", abi.ReadWrite, "the database file does not exist", missingHint},
		{"sqlite:///no/such/folder.db", abi.ReadWrite, "the database file cannot be created", "check that its folder exists and can be written"},
		{"sqlite:///garbage.db", abi.ReadOnly, "the file is not a SQLite database", "check the uri; an encrypted database cannot be opened"},
		{"sqlite:///garbage.db", abi.ReadWrite, "the file is not a SQLite database", "check the uri; an encrypted database cannot be opened"},
		{"sqlite:///.", abi.ReadOnly, "the database is not a file", "check the uri"},
	} {
		d := openURI(t, c.uri, sqldb.Config{Access: c.access, Dir: dir})
		_, err := d.Begin(t.Context(), sqldb.TxOptions{Access: c.access})
		e := fault(t, err)
		if e.Code != abi.Conn || e.Message != c.message || e.Hint != c.hint {
			t.Errorf("%s: %v %q, hint %q", c.uri, e.Code, e.Message, e.Hint)
		}
		if strings.Contains(e.Message+e.Hint+e.Detail, dir) {
			t.Errorf("%s: the error tells the path", c.uri)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("files appeared: %v", files)
	}
}
