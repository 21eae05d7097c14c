package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/abi/cheader"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/near"
	"github.com/wasmsql/wasmsql/host/plugin"
)

// scaffold has what a new plugin begins with, a folder a language. {{NAME}} and
// so on stand for what scaffolder.values has. A file's .in is dropped.
//
//go:embed all:scaffold
var scaffold embed.FS

// languages are those that a plugin can be begun in.
var languages = []string{"go", "c"}

// sdkModule is the module that a plugin in Go imports.
const sdkModule = "github.com/wasmsql/wasmsql"

// newFlags are the flags of wasmsql new.
type newFlags struct {
	lang    string
	replace string
}

// newCommand is wasmsql new.
func (a *app) newCommand() *cobra.Command {
	var f newFlags
	cmd := &cobra.Command{
		Use:                   "new [flags] plugin NAME",
		DisableFlagsInUseLine: true,
		Short:                 "begin a plugin",
		Long: `Begin a plugin in the new folder NAME: source that builds, its manifest
plugin.yaml, a task file and cases that pass.

A plugin in Go imports the SDK of this program's version. Of a program that was
built from a checkout there is none: name the checkout with --replace, or in
the environment variable WASMSQL_SDK.`,
		Example: `  wasmsql new plugin quality-gate
  wasmsql new plugin reorder --lang c
  wasmsql new plugin mine --replace ~/src/wasmsql`,
		ValidArgs: []string{"plugin"},
		Args:      command.Exactly("plugin", "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := command.NoEmptyFlags(cmd.Flags()); err != nil {
				return err
			}
			if args[0] != "plugin" {
				hint := "there is plugin"
				if n, ok := near.Name(args[0], []string{"plugin"}); ok {
					hint = fmt.Sprintf("did you mean %q?", n)
				}
				return fault.Usage(fmt.Sprintf("there is no new %s", command.Shown(args[0])), hint)
			}
			return a.newPlugin(args[1], f)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&f.lang, "lang", "go", "write it in `LANGUAGE`: go or c")
	cmd.Flags().StringVar(&f.replace, "replace", "", "build it with the SDK in the checkout `DIR`")
	if err := cmd.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions([]cobra.Completion{"go", "c"}, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is not defined
	}
	return cmd
}

func (a *app) newPlugin(dir string, f newFlags) error {
	name := filepath.Base(filepath.Clean(dir))
	if !plugin.IsName(name) {
		return fault.Usage(fmt.Sprintf("%s cannot be the name of a plugin", command.Shown(name)), plugin.NameHint)
	}
	if !slices.Contains(languages, f.lang) {
		hint := "there is " + command.Quoted(languages)
		if n, ok := near.Name(f.lang, languages); ok {
			hint = fmt.Sprintf("did you mean %q?", n)
		}
		return fault.Usage(fmt.Sprintf("--lang: there is no scaffold in %q", f.lang), hint)
	}
	values := map[string]string{"NAME": name, "REQUIRE": ""}
	if f.lang == "go" {
		require, err := a.requireSDK(f.replace)
		if err != nil {
			return err
		}
		values["REQUIRE"] = require
	} else if f.replace != "" {
		return fault.Usage("--replace is for Go, and this plugin is in C", "leave it out")
	}
	if err := emptyFolder(dir); err != nil {
		return err
	}
	files, err := scaffolded(f.lang, values)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := writeNew(filepath.Join(dir, filepath.FromSlash(file.name)), file.data); err != nil {
			return err
		}
		if err := a.print([]byte(fault.Printable(filepath.Join(dir, filepath.FromSlash(file.name))) + "\n")); err != nil {
			return err
		}
	}
	to := fault.Printable(dir)
	if strings.ContainsAny(to, " '&;()$`*?") {
		to = strconv.Quote(to)
	}
	fmt.Fprintf(a.stderr, "next: cd %s && wasmsql build && wasmsql test && wasmsql run task.yaml\n", to)
	return nil
}

// requireSDK returns the lines of a go.mod that name the SDK.
func (a *app) requireSDK(replace string) (string, error) {
	if replace == "" {
		replace = a.env["WASMSQL_SDK"]
	}
	v := version().Version
	if replace == "" {
		if !published(v) && !downloaded() {
			return "", fault.Config("this wasmsql was built from a checkout: there is no published SDK of its version "+v,
				"name the checkout: --replace DIR, or WASMSQL_SDK=DIR")
		}
		return "require " + sdkModule + " " + v, nil
	}
	at, err := filepath.Abs(replace)
	if err != nil {
		return "", fault.Config(fmt.Sprintf("--replace: %s cannot be resolved: %s", command.Shown(replace), reason(err)), "")
	}
	mod, err := os.ReadFile(filepath.Join(at, "go.mod"))
	if err != nil || !strings.HasPrefix(string(mod), "module "+sdkModule+"\n") {
		return "", fault.Config(fmt.Sprintf("%s is no checkout of wasmsql", command.Shown(replace)), "it is the folder with the go.mod of "+sdkModule)
	}
	return "require " + sdkModule + " v0.0.0\n\nreplace " + sdkModule + " => " + goModText(at), nil
}

// downloaded reports whether this program was built of a module that was
// downloaded, so that another can be.
func downloaded() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && info.Main.Path == sdkModule && info.Main.Sum != ""
}

// published reports whether a version is a tag, and not what Go makes of a
// checkout.
func published(v string) bool {
	return strings.HasPrefix(v, "v") && !strings.HasSuffix(v, "+dirty") && !strings.HasPrefix(v, "v0.0.0-") && !strings.Contains(v, "-0.")
}

// goModText returns a path as a go.mod has it.
func goModText(path string) string {
	if strings.ContainsAny(path, " \"'`\t") {
		return "`" + path + "`"
	}
	return path
}

// emptyFolder refuses a folder in which there is something.
func emptyFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return unreadable("folder", dir, err)
	case len(entries) > 0:
		return fault.Usage(fmt.Sprintf("there is something in %s already", command.Shown(dir)), "choose another name")
	}
	return nil
}

type scaffoldFile struct {
	name string
	data []byte
}

// scaffolded returns the files of a language with the values filled in.
func scaffolded(lang string, values map[string]string) ([]scaffoldFile, error) {
	var files []scaffoldFile
	for _, root := range []string{"scaffold/all", "scaffold/" + lang} {
		err := fs.WalkDir(scaffold, root, func(at string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := scaffold.ReadFile(at)
			if err != nil {
				return err
			}
			text := string(data)
			for key, value := range values {
				text = strings.ReplaceAll(text, "{{"+key+"}}", value)
			}
			name := strings.TrimSuffix(strings.TrimPrefix(at, root+"/"), ".in")
			if path.Base(name) == "gitignore" {
				name = path.Join(path.Dir(name), ".gitignore")
			}
			files = append(files, scaffoldFile{name, []byte(text)})
			return nil
		})
		if err != nil {
			return nil, &host.Error{Code: host.CodeInternal, Message: "the scaffold is damaged", Cause: err}
		}
	}
	if lang == "c" {
		files = append(files, scaffoldFile{cheader.Name, cheader.Header()})
	}
	slices.SortFunc(files, func(a, b scaffoldFile) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

// writeNew writes a file that is not there yet.
func writeNew(file string, data []byte) error {
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, data, 0o644)
	}
	if err != nil {
		return &host.Error{Code: host.CodeOutput, Message: fmt.Sprintf("%s cannot be written: %s", command.Shown(file), reason(err)), Cause: err}
	}
	return nil
}
