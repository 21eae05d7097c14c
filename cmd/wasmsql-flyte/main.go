// Command wasmsql-flyte is the container of an execution of Flyte, with all
// storage that Flyte uses: s3, gs, abfs, and paths. It is what wasmsql flyte
// execute hands an execution to whose files are in buckets, and, under the name
// pyflyte-execute, all that an image needs. Why it is not wasmsql itself stands
// in host/RATIONALE.md.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/drivers"
	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/flyte/storage"
	"github.com/wasmsql/wasmsql/host/flyte/storage/cloud"
)

const usage = `usage: wasmsql-flyte execute ARGUMENTS

ARGUMENTS are those of pyflyte-execute, as Flyte renders them; under that name
execute is left out. See wasmsql help flyte execute.
`

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // as wasmsql
	}
	log.SetOutput(io.Discard) // the SDKs' own, which have addresses in them
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program: it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	program, args := filepath.Base(args[0]), args[1:]
	if program != "pyflyte-execute" {
		switch {
		case len(args) > 0 && args[0] == "execute":
			args = args[1:]
		case len(args) == 1 && (args[0] == "--help" || args[0] == "help"):
			fmt.Fprint(stdout, usage)
			return 0
		default:
			fmt.Fprint(stderr, usage)
			return 2
		}
	}
	buckets := cloud.New(cloud.Options{Env: os.Getenv})
	defer buckets.Close()
	store := storage.Schemes{"file": storage.Files{}}
	for _, scheme := range cloud.Schemes() {
		store[scheme] = buckets
	}
	x := flyte.Executor{
		Store:   store,
		Drivers: drivers.All(),
		Env:     os.LookupEnv,
		Logger:  slog.New(slog.NewTextHandler(stderr, nil)),
	}
	return x.Main(ctx, args, stderr)
}
