package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/admin"
	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/grpc"
	transport "google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

const connectorFile = `
allow:
- {project: shop, domain: development, tenant: acme, access: read-write, uris: ["%s"], outputs: ["%s/"]}
`

// flyte is a client of a program's connector.
func (p *program) flyte(t *testing.T, how transport.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	c, err := grpc.NewClient(p.connector, grpc.WithTransportCredentials(how))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// flyteRequest asks for the execution of that name: add a number to a table.
func flyteRequest(name, uri, query, out string, n int64) *admin.CreateTaskRequest {
	integer := &core.LiteralType{Type: &core.LiteralType_Simple{Simple: core.SimpleType_INTEGER}}
	custom, _ := structpb.NewStruct(map[string]any{"query_template": query, "uri": uri, "connect_args": map[string]any{}, "secret_connect_args": nil})
	return &admin.CreateTaskRequest{
		Template: &core.TaskTemplate{Id: &core.Identifier{Name: "add"}, Type: "sqlalchemy", Custom: custom,
			Interface: &core.TypedInterface{Inputs: &core.VariableMap{Variables: map[string]*core.Variable{"n": {Type: integer}}}}},
		Inputs: &core.LiteralMap{Literals: map[string]*core.Literal{"n": {Value: &core.Literal_Scalar{Scalar: &core.Scalar{Value: &core.Scalar_Primitive{
			Primitive: &core.Primitive{Value: &core.Primitive_Integer{Integer: n}}}}}}}},
		OutputPrefix: out + "/" + name,
		TaskExecutionMetadata: &admin.TaskExecutionMetadata{TaskExecutionId: &core.TaskExecutionIdentifier{
			NodeExecutionId: &core.NodeExecutionIdentifier{NodeId: "n0", ExecutionId: &core.WorkflowExecutionIdentifier{Project: "shop", Domain: "development", Name: name}}}},
	}
}

const flyteService = "/flyteidl.service.AsyncAgentService/"

func ended(phase core.TaskExecution_Phase) bool {
	switch phase {
	case core.TaskExecution_SUCCEEDED, core.TaskExecution_FAILED, core.TaskExecution_RETRYABLE_FAILED, core.TaskExecution_ABORTED:
		return true
	}
	return false
}

// TestFlyteKilled kills the process at points of Flyte's executions, and starts
// it again: what CreateTask answered is not lost, and nothing that was
// committed runs twice, also where Flyte asks again.
func TestFlyteKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"tenants/acme/wasmsql.yaml": "",
		"connector.yaml":            fmt.Sprintf(connectorFile, "sqlite:///data.db", dir),
	})
	look, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "tenants", "acme", "data.db")+"?_pragma=busy_timeout(30000)")
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	if _, err := look.Exec("CREATE TABLE done (n INTEGER)"); err != nil {
		t.Fatal(err)
	}
	killed(t, dir, []string{"--state", "sqlite:///state.db"}, nil, "sqlite:///data.db", "INSERT INTO done VALUES ({{ .inputs.n }})", look, "SELECT count(*) FROM done WHERE n = ?")
}

