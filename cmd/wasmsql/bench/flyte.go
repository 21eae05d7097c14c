package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// containerTasks are what the containers of Flyte run. The URI's driver is the
// one that flytekit needs.
const containerTasks = `
name: ten
connection: {uri: %[1]q}
query: SELECT id, label FROM readings WHERE id <= 10 ORDER BY id
---
name: large
connection: {uri: %[1]q}
query: %[2]s
`

// pythonDrivers are those of flytekit's image, by the scheme of our URIs.
var pythonDrivers = strings.NewReplacer("postgresql://", "postgresql+psycopg2://", "mysql://", "mysql+pymysql://")

// The figures of flytekit where there is none to measure beside: a container's
// entry with ten rows from SQLite, and two million rows from PostgreSQL.
var known = map[string]usage{
	"sqlite, ten":       {seconds: 0.87, peak: 197},
	"postgresql, large": {seconds: 6.9, peak: 1250},
}

// containers measures executions of Flyte as whole processes: from their start
// to outputs.pb, which is their end.
func (b *bench) containers(ctx context.Context, t *target) error {
	text := fmt.Sprintf(containerTasks, pythonDrivers.Replace(t.uri), largeQuery)
	file := t.name + "-flyte.yaml"
	if err := os.WriteFile(filepath.Join(b.dir, file), []byte(text), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(b.dir, "inputs.pb"), nil, 0o600); err != nil {
		return err
	}
	for _, c := range []struct {
		task string
		runs int
		rows int
	}{{"ten", b.runs, 10}, {"large", 3, b.rows}} {
		pb := t.name + "-" + c.task + ".pb"
		if _, err := b.start(ctx, b.cache, b.binary, "flyte", "register-template", file+"#"+c.task, "--image", "i", "-f", pb); err != nil {
			return err
		}
		what := t.name + ", " + c.task
		name := fmt.Sprintf("flyte container, %s, %d rows", t.name, c.rows)
		if c.task == "ten" {
			u, err := b.repeat(min(b.runs, 5), func(i int) (usage, error) {
				return b.container(ctx, filepath.Join(b.dir, fmt.Sprintf("%s-cache-%d", t.name, i)), pb, b.binary, "flyte", "execute")
			})
			if err != nil {
				return err
			}
			b.report(name+", no compile cache", u.seconds*1e3, "ms")
			b.report(name+", no compile cache: peak memory", u.peak, "MB")
		}
		u, err := b.repeat(c.runs, func(int) (usage, error) { return b.container(ctx, b.cache, pb, b.binary, "flyte", "execute") })
		if err != nil {
			return err
		}
		other, against, err := b.flytekit(ctx, what, pb)
		if err != nil {
			return err
		}
		if against == "" {
			b.report(name, u.seconds*1e3, "ms")
			b.report(name+": peak memory", u.peak, "MB")
			continue
		}
		b.compare(name, u.seconds*1e3, "ms", against, other.seconds*1e3)
		b.compare(name+": peak memory", u.peak, "MB", against, other.peak)
	}
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

// flytekit measures the real one, in the virtual environment of make
// test-flyte, or where that is not there returns its known figures, if there
// are any.
func (b *bench) flytekit(ctx context.Context, what, template string) (usage, string, error) {
	of, measured := known[what]
	if !measured {
		return usage{}, "", nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return usage{}, "", err
	}
	program := filepath.Join(cache, "wasmsql-test", "flytekit-1.16.31", "bin", "pyflyte-execute")
	if _, err := os.Stat(program); err != nil {
		if strings.HasSuffix(what, "large") && b.rows != 2_000_000 {
			return usage{}, "", nil
		}
		return of, "flytekit, measured elsewhere", nil
	}
	u, err := b.repeat(3, func(int) (usage, error) { return b.container(ctx, b.cache, template, program) })
	return u, "flytekit 1.16.31", err
}
