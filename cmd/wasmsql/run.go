package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/secret"
)

// runFlags are the flags of wasmsql run.
type runFlags struct {
	inputs     []string
	inputsFile string
	config     string
	connection string
	output     string
	outputFile string
	csvSafe    bool
	dryRun     bool
	timeout    durationFlag
	maxRows    countFlag
	maxBytes   sizeFlag
	fuel       countFlag
	memory     sizeFlag
	report     string
}

// runCommand is wasmsql run.
func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:                   "run [flags] TASK",
		DisableFlagsInUseLine: true,
		Short:                 "run a task and print its result",
		Long: `Run a task and print its result.

TASK is a task file, a module.wasm, or - for standard input. FILE#name picks
one of several tasks in a file. Everything a task does happens in one
transaction: it is committed when the whole result is written, else nothing
has happened.`,
		Example: `  wasmsql run tracks.yaml -i after=100
  wasmsql run tracks.yaml#search -i q=love -o json
  wasmsql run tracks.yaml -i ids='[1, 2, 3]' -f tracks.parquet
  wasmsql run tracks.yaml --inputs-file inputs.yaml --dry-run
  wasmsql run task.yaml --connection sqlite:///file.db`,
		Args: exactly("TASK"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := noEmptyFlags(cmd.Flags()); err != nil {
				return err
			}
			report, err := a.runTask(cmd.Context(), args[0], &f)
			if f.report == "" {
				return err
			}
			return errors.Join(err, a.writeReport(f.report, report, err))
		},
		ValidArgsFunction: completeTask,
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVarP(&f.inputs, "input", "i", nil, "`name=value` of an input, by its declared type; repeatable.\nname=@file reads a file, @@ begins a value with an @,\na list is JSON")
	flags.StringVar(&f.inputsFile, "inputs-file", "", "JSON or YAML map of inputs in `FILE`; -i goes before it")
	flags.StringVarP(&f.config, "config", "c", "", "host configuration in `FILE`; else ./wasmsql.yaml,\nelse that of the user's configuration folder")
	flags.StringVar(&f.connection, "connection", "", "use this connection (`NAME|URI`) instead of the task's")
	flags.StringVarP(&f.output, "output", "o", "", "print the result as `FORMAT`: table, csv, json, ndjson, arrow,\nparquet; default table on a terminal, csv in a pipe")
	flags.StringVarP(&f.outputFile, "output-file", "f", "", "write the result to `PATH`, in the format of its extension;\nit is whole under that name or not there")
	flags.BoolVar(&f.csvSafe, "csv-safe", false, "write csv cells that a spreadsheet would take for formulas\nwith a ' in front")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the SQL with its placeholders and parameters; open no\nconnection")
	flags.Var(&f.timeout, "timeout", "end the run after this `DURATION`, such as 30s")
	flags.Var(&f.maxRows, "max-rows", "fail if the result has more than `N` rows")
	flags.Var(&f.maxBytes, "max-bytes", "fail if the result has more than `SIZE` bytes, such as 1GiB")
	flags.Var(&f.fuel, "fuel", "fail if the guest does more than `N` units of work; this release\ndoes not enforce it")
	flags.Var(&f.memory, "memory", "give the guest at most `SIZE` of memory, such as 64MiB")
	flags.StringVar(&f.report, "report", "", "write what the run did to `FILE` as JSON; - is standard output")
	a.completeRunFlags(cmd)
	return cmd
}

// runTask runs the task that arg names, or prints what it would ask.
func (a *app) runTask(ctx context.Context, arg string, f *runFlags) (host.Report, error) {
	task, err := a.openTask(ctx, arg)
	if err != nil {
		return host.Report{}, err
	}
	report := host.Report{Task: task.Name}
	if task, err = redirect(task, f.connection); err != nil {
		return report, err
	}
	out, err := a.output(task, f)
	if err != nil {
		return report, err
	}
	s, err := a.settings(ctx, f.config)
	if err != nil {
		return report, err
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
	if f.fuel != 0 {
		a.warn("--fuel is not enforced: the engine of this release does not meter guest work")
	}
	if f.dryRun {
		return report, a.dryRun(ctx, program, inputs)
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

// limit puts the limits of the flags in the place of those of the task and
// the configuration.
func (f *runFlags) limit(t *host.Task, s *settings) {
	limits := &s.config.Limits
	if f.memory != 0 {
		limits.Memory = int64(f.memory)
	}
	if f.fuel != 0 {
		limits.Fuel = int64(f.fuel)
	}
	if f.timeout != 0 {
		limits.Timeout = time.Duration(f.timeout)
		t.Timeout = time.Duration(f.timeout)
	}
	if f.maxRows != 0 {
		limits.Rows = int64(f.maxRows)
	}
	if f.maxBytes != 0 {
		limits.Bytes = int64(f.maxBytes)
	}
	if t.Inline != nil {
		f.limitResult(&t.Inline.Limits)
	}
	for name, c := range s.config.Connections {
		f.limitResult(&c.Limits)
		s.config.Connections[name] = c
	}
}

func (f *runFlags) limitResult(l *host.ResultLimits) {
	if f.timeout != 0 {
		l.Timeout = time.Duration(f.timeout)
	}
	if f.maxRows != 0 {
		l.Rows = int64(f.maxRows)
	}
	if f.maxBytes != 0 {
		l.Bytes = int64(f.maxBytes)
	}
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
	if err := linked(s.config.Connections, s.config.Source); err != nil {
		return nil, err
	}
	return host.New(ctx, host.Config{
		Runtime:     rt,
		Drivers:     drivers(),
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
	c := host.RuntimeConfig{CacheDir: a.cache(s), Engine: s.config.Engine}
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
