package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/host"
)

// serverProgram is the program that serves tenants. Why it is one of its own
// stands in host/RATIONALE.md.
const serverProgram = "wasmsql-server"

// serverCommand is a command of the program that serves tenants.
func (a *app) serverCommand(name, short string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.become(serverProgram, "wasmsql "+name+" is served by", append([]string{name}, args...))
		},
	}
}

// become replaces this process by a program that lies beside it or in the PATH.
// It returns only where that fails; what begins the message.
func (a *app) become(program, what string, args []string) error {
	path, err := lookProgram(program)
	if err == nil {
		err = syscall.Exec(path, append([]string{path}, args...), a.pairs())
	}
	return cannotStart(program, what, err)
}

// pairs returns the environment as it was given.
func (a *app) pairs() []string {
	env := make([]string, 0, len(a.env))
	for name, value := range a.env {
		env = append(env, name+"="+value)
	}
	return env
}

// lookProgram finds a program of ours: beside this one, or in the PATH.
func lookProgram(program string) (string, error) {
	name := program
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), program)
		if _, err := os.Stat(beside); err == nil {
			name = beside
		}
	}
	return exec.LookPath(name)
}

// cannotStart is the error of a program that was not found, or not started.
func cannotStart(program, what string, err error) error {
	message := what + " the program " + program + ", which cannot be started"
	if errors.Is(err, exec.ErrNotFound) {
		message = what + " the program " + program + ", which is neither beside this one nor in the PATH"
	}
	return &host.Error{Code: host.CodeConfig, Message: message, Hint: "build it: go build ./cmd/" + program, Cause: err}
}
