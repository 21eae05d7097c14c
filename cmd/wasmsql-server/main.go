// Command wasmsql-server runs the tasks of many tenants behind HTTP: it is what
// wasmsql serve and wasmsql token become. Why it is not wasmsql itself stands
// in host/RATIONALE.md.
package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // who read what is logged is gone: that ends nothing
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
	var lost error // of help that could not be written
	root := &cobra.Command{
		Use: "wasmsql", Short: "run the tasks of many tenants behind HTTP", SilenceErrors: true, SilenceUsage: true, Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fault.Usage("unknown command "+command.Shown(args[0]), "see wasmsql help")
			}
			return fault.Usage("no command is given", "see wasmsql help serve")
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(command.FlagError)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { lost = command.Help(stdout, cmd) })
	root.AddCommand(a.serveCommand(), a.tokenCommand(), a.checkCommand())
	root.SetArgs(args)
	var err error
	if len(args) > 0 && args[0] == "token" {
		err = command.Unknown(root, args)
	}
	if err == nil {
		err = cmp.Or(root.ExecuteContext(ctx), lost)
	}
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
