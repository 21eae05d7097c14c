package main

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/secret"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"4096": 4096, "64MiB": 64 << 20, "1.5KiB": 1536, "2GB": 2e9, " 1 TiB ": 1 << 40, "10_000B": 10_000, "3kB": 3000,
		"8388607TiB": 8388607 << 40,
	} {
		if got, ok := parseSize(text); !ok || got != want {
			t.Errorf("parseSize(%q) = %d, %v; want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "0", "0.5", "1XB", "nan", "inf", "8388608TiB", "1e40", "64 M"} {
		if got, ok := parseSize(text); ok {
			t.Errorf("parseSize(%q) = %d, want a refusal", text, got)
		}
	}
}

func TestNearestFileName(t *testing.T) {
	names := []string{"e.yaml", "inputs.yaml", "tracks.db", "tracks.sql", "größe.csv", "Makefile"}
	for typed, want := range map[string]string{
		"zz.yaml": "", "z.yaml": "", "e.yml": "e.yaml", "E.yaml": "e.yaml", "inputs.yml": "inputs.yaml", "imputs.yaml": "inputs.yaml",
		"track.sql": "tracks.sql", "trucks.db": "tracks.db", "größer.csv": "größe.csv", "makefiel": "Makefile", "make": "", "": "",
		"inputs.parquet": "", "outputs.yaml": "",
	} {
		if got := nearestFileName(typed, names); got != want {
			t.Errorf("nearestFileName(%q) = %q, want %q", typed, got, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"no such table: é":     "no such table: é",
		"\x1b[2Jgone":          `\x1b[2Jgone`,
		"two\nlines\r":         `two\nlines\r`,
		"right\u202eto left":   `right\u202eto left`,
		"not\xffUTF-8":         `not\ufffdUTF-8`,
		"a\u009b31m C1 escape": `a\u009b31m C1 escape`,
	} {
		if got := fault.Printable(text); got != want {
			t.Errorf("fault.Printable(%q) = %q, want %q", text, got, want)
		}
	}
}

// What an input brings into the text of a statement cannot act on a terminal.
func TestStatementsArePrintable(t *testing.T) {
	var b strings.Builder
	err := printStatements(&b, []host.Statement{{
		Connection: "a\x1b[2J", Dialect: "sqlite", SQL: "SELECT\n\t\"\x1b[31mred\", \"\u009b31m\", \"\x9b\", \"\r\u202e\"\n",
		Params: []abi.Value{
			{Type: abi.Type{Kind: abi.Str}, Str: "\x1b]0;x\a"}, {Type: abi.Type{Kind: abi.JSON}, Str: "\"\u009b\""},
			{Type: abi.Type{Kind: abi.Decimal}, Str: "1\x1b[m"},
		},
	}})
	const want = `-- statement 1 of 1 on connection "a\x1b[2J" (sqlite)
SELECT
	"\x1b[31mred", "\u009b31m", "\ufffd", "\r\u202e"
;
-- parameter 1: str = "\x1b]0;x\a"
-- parameter 2: json = "\"\u009b\""
-- parameter 3: decimal = 1\x1b[m
`
	if err != nil || b.String() != want {
		t.Errorf("%v, it printed %q, want %q", err, b.String(), want)
	}
}

func TestShownHidesURIs(t *testing.T) {
	const uri = "postgresql://etl:hunter2@db.internal/warehouse"
	if got := command.Shown(uri); got != `"postgresql://***"` {
		t.Errorf("shown = %s", got)
	}
}

// SQLite has no secrets, so that no script can show this.
func TestSecretsAreFoundWhereFlyteFindsThem(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "password"), "from the file\n")
	config := settings{config: &manifest.Config{Secrets: manifest.Secrets{Dir: dir}}}
	ref := secret.Ref{Group: "warehouse", Key: "password"}
	for name, c := range map[string]struct {
		env  []string
		s    settings
		ref  secret.Ref
		want string
	}{
		"the variable":                  {[]string{"_FSEC_WAREHOUSE_PASSWORD=one", "WAREHOUSE_PASSWORD=two"}, config, ref, "one"},
		"the variable without a prefix": {[]string{"WAREHOUSE_PASSWORD=two"}, config, ref, "two"},
		"Flyte's prefix":                {[]string{"FLYTE_SECRETS_ENV_PREFIX=X_", "X_WAREHOUSE_PASSWORD=three"}, config, ref, "three"},
		"the configuration's prefix": {
			[]string{"FLYTE_SECRETS_ENV_PREFIX=X_", "Y_WAREHOUSE_PASSWORD=four"},
			settings{config: &manifest.Config{Secrets: manifest.Secrets{EnvPrefix: "Y_"}}}, ref, "four",
		},
		"the file": {nil, config, secret.Ref{Key: "password"}, "from the file"},
	} {
		a := &app{env: environment(c.env)}
		v, err := a.secrets(c.s).Lookup(t.Context(), c.ref)
		if err != nil || v.Reveal() != c.want {
			t.Errorf("%s: %q, %v; want %q", name, v.Reveal(), err, c.want)
		}
	}
	if _, err := (&app{}).secrets(config).Lookup(t.Context(), ref); !errors.Is(err, secret.ErrNotFound) {
		t.Errorf("a secret that is nowhere: %v", err)
	}
}

func TestGuestLogShowsWarnings(t *testing.T) {
	var out strings.Builder
	log := slog.New(&guestLog{w: &out})
	log.Info("not shown", "from", "guest")
	log.Warn("half of \x1b[31mit\n", "task", "a", "from", "guest")
	log.With("x", 1).WithGroup("g").Error("connection not returned clean", "task", "a")
	const want = "wasmsql: warning: guest: half of \\x1b[31mit\\n\nwasmsql: warning: connection not returned clean\n"
	if out.String() != want {
		t.Errorf("it printed %q, want %q", out.String(), want)
	}
}

// slowSink takes as long for a batch as the progress needs to be shown.
type slowSink struct {
	out    *terminalText
	closed string // what the terminal had on it when it was finished
}

func (*slowSink) Open(*arrow.Schema) error { return nil }
func (*slowSink) Write(arrow.Record) error { return nil }
func (s *slowSink) Finish() error          { s.closed = s.out.String(); return nil }
func (*slowSink) Close() error             { return nil }
func (*slowSink) Abort(error)              {}

// terminalText keeps what is written to a terminal, and tells of each write.
type terminalText struct {
	strings.Builder
	wrote chan struct{}
}

func (w *terminalText) Write(b []byte) (int, error) {
	defer func() {
		select {
		case w.wrote <- struct{}{}:
		default:
		}
	}()
	return w.Builder.Write(b)
}

func TestProgressIsErasedBeforeTheSinkFinishes(t *testing.T) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "n", Type: arrow.PrimitiveTypes.Int64}}, nil))
	defer b.Release()
	b.Field(0).(*array.Int64Builder).AppendValues(make([]int64, 1500), nil)
	r := b.NewRecord()
	defer r.Release()

	terminal := &terminalText{wrote: make(chan struct{})}
	sink := &slowSink{out: terminal}
	var p host.Finisher = newProgress(sink, terminal, func() int64 { return 3 << 20 })
	if err := p.Write(r); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first may be of what was before
		<-terminal.wrote
	}
	if err := p.Finish(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(sink.closed, "1,500 rows  3.0 MiB  ") {
		t.Errorf("the progress was %q", sink.closed)
	}
	if !strings.HasSuffix(sink.closed, eraseLine) {
		t.Errorf("the line was not erased before the sink finished: %q", sink.closed)
	}
	p.Abort(nil)
	if terminal.String() != sink.closed {
		t.Errorf("something was printed after the end: %q", terminal.String())
	}
}

func TestProgressLine(t *testing.T) {
	if got, want := progressLine(1234567, 900, 2*time.Second), "1,234,567 rows  900 B  617,283 rows/s"; got != want {
		t.Errorf("progressLine = %q, want %q", got, want)
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -100: "-100"} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestExitStatusOfEveryCode(t *testing.T) {
	for code, want := range map[host.Code]int{
		host.CodeTask: 1, host.CodeInternal: 1, host.CodeUsage: 2, host.CodeConfig: 3, host.CodeConnection: 4,
		host.CodeLimit: 5, host.CodeDenied: 6, host.CodeOutput: 7, host.CodeCanceled: 130,
	} {
		if got := fault.ExitStatus(code); got != want {
			t.Errorf("fault.ExitStatus(%s) = %d, want %d", code, got, want)
		}
	}
}