// TestFlyteReplicas kills one of two processes again and again.
func TestFlyteReplicas(t *testing.T) {
	t.Parallel()
	data, state := sqldbtest.Postgres(t), sqldbtest.Postgres(t)
	look, err := sql.Open("pgx", data)
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	if _, err := look.Exec("CREATE TABLE done (n int)"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	at := data[strings.LastIndex(data, "@")+1:]
	write(t, dir, map[string]string{
		"tenants/acme/wasmsql.yaml": "",
		"connector.yaml":            fmt.Sprintf(connectorFile, "postgresql://"+at, dir),
	})
	args := []string{"--state", state, "--results", "results"}
	stays := start(t, dir, append(connectorArgs, args...)...)
	killed(t, dir, args, stays, data, "INSERT INTO done SELECT {{ .inputs.n }} FROM pg_sleep(0.05)", look, "SELECT count(*) FROM done WHERE n = $1")
}

var connectorArgs = []string{"serve", "--tenants", "tenants", "--listen", "127.0.0.1:0", "--connector-listen", "127.0.0.1:0", "--connector-config", "connector.yaml"}

// killed starts the program again and again, and kills it. What has become of
// each execution is asked of stays, or of one that is started last.
func killed(t *testing.T, dir string, more []string, stays *program, uri, query string, look *sql.DB, times string) {
	t.Helper()
	args := append(append([]string{}, connectorArgs...), more...)
	accepted := map[string]*admin.CreateTaskRequest{} // by resource_meta
	numbers := map[string]int64{}
	create := func(p *program, n int64) string {
		r := flyteRequest(fmt.Sprintf("e%d", n), uri, query, dir, n)
		var a admin.CreateTaskResponse
		ctx, cancel := context.WithTimeout(t.Context(), sqldbtest.Patience)
		defer cancel()
		if err := p.flyte(t, insecure.NewCredentials()).Invoke(ctx, flyteService+"CreateTask", r, &a, grpc.WaitForReady(true)); err != nil {
			t.Fatal(err)
		}
		accepted[string(a.GetResourceMeta())], numbers[string(a.GetResourceMeta())] = r, n
		return string(a.GetResourceMeta())
	}
	for round := range int64(10) {
		p := start(t, dir, args...)
		for i := range int64(3) {
			create(p, 10*round+i)
		}
		time.Sleep(time.Duration(round) * 130 * time.Millisecond)
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.cmd.Wait()
	}
	if stays == nil {
		stays = start(t, dir, args...)
	}
	client := stays.flyte(t, insecure.NewCredentials())
	for meta, r := range accepted {
		if again := create(stays, numbers[meta]); again != meta {
			t.Errorf("%s is now %s", r.GetOutputPrefix(), again)
		}
	}
	outcomes := map[core.TaskExecution_Phase]int{}
	for meta, n := range numbers {
		var a admin.GetTaskResponse
		for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
			if err := client.Invoke(t.Context(), flyteService+"GetTask", &admin.GetTaskRequest{ResourceMeta: []byte(meta)}, &a); err != nil {
				t.Fatal(err)
			}
			if ended(a.GetResource().GetPhase()) || time.Now().After(deadline) {
				break
			}
		}
		var done int
		if err := look.QueryRow(times, n).Scan(&done); err != nil {
			t.Fatal(err)
		}
		phase, unknown := a.GetResource().GetPhase(), strings.HasPrefix(a.GetResource().GetMessage(), "SYSTEM:UnknownOutcome: ")
		outcomes[phase]++
		if ok := phase == core.TaskExecution_SUCCEEDED && done == 1 || phase == core.TaskExecution_FAILED && unknown && done <= 1; !ok {
			t.Errorf("execution %d is %v (%s), and has run %d times", n, phase, a.GetResource().GetMessage(), done)
		}
	}
	t.Log(outcomes)
}

// authority makes certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert = &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	a.pem = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return a
}

