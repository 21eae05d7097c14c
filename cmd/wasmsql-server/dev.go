package main

import (
	"os"
	"path/filepath"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
)

// keepForNow has a server of one's own work keep executions and an audit where
// no flag says so: in a folder that forget removes. The console then has all
// that it has elsewhere.
func (a *app) keepForNow(f *serveFlags) (forget func(), err error) {
	forget = func() {}
	if _, set := a.env("WASMSQL_STATE"); !f.dev || f.state != "" || set {
		return forget, nil
	}
	dir, err := os.MkdirTemp("", "wasmsql-dev-")
	if err != nil {
		return forget, fault.Config("there is no folder to keep executions in: "+err.Error(), "name a file: --state sqlite:///state.db")
	}
	f.state = "sqlite:///" + filepath.Join(dir, "state.db")
	if f.audit == "" {
		f.audit = filepath.Join(dir, "audit.ndjson")
	}
	return func() { _ = os.RemoveAll(dir) }, nil
}
