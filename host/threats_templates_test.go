package host_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
)

// TestS8Identifiers: a value becomes a name only through | ident, and then it
// is one name, quoted: that of a table which is called just so, or of none.
func TestS8Identifiers(t *testing.T) {
	names := []string{"Kept", "KEPT", `a"b`, "a`b", "a'b", "a b", "a;b", "a--b", "a/*b", "sélect", "select", "kеpt", "ｋｅｐｔ", "a]b", "a$1", "a?b", ":v", "%s", "a\\b"}
	eachTarget(t, kept, func(t *testing.T, at target) {
		h := at.open(t, abi.ReadWrite)
		for i, name := range names {
			if at.dialect != abi.Postgres && strings.EqualFold(name, "kept") {
				continue // one table to SQLite, and to a MySQL server that is set so
			}
			in := host.Inputs{"t": text(name), "n": intValue(int64(i))}
			if _, failed, message := h.try(t, attempted{query: "CREATE TABLE {{ t | ident }} (n int); INSERT INTO {{ t | ident }} VALUES ({{ n }})", inputs: in, outputs: none}); failed != "" {
				t.Fatalf("%q: %s", name, message)
			}
		}
		for i, name := range names {
			if at.dialect != abi.Postgres && strings.EqualFold(name, "kept") {
				continue
			}
			rows, failed, message := h.try(t, attempted{query: "SELECT n FROM {{ t | ident }}", inputs: host.Inputs{"t": text(name)}})
			if want := fmt.Sprintf("[\"%d\"]\n", i); rows != want {
				t.Errorf("%q: %s%s %s, want %s", name, rows, failed, message, want)
			}
		}
		long := strings.Repeat("a", 63)
		if _, failed, message := h.try(t, attempted{query: "CREATE TABLE {{ t | ident }} (n int)", inputs: host.Inputs{"t": text(long)}, outputs: none}); failed != "" {
			t.Fatal(message)
		}
		for _, name := range []string{
			`kept"; DROP TABLE kept; --`, "kept`; DROP TABLE kept; -- ", `kept" UNION SELECT 1 --`, "kept; DROP TABLE kept", "kept, kept", "kept WHERE 1=1", "(SELECT 1)", "kept\x00", "", ".", "kept.", ".kept", "a.b.c.d.e",
			"kеpt2", "kept ", " kept", long + "b", strings.Repeat("a", 65), strings.Repeat("é", 64), strings.Repeat("x", 10_000), "*", "1",
		} {
			for _, query := range []string{"SELECT * FROM {{ t | ident }}", "DELETE FROM {{ t | ident }}"} {
				rows, failed, message := h.try(t, attempted{query: query, inputs: host.Inputs{"t": text(name)}, outputs: abi.Outputs{Mode: abi.OutputMode(strings.Index(query, "DELETE") + 1)}})
				if failed != host.CodeTask && failed != host.CodeDenied {
					t.Errorf("%.80q: %s: %.100s%s %s", name, query, rows, failed, message)
				}
			}
		}
		for _, query := range []string{"SELECT * FROM {{ t }}", "SELECT id FROM kept ORDER BY {{ t }}", "SELECT {{ t }}.id FROM kept", "SELECT * FROM kept AS {{ t }}"} {
			if _, failed, _ := h.try(t, attempted{query: query, inputs: host.Inputs{"t": text("kept")}}); failed == "" {
				t.Errorf("%s: a value stood for a name", query)
			}
		}
		holds(t, at, "names")
	})
}

