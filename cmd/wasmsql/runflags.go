package main

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/wasmsql/wasmsql/host"
)

// runFlags are the flags of wasmsql run.
type runFlags struct {
	inputs      []string
	inputsFile  string
	config      string
	connections []string
	output      string
	outputFile  string
	csvSafe     bool
	dryRun      bool
	timeout     durationFlag
	maxRows     countFlag
	maxBytes    sizeFlag
	fuel        countFlag
	memory      sizeFlag
	report      string
}

// define adds the flags to a set, in the order of the help.
func (f *runFlags) define(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringArrayVarP(&f.inputs, "input", "i", nil, "`name=value` of an input, by its declared type; repeatable.\nname=@file reads a file, @@ begins a value with an @,\na list is JSON")
	flags.StringVar(&f.inputsFile, "inputs-file", "", "JSON or YAML map of inputs in `FILE`; -i goes before it")
	flags.StringVarP(&f.config, "config", "c", "", "host configuration in `FILE`; else ./wasmsql.yaml,\nelse that of the user's configuration folder")
	flags.StringArrayVar(&f.connections, "connection", nil, "use this connection (`[FOR=]NAME|URI`) instead of the task's;\nFOR is the module's name for it, and the flag repeatable")
	flags.StringVarP(&f.output, "output", "o", "", "print the result as `FORMAT`: table, csv, json, ndjson, arrow,\nparquet; default table on a terminal, csv in a pipe. In csv\nNULL is an empty field, in a result of one column the word\nNULL; texts that are like that are in quotes")
	flags.StringVarP(&f.outputFile, "output-file", "f", "", "write the result to `PATH`, in the format of its extension;\nit is whole under that name or not there")
	flags.BoolVar(&f.csvSafe, "csv-safe", false, "write csv cells that a spreadsheet would take for formulas\nwith a ' in front")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the SQL with its placeholders and parameters; open no\nconnection")
	flags.Var(&f.timeout, "timeout", "end the run after this `DURATION`, such as 30s")
	flags.Var(&f.maxRows, "max-rows", "fail if the result has more than `N` rows")
	flags.Var(&f.maxBytes, "max-bytes", "fail if the result has more than `SIZE` bytes, such as 1GiB")
	flags.Var(&f.fuel, "fuel", "fail if the guest does more than `N` units of work; --report\nsays how many a run takes")
	flags.Var(&f.memory, "memory", "give the guest at most `SIZE` of memory, such as 64MiB")
	flags.StringVar(&f.report, "report", "", "write what the run did to `FILE` as JSON; - is standard output")
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
	for _, g := range t.Connections {
		if g.Inline != nil {
			f.limitResult(&g.Inline.Limits)
		}
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
