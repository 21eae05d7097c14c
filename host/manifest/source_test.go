package manifest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/host"
)

// place is a character of a query and where it must be found.
type place struct{ line, column, fileLine, fileColumn int }

// TestQueryPlaces looks up characters of queries in each style of YAML.
func TestQueryPlaces(t *testing.T) {
	for _, c := range []struct {
		name, text, query string
		places            []place
	}{
		{"literal", "name: a\nquery: |\n  SELECT 1\n    FROM {{ x }}\n", "SELECT 1\n  FROM {{ x }}\n",
			[]place{{1, 1, 3, 3}, {1, 8, 3, 10}, {1, 9, 3, 11}, {2, 1, 4, 3}, {2, 3, 4, 5}, {2, 11, 4, 13}, {9, 9, 4, 18}}},
		{"literal, strip", "name: a\nquery: |-\n   a\n   b\n\n\n", "a\nb", []place{{1, 1, 3, 4}, {2, 1, 4, 4}, {2, 2, 4, 5}, {3, 1, 4, 5}}},
		{"literal, keep", "name: a\nquery: |+\n  a\n\n\ntimeout: 5\n", "a\n\n\n", []place{{1, 1, 3, 3}, {2, 1, 4, 1}, {3, 1, 5, 1}}},
		{"literal, indicator", "name: a\nquery: |2\n    a\n  b\n", "  a\nb\n", []place{{1, 1, 3, 3}, {1, 3, 3, 5}, {2, 1, 4, 3}}},
		{"literal, indicator and chomping", "name: a\nquery: |1-  # comment\n   a\n", "  a", []place{{1, 1, 3, 2}, {1, 3, 3, 4}}},
		{"literal, leading blank lines", "name: a\nquery: |\n\n  \n  a\n", "\n\na\n", []place{{1, 1, 3, 1}, {3, 1, 5, 3}}},
		{"literal, blank line with more spaces", "name: a\nquery: |\n  a\n     \n  b\n", "a\n   \nb\n", []place{{2, 1, 4, 3}, {2, 3, 4, 5}, {3, 1, 5, 3}}},
		{"literal, tabs", "name: a\nquery: |\n  a\tb\n  \tc\n", "a\tb\n\tc\n", []place{{1, 3, 3, 5}, {2, 2, 4, 4}}},
		{"literal, wide characters", "name: a\nquery: |\n  'größe 😀' x\n", "'größe 😀' x\n", []place{{1, 8, 3, 10}, {1, 9, 3, 11}, {1, 11, 3, 13}}},
		{"literal, carriage returns", "name: a\r\nquery: |\r\n  a\r\n  b\r\n", "a\nb\n", []place{{1, 1, 3, 3}, {2, 1, 4, 3}}},
		{"literal, byte order mark", "\ufeffquery: |\n  a\nname: a\n", "a\n", []place{{1, 1, 2, 3}}},
		{"literal, no line feed at the end", "name: a\nquery: |\n  ab", "ab", []place{{1, 2, 3, 4}}},
		{"literal, tag and anchor", "name: a\nquery: !!str &q |\n  ab\n", "ab\n", []place{{1, 2, 3, 4}}},
		{"literal, comment after", "name: a\nquery: |\n  a\n# c\n", "a\n", []place{{1, 1, 3, 3}}},
		{"literal, indented key", "  name: a\n  query: |\n     a\n     b\n", "a\nb\n", []place{{2, 1, 4, 6}}},
		{"literal, second document", "name: b\nquery: x\n---\nname: a\nquery: |\n  a\n", "a\n", []place{{1, 1, 6, 3}}},
		{"literal, ends a document", "name: a\nquery: |\n  a\n...\n", "a\n", []place{{1, 1, 3, 3}}},
		{"literal, alias", "name: a\nconfig: &q |\n  ab\nquery: *q\n", "ab\n", []place{{1, 2, 3, 4}}},
		{"folded", "name: a\nquery: >\n  SELECT\n  a, b\n", "SELECT a, b\n", []place{{1, 1, 3, 3}, {1, 6, 3, 8}, {1, 7, 3, 9}, {1, 8, 4, 3}, {1, 11, 4, 6}}},
		{"folded, blank lines", "name: a\nquery: >-\n  a\n\n\n  b\n  c\n", "a\n\nb c", []place{{1, 1, 3, 3}, {2, 1, 5, 1}, {3, 1, 6, 3}, {3, 3, 7, 3}}},
		{"folded, more indented", "name: a\nquery: >\n  a\n    b\n    c\n  d\n  e\n", "a\n  b\n  c\nd e\n", []place{{2, 3, 4, 5}, {3, 3, 5, 5}, {4, 1, 6, 3}, {4, 3, 7, 3}}},
		{"folded, leading blank lines", "name: a\nquery: >\n\n  a\n", "\na\n", []place{{2, 1, 4, 3}}},
		{"folded, keep", "name: a\nquery: >+\n  a\n  b\n\n", "a b\n\n", []place{{1, 3, 4, 3}, {2, 1, 5, 1}}},
		{"plain", "name: a\nquery: SELECT {{ x }}   # comment\n", "SELECT {{ x }}", []place{{1, 1, 2, 8}, {1, 8, 2, 15}, {1, 99, 2, 22}}},
		{"plain, several lines", "name: a\nquery: SELECT 1 \n  FROM x\n\n  WHERE y\n", "SELECT 1 FROM x\nWHERE y",
			[]place{{1, 1, 2, 8}, {1, 9, 2, 16}, {1, 10, 3, 3}, {1, 15, 3, 8}, {2, 1, 5, 3}, {2, 7, 5, 9}}},
		{"plain, below", "name: a\nquery:\n  SELECT 1\n", "SELECT 1", []place{{1, 1, 3, 3}}},
		{"plain, question mark", "name: a\nquery: a?b? c?\n", "a?b? c?", []place{{1, 3, 2, 10}, {1, 7, 2, 14}}},
		{"plain, flow", "{name: a, query: a?b}\n", "a?b", []place{{1, 3, 1, 20}}},
		{"single", "name: a\nquery: 'a ''b'' c'\n", "a 'b' c", []place{{1, 3, 2, 11}, {1, 4, 2, 13}, {1, 5, 2, 14}, {1, 7, 2, 17}}},
		{"single, several lines", "name: a\nquery: 'a  \n   b\n\n\n   c  '\n", "a b\n\nc  ", []place{{1, 2, 2, 10}, {1, 3, 3, 4}, {2, 1, 5, 1}, {3, 1, 6, 4}, {3, 3, 6, 6}}},
		{"double", "name: a\nquery: \"a\\tb\\u00e9\\x41\\U0001F600 \\\"c\\\"\"\n", "a\tbéA😀 \"c\"",
			[]place{{1, 2, 2, 10}, {1, 3, 2, 12}, {1, 4, 2, 13}, {1, 5, 2, 19}, {1, 6, 2, 23}, {1, 7, 2, 33}, {1, 8, 2, 34}, {1, 9, 2, 36}}},
		{"double, line feeds", "name: a\nquery: \"a\\nb\\n\\nc\"\n", "a\nb\n\nc", []place{{1, 1, 2, 9}, {2, 1, 2, 12}, {3, 1, 2, 15}, {4, 1, 2, 17}}},
		{"double, several lines", "name: a\nquery: \"a\n  b \\\n   c\\\n\n  d\n\n  e\"\n", "a b c\nd\ne",
			[]place{{1, 1, 2, 9}, {1, 3, 3, 3}, {1, 5, 4, 4}, {2, 1, 6, 3}, {3, 1, 8, 3}}},
		{"double, escaped space", "name: a\nquery: \"a\\ \n  b\"\n", "a  b", []place{{1, 2, 2, 10}, {1, 4, 3, 3}}},
		{"JSON", "{\"name\": \"a\",\n\t\"query\": \"a\\n\\ud83d\\ude00b\\/c\\ud800\"}", "a\n😀b/c\uFFFD",
			[]place{{1, 1, 2, 12}, {2, 1, 2, 15}, {2, 2, 2, 27}, {2, 3, 2, 28}, {2, 4, 2, 30}, {2, 5, 2, 31}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			query, s := querySource(t, c.text)
			if query != c.query {
				t.Fatalf("query %q, want %q", query, c.query)
			}
			for _, p := range c.places {
				want := host.Place{File: "x.yaml", Line: p.fileLine, Column: p.fileColumn}
				if got := s.Query(p.line, p.column); got != want {
					t.Errorf("%d:%d is at %v, want %v", p.line, p.column, got, want)
				}
			}
		})
	}
}

