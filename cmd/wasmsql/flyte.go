package main

import (
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/drivers"
	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/flyte/storage"
)

// The names under which an image of Flyte calls for an execution, and the
// program that has the SDKs of the buckets.
const (
	pyflyteExecute = "pyflyte-execute"
	bucketProgram  = "wasmsql-flyte"
)

// flyteArgs turns a call under the name pyflyte-execute, through a link, into
// one of wasmsql flyte execute.
func flyteArgs(program string, args []string) []string {
	if filepath.Base(program) != pyflyteExecute {
		return args
	}
	return append([]string{"flyte", "execute"}, args...)
}

// exitCode is an error that has been told, and what the program exits with.
type exitCode int

func (exitCode) Error() string { return "the execution failed" }

// flyteCommand is wasmsql flyte.
func (a *app) flyteCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "flyte",
		Short: "run tasks that flytekit's SQLAlchemy plugin has registered with Flyte",
		Long: `Run tasks that flytekit's SQLAlchemy plugin has registered with Flyte, without
Python: an image with this program under the name pyflyte-execute takes the
place of flytekit's.`,
		Args: cobra.ArbitraryArgs,
		RunE: command.OneOf,
	}
	cmd.AddCommand(a.flyteExecuteCommand(), a.flyteRegisterCommand(), a.flyteImportCommand())
	return cmd
}

func (a *app) flyteExecuteCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "execute --inputs URI --output-prefix URI --raw-output-data-prefix URI --resolver NAME -- TEMPLATE EXECUTOR",
		Short: "be the container of one execution",
		Long: `Be the container of one execution. The arguments are those of pyflyte-execute,
as Flyte renders them; checkpoints and the flags of code distributions are
taken and not used. outputs.pb or error.pb is written below the output prefix,
the result below the raw prefix.

WASMSQL_INTERPOLATION=text  splice values into the query, as flytekit does
WASMSQL_FLYTE_ERRORS=flytekit  make every error one of the system, as flytekit does
FLYTE_FAIL_ON_ERROR=true    exit with 1 where an error document was written`,
		DisableFlagsInUseLine: true,
		DisableFlagParsing:    true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && (args[0] == "--help" || args[0] == "-h") {
				return cmd.Help()
			}
			if inBucket(args) {
				return a.become(bucketProgram, "paths in buckets are served by", append([]string{"execute"}, args...))
			}
			x := flyte.Executor{
				Store:   storage.Schemes{"file": storage.Files{}},
				Drivers: drivers.All(),
				Env: func(name string) (string, bool) {
					v, ok := a.env[name]
					return v, ok
				},
				Logger: slog.New(&guestLog{w: a.stderr}),
			}
			if code := x.Main(cmd.Context(), args, a.stderr); code != 0 {
				return exitCode(code)
			}
			return nil
		},
	}
}

// inBucket reports whether an argument is a URL of a scheme other than file.
func inBucket(args []string) bool {
	for _, arg := range args {
		if _, value, ok := strings.Cut(arg, "="); ok && strings.HasPrefix(arg, "--") {
			arg = value
		}
		if storage.Scheme(arg) != "file" {
			return true
		}
	}
	return false
}
