package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/near"
	"github.com/wasmsql/wasmsql/host/plugin"
)

// schemaCommand is wasmsql schema.
func (a *app) schemaCommand() *cobra.Command {
	kinds := []string{"task", "config", "plugin"}
	return &cobra.Command{
		Use:                   "schema task|config|plugin",
		DisableFlagsInUseLine: true,
		Short:                 "print the JSON Schema of a task file, a configuration or a plugin",
		ValidArgs:             kinds,
		Args:                  command.Exactly("task, config or plugin"),
		Example: `  wasmsql schema task > task.schema.json
  wasmsql schema config > config.schema.json
  wasmsql schema plugin > plugin.schema.json`,
		RunE: func(_ *cobra.Command, args []string) error {
			var schema []byte
			switch args[0] {
			case "task":
				schema = manifest.TaskSchema()
			case "config":
				schema = manifest.ConfigSchema()
			case "plugin":
				schema = plugin.Schema()
			default:
				hint := "there is " + command.Quoted(kinds)
				if n, ok := near.Name(args[0], kinds); ok {
					hint = fmt.Sprintf("did you mean %q?", n)
				}
				return fault.Usage(fmt.Sprintf("there is no schema %q", args[0]), hint)
			}
			return a.print(schema)
		},
	}
}

// print writes data to standard output.
func (a *app) print(data []byte) error {
	if _, err := a.stdout.Write(data); err != nil {
		return &host.Error{Code: host.CodeOutput, Message: "cannot write to standard output: " + reason(err), Cause: err}
	}
	return nil
}
