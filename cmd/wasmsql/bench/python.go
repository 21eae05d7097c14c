package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// pythonURI gives a URI of ours the driver that SQLAlchemy needs for it here.
var pythonURI = strings.NewReplacer("postgresql://", "postgresql+psycopg2://", "mysql://", "mysql+pymysql://")

// venv returns the folder of a virtual environment of Python, or nothing where
// it cannot be had: that is said in a line, with what is not measured then.
func (b *bench) venv(ctx context.Context, v sqldbtest.Venv, what string) string {
	dir, ready, err := v.Folder()
	if err == nil && !ready {
		if err = errors.New("it is not installed"); b.install {
			fmt.Fprintf(os.Stderr, "bench: installing %s\n", what)
			dir, err = v.Make(ctx)
		}
	}
	if err == nil {
		return dir
	}
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n") // pip's reason is the last
	fmt.Fprintf(os.Stderr, "bench: without %s: %s\n", what, lines[len(lines)-1])
	return ""
}
