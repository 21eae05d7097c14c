package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/result"
)

// output is where a result goes, decided before anything runs.
type output struct {
	format result.Format
	file   string // empty: standard output
	none   bool   // the task returns no rows
}

// output decides where the result of a task goes.
func (a *app) output(t host.Task, f *runFlags) (output, error) {
	o := output{file: f.outputFile, none: t.Outputs.Mode == abi.OutputNone}
	if o.file == "-" {
		o.file = ""
	}
	if err := o.chooseFormat(f.output, isTerminal(a.stdout)); err != nil {
		return o, err
	}
	switch {
	case f.dryRun:
		return o, nil
	case o.none && o.file != "":
		return o, fault.Usage(fmt.Sprintf("task %q returns no rows, so there is nothing to write to %s", t.Name, command.Shown(o.file)), "leave out -f")
	case f.report == "-" && o.file == "" && !o.none:
		return o, fault.Usage("the result and the report would both go to standard output", "write the result with -f FILE, or the report with --report FILE")
	case o.file == "" && !o.none && isTerminal(a.stdout) && o.format.Binary():
		return o, fault.Usage(fmt.Sprintf("%s is not for a terminal", o.format), fmt.Sprintf("write it to a file: -f result.%s", o.format))
	}
	return o, nil
}

// chooseFormat sets the format: the one that is named, else that of the
// file's extension, else table on a terminal and csv in a pipe.
func (o *output) chooseFormat(name string, terminal bool) error {
	if name != "" {
		f, err := result.ParseFormat(name)
		if err != nil {
			return resultFault(host.CodeUsage, err)
		}
		o.format = f
		return nil
	}
	if o.file != "" {
		f, ok := result.FormatOf(o.file)
		if !ok {
			return fault.Usage(fmt.Sprintf("the extension %q of %s is no format", filepath.Ext(o.file), command.Shown(o.file)), "name one with -o: "+formatNames())
		}
		o.format = f
		return nil
	}
	o.format = result.CSV
	if terminal {
		o.format = result.Table
	}
	return nil
}

func formatNames() string {
	var names []string
	for _, f := range result.Formats() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// sink opens the output, with its progress on standard error where that is a
// terminal.
func (a *app) sink(o output, f *runFlags) (host.Sink, error) {
	if o.none {
		return host.Discard(), nil
	}
	options := result.Options{CSVSafe: f.csvSafe}
	var w *result.Writer
	if o.file == "" {
		a.terminalOptions(&options)
		w = result.New(o.format, a.stdout, options)
	} else {
		err := a.left.begin(true, func() (f partial, err error) {
			w, err = result.File(o.file, o.format, options)
			return w, err
		})
		if err != nil {
			return nil, resultFault(host.CodeOutput, err)
		}
	}
	streams := o.file == "" && isTerminal(a.stdout) && o.format != result.Table
	if !a.fancy(a.stderr) || streams {
		return w, nil
	}
	return newProgress(w, a.stderr, w.Bytes), nil
}

// resultFault returns what package result says as an error of this program.
func resultFault(code host.Code, err error) *host.Error {
	e := &host.Error{Code: code, Message: err.Error(), Cause: err}
	var r *result.Error
	if errors.As(err, &r) {
		e.Hint = r.Hint
	}
	return e
}

// terminalOptions fits a result to standard output, if that is a terminal.
func (a *app) terminalOptions(o *result.Options) {
	f, ok := a.stdout.(*os.File)
	if !ok || !isTerminal(f) {
		return
	}
	o.Terminal = true
	o.Color = a.fancy(f) && a.env["NO_COLOR"] == ""
	if width, height, err := term.GetSize(int(f.Fd())); err == nil {
		o.Width, o.Height = width, height
	}
}

// printAffected says how many rows a task changed.
func printAffected(w io.Writer, n int64) {
	if n == 1 {
		fmt.Fprintln(w, "1 row affected")
		return
	}
	fmt.Fprintf(w, "%d rows affected\n", n)
}
