package connector_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/flyte/storage"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestCutCommits cuts the connection at places around the commit (C11): an
// execution that may have taken place is never one that Flyte runs again, and
// one that did not take place is not told as done.
func TestCutCommits(t *testing.T) {
	t.Parallel()
	pg := sqldbtest.Postgres(t)
	look := open(t, "pgx", pg)
	if _, err := look.Exec("CREATE TABLE done (n int)"); err != nil {
		t.Fatal(err)
	}
	before := []int64{0, 1, 6, 12, 18, 24, 30, 36, 42, 48, 60, 80, 120, 200} // bytes of the server's that do not arrive
	proxies := make([]*sqldbtest.Proxy, len(before)+1)
	var uris []string
	for i := range proxies {
		proxies[i] = sqldbtest.NewProxy(t, pg)
		u, err := sqldb.ParseURI(proxies[i].URI)
		if err != nil {
			t.Fatal(err)
		}
		uris = append(uris, fmt.Sprintf("'postgresql://%s:%d'", u.Host, u.Port))
	}
	p := newPlace(t, "", options{grants: "allow: [{project: shop, domain: development, tenant: acme, access: read-write, outputs: ['@OUT@/'], uris: [" + strings.Join(uris, ", ") + "]}]\n"})
	ask := func(i int) []byte {
		task := template(t, "query: INSERT INTO done VALUES ({{ .inputs.n }})\ninputs: {n: int}\noutputs: none\nconnection: {uri: '"+proxies[i].URI+"'}\n")
		return p.create(p.request(fmt.Sprint("cut", i), task, ints(map[string]int64{"n": int64(i)})))
	}
	last := len(before)
	if r := p.end(ask(last)); r.GetPhase() != core.TaskExecution_SUCCEEDED {
		t.Fatal(prototext.Format(r))
	}
	sqldbtest.Eventually(t, "the connection does not end", func() bool { return proxies[last].Passed.Load() > 0 })
	total := proxies[last].Passed.Load()
	var metas [][]byte
	for i, n := range before {
		proxies[i].After.Store(total - n)
		metas = append(metas, ask(i))
	}
	found := map[string]int{}
	for i, meta := range metas {
		r := p.end(meta)
		n := count(t, look, "SELECT count(*) FROM done WHERE n = $1", i)
		unknown := strings.HasPrefix(r.GetMessage(), "SYSTEM:UnknownOutcome: ")
		found[fmt.Sprint(r.GetPhase(), " ", unknown)]++
		switch {
		case r.GetPhase() == core.TaskExecution_SUCCEEDED && n == 1:
		case r.GetPhase() == core.TaskExecution_FAILED && unknown:
		case r.GetPhase() != core.TaskExecution_SUCCEEDED && n == 0:
		default:
			t.Errorf("without the last %d bytes: it has run %d times, and is told as\n%s", before[i], n, prototext.Format(r))
		}
	}
	if found["FAILED true"] == 0 {
		t.Errorf("none was cut in its commit: %v", found)
	}
}

// panicking is a Store that panics.
type panicking struct{ flyte.Store }

func (panicking) Read(context.Context, string, int64) ([]byte, error) { panic("of a test") }

// TestPanic has an execution panic: it is contained, counted, and no fault of
// the task's.
func TestPanic(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{store: panicking{storage.Files{}}})
	r := p.request("panics", template(t, "query: SELECT {{ .inputs.a }} AS n\ninputs: {a: int}\n"+onFile), &core.LiteralMap{Literals: map[string]*core.Literal{
		"a": {Value: &core.Literal_OffloadedMetadata{OffloadedMetadata: &core.LiteralOffloadedMetadata{Uri: p.out("input")}}}}})
	got := p.end(p.create(r))
	if got.GetPhase() != core.TaskExecution_RETRYABLE_FAILED || got.GetMessage() != "SYSTEM:InternalError: a fault of the server" {
		t.Error(prototext.Format(got))
	}
	dataset(t, p.end(p.create(p.request("after", template(t, "query: SELECT 1 AS n\n"+onFile), nil))))
	if !strings.Contains(p.log.String(), "of a test") {
		t.Error("the panic is not told")
	}
	metrics := p.metrics()
	for _, line := range []string{
		"wasmsql_panics_total 1",
		`wasmsql_executions_total{outcome="ok",task="flyte:shop/development,*",tenant="acme"} 1`,
		`wasmsql_rows_total{task="flyte:shop/development,*",tenant="acme"} 1`,
	} {
		if !slices.Contains(metrics, line) {
			t.Errorf("no %s in\n%s", line, strings.Join(metrics, "\n"))
		}
	}
}

// metrics returns the lines of the server's measurements.
func (p *place) metrics() []string {
	w := httptest.NewRecorder()
	p.server.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return strings.Split(w.Body.String(), "\n")
}

// TestOffloaded reads an input from where it is, below what is allowed.
func TestOffloaded(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{grants: strings.Replace(grants, "  access:", "  inputs: ['@OUT@-inputs/']\n  access:", 1)})
	data, err := proto.Marshal(ints(map[string]int64{"a": 6}).GetLiterals()["a"])
	if err != nil {
		t.Fatal(err)
	}
	p.write("out-inputs/a", string(data))
	ask := func(name, uri string) string {
		r := p.request(name, template(t, "query: SELECT {{ .inputs.a }} AS n\ninputs: {a: int}\n"+onFile), &core.LiteralMap{Literals: map[string]*core.Literal{
			"a": {Value: &core.Literal_OffloadedMetadata{OffloadedMetadata: &core.LiteralOffloadedMetadata{Uri: uri}}}}})
		got := p.end(p.create(r))
		if got.GetPhase() == core.TaskExecution_SUCCEEDED {
			return rows(t, dataset(t, got)+"/00000")
		}
		return got.GetMessage()
	}
	if got := ask("there", p.out("")+"-inputs/a"); got != `{"n":["6"]}` {
		t.Error(got)
	}
	if got := ask("missing", p.out("")+"-inputs/b"); !strings.HasPrefix(got, "SYSTEM:StorageError: an input's offloaded literal: not found") {
		t.Error(got)
	}
	if got := ask("outside", filepath.Join(p.dir, "connector.yaml")); got != `USER:DeniedError: an input's offloaded literal: project "shop" may not read there`+operator {
		t.Error(got)
	}
}
