package policy_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"zombiezen.com/go/sqlite"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/policy"
)

// pieces are what random statements are put together from: quotes that open
// and do not close, comments, and what must not get through.
var pieces = strings.Split(`SELECT|1|a|t|FROM t|;|; DELETE FROM t|DELETE FROM t|UPDATE t SET a = 1|INSERT INTO t VALUES (1)|REPLACE INTO t VALUES (2)|`+
	`WITH x AS (SELECT 1)|WITH x AS (|)|(|,|'|''|"|""|[|]|`+"`"+`|/*|*/|--|`+"\n|\r|\v|\f"+`|\|\'|$a|$a(|:b|::|?1|x'|x'ab'|'it''s'|"a"|[a]|EXPLAIN|QUERY PLAN|`+
	`COMMIT|BEGIN|END|CASE WHEN 1 THEN 2 END|PRAGMA user_version|PRAGMA|= 1|(1)|table_info|main.|CREATE TABLE u (a)|CREATE TRIGGER g AFTER INSERT ON t|`+
	`DROP TABLE t|VACUUM|ATTACH 'x' AS y|SELECT 2|VALUES (1)|AS|INTO|replace(a, 1, 2)|#|*|.|-|/|e|1e5|0x1f|1.|.5|`+"\u00a0|\ufeff|é", "|")

// fillers stand inside quotes and comments, where they must mean nothing.
var fillers = []string{"'", "''", `"`, "`", "[", "]", ";", "--", "/*", "*/", "\n", "\r", `\`, `\'`, "; DELETE FROM t", " COMMIT ", "a", "$a(", "é"}

var fences = [][2]string{{", '", "'"}, {`, "`, `"`}, {", `", "`"}, {", [", "]"}, {" --", "\n"}, {" /*", "*/"}, {", x'", "'"}, {", $a", " "}}

// randomText returns a text that is nearly SQL: half of them loose pieces, the
// others a query with anything in its quotes, and more behind it.
func randomText(r *rand.Rand) string {
	var b strings.Builder
	pick := func(from []string) { b.WriteString(from[r.IntN(len(from))]) }
	if r.IntN(2) == 0 {
		for range 1 + r.IntN(9) {
			pick(pieces)
			if r.IntN(3) > 0 {
				b.WriteByte(' ')
			}
		}
		return b.String()
	}
	b.WriteString("SELECT 1")
	for range 1 + r.IntN(3) {
		f := fences[r.IntN(len(fences))]
		b.WriteString(f[0])
		for range r.IntN(4) {
			pick(fillers)
		}
		b.WriteString(f[1])
	}
	if r.IntN(2) == 0 {
		b.WriteString("; DELETE FROM t ")
		pick([]string{"", "--", "'", `"`, "`", "]", "*/", "--'", `--"`, "--`", "--]", "--*/", "END"})
	}
	return b.String()
}

// harmless are the actions that a query may need.
func harmless(op sqlite.OpType) bool {
	switch op {
	case sqlite.OpSelect, sqlite.OpRead, sqlite.OpFunction, sqlite.OpRecursive, sqlite.OpPragma:
		return true
	}
	return false
}

// TestSQLiteAgrees holds Check against SQLite itself over random texts: what
// passes and compiles is one whole statement; under read-only it does nothing
// but read, and under read-write it never touches the transaction or files.
func TestSQLiteAgrees(t *testing.T) {
	conn, err := sqlite.OpenConn(":memory:", sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	step(t, conn, "CREATE TABLE t (a)")
	access := abi.ReadOnly
	var bad []string
	err = conn.SetAuthorizer(sqlite.AuthorizeFunc(func(a sqlite.Action) sqlite.AuthResult {
		switch a.Type() {
		case sqlite.OpTransaction, sqlite.OpSavepoint, sqlite.OpAttach, sqlite.OpDetach:
			bad = append(bad, a.String())
		default:
			if access == abi.ReadOnly && !harmless(a.Type()) {
				bad = append(bad, a.String())
			}
		}
		return sqlite.AuthResultOK
	}))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	compiled := 0
	for range 25_000 {
		sql := randomText(r)
		for _, access = range []abi.Access{abi.ReadOnly, abi.ReadWrite} {
			if policy.Check(abi.SQLite, access, sql) != nil {
				continue
			}
			bad = nil
			stmt, rest, err := conn.PrepareTransient(sql)
			if err != nil {
				continue
			}
			compiled++
			tail := sql[len(sql)-rest:]
			if more, _, err := conn.PrepareTransient(tail); err != nil || more != nil && more.ColumnCount() > 0 {
				t.Errorf("%s: %q: there is more behind it: %q (%v)", access, sql, tail, err)
			}
			if len(bad) > 0 {
				t.Errorf("%s: %q: %v", access, sql, bad)
			}
			if stmt != nil {
				_ = stmt.Finalize()
			}
		}
	}
	if compiled < 2000 {
		t.Errorf("only %d of the texts compiled: the generator is no good", compiled)
	}
	t.Logf("%d statements compiled", compiled)
}

func step(t *testing.T, conn *sqlite.Conn, sql string) {
	stmt, _, err := conn.PrepareTransient(sql)
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Finalize()
	if _, err := stmt.Step(); err != nil {
		t.Fatal(err)
	}
}
