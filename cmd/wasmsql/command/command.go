// Package command is what the commands of the programs have in common: their
// help, and how a wrong command line is told. Everything in it is safe for
// concurrent use, as far as what is written to is.
package command

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host/near"
)

// Exactly refuses any other number of arguments than those named.
func Exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return fault.Usage(names[len(args)]+" is missing", "usage: "+cmd.UseLine())
		}
		return AtMost(names...)(cmd, args)
	}
}

// AtMost refuses more arguments than those named.
func AtMost(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > len(names) {
			return fault.Usage("unexpected argument "+Shown(args[len(names)]), "usage: "+cmd.UseLine())
		}
		return nil
	}
}

// OneOf has a command do nothing but name its own: it is called where none of
// them is, or one that is not there.
func OneOf(cmd *cobra.Command, args []string) error {
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	see := "see wasmsql help " + path(cmd)
	if len(args) == 0 {
		return fault.Usage("a command of "+path(cmd)+" is missing: "+strings.Join(names, ", "), see)
	}
	if n, ok := near.Name(args[0], names); ok {
		see = fmt.Sprintf("did you mean %q?", n)
	}
	return fault.Usage(fmt.Sprintf("unknown command %s of %s", Shown(args[0]), path(cmd)), see)
}

// Unknown says that args, below a command that only has others, begin with a
// word that is none of them. cobra would first stumble over the flags that
// follow it.
func Unknown(cmd *cobra.Command, args []string) error {
	for i, arg := range args {
		if !cmd.HasSubCommands() || strings.HasPrefix(arg, "-") {
			return nil
		}
		below, _, err := cmd.Find(args[i : i+1])
		if err != nil || below == cmd {
			return OneOf(cmd, args[i:])
		}
		cmd = below
	}
	return nil
}

// path returns the words of a command behind the program's name.
func path(cmd *cobra.Command) string {
	_, words, _ := strings.Cut(cmd.CommandPath(), " ")
	return words
}

// Quoted returns names for a message: "a", "b".
func Quoted(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = strconv.Quote(n)
	}
	return strings.Join(q, ", ")
}

// Shown returns an argument for a message: quoted, and without what a URI
// holds.
func Shown(arg string) string {
	if scheme, _, ok := strings.Cut(arg, "://"); ok {
		return strconv.Quote(scheme + "://***")
	}
	if user, _, ok := strings.Cut(arg, "@"); ok && strings.Contains(user, ":") { // of a URI that is not written well
		return strconv.Quote("***")
	}
	return strconv.Quote(arg)
}