// issue makes a certificate for the loopback address, and its key.
func (a *authority) issue(serial int64) (cert, key string) {
	a.t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.cert, &k.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

// TestFlyteTLS calls the connector with no certificate, another authority's, in
// the clear, and with the right one; a renewed certificate is served without a
// new start.
func TestFlyteTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
	cert, key := ours.issue(2)
	write(t, dir, map[string]string{
		"tenants/acme/wasmsql.yaml": "", "connector.yaml": fmt.Sprintf(connectorFile, "sqlite:///data.db", dir),
		"server.pem": cert, "server.key": key, "ca.pem": ours.pem,
	})
	p := start(t, dir, append(connectorArgs, "--state", "sqlite:///state.db", "--connector-tls-cert", "server.pem", "--connector-tls-key", "server.key", "--connector-tls-client-ca", "ca.pem")...)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(ours.pem))
	with := func(a *authority) *tls.Config {
		c := &tls.Config{RootCAs: roots}
		if a != nil {
			pair, err := tls.X509KeyPair(func() ([]byte, []byte) { c, k := a.issue(3); return []byte(c), []byte(k) }())
			if err != nil {
				t.Fatal(err)
			}
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		return c
	}
	call := func(how transport.TransportCredentials) error {
		ctx, cancel := context.WithTimeout(t.Context(), sqldbtest.Patience)
		defer cancel()
		return p.flyte(t, how).Invoke(ctx, "/flyteidl.service.AgentMetadataService/ListAgents", &admin.ListAgentsRequest{}, &admin.ListAgentsResponse{})
	}
	for name, how := range map[string]transport.TransportCredentials{
		"no certificate": transport.NewTLS(with(nil)), "another authority's": transport.NewTLS(with(theirs)), "in the clear": insecure.NewCredentials(),
	} {
		if err := call(how); err == nil {
			t.Errorf("%s is let in", name)
		}
	}
	if err := call(transport.NewTLS(with(ours))); err != nil {
		t.Error(err)
	}
	cert, key = ours.issue(77)
	write(t, dir, map[string]string{"server.pem": cert, "server.key": key})
	c := with(ours)
	c.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", p.connector, c)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if serial := conn.ConnectionState().PeerCertificates[0].SerialNumber; serial.Int64() != 77 {
		t.Errorf("the certificate served has the number %s", serial)
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestConnectorCalls(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"tenants/acme/wasmsql.yaml": "", "good.yaml": "allow: []\n", "bad.yaml": "allow:\n- {project: p, domian: d}\n", "ca.pem": "nothing"})
	base := "serve --listen 127.0.0.1:0 --tenants " + dir + "/tenants"
	state := " --state sqlite:///" + dir + "/state.db"
	listen := " --connector-listen 127.0.0.1:0"
	for _, c := range []struct {
		args   string
		status int
		stderr string
	}{
		{base + " --connector-config x", 2, "wasmsql: error: --connector-listen is missing\nwasmsql: hint: it is the address and port for Flyte, as :8000\n"},
		{base + listen, 2, "wasmsql: error: --connector-config is missing\nwasmsql: hint: without it no project of Flyte may do anything: see host/flyte/README.md\n"},
		{base + listen + " --connector-config " + dir + "/good.yaml", 2, "wasmsql: error: --connector-listen needs --state\nwasmsql: hint: to try it out: --state sqlite:///state.db\n"},
		{base + listen + state + " --connector-config " + dir + "/none.yaml", 3, "wasmsql: error: the configuration of the connector: open " + dir + "/none.yaml: no such file or directory\nwasmsql: hint: it says what Flyte's projects may do: see host/flyte/README.md\n"},
		{base + listen + state + " --connector-config " + dir + "/bad.yaml", 3, "wasmsql: error: " + dir + "/bad.yaml:2:3: \"allow[0]\" has no domain\nwasmsql: hint: write domain: production, or \"*\" for all\n" +
			"wasmsql: error: " + dir + "/bad.yaml:2:3: \"allow[0]\" has no tenant\nwasmsql: hint: write tenant: shop, a folder in --tenants\n" +
			"wasmsql: error: " + dir + "/bad.yaml:2:3: \"allow[0]\" has no uris\nwasmsql: hint: write uris: [postgresql://db.internal/warehouse], or [] for none\n" +
			"wasmsql: error: " + dir + "/bad.yaml:2:3: \"allow[0]\" has no outputs\nwasmsql: hint: write outputs: [s3://bucket/folder/]\n" +
			"wasmsql: error: " + dir + "/bad.yaml:2:16: unknown key \"domian\"; did you mean \"domain\"?\nwasmsql: hint: accepted: project, domain, tenant, uris, secret_groups, outputs, inputs, access, interpolation\n"},
		{base + listen + state + " --connector-config " + dir + "/good.yaml --connector-tls-cert x", 2, "wasmsql: error: --connector-tls-cert and --connector-tls-key go together\n"},
	} {
		status, stdout, stderr := call(t, strings.Fields(c.args)...)
		if status != c.status || stderr != c.stderr || stdout != "" {
			t.Errorf("%s: status %d\n%s%s", c.args, status, stdout, stderr)
		}
	}
}
