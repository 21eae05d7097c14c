package command

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host/near"
)

// BadValue is why the value of a flag is refused, by its Set.
type BadValue struct{ Message, Hint string }

func (b *BadValue) Error() string { return b.Message }

// NoEmptyFlags refuses flags that were given an empty text: it is what is left
// of a variable that is not set, and never meant.
func NoEmptyFlags(flags *pflag.FlagSet) error {
	var err error
	flags.Visit(func(f *pflag.Flag) {
		empty := f.Value.Type() == "string" && f.Value.String() == ""
		if several, ok := f.Value.(pflag.SliceValue); ok {
			empty = slices.Contains(several.GetSlice(), "")
		}
		if err == nil && empty {
			err = fault.Usage("--"+f.Name+" is empty", "leave it out or give it a value")
		}
	})
	return err
}

// FlagError makes a usage error of what pflag says.
func FlagError(cmd *cobra.Command, err error) error {
	hint := "see wasmsql help"
	if cmd.HasParent() {
		hint += " " + path(cmd)
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
	var own *BadValue
	if errors.As(invalid, &own) {
		return fault.Usage(fmt.Sprintf("--%s: %s", f.Name, own.Message), own.Hint)
	}
	switch f.Value.Type() {
	case "bool":
		return fault.Usage(fmt.Sprintf("--%s: %q is neither true nor false", f.Name, invalid.GetValue()), hint)
	case "duration":
		hint = "write it as 30s, 5m or 1h30m"
	case "int64":
		hint = "write it as 1000"
	}
	return fault.Usage(fmt.Sprintf("--%s: %q is not accepted", f.Name, invalid.GetValue()), hint)
}
