package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/drivers"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/server"
)

// checkCommand is wasmsql check of a folder of tenants.
func (a *app) checkCommand() *cobra.Command {
	var inline bool
	cmd := &cobra.Command{
		Use:                   "check [flags] DIR",
		DisableFlagsInUseLine: true,
		Short:                 "find every fault of a folder of tenants, as wasmsql serve would",
		Args:                  command.Exactly("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			rt, err := host.NewRuntime(cmd.Context(), host.RuntimeConfig{Engine: "interpreter"})
			if err != nil {
				return err
			}
			defer rt.Close()
			all, err := server.Check(cmd.Context(), server.Config{Tenants: args[0], Runtime: rt, Drivers: drivers.All(), Inline: inline,
				Secrets: func(string) secret.Provider { return secret.Chain() }})
			if err != nil {
				return fault.Config("the folder of tenants cannot be read", "")
			}
			return a.checked(all)
		},
	}
	cmd.Flags().BoolVar(&inline, "allow-inline", false, "accept tasks with a connection of their own, as wasmsql serve does with it")
	return cmd
}

// checked prints a line for each tenant that is right, and every fault of the
// others. Its error says no more than that there were some.
func (a *app) checked(all map[string]server.Checked) error {
	var faulty error
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if c := all[name]; c.Err == nil {
			fmt.Fprintf(a.stdout, "%s: ok, %d tasks\n", name, c.Tasks)
		} else {
			a.tell(c.Err)
			faulty = exitStatus(fault.ExitStatus(host.CodeConfig))
		}
	}
	return faulty
}

// exitStatus is what the program exits with after everything was said.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprint("exit status ", int(e)) }
