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
	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// requests is the input of the guest requests.wat: the statements, sent as exec
// or as query, of which the last says that it is. A guest that is stubborn claims
// success whatever came of them.
func requests(statements []string, exec, stubborn bool) host.Inputs {
	b := []byte("REQUESTS")
	for i, sql := range statements {
		kind := byte(2)
		if exec {
			kind = 1
		}
		q := (&abi.QueryRequest{SQL: sql, DiscardRows: exec, Last: !exec && i == len(statements)-1}).Marshal()
		b = append(binary.LittleEndian.AppendUint16(append(b, kind), uint16(len(q))), q...)
	}
	end := byte(0)
	if stubborn {
		end = 3
	}
	return host.Inputs{"requests": {Type: abi.Type{Kind: abi.Bytes}, Str: string(append(b, end))}}
}

// attacker runs hostile statements on a victim.
type attacker struct {
	*victim
	patient, hasty *host.Program // of a long and of a short deadline
	left           *host.Program // of the patient's Host: what its session is
	templates      *host.Host
	before         string // the victim's sum
	clean          string // what left says of a session that nothing has used
}

func newAttacker(t *testing.T, v *victim) *attacker {
	open := func(timeout time.Duration) *host.Host {
		return openServer(t, v.URI, abi.ReadOnly, func(c *host.Config) {
			c.Limits.Timeout = timeout
			db := c.Connections["db"]
			db.Pool.Max = 1 // each execution finds what the one before has left
			c.Connections["db"] = db
		})
	}
	load := func(h *host.Host) *host.Program {
		return loadOn(t, h, host.Task{Name: "hostile", Module: module(t, "requests"),
			Inputs: []host.Input{{Name: "requests", Type: abi.Type{Kind: abi.Bytes}}}, Outputs: abi.Outputs{Mode: abi.OutputNone}})
	}
	patient := open(time.Hour)
	a := &attacker{victim: v, patient: load(patient), hasty: load(open(300 * time.Millisecond)),
		left: loadOn(t, patient, host.Task{Name: "session", Query: v.session})}
	a.templates = openServer(t, v.URI, abi.ReadOnly, func(c *host.Config) { c.Limits.Timeout = 300 * time.Millisecond })
	a.before, a.clean = v.sum(t), asked(t, a.left)
	return a
}

// run returns what comes of an attack: a Code, or done.
func (a *attacker) run(l sqldbtest.Attack, exec, stubborn bool) (string, string) {
	p := a.patient
	if l.Outcome == string(host.CodeLimit) {
		p = a.hasty
	}
	_, err := p.Run(context.Background(), requests(l.Statements, exec, stubborn), host.Discard())
	got, message := code(err)
	if got == "" {
		got = "done"
	}
	return string(got), message
}

// attack makes an attack in each way: by a guest as queries, as statements
// without rows by a guest that claims success whatever comes, and as a
// template. It returns what the first ended in.
func (a *attacker) attack(t *testing.T, l sqldbtest.Attack) string {
	t.Helper()
	outcome, message := a.run(l, false, false)
	// The lines are written for MariaDB: MySQL refuses some that it cannot parse.
	elsewhere := a.mysql && outcome != "done" && stable(outcome)
	if !slices.Contains(strings.Split(l.Outcome, ","), outcome) && !elsewhere && !*update {
		t.Errorf("line %d: %q ends in %s, not %s: %s", l.Line, l.Statements, outcome, l.Outcome, message)
	}
	if !stable(outcome) {
		t.Errorf("line %d: %q: %s: %s", l.Line, l.Statements, outcome, message)
	}
	if got, message := a.run(l, true, true); !stable(got) {
		t.Errorf("line %d: %q without rows: %s: %s", l.Line, l.Statements, got, message)
	}
	if now := asked(t, a.left); now != a.clean {
		t.Errorf("line %d: %q left in the session\n%s\nbefore\n%s", l.Line, l.Statements, now, a.clean)
	}
	runTemplate(t, a.templates, strings.Join(l.Statements, ";\n"), abi.OutputNone)
	if now := a.settled(t, a.before); now != a.before {
		t.Fatalf("line %d: %q has changed the database:\n%s", l.Line, l.Statements, difference(a.before, now))
	}
	if names, err := os.ReadDir(a.tmp); err != nil || len(names) != 0 {
		t.Fatalf("line %d: %q left %v", l.Line, l.Statements, names)
	}
	return outcome
}

