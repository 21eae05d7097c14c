package sqlite

import (
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

// settings are what a Config says, checked.
type settings struct {
	path    string // absolute, or "" for a database in memory
	mode    openMode
	timeout time.Duration // how long to wait for a lock
	begin   string        // the statement that begins a read-write transaction
	stored  bool          // sqldb.Config.Plain: the values' types count, not the declared ones
}

// openMode is the mode= of a file: URI.
type openMode uint8

const (
	modeDefault   openMode = iota // as the access says; a read-write one creates the file
	modeReadOnly                  // ro
	modeReadWrite                 // rw: never creates the file
	modeCreate                    // rwc
)

// defaultTimeout is that of Python's sqlite3.connect.
const defaultTimeout = 5.0

// newSettings checks cfg. It touches no file.
func newSettings(cfg sqldb.Config) (*settings, sqldb.Faults) {
	s := &settings{stored: cfg.Plain}
	var faults sqldb.Faults
	checkHost(cfg.URI, &faults)
	options := sqldb.ReadOptions("uri", cfg.URI.Query, &faults)
	args := sqldb.ReadArgs("connect_args", cfg.Args, &faults)
	isURI := s.connectArgs(options, args)
	s.location(cfg, isURI, options, &faults)
	options.Done()
	args.Done()
	for _, name := range cfg.SecretArgs {
		faults = append(faults, sqldb.Fault{
			Field:   "secret_connect_args." + name,
			Message: "a SQLite database takes no secret", Hint: "remove it",
		})
	}
	return s, faults
}

// connectArgs reads the parameters of Python's sqlite3.connect, which
// SQLAlchemy takes from the options of the URI too; connect_args win.
//
//	timeout             seconds to wait for a lock, default 5
//	isolation_level     DEFERRED (default), IMMEDIATE or EXCLUSIVE: how a read-write
//	                    transaction begins; null means DEFERRED, since there is always one
//	uri                 the database is a file: URI
//	check_same_thread, cached_statements, detect_types, autocommit=false
//	                    accepted, without an effect here: declared types always count
//
// Source: Python 3.13, sqlite3.connect; SQLAlchemy 2.0,
// dialects/sqlite/pysqlite.py, create_connect_args.
func (s *settings) connectArgs(sources ...*sqldb.Args) (isURI bool) {
	timeout, level := defaultTimeout, "DEFERRED"
	for _, a := range sources {
		var unused bool
		var number int64
		a.Float("timeout", &timeout, 0, 1e6)
		a.Enum("isolation_level", &level, "DEFERRED", "IMMEDIATE", "EXCLUSIVE")
		a.Bool("uri", &isURI)
		a.Bool("check_same_thread", &unused)
		a.Int("cached_statements", &number, 0, 1<<31-1)
		a.Int("detect_types", &number, 0, 3)
		a.Refuse("factory", "cannot be a Python class here", "remove it")
		a.Refuse("database", "the database is given by the uri", "remove it")
		if autocommit := false; a.Bool("autocommit", &autocommit) && autocommit {
			a.Refuse("autocommit", "an execution is always one transaction", "accepted is false")
		}
	}
	s.timeout = time.Duration(timeout * float64(time.Second))
	s.begin = "BEGIN " + level
	return isURI
}

// checkHost refuses what a URI for a file cannot have.
func checkHost(u sqldb.URI, faults *sqldb.Faults) {
	fault := func(message, hint string) {
		*faults = append(*faults, sqldb.Fault{Field: "uri", Message: message, Hint: hint})
	}
	switch {
	case u.Host != "" && u.User == "" && u.Port == 0:
		fault("a SQLite database has no host", "three slashes begin a relative path, sqlite:///file.db, and four an absolute one")
	case u.Host != "" || u.User != "" || u.Port != 0 || u.HasPass:
		fault("a SQLite database has no user, password, host or port", "write sqlite:///file.db")
	}
	if strings.Contains(u.PyDriver, "cipher") {
		fault("an encrypted database cannot be opened", "use sqlite:// with an unencrypted file")
	}
	if strings.ContainsRune(u.Database, 0) {
		fault("the path holds a NUL character", "")
	}
}

// location finds the file, or that there is none.
//
// Source of file: URIs: https://sqlite.org/uri.html.
func (s *settings) location(cfg sqldb.Config, isURI bool, options *sqldb.Args, faults *sqldb.Faults) {
	fault := func(message, hint string) {
		*faults = append(*faults, sqldb.Fault{Field: "uri", Message: message, Hint: hint})
	}
	name := cfg.URI.Database
	isFile := strings.HasPrefix(name, "file:")
	var mode string
	if isURI {
		options.Enum("mode", &mode, "ro", "rw", "rwc", "memory")
		for _, x := range [...]string{"vfs", "cache", "immutable", "nolock", "psow", "_pragma", "modeof", "key", "hexkey"} {
			options.Refuse(x, "is refused", "accepted of a file: URI is mode=ro, rw or rwc")
		}
	} else {
		options.Refuse("mode", "needs uri=true", "write sqlite:///file:path?mode=ro&uri=true")
	}
	switch {
	case isFile && !isURI:
		fault("a file: URI needs the option uri=true", "write sqlite:///file:path?uri=true, or a plain path")
		return
	case mode != "" && !isFile:
		fault("mode= needs a file: URI", "write sqlite:///file:path?mode="+mode+"&uri=true")
	case isFile:
		var ok bool
		if name, ok = fileURIPath(name); !ok {
			fault("the file: URI is not well formed, or names a host", "write file:path or file:///absolute/path")
			return
		}
	}
	s.mode = map[string]openMode{"ro": modeReadOnly, "rw": modeReadWrite, "rwc": modeCreate}[mode]
	if name == "" || name == ":memory:" || mode == "memory" {
		return
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(cfg.Dir, name)
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		fault("the working folder is not known", "write an absolute path")
		return
	}
	if err := cfg.Reach.File(abs); err != nil {
		fault(err.Error(), "")
		return
	}
	s.path = abs
}

// fileURIPath returns the path of a file: URI without its options.
func fileURIPath(uri string) (string, bool) {
	rest, _, _ := strings.Cut(strings.TrimPrefix(uri, "file:"), "#")
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		host, path, ok := strings.Cut(after, "/")
		if !ok || host != "" && !strings.EqualFold(host, "localhost") {
			return "", false
		}
		rest = "/" + path
	}
	path, err := url.PathUnescape(rest)
	return path, err == nil && !strings.ContainsRune(path, 0)
}
