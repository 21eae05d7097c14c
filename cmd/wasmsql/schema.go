package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
)

// schemaCommand is wasmsql schema.
func (a *app) schemaCommand() *cobra.Command {
	kinds := []string{"task", "config"}
	return &cobra.Command{
		Use:                   "schema task|config",
		DisableFlagsInUseLine: true,
		Short:                 "print the JSON Schema of a task file or a configuration",
		ValidArgs:             kinds,
		Args:                  exactly("task or config"),
		Example: `  wasmsql schema task > task.schema.json
  wasmsql schema config > config.schema.json`,
		RunE: func(_ *cobra.Command, args []string) error {
			var schema []byte
			switch args[0] {
			case "task":
				schema = manifest.TaskSchema()
			case "config":
				schema = manifest.ConfigSchema()
			default:
				hint := "there is " + quoted(kinds)
				if n, ok := nearest(args[0], kinds); ok {
					hint = fmt.Sprintf("did you mean %q?", n)
				}
				return usage(fmt.Sprintf("there is no schema %q", args[0]), hint)
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
