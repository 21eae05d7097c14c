package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/drivers"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/secret"
)

// runCommand is wasmsql run.
func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:                   "run [flags] TASK",
		DisableFlagsInUseLine: true,
		Short:                 "run a task and print its result",
		Long: `Run a task and print its result.

TASK is a task file, a module.wasm, or - for standard input. FILE#name picks
one of several tasks in a file. A module has the inputs and outputs of its
manifest, and no connection but those of --connection.

Everything a task does happens in one transaction. It is committed when the
whole result has been written: to standard output, or to the disk under a
temporary name. If anything fails before that, nothing has happened, though
what was printed meanwhile cannot be taken back. After the commit a file gets
its name, and the report is written. If that fails, the message says that the
transaction is committed, and where the whole result is.`,
		Example: `  wasmsql run tracks.yaml -i after=100
  wasmsql run tracks.yaml#search -i q=love -o json
  wasmsql run tracks.yaml -i ids='[1, 2, 3]' -f tracks.parquet
  wasmsql run tracks.yaml --inputs-file inputs.yaml --dry-run
  wasmsql run task.yaml --connection sqlite:///file.db
  wasmsql run plugin.wasm --connection source=lake --connection target=sqlite:///file.db`,
		Args: command.Exactly("TASK"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := command.NoEmptyFlags(cmd.Flags()); err != nil {
				return err
			}
			if err := f.checkTargets(args[0]); err != nil {
				return err
			}
			to := &reportFile{a: a, name: f.report}
			report, err := a.runTask(cmd.Context(), args[0], &f, to)
			return errors.Join(err, to.write(report, err))
		},
		ValidArgsFunction: completeTask,
	}
	f.define(cmd.Flags())
	a.completeRunFlags(cmd)
	return cmd
}

// runTask runs the task that arg names, or prints what it would ask. The
// report is begun, not written.
func (a *app) runTask(ctx context.Context, arg string, f *runFlags, to *reportFile) (host.Report, error) {
	task, err := a.openTask(ctx, arg)
	if err != nil {
		return host.Report{}, err
	}
	report := host.Report{Task: task.Name}
	if task, err = redirect(task, f.connections); err != nil {
		return report, err
	}
	for _, c := range (settings{config: &manifest.Config{}}).connections(task) { // those of the task alone
		if err := f.checkDatabase(c, to); err != nil {
			return report, err
		}
	}
	out, err := a.output(task, f)
	if err != nil {
		return report, err
	}
	s, err := a.settings(ctx, f.config)
	if err != nil {
		return report, err
	}
	for _, c := range s.connections(task) {
		if err := f.checkDatabase(c, to); err != nil {
			return report, err
		}
	}
	if err := s.known(task); err != nil {
		return report, err
	}
	f.limit(&task, &s)
	program, closeAll, err := a.load(ctx, task, s)
	if err != nil {
		return report, err
	}
	defer closeAll()
	inputs, err := a.inputs(ctx, task, f.inputs, f.inputsFile)
	if err != nil {
		return report, err
	}
	if f.dryRun {
		return report, a.dryRun(ctx, program, inputs)
	}
	if err := to.begin(); err != nil {
		return report, err
	}
	sink, err := a.sink(out, f)
	if err != nil {
		return report, err
	}
	if report, err = program.Run(ctx, inputs, sink); err == nil && out.none {
		printAffected(a.stderr, report.RowsAffected)
	}
	return report, err
}

func (a *app) dryRun(ctx context.Context, p *host.Program, inputs host.Inputs) error {
	statements, err := p.Render(ctx, inputs)
	if err != nil {
		return err
	}
	if err := printStatements(a.stdout, statements); err != nil {
		return &host.Error{Code: host.CodeOutput, Message: "the statements cannot be written to standard output", Cause: err}
	}
	return nil
}

// load makes a Host of the configuration and loads the task. The function
// that it returns closes both.
func (a *app) load(ctx context.Context, t host.Task, s settings) (*host.Program, func(), error) {
	rt, err := a.runtime(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	h, err := a.host(ctx, rt, s)
	if err != nil {
		rt.Close()
		return nil, nil, err
	}
	closeAll := func() {
		h.Close()
		rt.Close()
	}
	p, err := h.Load(ctx, t)
	if err != nil {
		closeAll()
		return nil, nil, err
	}
	return p, closeAll, nil
}

// host makes a Host of the configuration. It opens no connection.
func (a *app) host(ctx context.Context, rt *host.Runtime, s settings) (*host.Host, error) {
	return host.New(ctx, host.Config{
		Runtime:     rt,
		Drivers:     drivers.All(),
		Connections: s.config.Connections,
		Secrets:     a.secrets(s),
		Limits:      s.config.Limits,
		Logger:      slog.New(&guestLog{w: a.stderr}),
		Source:      s.config.Source,
	})
}

// runtime makes a Runtime that keeps compiled code in a folder, or does
// without where that cannot be.
func (a *app) runtime(ctx context.Context, s settings) (*host.Runtime, error) {
	c := host.RuntimeConfig{CacheDir: a.cache(s), Engine: cmp.Or(s.config.Engine, "auto")}
	rt, err := host.NewRuntime(ctx, c)
	if err != nil && c.CacheDir != "" {
		a.warn("compiled code is not kept: %v", err)
		c.CacheDir = ""
		rt, err = host.NewRuntime(ctx, c)
	}
	return rt, err
}

// cache returns the folder of compiled code: that of WASMSQL_CACHE, which may
// be empty for none, else that of the configuration, else the user's.
func (a *app) cache(s settings) string {
	if dir, ok := a.env["WASMSQL_CACHE"]; ok {
		return dir
	}
	if s.config.Cache != "" {
		return s.config.Cache
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(base, "wasmsql")
}

// secrets returns where secrets are found: where Flyte's local executions
// find them, as the configuration changes it.
func (a *app) secrets(s settings) secret.Provider {
	return secret.Flyte(secret.FlyteOptions{
		Env: func(name string) (string, bool) {
			value, set := a.env[name]
			return value, set
		},
		EnvPrefix:  s.config.Secrets.EnvPrefix,
		Dir:        s.config.Secrets.Dir,
		FilePrefix: s.config.Secrets.FilePrefix,
		Local:      true,
	})
}
