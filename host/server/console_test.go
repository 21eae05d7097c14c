package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestConsoleFiles: every file is served with its type and the policy, once:
// a browser that has it is told so. None asks for anything that is not there.
func TestConsoleFiles(t *testing.T) {
	s := serve(t, files{"acme/wasmsql.yaml": config}, nil)
	all, err := os.ReadDir("console")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
	paths := []string{"/console", "/console/"}
	for _, f := range all {
		paths = append(paths, "/console/"+f.Name())
	}
	asks := regexp.MustCompile(`(?:from|href=|src=|url\() ?"([^"#]+)"`)
	for _, path := range paths {
		got := s.do("GET", path, "", "")
		_, ending, ok := strings.Cut(path, ".")
		if !ok {
			ending = "html"
		}
		if got.status != http.StatusOK || got.header.Get("Content-Type") != types[ending] {
			t.Errorf("%s: status %d, type %q", path, got.status, got.header.Get("Content-Type"))
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
			"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-cache",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, got.header.Get(name))
			}
		}
		for _, has := range []string{got.header.Get("ETag"), "W/" + got.header.Get("ETag"), `"other", ` + got.header.Get("ETag"), "*"} {
			if again := s.do("GET", path, "", "", "If-None-Match", has); again.status != http.StatusNotModified || again.body != "" {
				t.Errorf("%s: a browser that has %s gets status %d", path, has, again.status)
			}
		}
		if again := s.do("GET", path, "", "", "If-None-Match", `"other"`); again.status != http.StatusOK {
			t.Errorf("%s: a browser that has another gets status %d", path, again.status)
		}
		for _, m := range asks.FindAllStringSubmatch(got.body, -1) {
			to := strings.Replace(m[1], "./", "/console/", 1)
			if a := s.do("GET", to, "", ""); a.status != http.StatusOK {
				t.Errorf("%s asks for %s: status %d", path, to, a.status)
			}
		}
		if strings.Contains(got.body, "innerHTML") || strings.Contains(got.body, "style=") || strings.Contains(got.body, "<script>") {
			t.Errorf("%s has what the policy forbids", path)
		}
	}
	for _, path := range []string{"/console/none.js", "/console/..%2fconsole.go", "/console/console.go"} {
		if p := s.do("GET", path, "", "").problem(t); p.Status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, p.Status)
		}
	}
}

// TestForms: what a form needs to know of a task: its inputs in their order,
// defaults that are null, and the query.
func TestForms(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml":   config,
		"acme/tasks/one.yaml": task("one", "SELECT {{ z }}, {{ a }}, {{ m }} WHERE 1 IN {{ b | inclause }}", "inputs: {z: int, a: {type: str?, default: null}, m: {type: int, default: 9007199254740993}, b: 'list[date?]'}\n"),
	}, nil)
	got := s.do("GET", "/v1/tasks/one", s.token("acme", "read"), "")
	const want = `"query":"SELECT {{ z }}, {{ a }}, {{ m }} WHERE 1 IN {{ b | inclause }}\n","inputs":{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{` +
		`"z":{"type":"integer","x-wasmsql-type":"int"},"a":{"type":["string","null"],"default":null,"x-wasmsql-type":"str?"},` +
		`"m":{"type":"integer","default":9007199254740993,"x-wasmsql-type":"int"},"b":{"type":"array","items":{"type":["string","null"],"format":"date"},"x-wasmsql-type":"list[date?]"}},` +
		`"required":["z","b"],"additionalProperties":false}`
	if !strings.Contains(got.body, want) {
		t.Errorf("%s\nhas no\n%s", got.body, want)
	}
	if list := s.do("GET", "/v1/tasks", s.token("acme", "read"), ""); strings.Contains(list.body, "SELECT") {
		t.Errorf("the list is long: %s", list.body)
	}
}

