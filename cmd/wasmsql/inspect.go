package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/plugin"
)

// moduleJSON is what wasmsql inspect --json prints.
type moduleJSON struct {
	Digest   string   `json:"digest"`
	Size     int64    `json:"size"`
	Memory   int64    `json:"memory"`
	Imports  []string `json:"imports"`
	Exports  []string `json:"exports"`
	Manifest any      `json:"manifest"` // as the section has it: an object, a text if it is wrong, or null
	Changes  []string `json:"changes"`
	Refusals []string `json:"refusals"`
}

// inspectCommand is wasmsql inspect.
func (a *app) inspectCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:                   "inspect [--json] MODULE",
		DisableFlagsInUseLine: true,
		Short:                 "show what a WebAssembly module needs and offers",
		Long: `Show what a WebAssembly module imports and exports, what its manifest asks for,
its size, digest and memory, and what admission would change or refuse. The
module is not run.`,
		Example: `  wasmsql inspect plugin.wasm
  wasmsql inspect plugin.wasm --json`,
		Args: command.Exactly("MODULE"),
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
					Exports: list(m.Exports), Manifest: manifestJSON(m), Changes: list(m.Changes), Refusals: list(m.Refusals),
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
			fmt.Fprintf(&b, "%-10s%s\n", name, fault.Printable(v))
		}
	}
	row("digest", "sha256:"+m.Digest)
	row("size", sized(m.Size))
	row("memory", sized(m.Memory)+" at the start")
	row("imports", orNone(m.Imports)...)
	row("exports", orNone(m.Exports)...)
	manifestText(m, row)
	if len(m.Changes) > 0 {
		row("changed", m.Changes...)
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

// manifestJSON returns the manifest for JSON.
func manifestJSON(m host.ModuleInfo) any {
	switch {
	case m.Manifest == nil:
		return nil
	case m.Plugin == nil:
		return string(m.Manifest)
	}
	return json.RawMessage(m.Manifest)
}

// manifestText lays a manifest out, or says that there is none.
func manifestText(m host.ModuleInfo, row func(name string, values ...string)) {
	p := m.Plugin
	switch {
	case m.Manifest == nil:
		row("manifest", "none")
		return
	case p == nil:
		row("manifest", sized(int64(len(m.Manifest)))+", which cannot be read")
		return
	}
	about := []string{p.Name + " " + p.Version}
	if p.Description != "" {
		about = append(about, p.Description)
	}
	built := fmt.Sprintf("for %s.%d", abi.Module, p.ABI)
	if p.SDK != "" {
		built += " by " + p.SDK
	}
	row("manifest", append(about, built)...)
	var connections, inputs []string
	for _, c := range p.Connections {
		connections = append(connections, described(c.Name+" "+c.Access.String()+dialects(c.Dialects), c.Description))
	}
	for _, in := range p.Inputs {
		text := in.Name + " " + in.Type.String()
		if in.Default != nil {
			text += " = " + string(in.Default)
		}
		if in.Enum != nil {
			text += " of " + string(in.Enum)
		}
		inputs = append(inputs, described(text, in.Description))
	}
	row("asks for", orNone(connections)...)
	row("inputs", orNone(inputs)...)
	row("outputs", outputsText(p.Outputs))
	if l := limitsText(p.Limits); len(l) > 0 {
		row("limits", l...)
	}
}

func described(text, description string) string {
	if description == "" {
		return text
	}
	return text + ": " + description
}

func dialects(all []abi.Dialect) string {
	text := ""
	for i, d := range all {
		text += []string{" on ", " or "}[min(i, 1)] + string(d)
	}
	return text
}

func outputsText(o abi.Outputs) string {
	switch o.Mode {
	case abi.OutputNone:
		return "none"
	case abi.OutputAny:
		return "any"
	}
	columns := make([]string, len(o.Columns))
	for i, c := range o.Columns {
		columns[i] = c.Name + " " + c.Type.String()
	}
	return strings.Join(columns, ", ")
}

func limitsText(l plugin.Limits) []string {
	var all []string
	for _, x := range []struct {
		name  string
		value int64
		bytes bool
	}{
		{"memory", l.Memory, true}, {"fuel", l.Fuel, false}, {"host_calls", l.HostCalls, false}, {"cursors", l.Cursors, false},
		{"statement", l.Statement, true}, {"parameters", l.Parameters, true}, {"parameter_count", l.ParameterCount, false}, {"log", l.Log, true}, {"rows", l.Rows, false}, {"bytes", l.Bytes, true},
	} {
		switch {
		case x.value > 0 && x.bytes:
			all = append(all, x.name+" "+sized(x.value))
		case x.value > 0:
			all = append(all, x.name+" "+strconv.FormatInt(x.value, 10))
		}
	}
	if l.Timeout > 0 {
		all = append(all, "timeout "+l.Timeout.String())
	}
	return all
}