// TestS9Lists: an empty list, nulls and 70 000 elements. More parameters than
// the database's protocol has are refused before anything is sent; where a
// list is one parameter it goes through.
func TestS9Lists(t *testing.T) {
	most := map[abi.Dialect]int{abi.SQLite: 32_766, abi.Postgres: 65_535, abi.MySQL: 65_535}
	eachTarget(t, kept, func(t *testing.T, at target) {
		h := at.open(t, abi.ReadOnly, func(c *host.Config) { c.Limits.Statement = 1 << 20 })
		const in = "SELECT count(*) FROM kept WHERE id IN {{ ids | inclause }}"
		if _, failed, message := h.try(t, attempted{query: in, inputs: host.Inputs{"ids": ints(0)}}); failed != host.CodeTask || !strings.Contains(message, "empty") {
			t.Errorf("an empty list: %s: %s", failed, message)
		}
		n := most[at.dialect]
		if rows, failed, message := h.try(t, attempted{query: in, inputs: host.Inputs{"ids": ints(n)}}); rows != "[\"3\"]\n" {
			t.Errorf("%d elements: %s%s %s", n, rows, failed, message)
		}
		for _, n := range []int{n + 1, 70_000} {
			if rows, failed, message := h.try(t, attempted{query: in, inputs: host.Inputs{"ids": ints(n)}}); failed != host.CodeLimit || !strings.Contains(message, "parameters") {
				t.Errorf("%d elements: %s%s %s", n, rows, failed, message)
			}
		}
		elem := abi.Type{Kind: abi.Int, Nullable: true}
		nulls := abi.Value{Type: abi.Type{Kind: abi.List, Elem: &elem}, List: []abi.Value{{Type: elem, Null: true}, {Type: elem, Int: 2}, {Type: elem, Null: true}}}
		if rows, failed, message := h.try(t, attempted{query: in, inputs: host.Inputs{"ids": nulls}}); failed != host.CodeTask || !strings.Contains(message, "null") {
			t.Errorf("nulls: %s%s %s", rows, failed, message)
		}
		if at.dialect != abi.Postgres {
			return
		}
		for want, n := range map[string]int{"0": 0, "3": 70_000} {
			if rows, failed, message := h.try(t, attempted{query: "SELECT count(*) FROM kept WHERE id = ANY({{ ids }})", inputs: host.Inputs{"ids": ints(n)}}); rows != "[\""+want+"\"]\n" {
				t.Errorf("an array of %d: %s%s %s", n, rows, failed, message)
			}
		}
	})
}

// TestS10TemplatesEnd: loops of 10^9 turns and output of gigabytes end at a
// limit, and nothing reaches a database. TestS10TemplatesStayInMemory has what
// a template can build.
func TestS10TemplatesEnd(t *testing.T) {
	eachTarget(t, kept, func(t *testing.T, at target) {
		h := at.open(t, abi.ReadWrite)
		hundred := strings.Repeat("x", 100_000)
		for _, a := range []attempted{
			{query: "{% for a in l %}{% for b in l %}{% for c in l %}{% set n = a %}{% endfor %}{% endfor %}{% endfor %}DELETE FROM kept", inputs: host.Inputs{"l": ints(1000)}},
			{query: "{% for a in l %}{% for b in l %}{% for c in l %}DELETE FROM kept;{% endfor %}{% endfor %}{% endfor %}", inputs: host.Inputs{"l": ints(1000)}},
			{query: "DELETE FROM kept; SELECT 1{% for a in l %}{% for b in l %}, {{ v }}{% endfor %}{% endfor %}", inputs: host.Inputs{"l": ints(1000), "v": text(hundred)}},
			{query: "DELETE FROM kept WHERE name IN ({% for a in l %}{% for b in l %}'{{ v }}', {% endfor %}{% endfor %}'x')", inputs: host.Inputs{"l": ints(1000), "v": text(hundred)}},
			{query: "{% for a in l %}{% for b in l %}{% for c in l %}{% for d in l %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}DELETE FROM kept", inputs: host.Inputs{"l": ints(60_000)}},
		} {
			if a.outputs = none; at.dialect != abi.SQLite && a.inputs["v"].Str == "" {
				continue // what opens no connection is the same everywhere
			}
			if _, failed, message := h.try(t, a); failed != host.CodeLimit {
				t.Errorf("%s: %s: %s", a.query, failed, message)
			}
		}
		holds(t, at, "loops")
	})
}

