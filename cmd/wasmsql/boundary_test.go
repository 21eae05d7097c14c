package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const modulePath = "github.com/wasmsql/wasmsql/"

// arrows say what a package may import beside the standard library: packages
// of this module by their path in it, others by a prefix of theirs. "x/..." is
// x and what is below it. The first row that fits a package counts.
var arrows = []struct {
	from string
	to   []string
}{
	{"abi", nil},
	{"abi/pytext", nil},
	{"abi/cheader/gen", []string{"abi/cheader"}},
	{"abi/cheader", []string{"abi"}},
	{"guest/internal/...", []string{"abi", "guest/internal/..."}},
	{"guest/template", []string{"abi", "abi/pytext"}},
	{"guest/cmd/...", []string{"abi", "guest", "guest/template"}},
	{"guest/arrow", nil},
	{"guest/decode", []string{"abi", "guest"}},
	{"guest/guesttest", []string{"abi", "guest", "guest/arrow", "guest/internal/imports", "modernc.org/sqlite"}},
	{"guest", []string{"abi", "guest/arrow", "guest/internal/..."}},
	{"host/near", []string{"github.com/agnivade/levenshtein"}},
	{"host/secret", nil},
	{"host/policy", []string{"abi"}},
	{"host/plugin", []string{"abi", "host/near"}},
	{"host/sqldb", []string{"abi", "host/secret", arrowGo, "host/near"}},
	{"host/sqldb/internal/vector", []string{arrowGo}},
	{"host/sqldb/sqlite", []string{"abi", "host/secret", "host/sqldb", "host/sqldb/internal/vector", arrowGo, "modernc.org/..."}},
	{"host/sqldb/postgres", []string{"abi", "host/secret", "host/sqldb", "host/sqldb/internal/vector", arrowGo, "github.com/jackc/..."}},
	{"host/sqldb/mysql", []string{"abi", "host/secret", "host/sqldb", "host/sqldb/internal/vector", arrowGo, "github.com/go-sql-driver/mysql/..."}},
	{"host/sqldb/sqldbtest/servers", []string{"host/sqldb/sqldbtest"}},
	{"host/sqldb/sqldbtest", []string{"abi", "host/internal/columns", "host/secret", "host/sqldb", arrowGo, "github.com/rogpeppe/go-internal/txtar"}},
	{"host/internal/wasmbin", nil},
	{"host/internal/sandbox", []string{"host/internal/wasmbin", "github.com/tetratelabs/wazero/...", "golang.org/x/sys/..."}},
	{"host/internal/hostcall", []string{"abi", "host/policy", "host/sqldb", arrowGo}},
	{"host/internal/columns", []string{"abi", arrowGo}},
	{"host/builtin/gen", []string{"github.com/klauspost/compress/..."}},
	{"host/builtin", []string{"github.com/klauspost/compress/..."}},
	{"host", []string{"abi", "host/builtin", "host/internal/...", "host/plugin", "host/policy", "host/secret", "host/sqldb",
		arrowGo, "host/near", "github.com/google/flatbuffers/go"}},
	{"host/result/...", []string{"abi", "host/result/...", arrowGo, "host/near", "github.com/mattn/go-runewidth",
		"github.com/golang/snappy", "github.com/klauspost/compress/..."}},
	{"host/manifest", []string{"abi", "host", "host/plugin", "host/secret", "host/sqldb", "host/near", "go.yaml.in/yaml/v3"}},
	{"host/hosttest", []string{"abi", "host", "host/secret", "host/sqldb", "host/sqldb/sqlite", arrowGo}},
	{"host/flyte", []string{"abi", "abi/pytext", "host", "host/result", "host/secret", "host/sqldb", arrowGo,
		"github.com/flyteorg/flyte/flyteidl/...", "google.golang.org/protobuf/..."}},
	{"cmd/abikit", []string{"abi", "host", "host/hosttest", arrowGo, "github.com/tetratelabs/wazero/..."}},
	{"host/flyte/flytekit", []string{"host/sqldb/sqldbtest"}},
	{"host/flyte/storage", []string{"host/flyte"}},
	{"host/flyte/storage/cloud", []string{"host/flyte", "host/flyte/storage", "gocloud.dev/...", "github.com/aws/...", "github.com/Azure/...", "google.golang.org/api/googleapi"}},
	{"host/flyte/storage/s3test", nil},
	{"host/flyte/connector", []string{"host", "host/flyte", "host/manifest", "host/secret", "host/server", "host/sqldb",
		"github.com/flyteorg/flyte/flyteidl/...", "golang.org/x/net/netutil", "google.golang.org/genproto/googleapis/rpc/errdetails",
		"google.golang.org/grpc/...", "google.golang.org/protobuf/..."}},
	{"host/flyte/register", []string{"abi", "host", "host/flyte", "host/manifest", "host/secret", "go.yaml.in/yaml/v3",
		"github.com/flyteorg/flyte/flyteidl/...", "google.golang.org/protobuf/..."}},
	{"host/server", []string{"abi", "host", "host/manifest", "host/result", "host/secret", "host/sqldb", arrowGo, "go.yaml.in/yaml/v3", "gocloud.dev/...",
		"github.com/jackc/pgx/v5/...", "github.com/prometheus/client_golang/...", "github.com/riverqueue/river/...", "modernc.org/sqlite",
		"github.com/coreos/go-oidc/v3/oidc", "github.com/go-jose/go-jose/v4", openTelemetry}},
	{"cmd/wasmsql-server", []string{"abi", "cmd/wasmsql/command", "cmd/wasmsql/drivers", "cmd/wasmsql/fault", "host", "host/manifest", "host/secret", "host/server", "github.com/spf13/...", "gocloud.dev/...",
		"host/flyte", "host/flyte/connector", "host/flyte/storage/...", "github.com/go-logr/logr", openTelemetry}},
	{"cmd/wasmsql-flyte", []string{"cmd/wasmsql/drivers", "host/flyte", "host/flyte/storage/..."}},
	{"cmd/wasmsql/drivers", []string{"host/sqldb", "host/sqldb/..."}},
	{"cmd/wasmsql/fault", []string{"host"}},
	{"cmd/wasmsql/command", []string{"cmd/wasmsql/fault", "host", "host/near", "github.com/spf13/..."}},
	{"cmd/wasmsql/bench", []string{"abi", "host", "host/builtin", "host/flyte/flytekit", "host/result", "host/sqldb", "host/sqldb/...", arrowGo, "github.com/tetratelabs/wazero/...",
		"github.com/go-sql-driver/mysql", "github.com/jackc/pgx/v5", "github.com/jackc/pgx/v5/pgxpool", "github.com/jackc/pgx/v5/stdlib", "modernc.org/sqlite"}}, // to compare with
	{"cmd/wasmsql/...", []string{"cmd/wasmsql/command", "cmd/wasmsql/drivers", "cmd/wasmsql/fault", "abi", "abi/cheader", "host", "host/builtin", "host/flyte", "host/flyte/register", "host/flyte/storage", "host/hosttest", "host/manifest", "host/plugin", "host/result", "host/secret", "host/sqldb", "host/sqldb/...",
		arrowGo, "host/near", "github.com/agnivade/levenshtein", "github.com/spf13/...", "go.yaml.in/yaml/v3", "github.com/rogpeppe/go-internal/txtar", "golang.org/x/term", "github.com/mattn/go-runewidth"}},
	{"examples/...", []string{"abi", "examples/internal/...", "guest", "guest/arrow", "guest/decode", "guest/guesttest", "host", "host/hosttest", "host/manifest", "host/result", "host/secret", "host/sqldb", "host/sqldb/...", arrowGo}},
}

