package flyte_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	_ "modernc.org/sqlite"

	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/flyte/storage"
	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/mysql"
	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

const vectors = "../../testdata/flyte"

// The arguments of every case, as flytekit's container had them.
const (
	resolver = "flytekit.core.python_customized_container_task.default_task_template_resolver"
	executor = "flytekitplugins.sqlalchemy.task.SQLAlchemyTaskExecutor"
)

var drivers = map[string]sqldb.Driver{
	"sqlite": sqlite.Driver{}, "postgresql": postgres.Driver{}, "postgres": postgres.Driver{}, "mysql": mysql.Driver{}, "mariadb": mysql.Driver{},
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, s := range []*server{&postgresServer, &mariadbServer} {
		s.once.Do(func() {})
		if s.Server != nil {
			s.Stop()
		}
	}
	os.Exit(code)
}

// server is a private server, whose superuser needs no password, as the golden
// cases had it.
type server struct {
	once sync.Once
	*sqldbtest.Server
	err error
}

var postgresServer, mariadbServer server

// get starts the server, and skips the test where its programs are missing.
func (s *server) get(t *testing.T) *sqldbtest.Server {
	t.Helper()
	s.once.Do(func() {
		if s == &postgresServer {
			s.err = s.startPostgres()
		} else {
			s.err = s.startMariaDB()
		}
	})
	var missing *sqldbtest.Missing
	if errors.As(s.err, &missing) && os.Getenv("CI") != "true" {
		t.Skip(s.err)
	}
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.Server
}

func (s *server) startPostgres() error {
	dir, err := os.MkdirTemp("", "flyte")
	if err != nil {
		return err
	}
	hba := filepath.Join(dir, "hba")
	if err := os.WriteFile(hba, []byte("host all all 127.0.0.1/32 trust\n"), 0o644); err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if s.Server, err = sqldbtest.NewPostgres("hba_file="+hba, "timezone=UTC"); err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	_, err = s.Client(s.AdminURI, "CREATE ROLE postgres SUPERUSER LOGIN; CREATE DATABASE vectors OWNER postgres;")
	return err
}

func (s *server) startMariaDB() error {
	var err error
	if s.Server, err = sqldbtest.NewMariaDB("default-time-zone=+00:00"); err != nil {
		return err
	}
	if err := s.Start(); err != nil {
		return err
	}
	_, err = s.Client(s.AdminURI, "CREATE USER root@'%'; GRANT ALL PRIVILEGES ON *.* TO root@'%' WITH GRANT OPTION;")
	return err
}

// address returns the host and the port of a server.
func address(t *testing.T, s *sqldbtest.Server) (string, string) {
	u, err := sqldb.ParseURI(s.AdminURI)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host, strconv.Itoa(u.Port)
}

// place is where a case runs: a folder, and a database that is empty.
type place struct {
	t      *testing.T
	kind   string // "sqlite", "postgres", "mysql"
	server *sqldbtest.Server
	uri    string // of the server's database
	tokens *strings.Replacer
	port   float64
}

func newPlace(t *testing.T, kind string) *place {
	t.Helper()
	p := &place{t: t, kind: kind, tokens: strings.NewReplacer()}
	t.Chdir(t.TempDir())
	switch kind {
	case "postgres":
		p.server = postgresServer.get(t)
		p.reach("postgres", "@PG@", "__PG__", "__PG_HOST__", "__PG_PORT__")
		p.must("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public;")
	case "mysql":
		p.server = mariadbServer.get(t)
		p.reach("root", "@MY@", "__MY__", "__MY_HOST__", "__MY_PORT__")
		uri := p.uri
		p.uri = strings.TrimSuffix(uri, "vectors")
		p.must("DROP DATABASE IF EXISTS vectors; CREATE DATABASE vectors CHARACTER SET utf8mb4;")
		p.uri = uri
	}
	return p
}

// reach makes the tokens of a server mean this one.
func (p *place) reach(user string, server, other, host, port string) {
	h, n := address(p.t, p.server)
	p.uri = map[string]string{"postgres": "postgresql", "mysql": "mysql"}[p.kind] + "://" + user + "@" + h + ":" + n + "/vectors"
	p.tokens = strings.NewReplacer(server, h+":"+n, other, h+":"+n, host, h, port, n)
	p.port, _ = strconv.ParseFloat(n, 64)
}

// must runs SQL of the case on a server.
func (p *place) must(sql string) string {
	p.t.Helper()
	out, err := p.server.Client(p.uri, sql)
	if err != nil {
		p.t.Fatalf("%s: %v", sql, err)
	}
	return out
}

// setup runs the statements that a case begins with.
func (p *place) setup(statements []string) {
	p.t.Helper()
	if p.kind != "sqlite" {
		for _, s := range statements {
			if !strings.Contains(strings.ToLower(s), "delimiter") {
				p.must(p.tokens.Replace(s) + p.end())
			}
		}
		return
	}
	db := p.sqlite()
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			p.t.Fatalf("%s: %v", s, err)
		}
	}
}

// end is what the server's client needs behind a statement. A procedure of
// MariaDB has semicolons of its own.
func (p *place) end() string {
	if p.kind == "mysql" {
		return ""
	}
	return ";"
}

func (p *place) sqlite() *sql.DB {
	db, err := sql.Open("sqlite", "case.db")
	if err != nil {
		p.t.Fatal(err)
	}
	return db
}

