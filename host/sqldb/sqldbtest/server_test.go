package sqldbtest

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

// TestDatabases: each is new and empty, its owner can do everything in it, its
// reader can only read, and neither is more than that.
func TestDatabases(t *testing.T) {
	for _, c := range []struct {
		kind    *kind
		make    func(testing.TB) Database
		tables  string
		refused string
	}{
		{&postgres, PostgresDatabase, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public';", "permission denied"},
		{&mariadb, MariaDBDatabase, "SELECT count(*) FROM information_schema.tables WHERE table_schema = database();", "denied"},
	} {
		t.Run(c.kind.name, func(t *testing.T) {
			s := c.kind.server(t)
			a, b := c.make(t), c.make(t)
			if a.URI == b.URI {
				t.Fatal("one database twice")
			}
			run := func(uri, sql, want string) {
				t.Helper()
				if got, err := s.Client(uri, sql); err != nil || strings.TrimSpace(got) != want {
					t.Errorf("%s: %q, %v", sql, got, err)
				}
			}
			refuse := func(uri, sql string) {
				t.Helper()
				if _, err := s.Client(uri, sql); err == nil || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("%s: %v", sql, err)
				}
			}
			run(a.URI, c.tables, "0")
			run(a.URI, "CREATE TABLE t (a INT); INSERT INTO t VALUES (7);", "")
			run(b.URI, c.tables, "0")
			run(a.ReaderURI, "SELECT a FROM t;", "7")
			refuse(a.ReaderURI, "INSERT INTO t VALUES (8);")
			refuse(a.ReaderURI, "CREATE TABLE u (a INT);")
			refuse(a.URI, "CREATE DATABASE other;")
			run(a.AdminURI, "SELECT a FROM t;", "7")
		})
	}
}

func TestLogin(t *testing.T) {
	for _, c := range [][2]string{
		{"postgresql://a:b@h:1/x?sslmode=disable", "postgresql://u:p@h:1/d?sslmode=disable"},
		{"mysql+pymysql://a@[::1]/", "mysql+pymysql://u:p@[::1]/d"},
	} {
		if got := login(c[0], "u", "p", "d"); got != c[1] {
			t.Errorf("%s: %s", c[0], got)
		}
	}
	if got := login("mysql://a:b@h/x", "", "", "d"); got != "mysql://a:b@h/d" {
		t.Error(got)
	}
}

func TestByVersion(t *testing.T) {
	got := slices.SortedFunc(slices.Values([]string{"/pg/15/bin/x", "/pg/9.6/bin/x", "/pg/bin/x", "/pg/14/bin/x"}), byVersion)
	if s := strings.Join(got, " "); s != "/pg/bin/x /pg/9.6/bin/x /pg/14/bin/x /pg/15/bin/x" {
		t.Error(s)
	}
}

// TestMissing: what is not installed is said, with each remedy.
func TestMissing(t *testing.T) {
	k := postgres
	k.programs, k.folders = []string{"no-such-program"}, nil
	_, err := k.new(nil)
	const want = `no program "no-such-program": install PostgreSQL (on Debian: apt-get install postgresql), or set WASMSQL_TEST_POSTGRES to the URI of a server's superuser`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	python := &Missing{Program: "python3", Server: "Python", Packages: "python3-venv"}
	if got := python.Error(); got != `no program "python3": install Python (on Debian: apt-get install python3-venv)` {
		t.Error(got)
	}
	k.programs, k.client = nil, "no-such-client"
	if _, err := (&Server{kind: &k}).Client("postgresql://u:p@127.0.0.1/d", ""); err == nil || !strings.HasPrefix(err.Error(), `no program "no-such-client"`) {
		t.Errorf("got %v", err)
	}
}

// TestStartFails: the log of a server that does not start is in the error, and
// nothing of it is left.
func TestStartFails(t *testing.T) {
	for _, c := range []struct {
		make    func(...string) (*Server, error)
		setting string
		says    string
	}{{NewPostgres, "work_mem=lots", `invalid value for parameter "work_mem"`}, {NewMariaDB, "no-such-option=1", "no-such-option"}} {
		s, err := c.make(c.setting)
		if err != nil {
			skipMissing(t, err)
		}
		if err := s.Start(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", s.kind.name, err)
		}
		if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
			t.Errorf("%s: its folder: %v", s.kind.name, err)
		}
		s.Stop()
	}
}
