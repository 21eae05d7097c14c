package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
)

// versionInfo is what this program was made of.
type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Wazero   string `json:"wazero"`
	ABI      string `json:"abi"`
	Platform string `json:"platform"`
}

func version() versionInfo {
	v := versionInfo{
		Version:  "(devel)",
		Go:       runtime.Version(),
		Wazero:   "unknown",
		ABI:      fmt.Sprintf("%s.%d", abi.Module, abi.Minor),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v.Revision = s.Value
		}
	}
	for _, m := range info.Deps {
		if m.Path == "github.com/tetratelabs/wazero" {
			v.Wazero = m.Version
		}
	}
	return v
}

// versionCommand is wasmsql version.
func (a *app) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:                   "version [--json]",
		DisableFlagsInUseLine: true,
		Short:                 "print what this program was made of",
		Args:                  command.Exactly(),
		Example: `  wasmsql version
  wasmsql version --json`,
		RunE: func(*cobra.Command, []string) error { return a.printVersion(asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as a JSON object")
	return cmd
}

func (a *app) printVersion(asJSON bool) error {
	v := version()
	if asJSON {
		text, err := encode(v, false)
		if err != nil {
			return err
		}
		return a.print(text)
	}
	return a.print(fmt.Appendf(nil, "wasmsql %s (%s, wazero %s, %s, %s)\n", v.Version, v.Go, v.Wazero, v.ABI, v.Platform))
}
