package postgres

import (
	"strconv"
	"time"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

// pyDrivers are the drivers of Python whose URIs are taken. Their connect_args
// are those of psycopg2, which are libpq's.
var pyDrivers = []string{"psycopg2", "psycopg", "asyncpg", "pg8000", "psycopg_async", "psycopg2cffi"}

func checkDriver(u sqldb.URI, faults *sqldb.Faults) {
	fault := func(message, hint string) {
		*faults = append(*faults, sqldb.Fault{Field: "uri", Message: message, Hint: hint})
	}
	if u.Scheme != "postgresql" && u.Scheme != "postgres" {
		fault("the scheme is not postgresql", sqldb.NameHint(u.Scheme, []string{"postgresql", "postgres"}))
	}
	known := u.PyDriver == ""
	for _, d := range pyDrivers {
		known = known || d == u.PyDriver
	}
	if !known {
		fault("unknown driver "+strconv.Quote(u.PyDriver), sqldb.NameHint(u.PyDriver, pyDrivers))
	}
}

// driverArgs reads the names that another driver of Python has for what libpq
// has too, and those of what is not here: caches of statements.
//
//	asyncpg          ssl, timeout, command_timeout, server_settings, statement_cache_size,
//	                 prepared_statement_cache_size
//	pg8000           timeout
//	psycopg          prepare_threshold
//
// Source: asyncpg.connect; SQLAlchemy, dialects/postgresql/asyncpg.py; psycopg.connect.
func (s *settings) driverArgs(a *sqldb.Args, driver string) {
	var seconds float64
	var unused int64
	if (driver == "asyncpg" || driver == "pg8000") && a.Float("timeout", &seconds, 0.001, 1<<20) {
		s.connectTimeout = time.Duration(seconds * float64(time.Second))
	}
	switch driver {
	case "asyncpg":
		a.Enum("ssl", &s.tls.mode, sslModes...)
		if a.Float("command_timeout", &seconds, 0.001, 1<<20) {
			s.session["statement_timeout"] = strconv.FormatInt(int64(seconds*1000), 10)
		}
		a.Int("statement_cache_size", &unused, 0, 1<<31)
		a.Int("prepared_statement_cache_size", &unused, 0, 1<<31)
		if settings, ok := a.Map("server_settings"); ok {
			s.serverSettings(settings)
		}
	case "psycopg", "psycopg_async":
		a.Int("prepare_threshold", &unused, 0, 1<<31)
	}
}

// serverSettings reads asyncpg's parameters of the session.
func (s *settings) serverSettings(a *sqldb.Args) {
	for _, name := range append([]string{"application_name"}, sessionOptions...) {
		var value string
		if a.Text(name, &value) {
			s.set(name, value)
		}
	}
	a.Done()
}

// set sets a parameter of sessionOptions, or application_name.
func (s *settings) set(name, value string) {
	if name == "timezone" {
		name = "TimeZone" // as session has it: it changes what the server prints, not what a timestamptz is
	}
	s.session[name] = value
}
