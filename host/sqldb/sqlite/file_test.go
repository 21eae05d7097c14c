package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

func TestFile(t *testing.T) {
	dir := t.TempDir()
	for uri, want := range map[string]string{
		"sqlite:///a.db":                       filepath.Join(dir, "a.db"),
		"sqlite:////srv/b.db":                  "/srv/b.db",
		"sqlite:///file:c.db?mode=ro&uri=true": filepath.Join(dir, "c.db"),
		"sqlite://":                            "",
		"sqlite:///:memory:":                   "",
		"sqlite:///d.db?timeout=never":         "",
	} {
		u, err := sqldb.ParseURI(uri)
		if err != nil {
			t.Fatal(err)
		}
		if got := File(sqldb.Config{URI: u, Dir: dir}); got != want {
			t.Errorf("%s: %q, want %q", uri, got, want)
		}
	}
}
