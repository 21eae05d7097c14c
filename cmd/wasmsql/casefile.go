package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/near"
)

// caseFolder is where a plugin has its cases, beside its source or its module.
const caseFolder = "testdata"

// testCase is a case of a plugin: a txtar file. What it begins with is for
// people. Its files:
//
//	setup.sql, setup/NAME.sql   make the database of the plugin's own connection, or of NAME
//	config.yaml                 the task's config
//	inputs.yaml                 the inputs
//	after.sql, after/NAME.sql   a query of the database afterwards
//
// and what is expected, which --update writes:
//
//	rows        the result, as CSV
//	affected    how many rows were changed, where the plugin returns none
//	error       the error, as code: message, and hint: …
//	log         what the plugin has logged, as level: text. Missing: anything
//	after       the answer of after.sql as CSV; after/NAME of after/NAME.sql
type testCase struct {
	path    string
	archive *txtar.Archive
}

// Expectations, in the order in which --update writes them.
var expected = []string{"rows", "affected", "error", "log", "after"}

// file returns a file of the case, and whether there is one.
func (c *testCase) file(name string) (string, bool) {
	for _, f := range c.archive.Files {
		if f.Name == name {
			return string(f.Data), true
		}
	}
	return "", false
}

// casesOf returns the case files of a folder with a plugin.
func casesOf(dir string) []string {
	files, _ := filepath.Glob(filepath.Join(dir, caseFolder, "*.txtar"))
	return files
}

// readCases reads case files. Its error is host.Errors: all faults at once.
func readCases(files []string) ([]*testCase, error) {
	var cases []*testCase
	var wrong host.Errors
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			wrong = append(wrong, faults(unreadable("case", file, err))...)
			continue
		}
		c := &testCase{path: file, archive: txtar.Parse(data)}
		wrong = append(wrong, c.check(data)...)
		cases = append(cases, c)
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return cases, nil
}

// check finds files that a case does not have, with the line they begin at.
func (c *testCase) check(data []byte) host.Errors {
	known := append([]string{"setup.sql", "config.yaml", "inputs.yaml", "after.sql"}, expected...)
	var wrong host.Errors
	report := func(name, hint, format string, args ...any) {
		line := 1 + bytes.Count(data[:max(0, bytes.Index(data, []byte("-- "+name+" --")))], []byte("\n"))
		wrong = append(wrong, &host.Error{Code: host.CodeConfig, Place: host.Place{File: c.path, Line: line, Column: 1}, Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	var seen []string
	for _, f := range c.archive.Files {
		plain := f.Name
		if folder, name, ok := strings.Cut(f.Name, "/"); ok && (folder == "setup" || folder == "after") && name != "" {
			plain = folder
			if strings.HasSuffix(name, ".sql") {
				plain += ".sql"
			}
		}
		switch meant, ok := near.Name(plain, known); {
		case slices.Contains(seen, f.Name):
			report(f.Name, "", "%q stands there twice", f.Name)
		case slices.Contains(known, plain) && plain != "setup":
		case ok:
			report(f.Name, fmt.Sprintf("did you mean %q?", meant), "a case has no %q", f.Name)
		default:
			report(f.Name, "a case has "+command.Quoted(known), "a case has no %q", f.Name)
		}
		seen = append(seen, f.Name)
	}
	return wrong
}

// expectations returns the names of what the case expects.
func (c *testCase) expectations() []string {
	var names []string
	for _, f := range c.archive.Files {
		if folder, _, _ := strings.Cut(f.Name, "/"); slices.Contains(expected, folder) && !strings.HasSuffix(f.Name, ".sql") {
			names = append(names, f.Name)
		}
	}
	return names
}

// rewrite puts what came in the place of what was expected. It reports whether
// the file has changed.
func (c *testCase) rewrite(got outcome) (bool, error) {
	before := txtar.Format(c.archive)
	var files []txtar.File
	old := c.expectations()
	for _, f := range c.archive.Files {
		if !slices.Contains(old, f.Name) {
			files = append(files, f)
		}
	}
	for _, name := range got.names() {
		files = append(files, txtar.File{Name: name, Data: []byte(got.parts[name])})
	}
	after := txtar.Format(&txtar.Archive{Comment: c.archive.Comment, Files: files})
	if bytes.Equal(before, after) {
		return false, nil
	}
	return true, os.WriteFile(c.path, after, 0o644)
}

// outcome is what a case has come to.
type outcome struct {
	parts map[string]string // by the names of what is expected
	fuel  int64
	calls int64
}

// names returns the parts in the order in which they are written.
func (o outcome) names() []string {
	var names []string
	for name := range o.parts {
		names = append(names, name)
	}
	place := func(name string) string {
		folder, _, _ := strings.Cut(name, "/")
		return string(rune('0'+slices.Index(expected, folder))) + name
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(place(a), place(b)) })
	return names
}

// differs says how what came is not what the case expects, or nothing.
func (c *testCase) differs(got outcome) string {
	want := c.expectations()
	if len(want) == 0 {
		return "the case expects nothing: wasmsql test --update writes what comes"
	}
	var b strings.Builder
	for _, name := range want {
		text, _ := c.file(name)
		if diff := difference(text, got.parts[name]); diff != "" {
			fmt.Fprintf(&b, "%s is not as expected:\n%s", name, diff)
		}
	}
	for _, name := range got.names() {
		if name != "log" && !slices.Contains(want, name) {
			fmt.Fprintf(&b, "%s is not expected:\n%s", name, difference("", got.parts[name]))
		}
	}
	return b.String()
}

// maxDifference bounds the lines of a difference.
const maxDifference = 40

// difference returns the lines that differ between two texts, with - those of
// want and with + those of got; "" if they are the same.
func difference(want, got string) string {
	if want == got {
		return ""
	}
	w, g := splitText(want), splitText(got)
	for len(w) > 0 && len(g) > 0 && w[0] == g[0] {
		w, g = w[1:], g[1:]
	}
	for len(w) > 0 && len(g) > 0 && w[len(w)-1] == g[len(g)-1] {
		w, g = w[:len(w)-1], g[:len(g)-1]
	}
	var b strings.Builder
	for _, side := range []struct {
		sign  string
		lines []string
	}{{"-", w}, {"+", g}} {
		for i, l := range side.lines {
			if i == maxDifference {
				fmt.Fprintf(&b, "  %s and %d lines more\n", side.sign, len(side.lines)-i)
				break
			}
			fmt.Fprintf(&b, "  %s %s\n", side.sign, fault.Printable(l))
		}
	}
	return b.String()
}

func splitText(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}
