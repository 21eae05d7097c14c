package host_test

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// hostileLine is a line of testdata/sql/<dialect>/hostile.txt.
type hostileLine struct {
	outcome    string // a Code or done, or several of them by commas
	statements []string
}

// readHostile reads such a file. Names of the test are put in for $NAME.
func readHostile(t *testing.T, file string, names ...string) (lines []hostileLine, text []string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	replace := strings.NewReplacer(append(names, "⏎", "\n")...)
	for line := range strings.Lines(string(b)) {
		text = append(text, line)
		outcome, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "|")
		if !ok || strings.HasPrefix(line, "#") {
			lines = append(lines, hostileLine{})
			continue
		}
		var l = hostileLine{outcome: outcome}
		for s := range strings.SplitSeq(rest, " ⇒ ") {
			l.statements = append(l.statements, replace.Replace(s))
		}
		lines = append(lines, l)
	}
	return lines, text
}

// requests is the input of the guest requests.wat: the statements, sent as exec
// or as query. A guest that is stubborn claims success whatever came of them.
func (l hostileLine) requests(exec, stubborn bool) host.Inputs {
	b := []byte("REQUESTS")
	for _, sql := range l.statements {
		kind := byte(2)
		if exec {
			kind = 1
		}
		q := (&abi.QueryRequest{SQL: sql, DiscardRows: exec}).Marshal()
		b = append(binary.LittleEndian.AppendUint16(append(b, kind), uint16(len(q))), q...)
	}
	end := byte(0)
	if stubborn {
		end = 3
	}
	return host.Inputs{"requests": {Type: abi.Type{Kind: abi.Bytes}, Str: string(append(b, end))}}
}

// attacker runs hostile statements.
type attacker struct {
	patient, hasty *host.Program // of a long and of a short deadline
	session        *host.Program // of the patient's Host: what its session is
}

