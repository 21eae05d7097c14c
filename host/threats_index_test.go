package host_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// threats are the names of attacks, and where each has to have
// tests: a folder with functions Test<name>… or Fuzz<name>…, a dialect for a
// section of its hostile statements, "injection" or "conformance" for a case
// that is tagged so.
var threats = map[string]string{
	"S1":  "sqlite postgres mysql host/sqldb/postgres host/sqldb/mysql",                          // the host's transaction
	"S2":  "postgres mysql",                                                                      // the login
	"S3":  "sqlite postgres mysql",                                                               // time, and what the session is
	"S4":  "sqlite postgres mysql",                                                               // several statements
	"S5":  "sqlite postgres mysql",                                                               // ends that are none
	"S6":  "host injection",                                                                      // values that end a literal
	"S7":  "host injection",                                                                      // values that are templates
	"S8":  "host injection",                                                                      // values that are names
	"S9":  "host",                                                                                // lists
	"S10": "host",                                                                                // loops of templates
	"S11": "host",                                                                                // printing text
	"S12": "host injection",                                                                      // placeholders in text
	"S13": "sqlite postgres mysql",                                                               // comments that are executed
	"S14": "host",                                                                                // what is too long
	"S15": "postgres",                                                                            // files, programs, other databases
	"S16": "mysql host/sqldb/mysql",                                                              // the same
	"S17": "sqlite",                                                                              // the same
	"S18": "sqlite postgres mysql",                                                               // writing where a query is expected
	"S19": "postgres mysql",                                                                      // functions with effects of their own
	"S20": "postgres mysql host/sqldb/postgres",                                                  // what outlives a statement
	"C1":  "host host/sqldb/sqlite host/sqldb/postgres host/sqldb/mysql",                         // keys of a driver's own
	"C2":  "host host/sqldb/postgres",                                                            // names that add parameters
	"C3":  "host",                                                                                // several hosts, sockets
	"C6":  "host/sqldb/postgres host/sqldb/mysql",                                                // configuration of the machine
	"C7":  "host/sqldb/postgres host/sqldb/mysql",                                                // TLS, and logins that are skipped
	"C8":  "host/sqldb/postgres host/sqldb/mysql",                                                // hostile servers
	"C9":  "host/sqldb/postgres host/sqldb/mysql cmd/wasmsql",                                    // servers that die
	"C10": "host host/sqldb/sqlite host/sqldb/postgres host/sqldb/mysql cmd/wasmsql host/server", // interrupts
	"C11": "host",                                                                                // commits of unknown outcome
	"C12": "host/sqldb/sqlite host/sqldb/postgres host/sqldb/mysql",                              // what the next one finds
	"C4":  "host/server",                                                                         // addresses of the inside
	"C5":  "host/server",                                                                         // names that change what they mean
	"C13": "host/server",                                                                         // pools of tenants that change
	"C14": "host/server host/sqldb/postgres",                                                     // pools that are full
	"C15": "host/server",                                                                         // locks of those who wait
	"D1":  "host host/sqldb/postgres",                                                            // large results
	"D2":  "host host/server",                                                                    // slow readers
	"D5":  "host/sqldb/sqlite host/sqldb/postgres host/sqldb/mysql",                              // decoders
	"D6":  "conformance",                                                                         // values at the edges
	"D7":  "host/sqldb/sqlite host/sqldb/postgres host/sqldb/mysql",                              // what other clients print
	"D10": "conformance",                                                                         // outputs that do not fit
	"G1":  "host host/server",                                                                    // guests without an end
	"G8":  "host host/server",                                                                    // calls without an end
	"G15": "host host/server",                                                                    // what guests print
	"T1":  "host/server cmd/wasmsql-server",                                                      // secrets in what is told
	"T2":  "host/server host/sqldb/postgres host/sqldb/mysql",                                    // connections in what is told
	"T3":  "host/server",                                                                         // what is another tenant's
	"T4":  "host/server",                                                                         // what was made for another
	"T5":  "host/server host/secret cmd/wasmsql-server",                                          // files and secrets of others
	"T6":  "host/server",                                                                         // who asks
	"T7":  "host/server",                                                                         // requests that cost more than they should
	"T8":  "host/server cmd/wasmsql-server",                                                      // the end of the process
	"T9":  "host/server",                                                                         // panics, leaks
	"T10": "host/server cmd/wasmsql-server",                                                      // clocks, one processor, little memory
	"T11": "host/server",                                                                         // records
	"T12": "host/server",                                                                         // configurations that are broken
}

// TestEveryThreatHasTests looks for the tests of each threat, which are run by
// its name: go test -run 'S13|/S13' ./host/..., or '/.*S13' for all of them.
func TestEveryThreatHasTests(t *testing.T) {
	found := map[string][]string{}
	note := func(threat, where string) { found[threat] = append(found[threat], where) }
	named := regexp.MustCompile(`(?m)^func (?:Test|Fuzz)([SCDGT][0-9]+)[A-Z]`)
	for _, root := range []string{"host", "cmd"} {
		for _, file := range testFiles(t, filepath.Join("..", root)) {
			for _, m := range named.FindAllStringSubmatch(readFile(t, file), -1) {
				note(m[1], filepath.ToSlash(strings.TrimPrefix(filepath.Dir(file), ".."+string(filepath.Separator))))
			}
		}
	}
	for _, d := range []abi.Dialect{abi.SQLite, abi.Postgres, abi.MySQL} {
		for _, a := range sqldbtest.Attacks(t, d) {
			note(a.Threat, string(d))
		}
	}
	for _, threat := range injectionThreats {
		note(threat, "injection")
	}
	tag := regexp.MustCompile(`(?m)^threats: (.*)$`)
	cases, err := filepath.Glob("../testdata/conformance/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range cases {
		for _, m := range tag.FindAllStringSubmatch(readFile(t, file), -1) {
			for threat := range strings.FieldsSeq(m[1]) {
				note(threat, "conformance")
			}
		}
	}
	for threat, places := range threats {
		for where := range strings.FieldsSeq(places) {
			if !slices.Contains(found[threat], where) {
				t.Errorf("%s has no test in %s", threat, where)
			}
		}
	}
}

func testFiles(t *testing.T, root string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "_test.go") {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
