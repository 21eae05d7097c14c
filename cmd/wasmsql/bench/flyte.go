package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/wasmsql/wasmsql/host/flyte/flytekit"
)

// containerTasks are what the containers of Flyte run.
const containerTasks = `
name: ten
connection: {uri: %[1]q}
query: SELECT id, label FROM readings WHERE id <= 10 ORDER BY id
---
name: large
connection: {uri: %[1]q}
query: %[2]s
`

// containerTask is one of them.
type containerTask struct {
	task   string
	turns  int
	rows   int
	beside string // the database on which flytekit is measured too
}

// flyte measures executions of Flyte as whole processes, from their start to
// outputs.pb, which is their end: with ten rows, and with the large table. Beside
// them is flytekit's, where one database tells what there is to know: SQLite of
// the former and PostgreSQL of the latter.
func (b *bench) flyte(ctx context.Context) error {
	all, err := b.filled(ctx)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.dir, "inputs.pb"), nil, 0o600); err != nil {
		return err
	}
	theirs := ""
	if venv := b.venv(ctx, flytekit.Environment(), "flytekit"); venv != "" {
		theirs = filepath.Join(venv, "bin", "pyflyte-execute")
	}
	for _, t := range all {
		text := fmt.Appendf(nil, containerTasks, pythonURI.Replace(t.uri), largeQuery)
		if err := os.WriteFile(filepath.Join(b.dir, t.name+"-flyte.yaml"), text, 0o600); err != nil {
			return err
		}
		for _, c := range []containerTask{{"ten", b.runs, 10, "sqlite"}, {"large", 3, b.rows, "postgresql"}} {
			program := theirs
			if c.beside != t.name {
				program = ""
			}
			if err := b.containers(ctx, t, c, program); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}
	return nil
}

// containers measures the executions of one task, beside those of flytekit's
// program, if there is one.
func (b *bench) containers(ctx context.Context, t *target, c containerTask, flytekits string) error {
	template := t.name + "-" + c.task + ".pb"
	if _, err := b.start(ctx, b.cache, b.binary, "flyte", "register-template", t.name+"-flyte.yaml#"+c.task, "--image", "i", "-f", template); err != nil {
		return err
	}
	ours := func(cache string) (usage, error) {
		return b.container(ctx, cache, template, b.binary, "flyte", "execute")
	}
	name := fmt.Sprintf("flyte container, %s, %d rows", t.name, c.rows)
	if c.task == "ten" {
		u, err := repeat(min(b.runs, 5), func(turn int) (usage, error) {
			return ours(filepath.Join(b.dir, fmt.Sprintf("%s-cache-%d", t.name, turn)))
		})
		if err != nil {
			return err
		}
		b.report(name+", no compile cache", u.seconds*1e3, "ms")
		b.report(name+", no compile cache: peak memory", u.peak, "MB")
	}
	all := []contestant{{run: func(int) (usage, error) { return ours(b.cache) }}}
	if flytekits != "" {
		all = append(all, contestant{turns: 3, run: func(int) (usage, error) { return b.container(ctx, b.cache, template, flytekits) }})
	}
	took, err := contest(min(b.runs, c.turns), all...)
	if err != nil {
		return err
	}
	var theirs usage
	if len(took) > 1 {
		theirs = took[1]
	}
	b.compare(name, took[0].seconds*1e3, "ms", "flytekit "+flytekit.Version, theirs.seconds*1e3)
	b.compare(name+": peak memory", took[0].peak, "MB", "flytekit "+flytekit.Version, theirs.peak)
	return nil
}

// container runs one execution of a template with a program.
func (b *bench) container(ctx context.Context, cache, template, program string, args ...string) (usage, error) {
	out := filepath.Join(b.dir, "flyte-out")
	if err := os.RemoveAll(out); err != nil {
		return usage{}, err
	}
	args = append(args, "--inputs", "inputs.pb", "--output-prefix", out, "--raw-output-data-prefix", filepath.Join(out, "raw"),
		"--resolver", "flytekit.core.python_customized_container_task.default_task_template_resolver", "--",
		template, "flytekitplugins.sqlalchemy.task.SQLAlchemyTaskExecutor")
	u, err := b.start(ctx, cache, program, args...)
	if err != nil {
		return u, err
	}
	if _, err := os.Stat(filepath.Join(out, "outputs.pb")); err != nil {
		said, _ := os.ReadFile(filepath.Join(out, "error.pb"))
		return u, fmt.Errorf("%s wrote no outputs.pb: %q", filepath.Base(program), said)
	}
	return u, nil
}
