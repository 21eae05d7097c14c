package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
)

// maxFile is the most that is read of a file that the command line names.
const maxFile = 64 << 20

// label is what a file is called in messages.
func label(file string) string {
	if file == "-" {
		return "standard input"
	}
	return file
}

// read returns the content of a file, or of standard input for "-". what says
// what the file is meant to be.
func (a *app) read(ctx context.Context, what, file string) ([]byte, error) {
	if file == "-" {
		return a.readStdin(ctx, what)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, unreadable(what, file, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, fault.Config(fmt.Sprintf("%s %s is a folder", what, command.Shown(file)), "name a file in it")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, unreadable(what, file, err)
	}
	return data, tooLarge(what, file, data)
}

// readStdin reads standard input, once, until it ends or ctx does.
func (a *app) readStdin(ctx context.Context, what string) ([]byte, error) {
	if a.stdinN++; a.stdinN > 1 {
		return nil, fault.Usage("standard input is asked for twice", "name a file instead of one of the -")
	}
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(a.stdin, maxFile+1))
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, unreadable(what, "-", r.err)
		}
		return r.data, tooLarge(what, "-", r.data)
	case <-ctx.Done():
		return nil, &host.Error{Code: host.CodeCanceled, Message: "interrupted while standard input was read"}
	}
}

func tooLarge(what, file string, data []byte) error {
	if len(data) <= maxFile {
		return nil
	}
	return fault.Config(fmt.Sprintf("%s %s is larger than 64 MiB", what, command.Shown(label(file))), "")
}

// unreadable says why a file cannot be read, and which one was meant.
func unreadable(what, file string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		hint := ""
		if n, ok := nearestFile(file); ok && !strings.Contains(file, "://") {
			hint = fmt.Sprintf("did you mean %q?", n)
		}
		return fault.Config(fmt.Sprintf("%s %s does not exist", what, command.Shown(label(file))), hint)
	}
	return fault.Config(fmt.Sprintf("%s %s cannot be read: %s", what, command.Shown(label(file)), reason(err)), "")
}

// reason returns why a file operation failed, without its path.
func reason(err error) string {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err.Error()
	case errors.As(err, &link):
		return link.Err.Error()
	}
	return err.Error()
}
