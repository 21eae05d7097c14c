package server_test

import (
	"encoding/json"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// document is the server's own description of its API.
type document struct {
	Paths map[string]map[string]struct {
		OperationID string
		Responses   map[string]describedAnswer
		Security    *[]any
	}
	Components struct {
		Responses map[string]describedAnswer
	}
}

type describedAnswer struct {
	Ref     string `json:"$ref"`
	Content map[string]struct {
		Schema json.RawMessage
	}
}

var described = sync.OnceValues(func() (*document, error) {
	text, err := os.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	var d document
	return &d, json.Unmarshal(text, &d)
})

// schemas compiles the parts of the document, once each.
var schemas struct {
	sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

// schemaAt returns the schema at a JSON pointer into the document.
func schemaAt(t *testing.T, pointer string) *jsonschema.Schema {
	t.Helper()
	schemas.Lock()
	defer schemas.Unlock()
	if schemas.compiler == nil {
		f, err := os.Open("openapi.json")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		doc, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		schemas.compiler, schemas.compiled = jsonschema.NewCompiler(), map[string]*jsonschema.Schema{}
		if err := schemas.compiler.AddResource("https://wasmsql.test/openapi.json", doc); err != nil {
			t.Fatal(err)
		}
	}
	if s := schemas.compiled[pointer]; s != nil {
		return s
	}
	s, err := schemas.compiler.Compile("https://wasmsql.test/openapi.json#" + pointer)
	if err != nil {
		t.Fatal(err)
	}
	schemas.compiled[pointer] = s
	return s
}

// escape is how a JSON pointer writes a name.
var escape = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")

// hold holds an answer against the document: its status, its type and its
// body.
func hold(t *testing.T, method, path string, a answer) {
	t.Helper()
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	path, _, _ = strings.Cut(path, "?")
	template, operation, known := "", "", false
	for p, methods := range d.Paths {
		if _, ok := methods[strings.ToLower(method)]; ok && matches(p, path) && (template == "" || !strings.Contains(p, "{")) {
			template, operation, known = p, strings.ToLower(method), true
		}
	}
	if !known { // then it is refused, and the answer is a problem
		if a.status != http.StatusNotFound && a.status != http.StatusMethodNotAllowed {
			t.Errorf("%s %s is answered with %d and is not described", method, path, a.status)
		}
		body(t, "/components/schemas/Problem", a)
		return
	}
	res, ok := d.Paths[template][operation].Responses[strconv.Itoa(a.status)]
	if !ok {
		t.Errorf("%s %s: the status %d is not described", method, template, a.status)
		return
	}
	pointer := "/paths/" + escape.Replace(template) + "/" + operation + "/responses/" + strconv.Itoa(a.status)
	if name, ok := strings.CutPrefix(res.Ref, "#/components/responses/"); ok {
		res, pointer = d.Components.Responses[name], "/components/responses/"+name
	}
	if len(res.Content) == 0 && a.body == "" {
		return
	}
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil {
		t.Errorf("%s %s: %v", method, template, err)
		return
	}
	content, ok := res.Content[media]
	if !ok {
		t.Errorf("%s %s: the type %q of status %d is not described", method, template, media, a.status)
		return
	}
	if len(content.Schema) > 0 && strings.HasSuffix(media, "json") && a.err == nil {
		body(t, pointer+"/content/"+escape.Replace(media)+"/schema", a)
	}
}

// matches reports whether a path is one of a template.
func matches(template, path string) bool {
	a, b := strings.Split(template, "/"), strings.Split(path, "/")
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && (!strings.HasPrefix(a[i], "{") || b[i] == "") {
			return false
		}
	}
	return true
}

// body holds a JSON body against the schema at a pointer.
func body(t *testing.T, pointer string, a answer) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(a.body))
	if err != nil {
		t.Errorf("%q is no JSON: %v", a.body, err)
		return
	}
	if err := schemaAt(t, pointer).Validate(value); err != nil {
		t.Errorf("%s is not as described: %v", a.body, err)
	}
}

// TestOpenAPIHasEveryRoute compares the document with what is served.
func TestOpenAPIHasEveryRoute(t *testing.T) {
	s := serve(t, files{"acme/wasmsql.yaml": config}, nil)
	d, err := described()
	if err != nil {
		t.Fatal(err)
	}
	for path, methods := range d.Paths {
		var accepted []string
		for method, operation := range methods {
			if accepted = append(accepted, strings.ToUpper(method)); method == "get" {
				accepted = append(accepted, http.MethodHead)
			}
			if operation.OperationID == "" {
				t.Errorf("%s %s has no id", method, path)
			}
			got := s.do(strings.ToUpper(method), strings.NewReplacer("{task}", "x", "{id}", "x").Replace(path), "", "")
			if open := operation.Security != nil; open == (got.status == 401) {
				t.Errorf("%s %s without a token: status %d", method, path, got.status)
			}
		}
		got := s.do("QUERY", strings.NewReplacer("{task}", "x", "{id}", "x").Replace(path), "", "")
		if allow := strings.Split(got.header.Get("Allow"), ", "); got.status != 405 || len(allow) != len(accepted) {
			t.Errorf("%s: the server accepts %v, the document has %v", path, allow, accepted)
		}
	}
}
