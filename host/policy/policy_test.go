package policy_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/policy"
)

var update = flag.Bool("update", false, "write what Check says into the refused.txt files")

var dialects = []abi.Dialect{abi.SQLite, abi.Postgres, abi.MySQL}

// block is one case of a file: a header line "=== access: what it shows", the
// statement, and where it is refused "--- position: message" and "hint: …".
type block struct {
	line   int
	access string // read-only, read-write or both
	title  string
	sql    string
	want   string
}

func (b block) accesses(t *testing.T) []abi.Access {
	switch b.access {
	case "read-only":
		return []abi.Access{abi.ReadOnly}
	case "read-write":
		return []abi.Access{abi.ReadWrite}
	case "both":
		return []abi.Access{abi.ReadOnly, abi.ReadWrite}
	}
	t.Fatalf("line %d: access %q", b.line, b.access)
	return nil
}

func blocks(t testing.TB, file string) []block {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	inWant := false
	for i, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
		switch rest, header := strings.CutPrefix(line, "=== "); {
		case header:
			access, title, ok := strings.Cut(rest, ": ")
			if !ok {
				t.Fatalf("%s:%d: no title", file, i+1)
			}
			out = append(out, block{line: i + 1, access: access, title: title})
			inWant = false
		case len(out) == 0:
		case strings.HasPrefix(line, "--- "):
			inWant = true
			fallthrough
		case inWant:
			out[len(out)-1].want += line + "\n"
		default:
			out[len(out)-1].sql += line + "\n"
		}
	}
	for i := range out {
		out[i].sql = strings.TrimSuffix(out[i].sql, "\n")
	}
	return out
}

func fixture(d abi.Dialect, name string) string {
	return filepath.Join("..", "..", "testdata", "sql", string(d), name)
}

func verdict(err error) string {
	if err == nil {
		return "allowed\n"
	}
	var d *policy.Denied
	if !errors.As(err, &d) {
		return fmt.Sprintf("not a *Denied: %v\n", err)
	}
	s := fmt.Sprintf("--- %d: %s\n", d.Position, d.Message)
	if d.Hint != "" {
		s += "hint: " + d.Hint + "\n"
	}
	return s
}

func TestAllowed(t *testing.T) {
	for _, d := range dialects {
		for _, b := range blocks(t, fixture(d, "allowed.txt")) {
			for _, a := range b.accesses(t) {
				if got := verdict(policy.Check(d, a, b.sql)); got != "allowed\n" {
					t.Errorf("%s, line %d, %s: %s\n%s\n%s", d, b.line, a, b.title, b.sql, got)
				}
			}
			if b.access == "read-write" && policy.Check(d, abi.ReadOnly, b.sql) == nil {
				t.Errorf("%s, line %d: allowed on a read-only connection too: %s", d, b.line, b.sql)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	for _, d := range dialects {
		file := fixture(d, "refused.txt")
		var out strings.Builder
		for _, b := range blocks(t, file) {
			fmt.Fprintf(&out, "=== %s: %s\n%s\n", b.access, b.title, b.sql)
			for i, a := range b.accesses(t) {
				got := verdict(policy.Check(d, a, b.sql))
				if i == 0 {
					out.WriteString(got)
				}
				if got == "allowed\n" || got != b.want && !*update {
					t.Errorf("%s, line %d, %s: %s\n%s\ngot  %swant %s", d, b.line, a, b.title, b.sql, got, b.want)
				}
			}
			if b.access == "read-only" && policy.Check(d, abi.ReadWrite, b.sql) != nil {
				t.Errorf("%s, line %d: refused on a read-write connection too: %s", d, b.line, b.sql)
			}
		}
		if *update {
			if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestTableSize keeps the tables from shrinking unseen.
func TestTableSize(t *testing.T) {
	n := 0
	for _, d := range dialects {
		n += len(blocks(t, fixture(d, "allowed.txt"))) + len(blocks(t, fixture(d, "refused.txt")))
	}
	if n < 250 {
		t.Errorf("the tables hold %d statements, want 250 at least", n)
	}
	t.Logf("%d statements", n)
}

func TestNotText(t *testing.T) {
	for _, d := range dialects {
		for _, c := range []struct {
			sql string
			pos int
		}{{"SELECT 'é\x00'", 10}, {"\x00", 1}, {"SELECT '\xff'", 9}, {"SELECT \xed\xa0\x80", 8}, {"SELECT '\xc0\xa7'", 9}} {
			want := fmt.Sprintf("--- %d: the statement is not UTF-8 text without zero bytes\nhint: pass bytes as a parameter\n", c.pos)
			if got := verdict(policy.Check(d, abi.ReadWrite, c.sql)); got != want {
				t.Errorf("%s: %q: %s", d, c.sql, got)
			}
		}
		if err := policy.Check(d, abi.ReadOnly, "SELECT '\ufffd'"); err != nil {
			t.Errorf("%s: a replacement character that is really there: %v", d, err)
		}
	}
	if err := policy.Check("oracle", abi.ReadOnly, "SELECT 1"); err == nil || err.Error() != `dialect "oracle" is not known` {
		t.Error(err)
	}
}

// TestNotGranted: what a guest asked for is told back, cut to what a message
// can hold.
func TestNotGranted(t *testing.T) {
	for _, asked := range []string{"other", "", "tracks\x00", strings.Repeat("é", 1000)} {
		if d := policy.NotGranted(asked); len(d.Message) > 200 || d.Hint == "" {
			t.Errorf("%q: %v", asked, d)
		}
	}
	if got := policy.NotGranted("payroll").Error(); got != `connection "payroll" is not granted to this task` {
		t.Error(got)
	}
}
