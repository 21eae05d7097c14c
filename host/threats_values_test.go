package host_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// hostileTexts are values that end a literal, a comment or a statement for
// somebody: some database, some setting of it, some charset.
var hostileTexts = []string{
	"'", "''", `"`, "`", `\`, `\\`, `\'`, `\\'`, `'\`, "';DROP TABLE kept;--", `";DROP TABLE kept;--`, "') OR 1=1 --", "1 OR 1=1", `\' OR 1=1 -- `, "' OR ''='",
	"a'b''c", "$tag$", "$$;DROP TABLE kept;$$", "$1", "$2", ":name", ":1", "?", "??", "%s", "%(name)s", "%", "%%", "@v", "@@version", "{{ .inputs.v }}", "{{ v }}", "{% raw %}", "{% endraw %}", "{# x", "${v}",
	"--", "-- x\n", "/*", "*/", "/*!50000 x */", "#", ";", "\n;\n", "\t", "\r\n", "\x1a", "\b", "\x7f", "NULL", "null", "", " ", "0x27", "E'\\''", "U&'\\0027'", "X'27'", "_utf8'x'", "N'x'",
	"縗'", "表'", "ソ'", "¥'", "₩'", "‘’“”", "ʼ", "＇", "ﬀ", "é́", "\u200b", "\u202e", "\ufeff", "😀", "\U0010ffff", "İı", strings.Repeat("'", 1000), strings.Repeat(`\`, 999) + "'", strings.Repeat("x'", 50_000),
}

// TestS6ValuesComeBackEqual: a value is bound wherever it stands in a template,
// alone, in quotes and between other text, and comes back byte by byte. A NUL,
// which PostgreSQL's texts do not have, is an error there and never cuts a
// text short.
func TestS6ValuesComeBackEqual(t *testing.T) {
	eachTarget(t, kept, func(t *testing.T, at target) {
		h := at.open(t, abi.ReadWrite)
		for _, s := range hostileTexts {
			rows, failed, message := h.try(t, attempted{query: "SELECT {{ v }} AS a, '{{ v }}' AS b, 'x''{{ v }}''y' AS c", inputs: host.Inputs{"v": text(s)}})
			want, _ := json.Marshal([]string{s, s, "x'" + s + "'y"})
			if rows != string(want)+"\n" {
				t.Errorf("%.80q came back as %.200s%s %s", s, rows, failed, message)
			}
		}
		for _, s := range []string{"a\x00b", "\x00", "'\x00;DROP TABLE kept"} {
			rows, failed, message := h.try(t, attempted{query: "SELECT {{ v }} AS a", inputs: host.Inputs{"v": text(s)}})
			want, _ := json.Marshal([]string{s})
			if at.dialect == abi.Postgres && failed != host.CodeTask || at.dialect != abi.Postgres && rows != string(want)+"\n" {
				t.Errorf("%q: %s%s %s", s, rows, failed, message)
			}
		}
		if _, failed, _ := h.try(t, attempted{query: "SELECT {{ v }} AS a", inputs: host.Inputs{"v": text("\xbf'")}}); failed != host.CodeTask {
			t.Errorf("text that is no UTF-8 ended in %q", failed)
		}
		holds(t, at, "hostile texts")
	})
}

// TestS6BackslashesHaveNoMeaning: whether the session takes a backslash for an
// escape, or a double quote for a name's, does not matter to what is bound.
func TestS6BackslashesHaveNoMeaning(t *testing.T) {
	uri := sqldbtest.MariaDB(t)
	execute(t, uri, "CREATE FUNCTION modes(m text) RETURNS int BEGIN SET SESSION sql_mode = m; RETURN 1; END",
		"CREATE TABLE settled (n int)", "INSERT INTO settled VALUES (0)")
	h := probe(t, uri, abi.ReadWrite)
	for _, mode := range []string{"", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,ANSI_QUOTES"} {
		for _, v := range []string{`\`, `\'`, `a\`, `\\' OR 1=1 -- `, `"`, `\"`} {
			rows, failed, message := h.try(t, attempted{query: "UPDATE settled SET n = modes('" + mode + "'); SELECT {{ v }} AS a, '{{ v }}' AS b, 'x{{ v }}' AS c", inputs: host.Inputs{"v": text(v)}})
			want, _ := json.Marshal([]string{v, v, "x" + v})
			if rows != string(want)+"\n" {
				t.Errorf("%s: %q came back as %s%s %s", mode, v, rows, failed, message)
			}
		}
	}
}