const (
	arrowGo = "github.com/apache/arrow/go/v15/..."

	openTelemetry = "go.opentelemetry.io/otel/..."
)

func fits(pattern, path string) bool {
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == below || strings.HasPrefix(path, below+"/")
	}
	return pattern == path
}

// forbidden returns why an import must not be, or nothing.
func forbidden(from, to string) string {
	from, to = strings.TrimPrefix(from, modulePath), strings.TrimPrefix(to, modulePath)
	for _, a := range arrows {
		if fits(a.from, from) {
			if slices.ContainsFunc(a.to, func(pattern string) bool { return fits(pattern, to) }) {
				return ""
			}
			return from + " imports " + to + ": it may import " + strings.Join(a.to, ", ")
		}
	}
	return from + " has no row in the table of arrows: add one"
}

// standard reports whether a package is of the standard library.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// imports lists packages with what they import, as pairs.
func imports(t *testing.T, env []string, patterns ...string) [][2]string {
	cmd := exec.Command("go", append([]string{"list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}"}, patterns...)...)
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var pairs [][2]string
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		pairs = append(pairs, [2]string{f[0]})
		for _, to := range f[1:] {
			if !standard(to) {
				pairs = append(pairs, [2]string{f[0], to})
			}
		}
	}
	return pairs
}