// TestS11NothingPrintsText: no filter, statement or attribute prints a value as
// SQL text or reaches beyond the inputs, and a name that is not defined is an
// error. None opens a connection.
func TestS11NothingPrintsText(t *testing.T) {
	h := nowhere(t)
	for _, expression := range []string{
		"{{ v | safe }}", "{{ v | raw }}", "{{ v | e }}", "{{ v | escape }}", "{{ v | forceescape }}", "{{ v | sql }}", "{{ v | sqlsafe }}", "{{ v | literal }}", "{{ v | format }}", "{{ v | attr('x') }}", "{{ v | map('upper') }}", "{{ v | eval }}",
		"{% autoescape false %}{{ v }}{% endautoescape %}", "{% include 'x' %}", "{% import 'x' as y %}", "{% from 'x' import y %}", "{% extends 'x' %}", "{% block a %}{% endblock %}", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% call m() %}{% endcall %}",
		"{% do v.x() %}", "{% filter upper %}x{% endfilter %}", "{{ v() }}", "{{ v.__class__ }}", "{{ v.upper() }}", "{{ self }}", "{{ config }}", "{{ request }}", "{{ environ }}", "{{ range(10) }}", "{{ namespace() }}", "{{ lipsum() }}", "{{ cycler }}",
		"{{ w }}", "{{ .inputs.w }}", "{{ inputs.w }}", "{{ .w }}", "{{ inputs }}", "{{ w | default('x') | nosuch }}", "{{ v.w }}", "{{ loop.index }}",
	} {
		_, failed, message := h.try(t, attempted{query: "SELECT '{{ v }}', " + expression, inputs: host.Inputs{"v": text("1; DROP TABLE kept")}})
		if failed != host.CodeConfig && failed != host.CodeTask {
			t.Errorf("%s: %s: %s", expression, failed, message)
		}
	}
}

// TestS14TooLong: a statement or parameters above their limit are refused
// before the driver, which is never asked to connect.
func TestS14TooLong(t *testing.T) {
	h := nowhere(t)
	for _, a := range []attempted{
		{query: "SELECT '" + strings.Repeat("x", 300<<10) + "'"},
		{query: "SELECT {% for x in l %}{{ x }}, {% endfor %}1", inputs: host.Inputs{"l": ints(60_000)}},
		{query: "SELECT {{ v }}", inputs: host.Inputs{"v": text(strings.Repeat("x", 20<<20))}},
		{query: "SELECT {{ v }}", inputs: host.Inputs{"v": text(strings.Repeat("x", 80<<20))}},
	} {
		if _, failed, message := h.try(t, a); failed != host.CodeLimit {
			t.Errorf("%.60s: %s: %s", a.query, failed, message)
		}
	}
	if _, failed, _ := h.try(t, attempted{query: "SELECT 1"}); failed != host.CodeConnection {
		t.Errorf("a short statement ended in %q", failed)
	}
}

// nowhere returns a Host whose connection "db" leads to no server.
func nowhere(t *testing.T) prober {
	t.Helper()
	return probe(t, "postgresql://u:p@127.0.0.1:1/d", abi.ReadWrite)
}

// TestInjectionOnServers runs the attempts of testdata/injection on databases
// with a server: what SQLite's rows do not show of secrets theirs do not show,
// and what leaves SQLite's table as it was leaves theirs.
func TestInjectionOnServers(t *testing.T) {
	for _, file := range injections(t) {
		t.Run(file.name, func(t *testing.T) {
			for _, s := range servers {
				t.Run(s.name, func(t *testing.T) { injectOn(t, s, file.attempts) })
			}
		})
	}
}

func injectOn(t *testing.T, s server, attempts []injection) {
	uri := s.database(t).URI
	h := probe(t, uri, abi.ReadWrite)
	state := func() string {
		rows, _, _ := h.try(t, attempted{query: "SELECT id, name, secret FROM t ORDER BY id"})
		return rows
	}
	for _, a := range attempts {
		execute(t, uri, "DROP TABLE IF EXISTS t", "CREATE TABLE t (id int PRIMARY KEY, name varchar(200), secret text)", "INSERT INTO t VALUES (1,'ada','s1'),(2,'O''Neil','s2'),(3,'x'' OR 1=1 --','s3')")
		before := state()
		rows, failed, message := h.try(t, attempted{query: a.query, inputs: a.inputs})
		if failed != "" && failed != host.CodeConfig && !stable(string(failed)) {
			t.Errorf("%s: %s: %s", a.name, failed, message)
		}
		for _, secret := range []string{"s1", "s2", "s3"} {
			quoted, _ := json.Marshal(secret)
			if strings.Contains(rows, string(quoted)) && !strings.Contains(a.rows, string(quoted)) {
				t.Errorf("%s: it shows a secret: %s", a.name, rows)
			}
		}
		if now := state(); now != before && !strings.Contains(a.rows, "the database then holds") {
			t.Errorf("%s: the table holds\n%s", a.name, now)
		}
	}
}
