//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/flyte/storage/s3test"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// inS3 has the SDK find a server, with a login.
func inS3(t *testing.T, endpoint, key string) {
	t.Setenv("AWS_ENDPOINT_URL_S3", endpoint)
	t.Setenv("AWS_ACCESS_KEY_ID", s3test.Access)
	t.Setenv("AWS_SECRET_ACCESS_KEY", key)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
}

// TestResultsInABucket has two processes share a state in PostgreSQL and a
// bucket of S3: each hands out what the other has run, also after that one is
// gone, and what is too old is dropped.
func TestResultsInABucket(t *testing.T) {
	state := sqldbtest.Postgres(t)
	s3 := s3test.Start(t)
	inS3(t, s3.Endpoint, s3test.Secret)
	dir := t.TempDir()
	const rows = 70_000 // about 10 MB: an upload in parts
	write(t, dir, map[string]string{
		"tenants/acme/wasmsql.yaml": "connections: {db: {uri: 'sqlite://'}}\nlimits: {timeout: 10m}\n",
		"tenants/acme/tasks/many.yaml": "name: many\ninputs: {n: int}\nconnection: db\nquery: |\n" +
			"  WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < {{ n }}) SELECT i, printf('%0128d', i) AS text FROM c\n",
	})
	_, text, _ := call(t, "token", "create", "--tenants", filepath.Join(dir, "tenants"), "acme", "--role", "run")
	token := strings.TrimSpace(text)
	args := []string{"serve", "--tenants", "tenants", "--listen", "127.0.0.1:0", "--state", state, "--results", "s3://" + s3test.Bucket + "/of/acme", "--max-running", "2"}
	replicas := []*program{start(t, dir, args...), start(t, dir, args...)}
	var ids []string
	for i := range 8 {
		n := 1
		if i%4 == 0 {
			n = rows
		}
		status, body, err := replicas[i%2].ask("POST", "/v1/executions", token, fmt.Sprintf(`{"task": "many", "inputs": {"n": %d}}`, n))
		var e struct{ ID string }
		if status != 202 || json.Unmarshal([]byte(body), &e) != nil {
			t.Fatal(status, body, err)
		}
		ids = append(ids, e.ID)
	}
	ended := func(p *program, id string) {
		t.Helper()
		for tries := 1; ; tries++ {
			status, body, err := p.ask("GET", "/v1/executions/"+id+"?wait=60s", token, "")
			if status == 200 && strings.Contains(body, `"status":"succeeded"`) {
				return
			}
			if status != 200 || tries == 5 || strings.Contains(body, `"problem"`) {
				t.Fatal(status, body, err)
			}
		}
	}
	for i, id := range ids {
		ended(replicas[(i+1)%2], id)
	}
	if got := s3.Objects(t, ""); len(got) != len(ids) || got[0] != "of/acme/acme/"+ids[0]+"/1.arrow" || s3.Uploads(t) != 0 {
		t.Errorf("the bucket has %q, and %d open uploads", got, s3.Uploads(t))
	}
	if err := replicas[0].cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = replicas[0].cmd.Wait()
	for i, id := range ids {
		status, body, err := replicas[1].ask("GET", "/v1/executions/"+id+"/result", token, "")
		lines := strings.Count(body, `{"i":`)
		if want := map[bool]int{true: rows, false: 1}[i%4 == 0]; status != 200 || err != nil || lines != want {
			t.Errorf("%d: status %d, %d rows, %v", i, status, lines, err)
		}
	}
	start(t, dir, append(args, "--keep", "1ms")...)
	for deadline := time.Now().Add(sqldbtest.Patience); len(s3.Objects(t, "")) > 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the bucket keeps %q", s3.Objects(t, ""))
		}
	}
	if status, body, err := replicas[1].ask("GET", "/v1/executions/"+ids[0]+"/result", token, ""); status != 404 {
		t.Error(status, body, err)
	}
}

