package main

import (
	"bytes"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/host"
)

// moduleJSON is what wasmsql inspect --json prints.
type moduleJSON struct {
	Digest   string   `json:"digest"`
	Size     int64    `json:"size"`
	Memory   int64    `json:"memory"`
	Imports  []string `json:"imports"`
	Exports  []string `json:"exports"`
	Manifest []byte   `json:"manifest"` // base64, or null
	Refusals []string `json:"refusals"`
}

// inspectCommand is wasmsql inspect.
func (a *app) inspectCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:                   "inspect [--json] MODULE",
		DisableFlagsInUseLine: true,
		Short:                 "show what a WebAssembly module needs and offers",
		Long: `Show what a WebAssembly module imports and exports, its manifest, size, digest
and memory, and what would be refused. The module is not run.`,
		Example: `  wasmsql inspect plugin.wasm
  wasmsql inspect plugin.wasm --json`,
		Args: exactly("MODULE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := a.read(cmd.Context(), "module", args[0])
			if err != nil {
				return err
			}
			m, err := inspect(args[0], data)
			if err != nil {
				return err
			}
			if asJSON {
				text, err := encode(moduleJSON{
					Digest: m.Digest, Size: m.Size, Memory: m.Memory, Imports: list(m.Imports),
					Exports: list(m.Exports), Manifest: m.Manifest, Refusals: list(m.Refusals),
				}, true)
				if err != nil {
					return err
				}
				return a.print(text)
			}
			return a.print(moduleText(m))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as a JSON object")
	return cmd
}

// inspect reads a module's binary. Its error names the file.
func inspect(file string, data []byte) (host.ModuleInfo, error) {
	m, err := host.Inspect(data)
	if err == nil {
		return m, nil
	}
	e := *faults(err)[0]
	e.Code, e.Place = host.CodeDenied, host.Place{File: label(file)}
	return m, &e
}

// list returns s, never nil, so that it is [] in JSON.
func list(s []string) []string { return append([]string{}, s...) }

// moduleText lays a module out for people.
func moduleText(m host.ModuleInfo) []byte {
	var b bytes.Buffer
	row := func(name string, values ...string) {
		for i, v := range values {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(&b, "%-10s%s\n", name, printable(v))
		}
	}
	row("digest", "sha256:"+m.Digest)
	row("size", sized(m.Size))
	row("memory", sized(m.Memory)+" at the start")
	row("imports", orNone(m.Imports)...)
	row("exports", orNone(m.Exports)...)
	if m.Manifest == nil {
		row("manifest", "none")
	} else {
		row("manifest", sized(int64(len(m.Manifest))))
	}
	row("refused", orNone(m.Refusals)...)
	return b.Bytes()
}

func orNone(s []string) []string {
	if len(s) == 0 {
		return []string{"none"}
	}
	return s
}
