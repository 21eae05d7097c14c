// Command wasmsql-server runs the tasks of many tenants behind HTTP: it is what
// wasmsql serve and wasmsql token become. Why it is not wasmsql itself stands
// in host/RATIONALE.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second one ends the process
	moreThreads()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, os.LookupEnv))
}

// app is one call of the program.
type app struct {
	stdout, stderr io.Writer
	env            func(name string) (string, bool)
}

// run is the program: it returns the exit status, those of wasmsql.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, env func(string) (string, bool)) int {
	a := &app{stdout: stdout, stderr: stderr, env: env}
	root := &cobra.Command{
		Use: "wasmsql", Short: "run the tasks of many tenants behind HTTP", SilenceErrors: true, SilenceUsage: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return fault.Usage("no command is given", "see wasmsql help serve")
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fault.Usage(err.Error(), "see wasmsql help "+cmd.Name())
	})
	root.AddCommand(a.serveCommand(), a.tokenCommand(), a.checkCommand())
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	return a.tell(err)
}

// tell prints an error and returns the exit status for it.
func (a *app) tell(err error) int {
	var silent exitStatus
	var all host.Errors
	var one *host.Error
	switch {
	case errors.As(err, &silent):
		return int(silent)
	case errors.As(err, &all) && len(all) > 0:
	case errors.As(err, &one):
		all = host.Errors{one}
	default:
		all = host.Errors{{Code: host.CodeUsage, Message: err.Error(), Hint: "see wasmsql help serve"}}
	}
	for _, e := range all {
		fault.Print(a.stderr, e)
	}
	return fault.ExitStatus(all[0].Code)
}

// exactly refuses any other number of arguments than those named.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return fault.Usage(names[len(args)]+" is missing", "usage: "+cmd.UseLine())
		}
		if len(args) > len(names) {
			return fault.Usage(fmt.Sprintf("unexpected argument %q", args[len(names)]), "usage: "+cmd.UseLine())
		}
		return nil
	}
}
