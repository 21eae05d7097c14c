package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/wasmsql/wasmsql/host"
)

// Help prints what a command is for, with the flags in the order in which they
// were defined.
func Help(w io.Writer, cmd *cobra.Command) error {
	var b strings.Builder
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	fmt.Fprintf(&b, "%s\n\nUsage:\n", text)
	switch {
	case !cmd.HasSubCommands():
		fmt.Fprintf(&b, "  %s\n", cmd.UseLine())
	default:
		fmt.Fprintf(&b, "  %s COMMAND [flags] [arguments]\n", cmd.CommandPath())
	}
	if commands := cmd.Commands(); len(commands) > 0 {
		fmt.Fprintln(&b, "\nCommands:")
		width := 12
		for _, c := range commands {
			width = max(width, len(c.Name())+2)
		}
		for _, c := range commands {
			if !c.Hidden {
				fmt.Fprintf(&b, "  %-*s%s\n", width, c.Name(), c.Short)
			}
		}
	}
	writeFlags(&b, cmd)
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasSubCommands() {
		fmt.Fprintf(&b, "\nMore about one of them: %s\n", strings.TrimRight("wasmsql help "+path(cmd), " ")+" COMMAND")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return &host.Error{Code: host.CodeOutput, Message: "the help cannot be written to standard output", Cause: err}
	}
	return nil
}

func writeFlags(b *strings.Builder, cmd *cobra.Command) {
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
	fmt.Fprintln(b, "\nFlags:")
	indent := "\n" + strings.Repeat(" ", width+2)
	for i := range left {
		fmt.Fprintf(b, "%-*s  %s\n", width, left[i], strings.ReplaceAll(right[i], "\n", indent))
	}
}