// querySource returns the query of the last task of a file and its source,
// and ignores other faults: a config beside a query for instance.
func querySource(t *testing.T, text string) (string, *source) {
	t.Helper()
	r := &reader{file: "x.yaml"}
	docs := r.documents([]byte(text), MaxFile)
	if len(docs) == 0 {
		t.Fatal(r.err())
	}
	task, _ := Options{}.task(r, docs[len(docs)-1])
	return task.Query, task.Source.(*source)
}

// TestQueryPlacesOfRandomTexts lets the YAML encoder write random texts in
// each style, and holds each character against the file.
func TestQueryPlacesOfRandomTexts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	letters := []rune("aab  \n\n\t'\":#{}?😀é\\-")
	styles := []yaml.Style{0, yaml.LiteralStyle, yaml.FoldedStyle, yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle}
	read := 0
	for i := range 20000 {
		text := "x"
		for range rnd.IntN(30) {
			text += string(letters[rnd.IntN(len(letters))])
		}
		var n yaml.Node
		n.SetString(text)
		n.Style = styles[i%len(styles)]
		data, err := yaml.Marshal(map[string]*yaml.Node{"query": &n})
		if err != nil {
			t.Fatal(err)
		}
		r := &reader{file: "x"}
		docs := r.documents(data, MaxFile)
		if len(docs) != 1 || docs[0].Content[1].Value != text {
			continue // not every text survives every style
		}
		read++
		if msg := misplaced(r.text, docs[0].Content[1]); msg != "" {
			t.Fatalf("%s in:\n%s", msg, data)
		}
	}
	if read < 15000 {
		t.Errorf("only %d texts were read", read)
	}
}