// TestS7ValuesAreNoTemplates: what a value holds is not rendered: not on its
// way in, not when a row brings it back, not in a later execution.
func TestS7ValuesAreNoTemplates(t *testing.T) {
	eachTarget(t, []string{"CREATE TABLE stored (v varchar(200))"}, func(t *testing.T, at target) {
		h := at.open(t, abi.ReadWrite)
		for _, s := range []string{"{{ other }}", "{{ .inputs.other }}", "{{ .inputs.v }}", "{% for c in other %}{{ c }}{% endfor %}", "{% if 1 %}canary{% endif %}", "'{{ other }}'", "{{ other | ident }}", "{# {{ other }} #}", "{% raw %}{{ other }}{% endraw %}"} {
			in := host.Inputs{"v": text(s), "other": text("canary")}
			if _, failed, message := h.try(t, attempted{query: "DELETE FROM stored WHERE '{{ other }}' <> ''; INSERT INTO stored VALUES ({{ v }})", inputs: in, outputs: none}); failed != "" {
				t.Fatalf("%s: %s", s, message)
			}
			rows, failed, message := h.try(t, attempted{query: "SELECT v, {{ v }} AS w, 'a{{ v }}' AS x, {{ other }} AS y FROM stored", inputs: in})
			want := fmt.Sprintf("[%q,%q,%q,\"canary\"]\n", s, s, "a"+s)
			if rows != want {
				t.Errorf("%s: %s%s %s", s, rows, failed, message)
			}
		}
	})
}

// TestS12PlaceholdersInTextStay: what looks like a placeholder in a literal, a
// comment, a quoted name or a dollar-quoted string stays text, before and
// behind what is one.
func TestS12PlaceholdersInTextStay(t *testing.T) {
	const query = "SELECT '$1' AS a, '?' AS b, ':v' AS c, '%s' AS d, {{ v }} AS e, '@v $2 ?2' AS f /* $1 ? :v */, {{ w }} AS g -- $2 ? :w\n, 'it''s ?' AS h"
	eachTarget(t, nil, func(t *testing.T, at target) {
		h := at.open(t, abi.ReadOnly)
		more, want := "", ""
		switch at.dialect {
		case abi.Postgres:
			more, want = `, $$?$1$$ AS i, $a$ $$ :v $a$ AS j, 1 AS "$1 ?", E'\'?$1' AS k, {{ w }} AS l`, `,"?$1"," $$ :v ","1","'?$1","W"`
		case abi.MySQL:
			more, want = ", '?\\n$1' AS i, \"$1 ?\" AS j, 1 AS `?$1`, {{ w }} AS l # ? $1", `,"?\n$1","$1 ?","1","W"`
		case abi.SQLite:
			more, want = `, 1 AS "?1", 2 AS [:v], 3 AS `+"`$v`"+`, {{ w }} AS l`, `,"1","2","3","W"`
		}
		rows, failed, message := h.try(t, attempted{query: query + more, inputs: host.Inputs{"v": text("V"), "w": text("W")}})
		if want := `["$1","?",":v","%s","V","@v $2 ?2","W","it's ?"` + want + "]\n"; rows != want {
			t.Errorf("got\n%s%s %s\nwant\n%s", rows, failed, message, want)
		}
	})
}