// TestReadOnlyConnectionsStayUnchanged runs the hostile statements, by their
// threats, on a read-only connection whose login owns the database. Each ends
// as the file says, the session is clean for the next, and nothing that the
// server keeps of the database, its roles and its sequences has changed; of
// SQLite, no byte of the file.
func TestReadOnlyConnectionsStayUnchanged(t *testing.T) {
	attackers := map[abi.Dialect]*attacker{}
	for _, s := range servers {
		if n := len(sqldbtest.Attacks(t, s.dialect)); n < 200 {
			t.Errorf("%s: only %d statements", s.dialect, n)
		}
		attackers[s.dialect] = newAttacker(t, newVictim(t, s))
	}
	outcomes := map[abi.Dialect]map[int]string{abi.Postgres: {}, abi.MySQL: {}}
	sqldbtest.EachThreat(t, func(t *testing.T, d abi.Dialect, attacks []sqldbtest.Attack) {
		if d == abi.SQLite {
			attackSQLite(t, attacks)
			return
		}
		a := attackers[d]
		for _, l := range attacks {
			outcomes[d][l.Line] = a.attack(t, l.With(a.names...))
		}
	}, abi.SQLite, abi.Postgres, abi.MySQL)
	if *update {
		for d, of := range outcomes {
			writeOutcomes(t, sqldbtest.AttacksFile(t, d), of)
		}
	}
}

// writeOutcomes puts what attacks ended in before their lines, where another
// outcome stands there.
func writeOutcomes(t *testing.T, file string, outcomes map[int]string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for n, got := range outcomes {
		was, sql, _ := strings.Cut(lines[n-1], "|")
		if !slices.Contains(strings.Split(was, ","), got) {
			lines[n-1] = got + "|" + sql
		}
	}
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// attackSQLite runs statements as tasks, as a query and as a statement without
// rows, and compares the file byte for byte and the folders name by name.
func attackSQLite(t *testing.T, attacks []sqldbtest.Attack) {
	dir, tmp := t.TempDir(), t.TempDir()
	file := filepath.Join(dir, "people.db")
	conn := hosttest.SQLiteFile(t, file, people)
	conn.Access = abi.ReadOnly
	h := hosttest.Open(t, conn, func(c *host.Config) { c.Limits.Timeout = 300 * time.Millisecond })
	sum := func() string {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	before := sum()
	for _, l := range attacks {
		l = l.With("$TMP", tmp)
		for _, mode := range []abi.OutputMode{abi.OutputAny, abi.OutputNone} {
			got := runTemplate(t, h, l.Statements[0], mode)
			if got == "" && l.Outcome != "rows" && l.Outcome != "invalid" || got != host.CodeLimit && l.Outcome == "endless" {
				t.Errorf("line %d: %s: ends in %q", l.Line, l.Statements, got)
			}
		}
		if sum() != before {
			t.Fatalf("line %d: %s: the database has changed", l.Line, l.Statements)
		}
		for folder, want := range map[string]int{dir: 1, tmp: 0} {
			if names, err := os.ReadDir(folder); err != nil || len(names) != want {
				t.Fatalf("line %d: %s: left %v in %s", l.Line, l.Statements, names, folder)
			}
		}
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

// runTemplate runs a template, and returns the Code that it ends in or
// nothing.
func runTemplate(t *testing.T, h *host.Host, query string, mode abi.OutputMode) host.Code {
	t.Helper()
	p, err := h.Load(context.Background(), host.Task{Name: "hostile", Connection: "db", Outputs: abi.Outputs{Mode: mode},
		Query: "{% raw %}" + query + "{% endraw %}"})
	if err == nil {
		_, err = p.Run(context.Background(), nil, host.Discard())
		_ = p.Close()
	}
	got, message := code(err)
	if got != "" && got != host.CodeConfig && !stable(string(got)) {
		t.Errorf("%q as a template: %s: %s", query, got, message)
	}
	return got
}

// TestReadOnlyTransactionsHoldAlone gives the same statements to the drivers
// with no policy before them, and commits whatever comes: the read-only
// transaction alone keeps the database as it is.
func TestReadOnlyTransactionsHoldAlone(t *testing.T) {
	for _, s := range servers {
		v := newVictim(t, s)
		c := connection(t, v.URI, abi.ReadOnly)
		db, err := serverDrivers()[c.URI.Scheme].Open(sqldb.Config{Name: "hostile", URI: c.URI, Access: c.Access, Pool: sqldb.Pool{Max: 1}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		before := v.sum(t)
		sqldbtest.EachThreat(t, func(t *testing.T, _ abi.Dialect, attacks []sqldbtest.Attack) {
			for _, l := range attacks {
				l = l.With(v.names...)
				if l.Outcome == string(host.CodeLimit) || strings.Contains(l.Statements[0], "SLEEP(3600)") {
					continue
				}
				runAlone(t, db, l.Statements)
				if now := v.settled(t, before); now != before {
					t.Fatalf("line %d: %q has changed the database:\n%s", l.Line, l.Statements, difference(before, now))
				}
			}
		}, s.dialect)
	}
}

// runAlone sends statements in a read-only transaction and commits it.
func runAlone(t *testing.T, db sqldb.DB, statements []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), sqldbtest.Patience)
	defer cancel()
	tx, err := db.Begin(ctx, sqldb.TxOptions{Access: abi.ReadOnly})
	if err != nil {
		t.Fatalf("before %q: %v", statements, err)
	}
	for _, sql := range statements {
		_, _ = tx.Exec(ctx, sql, nil, true)
	}
	_ = tx.Commit(ctx)
	if err := tx.Rollback(ctx); err != nil {
		t.Errorf("after %q: %v", statements, err)
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
