package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/near"
)

// testFlags are the flags of wasmsql test.
type testFlags struct {
	update bool
	engine string
}

// testCommand is wasmsql test.
func (a *app) testCommand() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:                   "test [flags] [DIR|MODULE] [CASE...]",
		DisableFlagsInUseLine: true,
		Short:                 "run the cases of a plugin",
		Long: `Run the cases of a plugin: of the one in a folder, which is built first, or of a
module. A case is a .txtar file in the folder testdata beside it: SQL that makes
a database, inputs, and what is expected: rows, an error, log lines, or what is
in the database afterwards. The page about them is guest/README.md.

Every case runs in a new SQLite database on both engines, which must agree. The
fuel that is printed is the same on every machine.`,
		Example: `  wasmsql test
  wasmsql test examples/quality-gate
  wasmsql test gate.wasm testdata/too_many.txtar
  wasmsql test --update`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := command.NoEmptyFlags(cmd.Flags()); err != nil {
				return err
			}
			return a.test(cmd.Context(), args, f)
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return []string{"txtar"}, cobra.ShellCompDirectiveFilterFileExt
			}
			return []string{"wasm"}, cobra.ShellCompDirectiveFilterFileExt
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().BoolVar(&f.update, "update", false, "write what comes into the cases")
	cmd.Flags().StringVar(&f.engine, "engine", "", "run on this engine (`NAME`) alone: compiler or interpreter")
	if err := cmd.RegisterFlagCompletionFunc("engine", cobra.FixedCompletions([]cobra.Completion{"compiler", "interpreter"}, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is not defined
	}
	return cmd
}

// benchEngines are the engines that cases run on.
func (f *testFlags) benchEngines() ([]string, error) {
	all := []string{"compiler", "interpreter"}
	if f.engine == "" {
		return all, nil
	}
	if !slices.Contains(all, f.engine) {
		hint := "there is " + command.Quoted(all)
		if n, ok := near.Name(f.engine, all); ok {
			hint = fmt.Sprintf("did you mean %q?", n)
		}
		return nil, fault.Usage(fmt.Sprintf("--engine: there is no engine %q", f.engine), hint)
	}
	return []string{f.engine}, nil
}

func (a *app) test(ctx context.Context, args []string, f testFlags) error {
	engines, err := f.benchEngines()
	if err != nil {
		return err
	}
	wasm, files, err := a.tested(ctx, args)
	if err != nil {
		return err
	}
	cases, err := readCases(files)
	if err != nil {
		return err
	}
	benches := make([]*bench, len(engines))
	for i, engine := range engines {
		if benches[i], err = a.newBench(ctx, wasm, engine); err != nil {
			return err
		}
		defer benches[i].close()
	}
	failed := 0
	for _, c := range cases {
		line, ok, err := a.testCase(ctx, c, benches, engines, f)
		if err != nil {
			return err
		}
		if err := a.print([]byte(line)); err != nil {
			return err
		}
		if !ok {
			failed++
		}
	}
	if failed > 0 {
		return &host.Error{Code: host.CodeTask, Message: fmt.Sprintf("%d of %d cases have failed", failed, len(cases)),
			Hint: "if what comes is right: wasmsql test --update"}
	}
	return nil
}

// tested returns the module that is tested and the files of its cases.
func (a *app) tested(ctx context.Context, args []string) (wasm []byte, files []string, err error) {
	at := folderOf(args)
	dir := at
	if data, rerr := os.ReadFile(at); rerr == nil && (bytes.HasPrefix(data, wasmMagic) || filepath.Ext(at) == ".wasm") {
		wasm, dir = data, filepath.Dir(at)
		err = checkModule(at, data)
	} else if filepath.Ext(at) == ".txtar" {
		return nil, nil, fault.Usage(fmt.Sprintf("%s is a case, and the first argument is a folder or a module", command.Shown(at)), "wasmsql test . "+argument(at))
	} else if _, serr := os.Stat(at); serr != nil {
		return nil, nil, unreadable("folder", at, serr)
	} else {
		_, wasm, err = a.buildModule(ctx, dir)
	}
	if err != nil {
		return nil, nil, err
	}
	if files = casesOf(dir); len(args) > 1 {
		files = args[1:]
	}
	if len(files) == 0 {
		return nil, nil, fault.Config(fmt.Sprintf("there is no case in %s", command.Shown(filepath.Join(dir, caseFolder))), "a case is a .txtar file: see guest/README.md")
	}
	return wasm, files, nil
}

// testCase runs a case on each engine and returns what to print of it.
func (a *app) testCase(ctx context.Context, c *testCase, benches []*bench, engines []string, f testFlags) (line string, ok bool, err error) {
	var first outcome
	for i, b := range benches {
		got, err := b.run(ctx, c)
		if err != nil {
			return "", false, err
		}
		if i == 0 {
			first = got
			continue
		}
		if diff := disagreement(first, got); diff != "" {
			return fmt.Sprintf("%s: the %s and the %s do not agree\n%s", c.path, engines[0], engines[i], diff), false, nil
		}
	}
	if f.update {
		changed, err := c.rewrite(first)
		if err != nil {
			return "", false, &host.Error{Code: host.CodeOutput, Message: fmt.Sprintf("case %s cannot be written: %s", command.Shown(c.path), reason(err)), Cause: err}
		}
		if changed {
			return fmt.Sprintf("%s: updated, fuel %d\n", c.path, first.fuel), true, nil
		}
	} else if diff := c.differs(first); diff != "" {
		return fmt.Sprintf("%s: failed, fuel %d\n%s\n", c.path, first.fuel, strings.TrimSuffix(diff, "\n")), false, nil
	}
	return fmt.Sprintf("%s: ok, fuel %d, %d host calls\n", c.path, first.fuel, first.calls), true, nil
}

// disagreement says how the outcomes of two engines differ, or nothing.
func disagreement(a, b outcome) string {
	var s strings.Builder
	for _, name := range slices.Compact(slices.Sorted(slices.Values(append(a.names(), b.names()...)))) {
		s.WriteString(difference(a.parts[name], b.parts[name]))
	}
	if s.Len() == 0 && (a.fuel != b.fuel || a.calls != b.calls) {
		fmt.Fprintf(&s, "  - fuel %d, %d host calls\n  + fuel %d, %d host calls\n", a.fuel, a.calls, b.fuel, b.calls)
	}
	return s.String()
}
