package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/plugin"
)

// TestCasesOfTwoConnections: each connection of a plugin has a database of its
// own, made before and looked at afterwards; what the plugin may not write
// stays.
func TestCasesOfTwoConnections(t *testing.T) {
	wasm := manifested(t, "requests", plugin.Manifest{
		Connections: []plugin.Connection{{Name: "source"}, {Name: "target", Access: abi.ReadWrite}},
		Inputs:      []plugin.Input{{Name: "requests", Type: abi.Type{Kind: abi.Bytes}}},
		Outputs:     abi.Outputs{Mode: abi.OutputNone},
	})
	given := func(connection, sql string) string {
		return strings.Replace(send(connection, sql), "=", ": ", 1)
	}
	const made = "-- setup.sql --\nCREATE TABLE own (n INT);\n-- setup/target.sql --\nCREATE TABLE t (n INT);\nINSERT INTO t VALUES (1), (2);\n" +
		"-- after/source.sql --\nSELECT count(*) AS own FROM own\n-- after/target.sql --\nSELECT n FROM t ORDER BY n\n-- inputs.yaml --\n"
	t.Chdir(t.TempDir())
	write(t, "plugin.wasm", wasm)
	if err := os.Mkdir("testdata", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"writes": made + given("target", "DELETE FROM t WHERE n = 1") +
			"\n-- affected --\n1\n-- after/source --\nown\n0\n-- after/target --\nn\n2\n",
		"refused": made + given("source", "DELETE FROM own") +
			"\n-- error --\ndenied: DELETE is not allowed on a read-only connection\nhint: connection \"source\" is read-only by the module's manifest: writing needs access: read-write there\n" +
			"-- after/source --\nown\n0\n-- after/target --\nn\n1\n2\n",
	} {
		write(t, "testdata/"+name+".txtar", text)
	}
	var stdout, stderr bytes.Buffer
	status := run(context.Background(), &partials{}, []string{"test", "plugin.wasm"}, strings.NewReader(""), &stdout, &stderr, append(os.Environ(), "WASMSQL_CACHE="))
	if status != 0 || strings.Count(stdout.String(), ": ok, fuel ") != 2 {
		t.Errorf("status %d\n%s%s", status, &stdout, &stderr)
	}
}
