package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
)

// help prints what a command is for, to standard output.
func (a *app) help(cmd *cobra.Command, _ []string) { printHelp(a.stdout, cmd) }

func printHelp(w io.Writer, cmd *cobra.Command) {
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	fmt.Fprintf(w, "%s\n\nUsage:\n", text)
	if cmd.HasParent() {
		fmt.Fprintf(w, "  %s\n", cmd.UseLine())
	} else {
		fmt.Fprintln(w, "  wasmsql COMMAND [flags] [arguments]")
	}
	if commands := cmd.Commands(); len(commands) > 0 {
		fmt.Fprintln(w, "\nCommands:")
		for _, c := range commands {
			if !c.Hidden {
				fmt.Fprintf(w, "  %-12s%s\n", c.Name(), c.Short)
			}
		}
	}
	printFlags(w, cmd)
	if cmd.Example != "" {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasSubCommands() {
		fmt.Fprintln(w, "\nMore about one of them: wasmsql help COMMAND")
	}
}

// printFlags prints the flags of a command in the order they were defined.
func printFlags(w io.Writer, cmd *cobra.Command) {
	var left, right []string
	width := 0
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, text := pflag.UnquoteUsage(f)
		name := "      --" + f.Name
		if f.Shorthand != "" {
			name = "  -" + f.Shorthand + ", --" + f.Name
		}
		if value != "" {
			name += " " + value
		}
		left, right = append(left, name), append(right, text)
		width = max(width, len(name))
	})
	if len(left) == 0 {
		return
	}
	fmt.Fprintln(w, "\nFlags:")
	indent := "\n" + strings.Repeat(" ", width+2)
	for i := range left {
		fmt.Fprintf(w, "%-*s  %s\n", width, left[i], strings.ReplaceAll(right[i], "\n", indent))
	}
}

// helpCommand is wasmsql help.
func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "help [COMMAND]",
		DisableFlagsInUseLine: true,
		Short:                 "show help for a command",
		Example:               "  wasmsql help run",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fault.Usage("unexpected argument "+shown(args[1]), "usage: "+cmd.UseLine())
			}
			if err := unknownCommand(cmd.Root(), args); err != nil {
				return err
			}
			about, _, err := cmd.Root().Find(args)
			if err != nil {
				return fault.Usage(err.Error(), "see wasmsql help")
			}
			printHelp(a.stdout, about)
			return nil
		},
	}
}
