package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/near"
	"github.com/wasmsql/wasmsql/host/result"
)

// shells are the shells that there is a completion script for.
var shells = [...]string{"bash", "zsh", "fish", "powershell"}

// completionCommand is wasmsql completion.
func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "completion SHELL",
		DisableFlagsInUseLine: true,
		Short:                 "print a completion script for a shell",
		Long:                  "Print a completion script for bash, zsh, fish or powershell.",
		ValidArgs:             shells[:],
		Args:                  command.Exactly("SHELL"),
		Example: `  source <(wasmsql completion bash)
  wasmsql completion zsh > "${fpath[1]}/_wasmsql"
  wasmsql completion fish > ~/.config/fish/completions/wasmsql.fish`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var script bytes.Buffer
			var err error
			switch root := cmd.Root(); args[0] {
			case "bash":
				err = root.GenBashCompletionV2(&script, true)
			case "zsh":
				err = root.GenZshCompletion(&script)
			case "fish":
				err = root.GenFishCompletion(&script, true)
			case "powershell":
				err = root.GenPowerShellCompletionWithDesc(&script)
			default:
				hint := "the shells are " + command.Quoted(shells[:])
				if n, ok := near.Name(args[0], shells[:]); ok {
					hint = fmt.Sprintf("did you mean %q?", n)
				}
				return fault.Usage(fmt.Sprintf("unknown shell %q", args[0]), hint)
			}
			if err != nil {
				return err
			}
			return a.print(script.Bytes())
		},
	}
}

// completeTask completes FILE#name, and files before the #.
func completeTask(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	file, _, ok := strings.Cut(typed, "#")
	if !ok {
		return []string{"yaml", "yml", "json", "wasm"}, cobra.ShellCompDirectiveFilterFileExt
	}
	var names []string
	for _, t := range tasksOf(file) {
		names = append(names, file+"#"+t.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// tasksOf returns the tasks of a file, none where there is something wrong.
func tasksOf(file string) []host.Task {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	tasks, _ := manifest.ReadTasks(file, data)
	return tasks
}

// completeRunFlags completes the names of inputs, formats and connections.
func (a *app) completeRunFlags(cmd *cobra.Command) {
	complete := func(flag string, f cobra.CompletionFunc) {
		if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
			panic(err) // a flag of that name is not defined
		}
	}
	complete("output", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, f := range result.Formats() {
			names = append(names, string(f))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	complete("input", func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		file, name := splitPick(args[0])
		t, err := pick(file, name, tasksOf(file))
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, d := range t.Inputs {
			names = append(names, d.Name+"=\t"+d.Type.String()+" "+d.Description)
		}
		return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
	complete("connection", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		file, _ := cmd.Flags().GetString("config")
		s, err := a.settings(cmd.Context(), file)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for n := range s.config.Connections {
			names = append(names, n)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
}