func newAttacker(t *testing.T, v *victim) attacker {
	open := func(timeout time.Duration) *host.Host {
		return openServer(t, v.URI, abi.ReadOnly, func(c *host.Config) {
			c.Limits.Timeout = timeout
			db := c.Connections["db"]
			db.Pool.Max = 1 // each execution finds what the one before has left
			c.Connections["db"] = db
		})
	}
	load := func(h *host.Host) *host.Program {
		p, err := h.Load(context.Background(), host.Task{Name: "hostile", Module: module(t, "requests"), Connection: "db",
			Inputs: []host.Input{{Name: "requests", Type: abi.Type{Kind: abi.Bytes}}}, Outputs: abi.Outputs{Mode: abi.OutputNone}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	patient := open(time.Minute)
	return attacker{load(patient), load(open(300 * time.Millisecond)), loadOn(t, patient, host.Task{Name: "session", Query: v.session})}
}

// run returns what comes of a line: a Code, or done.
func (a attacker) run(l hostileLine, exec, stubborn bool) (string, string) {
	p := a.patient
	if l.outcome == string(host.CodeLimit) {
		p = a.hasty
	}
	_, err := p.Run(context.Background(), l.requests(exec, stubborn), host.Discard())
	got, message := code(err)
	if got == "" {
		got = "done"
	}
	return string(got), message
}

// TestReadOnlyConnectionsStayUnchanged (S1 to S20 but for SQLite's) runs the
// hostile statements on a read-only connection whose login owns the database:
// sent by a guest as queries, as statements without rows by a guest that
// claims success whatever comes, and as templates. Each ends as the file says,
// the session is clean for the next, and nothing that the server keeps of the
// database, its roles and its sequences has changed.
func TestReadOnlyConnectionsStayUnchanged(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			v := newVictim(t, s)
			file := filepath.Join("..", "testdata", "sql", s.name, "hostile.txt")
			lines, text := readHostile(t, file, v.names...)
			a := newAttacker(t, v)
			templates := openServer(t, v.URI, abi.ReadOnly, func(c *host.Config) { c.Limits.Timeout = 300 * time.Millisecond })
			before, ran := v.sum(t), 0
			session := asked(t, a.session)
			for i, l := range lines {
				if l.statements == nil {
					continue
				}
				ran++
				got, message := a.run(l, false, false)
				if !slices.Contains(strings.Split(l.outcome, ","), got) {
					if *update {
						_, sql, _ := strings.Cut(text[i], "|")
						text[i] = got + "|" + sql
					} else {
						t.Errorf("%s:%d: %q ends in %s, not %s: %s", file, i+1, l.statements, got, l.outcome, message)
					}
				}
				if !stable(got) {
					t.Errorf("%s:%d: %q: %s: %s", file, i+1, l.statements, got, message)
				}
				if got, message := a.run(l, true, true); !stable(got) {
					t.Errorf("%s:%d: %q without rows: %s: %s", file, i+1, l.statements, got, message)
				}
				if now := asked(t, a.session); now != session {
					t.Errorf("%s:%d: %q left in the session\n%s\nbefore\n%s", file, i+1, l.statements, now, session)
				}
				runTemplate(t, templates, l)
				if now := v.sum(t); now != before {
					t.Fatalf("%s:%d: %q has changed the database:\n%s", file, i+1, l.statements, difference(before, now))
				}
				if names, err := os.ReadDir(v.tmp); err != nil || len(names) != 0 {
					t.Fatalf("%s:%d: %q left %v", file, i+1, l.statements, names)
				}
			}
			if ran < 190 {
				t.Errorf("only %d", ran)
			}
			if *update {
				if err := os.WriteFile(file, []byte(strings.Join(text, "")), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// stable reports whether a Code is one that hostile statements may end in.
func stable(code string) bool {
	switch host.Code(code) {
	case "done", host.CodeDenied, host.CodeTask, host.CodeLimit, host.CodeConnection:
		return true
	}
	return false
}

// runTemplate runs the statements as the template of a task.
func runTemplate(t *testing.T, h *host.Host, l hostileLine) {
	t.Helper()
	p, err := h.Load(context.Background(), host.Task{Name: "hostile", Connection: "db", Outputs: abi.Outputs{Mode: abi.OutputNone},
		Query: "{% raw %}" + strings.Join(l.statements, ";\n") + "{% endraw %}"})
	if err == nil {
		_, err = p.Run(context.Background(), nil, host.Discard())
		_ = p.Close()
	}
	if got, message := code(err); got != "" && got != host.CodeConfig && !stable(string(got)) {
		t.Errorf("%q as a template: %s: %s", l.statements, got, message)
	}
}

// TestReadOnlyTransactionsHoldAlone gives the same statements to the drivers
// with no policy before them, and commits whatever comes: the read-only
// transaction alone keeps the database as it is. One line needs the policy,
// which refuses CALL: a procedure of MySQL's may begin a transaction that
// writes.
func TestReadOnlyTransactionsHoldAlone(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			v := newVictim(t, s)
			file := filepath.Join("..", "testdata", "sql", s.name, "hostile.txt")
			lines, _ := readHostile(t, file, v.names...)
			c := connection(t, v.URI, abi.ReadOnly)
			db, err := serverDrivers()[c.URI.Scheme].Open(sqldb.Config{Name: "hostile", URI: c.URI, Access: c.Access, Pool: sqldb.Pool{Max: 1}})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = db.Close() }()
			before := v.sum(t)
			for i, l := range lines {
				if l.statements == nil || l.statements[0] == "CALL hides()" || strings.Contains(l.statements[0], "SLEEP(3600)") || l.outcome == string(host.CodeLimit) {
					continue
				}
				runAlone(t, db, l)
				// The session is made clean, or ends, behind the execution's back.
				now := v.sum(t)
				for wait := time.Now(); now != before && time.Since(wait) < 5*time.Second; now = v.sum(t) {
					time.Sleep(10 * time.Millisecond)
				}
				if now != before {
					t.Fatalf("%s:%d: %q has changed the database:\n%s", file, i+1, l.statements, difference(before, now))
				}
			}
		})
	}
}

// runAlone sends the statements in a read-only transaction and commits it.
func runAlone(t *testing.T, db sqldb.DB, l hostileLine) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tx, err := db.Begin(ctx, sqldb.TxOptions{Access: abi.ReadOnly})
	if err != nil {
		t.Fatalf("before %q: %v", l.statements, err)
	}
	for _, sql := range l.statements {
		_, _ = tx.Exec(ctx, sql, nil, true)
	}
	_ = tx.Commit(ctx)
	if err := tx.Rollback(ctx); err != nil {
		t.Errorf("after %q: %v", l.statements, err)
	}
}

// difference returns the lines of a sum that are not those of another.
func difference(before, now string) string {
	was := map[string]bool{}
	for line := range strings.Lines(before) {
		was[line] = true
	}
	var b strings.Builder
	for line := range strings.Lines(now) {
		if !was[line] {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestSumsSeeChanges holds the comparison of TestReadOnlyConnectionsStayUnchanged
// against statements that do change something: those, too, that no count of
// rows shows.
func TestSumsSeeChanges(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			v := newVictim(t, s)
			before := v.sum(t)
			for _, sql := range v.changes {
				execute(t, v.URI, sql)
				now := v.sum(t)
				if now == before {
					t.Errorf("%s: not seen", sql)
				}
				before = now
			}
			if again := v.sum(t); again != before {
				t.Errorf("it changes by itself:\n%s", difference(before, again))
			}
		})
	}
}
