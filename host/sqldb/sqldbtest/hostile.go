package sqldbtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
)

// Attack is a line of testdata/sql/<dialect>/hostile.txt: what an execution
// sends that must harm nothing.
type Attack struct {
	Threat     string // the name of its section, "S13", or "reader" for what a reader may do
	Line       int    // of the file, from 1
	Outcome    string // what comes of it, in the words of the file
	Statements []string
}

// AttacksFile returns the path of a dialect's attacks.
func AttacksFile(t testing.TB, d abi.Dialect) string {
	t.Helper()
	return filepath.Join(root(t), "testdata", "sql", string(d), "hostile.txt")
}

var section = regexp.MustCompile(`^# ([A-Z][0-9]+|reader): `)

// With returns the attack with names of a test put in: of names, each second
// stands in for the one before it: "$TMP", "/tmp/x".
func (a Attack) With(names ...string) Attack {
	replace := strings.NewReplacer(names...)
	list := make([]string, len(a.Statements))
	for i, sql := range a.Statements {
		list[i] = replace.Replace(sql)
	}
	a.Statements = list
	return a
}

// Attacks reads a dialect's attacks.
func Attacks(t testing.TB, d abi.Dialect) []Attack {
	t.Helper()
	text, err := os.ReadFile(AttacksFile(t, d))
	if err != nil {
		t.Fatal(err)
	}
	var list []Attack
	threat, number := "", 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSuffix(line, "\n")
		if m := section.FindStringSubmatch(line); m != nil {
			threat = m[1]
		}
		outcome, rest, ok := strings.Cut(line, "|")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		if threat == "" {
			t.Fatalf("line %d is of no threat", number)
		}
		list = append(list, Attack{threat, number, outcome, strings.Split(strings.ReplaceAll(rest, "⏎", "\n"), " ⇒ ")})
	}
	return list
}

// EachThreat runs the attacks of the dialects in subtests named after the
// threat and then the dialect, "S13/postgres".
func EachThreat(t *testing.T, run func(t *testing.T, d abi.Dialect, attacks []Attack), dialects ...abi.Dialect) {
	t.Helper()
	var threats []string
	of := map[string]map[abi.Dialect][]Attack{}
	for _, d := range dialects {
		for _, a := range Attacks(t, d) {
			if of[a.Threat] == nil {
				threats = append(threats, a.Threat)
				of[a.Threat] = map[abi.Dialect][]Attack{}
			}
			of[a.Threat][d] = append(of[a.Threat][d], a)
		}
	}
	for _, threat := range threats {
		t.Run(threat, func(t *testing.T) {
			for _, d := range dialects {
				if attacks := of[threat][d]; attacks != nil {
					t.Run(string(d), func(t *testing.T) { run(t, d, attacks) })
				}
			}
		})
	}
}
