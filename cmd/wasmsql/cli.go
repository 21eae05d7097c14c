package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

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
		err = root.ExecuteContext(ctx)
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
	root.SetFlagErrorFunc(flagError)
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
	for _, n := range names {
		if n == args[0] {
			return nil
		}
	}
	hint := "see wasmsql help"
	file, _, _ := strings.Cut(args[0], "#")
	if n, ok := near.Name(args[0], names); ok {
		hint = fmt.Sprintf("did you mean %q?", n)
	} else if ext := filepath.Ext(file); ext == ".yaml" || ext == ".yml" || ext == ".wasm" {
		hint = "to run a task: wasmsql run " + file
	}
	return fault.Usage(fmt.Sprintf("unknown command %s", shown(args[0])), hint)
}

// exactly refuses any other number of arguments than those named.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return fault.Usage(names[len(args)]+" is missing", "usage: "+cmd.UseLine())
		}
		if len(args) > len(names) {
			return fault.Usage("unexpected argument "+shown(args[len(names)]), "usage: "+cmd.UseLine())
		}
		return nil
	}
}

// flagError makes a usage error of what pflag says.
func flagError(cmd *cobra.Command, err error) error {
	hint := "see wasmsql help"
	if cmd.HasParent() {
		hint += " " + cmd.Name()
	}
	var missing *pflag.ValueRequiredError
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	var syntax *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &unknown):
		if unknown.GetSpecifiedShortnames() != "" {
			return fault.Usage(fmt.Sprintf("unknown flag -%s", unknown.GetSpecifiedName()), hint)
		}
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if n, ok := near.Name(unknown.GetSpecifiedName(), names); ok {
			hint = "did you mean --" + n + "?"
		}
		return fault.Usage("unknown flag --"+unknown.GetSpecifiedName(), hint)
	case errors.As(err, &missing):
		return fault.Usage("--"+missing.GetFlag().Name+" needs a value", hint)
	case errors.As(err, &invalid):
		return invalidFlag(invalid, hint)
	case errors.As(err, &syntax):
		return fault.Usage("bad flag syntax", hint)
	}
	return fault.Usage(err.Error(), hint)
}

func invalidFlag(invalid *pflag.InvalidValueError, hint string) error {
	f := invalid.GetFlag()
	var own *flagFault
	if errors.As(invalid, &own) {
		return fault.Usage(fmt.Sprintf("--%s: %s", f.Name, own.message), own.hint)
	}
	if f.Value.Type() == "bool" {
		return fault.Usage(fmt.Sprintf("--%s: %q is neither true nor false", f.Name, invalid.GetValue()), hint)
	}
	return fault.Usage(fmt.Sprintf("--%s: %q is not accepted", f.Name, invalid.GetValue()), hint)
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// fancy reports whether a stream is a terminal that understands escape
// sequences.
func (a *app) fancy(stream any) bool { return isTerminal(stream) && a.env["TERM"] != "dumb" }