// A result that cannot be stored is no result: the execution fails, and its
// transaction is not committed.
func TestResultThatCannotBeStored(t *testing.T) {
	s3 := s3test.Start(t)
	proxy := s3test.NewProxy(t, s3, func(what string) s3test.Fault {
		if strings.HasPrefix(what, "PutObject 1.arrow") {
			return s3test.Denied
		}
		return s3test.Pass
	})
	inS3(t, proxy.Endpoint, s3test.Secret)
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"tenants/acme/wasmsql.yaml":     "connections: {db: {uri: 'sqlite:///data.db', access: read-write}}\n",
		"tenants/acme/tasks/make.yaml":  "name: make\nconnection: db\noutputs: none\nquery: CREATE TABLE t (x)\n",
		"tenants/acme/tasks/add.yaml":   "name: add\nconnection: db\nquery: INSERT INTO t VALUES (1) RETURNING x\n",
		"tenants/acme/tasks/count.yaml": "name: count\nconnection: db\nquery: SELECT COUNT(*) AS n FROM t\n",
	})
	_, text, _ := call(t, "token", "create", "--tenants", filepath.Join(dir, "tenants"), "acme", "--role", "run")
	token := strings.TrimSpace(text)
	p := start(t, dir, "serve", "--tenants", "tenants", "--listen", "127.0.0.1:0", "--state", "sqlite:///state.db", "--results", "s3://"+s3test.Bucket)
	if status, body, err := p.ask("POST", "/v1/tasks/make/run", token, `{}`); status != 200 {
		t.Fatal(status, body, err)
	}
	status, body, err := p.ask("POST", "/v1/executions", token, `{"task": "add"}`)
	var e struct {
		ID, Status string
		Problem    struct{ Detail, Code string }
	}
	if status != 202 || json.Unmarshal([]byte(body), &e) != nil {
		t.Fatal(status, body, err)
	}
	status, body, err = p.ask("GET", "/v1/executions/"+e.ID+"?wait=60s", token, "")
	if status != 200 || json.Unmarshal([]byte(body), &e) != nil || e.Status != "failed" || e.Problem.Code != "output" {
		t.Error(status, body, err)
	}
	if strings.Contains(body, "127.0.0.1") || strings.Contains(body, s3test.Access) || strings.Contains(body, s3test.Bucket) {
		t.Errorf("the operator's bucket is told to a tenant: %s", body)
	}
	if status, body, err := p.ask("POST", "/v1/tasks/count/run", token, `{}`); body != "[\n{\"n\":0}\n]\n" {
		t.Error(status, body, err)
	}
}

// A bucket that cannot be used is found at the start.
func TestBucketThatCannotBeUsed(t *testing.T) {
	s3 := s3test.Start(t)
	dir := t.TempDir()
	write(t, dir, map[string]string{"acme/wasmsql.yaml": ""})
	const hint = "wasmsql: hint: credentials, region and endpoint are those of the cloud's SDK: AWS_*, GOOGLE_APPLICATION_CREDENTIALS, AZURE_*\n"
	for _, c := range []struct{ results, key, stderr string }{
		{"s3://none/results", s3test.Secret, "wasmsql: error: --results: the bucket cannot be used: the bucket does not exist\n" + hint},
		{"s3://" + s3test.Bucket, "wrong", "wasmsql: error: --results: the bucket cannot be used: access is denied (SignatureDoesNotMatch)\n" + hint},
		{"s3://", s3test.Secret, "wasmsql: error: --results: the bucket cannot be used: the URL does not name a bucket\nwasmsql: hint: write it as s3://bucket/folder: how to log in, the region and the endpoint are for the variables of the cloud's SDK\n"},
		{"s3://b?region=x", s3test.Secret, "wasmsql: error: --results: the bucket cannot be used: the URL does not name a bucket\nwasmsql: hint: write it as s3://bucket/folder: how to log in, the region and the endpoint are for the variables of the cloud's SDK\n"},
		{"ftp://b/x", s3test.Secret, "wasmsql: error: --results: the bucket cannot be used: no storage has the scheme \"ftp\"\n" + hint},
	} {
		inS3(t, s3.Endpoint, c.key)
		status, stdout, stderr := call(t, "serve", "--tenants", dir, "--state", "sqlite:///"+filepath.Join(dir, "state.db"), "--results", c.results)
		if status != 3 || stderr != c.stderr || stdout != "" {
			t.Errorf("%s: status %d\n%s", c.results, status, stderr)
		}
	}
}