// rows returns what a query of the case finds, as text; null is "\N".
func (p *place) rows(query string) [][]string {
	p.t.Helper()
	if p.kind != "sqlite" {
		var out [][]string
		for line := range strings.Lines(p.must(query + ";")) {
			cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
			for i, c := range cells {
				if c == "NULL" {
					cells[i] = null
				}
			}
			out = append(out, cells)
		}
		return out
	}
	db := p.sqlite()
	defer db.Close()
	found, err := db.Query(query)
	if err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
	defer found.Close()
	names, _ := found.Columns()
	var out [][]string
	for found.Next() {
		cells := make([]any, len(names))
		for i := range cells {
			cells[i] = new(any)
		}
		if err := found.Scan(cells...); err != nil {
			p.t.Fatal(err)
		}
		var row []string
		for _, c := range cells {
			v := *c.(*any)
			if v == nil {
				v = null
			}
			row = append(row, fmt.Sprint(v))
		}
		out = append(out, row)
	}
	return out
}

// template writes task.pb with the case's tokens replaced.
func (p *place) template(data []byte, opaque bool) {
	p.t.Helper()
	if !opaque {
		t, err := flyte.ReadTemplate(data)
		if err != nil {
			p.t.Fatal(err)
		}
		if t.Custom != nil {
			t.Custom = p.replace(structpb.NewStructValue(t.Custom)).GetStructValue()
		}
		if data, err = proto.Marshal(t); err != nil {
			p.t.Fatal(err)
		}
	}
	p.file("task.pb", data)
}

func (p *place) replace(v *structpb.Value) *structpb.Value {
	switch x := v.GetKind().(type) {
	case *structpb.Value_StringValue:
		if x.StringValue == "__PG_PORT_NUM__" || x.StringValue == "__MY_PORT_NUM__" {
			return structpb.NewNumberValue(p.port)
		}
		return structpb.NewStringValue(p.tokens.Replace(x.StringValue))
	case *structpb.Value_StructValue:
		out := &structpb.Struct{Fields: map[string]*structpb.Value{}}
		for name, e := range x.StructValue.Fields {
			out.Fields[name] = p.replace(e)
		}
		return structpb.NewStructValue(out)
	case *structpb.Value_ListValue:
		out := &structpb.ListValue{}
		for _, e := range x.ListValue.Values {
			out.Values = append(out.Values, p.replace(e))
		}
		return structpb.NewListValue(out)
	}
	return v
}

func (p *place) file(name string, data []byte) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// outcome is what an execution came to.
type outcome struct {
	status  int
	stderr  string
	outputs *core.LiteralMap    // nil without outputs.pb
	failure *core.ErrorDocument // nil without an error document
	file    string              // the error document's name
	fault   *flyte.Fault        // behind it
	schema  []string
	rows    [][]string
}

// execute runs the case as its container would.
func (p *place) execute(env map[string]string) outcome {
	p.t.Helper()
	x := flyte.Executor{Store: storage.Schemes{"file": storage.Files{}}, Drivers: drivers, Runtime: hosttest.Runtime(p.t, "compiler"),
		Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	var stderr bytes.Buffer
	var o outcome
	x.Failed = func(f *flyte.Fault) { o.fault = f }
	o.status = x.Main(context.Background(), []string{"--inputs", "inputs.pb", "--output-prefix", "out", "--raw-output-data-prefix", "raw",
		"--resolver", resolver, "--", "task.pb", executor}, &stderr)
	o.stderr = stderr.String()
	left, _ := os.ReadDir("out")
	for _, f := range left {
		data, err := os.ReadFile(filepath.Join("out", f.Name()))
		if err != nil {
			p.t.Fatal(err)
		}
		var into proto.Message
		switch o.file = f.Name(); {
		case f.Name() == "outputs.pb":
			o.outputs = &core.LiteralMap{}
			into, o.file = o.outputs, ""
		case strings.HasPrefix(f.Name(), "error") && strings.HasSuffix(f.Name(), ".pb"):
			o.failure = &core.ErrorDocument{}
			into = o.failure
		default:
			p.t.Fatalf("the execution left %s", f.Name())
		}
		if err := proto.Unmarshal(data, into); err != nil {
			p.t.Fatal(err)
		}
	}
	if (o.outputs == nil) == (o.failure == nil) {
		p.t.Fatalf("status %d, %d files, %s", o.status, len(left), o.stderr)
	}
	p.result(&o)
	return o
}

// result reads the Parquet file that the outputs name, and makes sure that
// nothing else is below the raw prefix.
func (p *place) result(o *outcome) {
	p.t.Helper()
	var files []string
	_ = filepath.WalkDir("raw", func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return nil
	})
	var want []string
	for _, lit := range o.outputs.GetLiterals() {
		sd := lit.GetScalar().GetStructuredDataset()
		dir, name := filepath.Split(sd.GetUri())
		if sd.GetMetadata().GetStructuredDatasetType().GetFormat() != "parquet" || dir != "raw/" || len(name) != 32 {
			p.t.Fatalf("the output is %v", lit)
		}
		want = append(want, sd.GetUri()+"/00000")
	}
	if !slices.Equal(files, want) {
		p.t.Fatalf("below the raw prefix are %q, the outputs name %q", files, want)
	}
	if len(want) == 1 {
		o.schema, o.rows = readParquet(p.t, want[0])
	}
}

// decode reads a list of cases.
func decode[T any](t *testing.T, path string, count int) []T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(vectors, path))
	if err != nil {
		t.Fatal(err)
	}
	var out []T
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if len(out) != count {
		t.Fatalf("%d cases in %s", len(out), path)
	}
	return out
}

// literalsOf returns the outputs of a golden case.
func literalsOf(t *testing.T, raw json.RawMessage) *core.LiteralMap {
	t.Helper()
	m := &core.LiteralMap{}
	if err := protojson.Unmarshal(raw, m); err != nil {
		t.Fatal(err)
	}
	return m
}
