package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
)

// help prints what a command is for, to standard output. cobra asks for no
// error of it, so that it is kept.
func (a *app) help(cmd *cobra.Command, _ []string) { a.lost = command.Help(a.stdout, cmd) }

// helpCommand is wasmsql help.
func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:                   "help [COMMAND...]",
		DisableFlagsInUseLine: true,
		Short:                 "show help for a command",
		Example: `  wasmsql help run
  wasmsql help token create`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := unknownCommand(cmd.Root(), args); err != nil {
				return err
			}
			about, rest, err := cmd.Root().Find(args)
			switch {
			case err != nil:
				return fault.Usage(err.Error(), "see wasmsql help")
			case about.DisableFlagParsing: // it knows its own
				return about.RunE(about, append(rest, "--help"))
			case len(rest) > 0 && !slices.Contains(about.ValidArgs, rest[0]):
				return fault.Usage("unexpected argument "+command.Shown(rest[0]), "usage: "+cmd.UseLine())
			}
			return command.Help(a.stdout, about)
		},
	}
}