// misplaced returns what is wrong with the places of a scalar's characters.
func misplaced(text string, n *yaml.Node) string {
	lines := splitLines(text)
	chars := scanScalar(text, n)
	if len(chars) != len([]rune(n.Value)) {
		return fmt.Sprintf("%d characters of %q", len(chars), n.Value)
	}
	for i, c := range chars {
		line := lines[c.line-1]
		if c.column > len(line) {
			if c.c != ' ' && c.c != '\n' {
				return fmt.Sprintf("character %d is beyond its line", i)
			}
			continue
		}
		if at := line[c.column-1]; at != c.c && at != '\\' && !strings.ContainsRune(" \n", c.c) {
			return fmt.Sprintf("character %d is %q and not %q", i, at, c.c)
		}
	}
	return ""
}

func TestKeyPlaces(t *testing.T) {
	_, err := ReadTasks("dir/x.yaml", []byte("name: a\nquery: SELECT 1\n---\nname: b\nquery: SELECT 1\ninputs:\n  x.y: int\n"))
	var faults host.Errors
	if !errors.As(err, &faults) || len(faults) != 1 || faults[0].Task != "b" {
		t.Fatal(err)
	}
	tasks, err := ReadTasks("dir/x.yaml", []byte("name: a\nquery: SELECT 1\n---\nname: b\nquery: SELECT 1\ninputs:\n  after:\n    type: int\n    default: 5\noutputs: {a.b: int}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{"", "dir/x.yaml:4:1"},
		{"name", "dir/x.yaml:4:7"},
		{"inputs", "dir/x.yaml:7:3"},
		{"inputs.after", "dir/x.yaml:8:5"},
		{"inputs.after.default", "dir/x.yaml:9:14"},
		{"inputs.after.enum", "dir/x.yaml:8:5"},
		{"inputs.other.type", "dir/x.yaml:7:3"},
		{"outputs.a.b", "dir/x.yaml:10:16"},
		{"connection.uri", "dir/x.yaml:4:1"},
	} {
		if got := tasks[1].Source.Key(c.path).String(); got != c.want {
			t.Errorf("%q is at %s, want %s", c.path, got, c.want)
		}
	}
	if got := tasks[0].Source.Key("inputs.after").String(); got != "dir/x.yaml:1:1" {
		t.Errorf("another task's input is at %s", got)
	}
}