// TestBoundary holds every import of the module against the table.
func TestBoundary(t *testing.T) {
	pairs := imports(t, nil, "./abi/...", "./cmd/...", "./examples/...", "./guest/...", "./host/...")
	pairs = append(pairs, imports(t, []string{"GOOS=wasip1", "GOARCH=wasm"}, "./abi/...", "./guest/...")...)
	seen := map[string]bool{}
	for _, p := range pairs {
		seen[strings.TrimPrefix(p[0], modulePath)] = true
		if p[1] == "" {
			continue
		}
		if why := forbidden(p[0], p[1]); why != "" {
			t.Error(why)
		}
	}
	for _, must := range []string{"abi", "guest/template", "host", "host/internal/hostcall", "cmd/wasmsql"} {
		if !seen[must] {
			t.Errorf("%s was not looked at", must)
		}
	}
}

// TestBoundaryHolds: the table refuses what must never be.
func TestBoundaryHolds(t *testing.T) {
	for _, p := range [][2]string{
		{"abi", "host"}, {"abi", "google.golang.org/protobuf/proto"},
		{"guest", "host"}, {"guest/template", "host/policy"}, {"guest/template", "guest"}, {"guest/internal/mem", "guest"}, {"guest", "github.com/x/y"},
		{"host", "guest"}, {"host", "guest/template"}, {"host", "host/manifest"}, {"host", "host/result"}, {"host", "host/server"}, {"host", "host/flyte"},
		{"host", "host/sqldb/sqlite"}, {"host", "github.com/tetratelabs/wazero"}, {"host", "cmd/wasmsql"},
		{"host/sqldb", "host"}, {"host/sqldb/sqlite", "host"}, {"host/sqldb/postgres", "host/sqldb/sqlite"}, {"host/sqldb", "host/sqldb/mysql"},
		{"host/policy", "host/sqldb"}, {"host/policy", "github.com/x/y"}, {"host/secret", "abi"},
		{"host/internal/hostcall", "github.com/tetratelabs/wazero/api"}, {"host/internal/hostcall", "host/internal/sandbox"}, {"host/internal/hostcall", "host"},
		{"host/internal/sandbox", "host/internal/hostcall"}, {"host/internal/sandbox", "abi"},
		{"host/result", "host"}, {"host/manifest", "host/result"}, {"host/manifest", "host/sqldb/sqlite"},
		{"cmd/wasmsql", "guest/template"}, {"cmd/wasmsql", "host/internal/sandbox"}, {"examples/library", "host/internal/hostcall"},
		{"cmd/wasmsql", "host/flyte/storage/cloud"}, {"host/flyte", "host/flyte/storage"}, {"host/flyte/storage", "gocloud.dev/blob"},
		{"host/somewhere/new", "abi"},
	} {
		if forbidden(modulePath+p[0], p[1]) == "" || strings.Count(p[1], ".") == 0 && forbidden(modulePath+p[0], modulePath+p[1]) == "" {
			t.Errorf("%s may import %s", p[0], p[1])
		}
	}
}
