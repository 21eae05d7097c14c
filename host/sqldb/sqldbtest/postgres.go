package sqldbtest

import (
	"os"
	"path/filepath"
	"strconv"
)

// NewPostgres returns a private PostgreSQL server that is not started, or
// *Missing. Settings are those of postgresql.conf, name=value.
func NewPostgres(settings ...string) (*Server, error) { return postgres.new(settings) }

var postgres = kind{
	name: "PostgreSQL", variable: "WASMSQL_TEST_POSTGRES", packages: "postgresql",
	users:    []string{"postgres", "nobody"},
	programs: []string{"initdb", "postgres"}, client: "psql",
	folders: []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql@*/bin"},
	signal:  "QUIT", // KILL would leave its shared memory behind
	scheme:  "postgresql", home: "postgres",
	prepare: preparePostgres,
	args:    psqlArgs,
	create: func(n names) string {
		return n.in(`
CREATE ROLE %o LOGIN PASSWORD '%p';
CREATE ROLE %r LOGIN PASSWORD '%p';
CREATE DATABASE %d OWNER %o TEMPLATE template0;
`)
	},
	furnish: func(n names) string {
		return n.in(`
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CREATE ON SCHEMA public TO %o;
ALTER DEFAULT PRIVILEGES FOR ROLE %o GRANT SELECT ON TABLES TO %r;
`)
	},
	drop: func(s *Server, n names) error {
		// DROP DATABASE waits for those that are terminated.
		_, err := s.Client(s.AdminURI, n.in(`
ALTER DATABASE %d ALLOW_CONNECTIONS false;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '%d';
DROP DATABASE %d;
DROP ROLE %o;
DROP ROLE %r;
`))
		return err
	},
}

// preparePostgres makes a cluster. What it holds need not survive anything.
// The time zone is one that nobody expects, so that a driver that relies on
// the server's is found out.
func preparePostgres(s *Server) ([]string, error) {
	data, pass := filepath.Join(s.dir, "data"), filepath.Join(s.dir, "password")
	if err := s.write(pass, s.password); err != nil {
		return nil, err
	}
	err := s.do("initdb", "-D", data, "-U", admin, "--pwfile="+pass, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync")
	if err != nil {
		return nil, err
	}
	command := []string{s.programs["postgres"], "-D", data}
	for _, set := range append([]string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(s.port), "unix_socket_directories=",
		"fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=100",
		"max_prepared_transactions=4", "timezone=Asia/Kathmandu", "log_timezone=UTC",
	}, s.settings...) {
		command = append(command, "-c", set)
	}
	return command, os.Remove(pass)
}

// psqlArgs lets nothing of the environment in.
func psqlArgs(uri string) ([]string, []string, error) {
	u, err := parse(uri)
	if err != nil {
		return nil, nil, err
	}
	env := []string{
		"PGHOST=" + u.Host, "PGUSER=" + u.User, "PGPASSWORD=" + u.Password.Reveal(), "PGDATABASE=" + u.Database,
		"PGTZ=UTC", "PGCLIENTENCODING=UTF8", "PGCONNECT_TIMEOUT=10", "PSQL_HISTORY=/dev/null",
	}
	if u.Port != 0 {
		env = append(env, "PGPORT="+strconv.Itoa(u.Port))
	}
	if mode := u.Query.Get("sslmode"); mode != "" {
		env = append(env, "PGSSLMODE="+mode)
	}
	return []string{"-X", "-q", "-At", "-F", "\t", "-v", "ON_ERROR_STOP=1"}, env, nil
}
