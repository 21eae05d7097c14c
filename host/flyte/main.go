package flyte

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/wasmsql/wasmsql/host"
)

// The exit statuses of an execution's process.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// Main is the process of an execution: args are those behind pyflyte-execute.
// It returns the exit status, which is flytekit's: 0 also where an error
// document was written, unless FLYTE_FAIL_ON_ERROR is set, 1 where none could
// be, and 2 for arguments that make no sense. What went wrong goes to stderr
// too.
func (x *Executor) Main(ctx context.Context, args []string, stderr io.Writer) int {
	a, err := ParseArguments(args)
	if err != nil {
		return complain(stderr, err, exitUsage)
	}
	if a.Test {
		return exitDone
	}
	s, err := ReadSettings(x.Env)
	if err != nil {
		return complain(stderr, err, exitUsage)
	}
	if a.RawPrefix == "" {
		return complain(stderr, &UsageError{"--raw-output-data-prefix is missing, or was not rendered", "Flyte renders {{.rawOutputDataPrefix}}"}, exitFailed)
	}
	err = x.Execute(ctx, a, s)
	var written *Fault
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &written) && !s.FailOnError:
		return complain(stderr, errors.New(written.Text()), exitDone)
	case errors.As(err, &written):
		return complain(stderr, errors.New(written.Text()), exitFailed)
	}
	return complain(stderr, err, exitFailed)
}

// complain prints an error, without what could act on a terminal.
func complain(w io.Writer, err error, status int) int {
	text := err.Error()
	var u *UsageError
	if errors.As(err, &u) && u.Hint != "" {
		text += "\nhint: " + u.Hint
	}
	what := "error"
	for line := range strings.Lines(text) {
		line = strings.Map(func(r rune) rune {
			if r == '\t' || unicode.IsPrint(r) {
				return r
			}
			return -1
		}, line)
		if hint, ok := strings.CutPrefix(line, "hint: "); ok {
			what, line = "hint", hint
		}
		fmt.Fprintf(w, "wasmsql: %s: %s\n", what, line)
		what = "detail"
	}
	return status
}

// runtime returns what the guest of an execution runs in: that of the
// Executor, else one of its own, which keeps compiled code in the folder that
// WASMSQL_CACHE names, or below the user's cache folder. One that cannot be
// made is done without.
func (x *Executor) runtime(ctx context.Context) (*host.Runtime, func(), error) {
	if x.Runtime != nil {
		return x.Runtime, func() {}, nil
	}
	dir, set := x.Env("WASMSQL_CACHE")
	if base, err := os.UserCacheDir(); !set && err == nil {
		dir = filepath.Join(base, "wasmsql")
	}
	rt, err := host.NewRuntime(ctx, host.RuntimeConfig{CacheDir: dir, Engine: "auto"})
	if err != nil && dir != "" {
		rt, err = host.NewRuntime(ctx, host.RuntimeConfig{Engine: "auto"})
	}
	if err != nil {
		return nil, nil, err
	}
	return rt, func() { rt.Close() }, nil
}
