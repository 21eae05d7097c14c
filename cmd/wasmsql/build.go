package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/plugin"
	"github.com/wasmsql/wasmsql/host/result"
)

// buildCommand is wasmsql build.
func (a *app) buildCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:                   "build [flags] [DIR]",
		DisableFlagsInUseLine: true,
		Short:                 "build a plugin from its source",
		Long: `Build the plugin in a folder, the working folder if none is named: its source in
Go, or in C, with the flags that a host wants, stripped, and with the manifest
of its plugin.yaml. What admission would refuse is said here already.

The module is called as the manifest says. What is printed of it is its size,
its digest, and the most fuel that one of its cases takes; see wasmsql test.`,
		Example: `  wasmsql build
  wasmsql build examples/quality-gate -f gate.wasm`,
		Args: command.AtMost("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := command.NoEmptyFlags(cmd.Flags()); err != nil {
				return err
			}
			return a.build(cmd.Context(), folderOf(args), out)
		},
		ValidArgsFunction: completeFolder,
	}
	cmd.Flags().StringVarP(&out, "output-file", "f", "", "write the module to `PATH`, else to NAME.wasm in DIR")
	return cmd
}

// folderOf returns the folder that a command was given, or the working folder.
func folderOf(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

func completeFolder(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func (a *app) build(ctx context.Context, dir, out string) error {
	m, wasm, err := a.buildModule(ctx, dir)
	if err != nil {
		return err
	}
	if out == "" {
		out = filepath.Join(dir, m.Name+".wasm")
	}
	if err := a.writeModule(out, wasm); err != nil {
		return err
	}
	info, err := host.Inspect(wasm)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	row := func(name, value string) { fmt.Fprintf(&b, "%-10s%s\n", name, fault.Printable(value)) }
	row("plugin", m.Name+" "+m.Version)
	row("file", out)
	row("size", sized(info.Size))
	row("digest", "sha256:"+info.Digest)
	row("fuel", a.fuelOf(ctx, dir, wasm))
	return a.print(b.Bytes())
}

// buildModule builds the plugin in a folder, with its manifest, and checks
// what a host would refuse.
func (a *app) buildModule(ctx context.Context, dir string) (*plugin.Manifest, []byte, error) {
	source := filepath.Join(dir, plugin.SourceName)
	data, err := os.ReadFile(source)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, fault.Config(fmt.Sprintf("there is no %s in %s", plugin.SourceName, command.Shown(dir)), "to begin a plugin: wasmsql new plugin NAME")
	}
	if info, serr := os.Stat(dir); serr == nil && !info.IsDir() {
		return nil, nil, fault.Usage(command.Shown(dir)+" is no folder", "name the one with the "+plugin.SourceName)
	}
	if err != nil {
		return nil, nil, unreadable("manifest", source, err)
	}
	p, err := manifest.ReadPlugin(source, data)
	if err != nil {
		return nil, nil, err
	}
	m := &p.Manifest
	wasm, tool, err := a.compile(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	if m.ABI == 0 {
		m.ABI = abi.Minor
	}
	m.SDK = tool + " wasmsql " + version().Version
	stripped, err := plugin.Finish(wasm, m)
	if err != nil {
		return nil, nil, &host.Error{Code: host.CodeDenied, Place: host.Place{File: dir}, Message: "the compiler wrote what is no module: " + err.Error()}
	}
	return m, stripped, checkModule(dir, stripped)
}

// compile runs the compiler of a folder's source. It returns the module and
// what it was made with.
func (a *app) compile(ctx context.Context, dir string) (wasm []byte, tool string, err error) {
	temporary, err := os.MkdirTemp("", "wasmsql-build-")
	if err != nil {
		return nil, "", &host.Error{Code: host.CodeOutput, Message: "there can be no temporary folder: " + reason(err), Cause: err}
	}
	defer os.RemoveAll(temporary)
	file := filepath.Join(temporary, "plugin.wasm")
	goFiles, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	cFiles, _ := filepath.Glob(filepath.Join(dir, "*.c"))
	switch {
	case len(goFiles) > 0:
		tool, err = a.compileGo(ctx, dir, file)
	case len(cFiles) > 0:
		tool, err = a.compileC(ctx, cFiles, file)
	default:
		err = fault.Config(fmt.Sprintf("there is no source in %s", command.Shown(dir)), "a plugin is a package main in Go, or .c files")
	}
	if err != nil {
		return nil, "", err
	}
	if wasm, err = os.ReadFile(file); err != nil {
		return nil, "", &host.Error{Code: host.CodeTask, Message: "the compiler wrote no module", Hint: "a plugin in Go is a package main", Cause: err}
	}
	return wasm, tool, nil
}

// compileGo builds a reactor, since main is never called, without anything of
// this machine in it.
func (a *app) compileGo(ctx context.Context, dir, out string) (string, error) {
	flags := []string{"build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-ldflags=-s -w -buildid=", "-o", out}
	if a.unsummed(dir) {
		flags = append(flags, "-mod=mod")
	}
	cmd := exec.CommandContext(ctx, "go", append(flags, ".")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOWASM=")
	if err := a.runCompiler(ctx, cmd, "go", "install Go from https://go.dev/dl"); err != nil {
		return "", err
	}
	tool, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
	if err != nil {
		return "go", nil
	}
	return strings.TrimSpace(string(tool)), nil
}

// unsummed reports whether a folder's go.mod is as wasmsql new wrote it: the
// first build then writes the go.sum.
func (a *app) unsummed(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil || a.env["GOWORK"] != "" {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, "go.sum"))
	return errors.Is(err, os.ErrNotExist)
}

// cFlags build a reactor without a C library. The stack is small, since the
// memory of an instance is what a host has least of, and stands below the
// data, so that an overflow traps.
var cFlags = []string{
	"--target=wasm32", "-std=c11", "-O2", "-ffreestanding", "-nostdlib", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror=implicit-function-declaration",
	"-Wl,--no-entry", "-Wl,--strip-all", "-Wl,--stack-first", "-Wl,-z,stack-size=65536",
}

func (a *app) compileC(ctx context.Context, files []string, out string) (string, error) {
	cmd := exec.CommandContext(ctx, "clang", append(append(append([]string{}, cFlags...), "-o", out), files...)...)
	if err := a.runCompiler(ctx, cmd, "clang", "on Debian: apt-get install clang lld"); err != nil {
		return "", err
	}
	tool, err := exec.CommandContext(ctx, "clang", "-dumpversion").Output()
	if err != nil {
		return "clang", nil
	}
	return "clang " + strings.TrimSpace(string(tool)), nil
}

// runCompiler runs a compiler. What it says goes to standard error as it is.
func (a *app) runCompiler(ctx context.Context, cmd *exec.Cmd, name, install string) error {
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	fmt.Fprint(a.stderr, fault.PrintableLines(said.String()))
	var status *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return &host.Error{Code: host.CodeCanceled, Message: "interrupted while " + name + " was running"}
	case errors.As(err, &status):
		return &host.Error{Code: host.CodeTask, Message: fmt.Sprintf("%s has failed with status %d", name, status.ExitCode()), Hint: compilerHint(name, said.String())}
	}
	return &host.Error{Code: host.CodeConfig, Message: fmt.Sprintf("%s cannot be run: %s", name, reason(errors.Unwrap(err))), Hint: install}
}

// compilerHint is the next step for what a compiler says that needs one.
func compilerHint(name, said string) string {
	switch {
	case name == "go" && strings.Contains(said, "go.mod file not found"):
		return "the folder needs a go.mod: wasmsql new plugin NAME makes one"
	case name == "go" && (strings.Contains(said, "module lookup disabled") || strings.Contains(said, "unknown revision") || strings.Contains(said, "invalid version")):
		return "to build with a checkout of wasmsql: go mod edit -replace github.com/wasmsql/wasmsql=DIR"
	case name == "go" && strings.Contains(said, "missing go.sum entry"), name == "go" && strings.Contains(said, "updates to go.mod needed"):
		return "go mod tidy"
	case name == "go" && strings.Contains(said, "build constraints exclude all Go files"):
		return "the files of a plugin are built for GOOS=wasip1 GOARCH=wasm: look at their names and //go:build lines"
	case name == "go" && strings.Contains(said, "exactly one main package"):
		return "a plugin is a package main"
	case name == "clang" && strings.Contains(said, "undefined symbol"):
		return "there is no C library in a plugin: wasmsql.h has what is needed of it"
	case name == "clang" && strings.Contains(said, "unable to execute command") || strings.Contains(said, "wasm-ld"):
		return "clang needs its linker: on Debian, apt-get install lld"
	}
	return ""
}

// writeModule writes a module, whole or not at all.
func (a *app) writeModule(path string, wasm []byte) error {
	var f *result.Pending
	err := a.left.begin(false, func() (p partial, err error) {
		f, err = result.Create(path)
		return f, err
	})
	if err != nil {
		return resultFault(host.CodeOutput, err)
	}
	if _, err = f.Write(wasm); err == nil {
		err = f.Close()
	}
	if err != nil {
		f.Abort()
		return resultFault(host.CodeOutput, err)
	}
	return nil
}

// fuelOf returns the most fuel that a case of the plugin takes, for people.
func (a *app) fuelOf(ctx context.Context, dir string, wasm []byte) string {
	cases, err := readCases(casesOf(dir))
	switch {
	case err != nil:
		return "unknown: a case cannot be read, see wasmsql test"
	case len(cases) == 0:
		return "unknown: there is no case in " + filepath.Join(dir, caseFolder)
	}
	b, err := a.newBench(ctx, wasm, "interpreter")
	if err != nil {
		return "unknown: the module does not load, see wasmsql test"
	}
	defer b.close()
	most := int64(0)
	for _, c := range cases {
		got, err := b.run(ctx, c)
		if err != nil {
			return "unknown: a case does not run, see wasmsql test"
		}
		most = max(most, got.fuel)
	}
	if len(cases) == 1 {
		return fmt.Sprintf("%d, in one case", most)
	}
	return fmt.Sprintf("%d at most, in %d cases", most, len(cases))
}
