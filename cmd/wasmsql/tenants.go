package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/wasmsql/wasmsql/host"
)

// Names of files in the folder of a tenant of wasmsql serve.
const (
	tenantConfig = "wasmsql.yaml"
	tenantTokens = "tokens.yaml"
	tenantTasks  = "tasks"
)

// isTenants reports whether a path is a folder of tenants: one without a
// configuration of its own, below which there is a folder that has one, and
// tokens or a folder of tasks.
func isTenants(path string) bool {
	there := func(names ...string) bool {
		_, err := os.Stat(filepath.Join(append([]string{path}, names...)...))
		return err == nil
	}
	entries, err := os.ReadDir(path)
	if err != nil || there(tenantConfig) {
		return false
	}
	for _, e := range entries {
		if name := e.Name(); !strings.HasPrefix(name, ".") && there(name, tenantConfig) && (there(name, tenantTokens) || there(name, tenantTasks, ".")) {
			return true
		}
	}
	return false
}

// checkTenants has the program that serves tenants look at a folder of them,
// as it would when it takes a change over.
func (a *app) checkTenants(ctx context.Context, path string) error {
	name, err := lookProgram(serverProgram)
	if err != nil {
		return cannotStart(serverProgram, "a folder of tenants is checked by", err)
	}
	cmd := exec.CommandContext(ctx, name, "check", "--", path)
	cmd.Stdout, cmd.Stderr, cmd.Env = a.stdout, a.stderr, a.pairs()
	err = cmd.Run()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended) && ended.ExitCode() > 0:
		return exitCode(ended.ExitCode())
	case err != nil:
		return &host.Error{Code: host.CodeInternal, Message: serverProgram + " did not end as it should", Cause: err}
	}
	return nil
}