// TestDefaultsAndEnums: what the schema of a task's inputs says of their values
// can be sent as it is.
func TestDefaultsAndEnums(t *testing.T) {
	inputs := "inputs:\n" +
		"  a: {type: float, default: 0.5, enum: [0.5, 2, -1e300]}\n  b: {type: float, default: inf}\n  c: {type: json, default: {x: [1, null]}}\n" +
		"  d: {type: json, default: null}\n  e: {type: json?, default: null}\n  f: {type: 'list[float]', default: [1, 2.5]}\n  g: {type: decimal, default: 1.10, enum: [1.10, 2]}\n" +
		"  h: {type: bytes, default: 'hex:00ff'}\n  i: {type: timedelta, default: 90s}\n  j: {type: datetime, default: 2024-05-06T07:08:09.5Z}\n  k: {type: json, default: text, enum: [text, 1, {y: 2}]}\n" +
		"  l: {type: bool, default: false}\n  m: {type: uuid, default: 01234567-89ab-cdef-0123-456789abcdef}\n  n: {type: 'list[json]', default: [1, {z: 3}]}\n  o: {type: date, default: 2024-05-06}\n  p: {type: time, default: '07:08'}\n"
	query := "SELECT {{ f | tojson }} AS f, {{ n | tojson }} AS n"
	for _, name := range "abcdeghijklmop" {
		query += fmt.Sprintf(", {{ %c }} AS %c", name, name)
	}
	s := serve(t, files{"acme/wasmsql.yaml": config, "acme/tasks/one.yaml": task("one", query, inputs)}, nil)
	token := s.token("acme", "run")
	var told struct {
		Inputs struct {
			Properties map[string]struct {
				Default json.RawMessage
				Enum    []json.RawMessage
			}
		}
	}
	if got := s.do("GET", "/v1/tasks/one", token, ""); json.Unmarshal([]byte(got.body), &told) != nil || len(told.Inputs.Properties) != 16 {
		t.Fatal(got.body, s.Broken())
	}
	run := func(in map[string]json.RawMessage) answer {
		body, err := json.Marshal(map[string]any{"inputs": in})
		if err != nil {
			t.Fatal(err)
		}
		return s.do("POST", "/v1/tasks/one/run", token, string(body))
	}
	all := map[string]json.RawMessage{}
	for name, p := range told.Inputs.Properties {
		all[name] = p.Default
		for _, one := range p.Enum {
			if got := run(map[string]json.RawMessage{name: one}); got.status != 200 {
				t.Errorf("%s: %s is in its enum: %s", name, one, got.body)
			}
		}
	}
	if got, want := run(all), run(nil); got.status != 200 || got.body != want.body {
		t.Errorf("%v: %s, and without them %s", told, got.body, want.body)
	}
}

// TestPlacesOfProblems: a problem names the inputs that are wrong, and the
// place in the query.
func TestPlacesOfProblems(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml":   config,
		"acme/tasks/one.yaml": task("one", "SELECT 1,\n  nmae, {{ a }}, {{ b }}", "inputs: {a: int, b: {type: uuid, default: 00000000-0000-0000-0000-000000000000}}\n"),
	}, nil)
	token := s.token("acme", "run")
	type spot struct{ Line, Column int }
	type told struct {
		Input    string
		Position *spot
		Errors   []struct{ Input string }
	}
	for body, want := range map[string]string{
		`{"inputs": {}}`:                         `{"Input":"a","Position":null,"Errors":null}`,
		`{"inputs": {"a": "x"}}`:                 `{"Input":"a","Position":null,"Errors":null}`,
		`{"inputs": {"a": "x", "b": 1, "c": 2}}`: `{"Input":"a","Position":null,"Errors":[{"Input":"a"},{"Input":"b"},{"Input":""}]}`,
		`{"inputs": {"a": 1}}`:                   `{"Input":"","Position":{"Line":2,"Column":3},"Errors":null}`,
	} {
		var p told
		if err := json.Unmarshal([]byte(s.do("POST", "/v1/tasks/one/run", token, body).body), &p); err != nil {
			t.Fatal(err)
		}
		if got, _ := json.Marshal(p); string(got) != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}
