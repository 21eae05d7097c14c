package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host/near"
)

// app is one call of the program: its streams and its environment.
type app struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	env    map[string]string
	stdinN int // how often standard input was asked for
	left   *partials
	lost   error // of help that could not be written
}

// run is the program: it returns the exit status. Standard output gets data
// only, everything else goes to standard error. The files that it begins are
// in left, for the one who ends it at once.
func run(ctx context.Context, left *partials, args []string, stdin io.Reader, stdout, stderr io.Writer, env []string) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, env: environment(env), left: left}
	root := a.root()
	err := unknownCommand(root, args)
	if err == nil {
		root.SetArgs(args)
		err = cmp.Or(root.ExecuteContext(ctx), a.lost)
	}
	return a.finish(err)
}

// environment turns NAME=value pairs into a map. A later one wins, as it does
// for the operating system's own lookups.
func environment(pairs []string) map[string]string {
	env := make(map[string]string, len(pairs))
	for _, p := range pairs {
		if name, value, ok := strings.Cut(p, "="); ok {
			env[name] = value
		}
	}
	return env
}

// root returns the command with its subcommands.
func (a *app) root() *cobra.Command {
	var showVersion bool
	root := &cobra.Command{
		Use:   "wasmsql",
		Short: "run SQL tasks whose logic is a WebAssembly guest",
		Long: `wasmsql runs SQL tasks: a query template with typed inputs, a database and a
typed result. The template is rendered by a WebAssembly guest that never sees
the database, its password or anything else of this machine.`,
		Example: `  wasmsql run tracks.yaml -i after=100
  wasmsql run tracks.yaml#after -i after=100 --dry-run
  wasmsql check .`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(*cobra.Command, []string) error {
			if showVersion {
				return a.printVersion(false)
			}
			return fault.Usage("no command is given", "see wasmsql help")
		},
	}
	root.Flags().BoolVar(&showVersion, "version", false, "as wasmsql version")
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(command.FlagError)
	root.SetHelpFunc(a.help)
	root.CompletionOptions.DisableDefaultCmd = true
	root.PersistentFlags().BoolP("help", "h", false, "show this help")
	root.AddCommand(
		a.runCommand(),
		a.checkCommand(),
		a.inspectCommand(),
		a.schemaCommand(),
		a.newCommand(),
		a.buildCommand(),
		a.testCommand(),
		a.flyteCommand(),
		a.serverCommand("serve", "run the tasks of tenants behind HTTP"),
		a.serverCommand("token", "make, list and revoke the tokens of a tenant of wasmsql serve"),
		a.versionCommand(),
		a.completionCommand(),
	)
	root.SetHelpCommand(a.helpCommand())
	return root
}

// unknownCommand says that args begin with a word that is no command. cobra
// would first stumble over the flags that follow it.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || strings.HasPrefix(args[0], "__") {
		return nil
	}
	names := []string{"help"}
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	switch {
	case args[0] == "help": // cobra adds it later
		return nil
	case slices.Contains(names, args[0]):
		return command.Unknown(root, args)
	}
	hint := "see wasmsql help"
	file, _, _ := strings.Cut(args[0], "#")
	if n, ok := near.Name(args[0], names); ok {
		hint = fmt.Sprintf("did you mean %q?", n)
	} else if ext := filepath.Ext(file); ext == ".yaml" || ext == ".yml" || ext == ".wasm" {
		hint = "to run a task: wasmsql run " + file
	}
	return fault.Usage(fmt.Sprintf("unknown command %s", command.Shown(args[0])), hint)
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// fancy reports whether a stream is a terminal that understands escape
// sequences.
func (a *app) fancy(stream any) bool { return isTerminal(stream) && a.env["TERM"] != "dumb" }
