package sqldbtest

import (
	"path/filepath"
	"strconv"
	"strings"
)

// NewMariaDB returns a private MariaDB server that is not started, or
// *Missing. Settings are options of mariadbd, name=value.
func NewMariaDB(settings ...string) (*Server, error) { return mariadb.new(settings) }

var mariadb = kind{
	name: "MariaDB", variable: "WASMSQL_TEST_MARIADB", packages: "mariadb-server",
	users:    []string{"mysql", "nobody"},
	programs: []string{"mariadb-install-db", "mariadbd"}, client: "mariadb",
	folders: []string{"/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/opt/homebrew/bin"},
	signal:  "KILL", // nothing of it is kept, and TERM takes its time
	scheme:  "mysql", home: "mysql",
	prepare: prepareMariaDB,
	args:    mariadbArgs,
	create: func(n names) string {
		return n.in(`
CREATE DATABASE %d CHARACTER SET utf8mb4;
CREATE USER %o@'%' IDENTIFIED BY '%p';
CREATE USER %r@'%' IDENTIFIED BY '%p';
GRANT ALL PRIVILEGES ON %d.* TO %o@'%';
GRANT SELECT ON %d.* TO %r@'%';
`)
	},
	furnish: func(names) string { return "" },
	drop: func(s *Server, n names) error {
		// An open transaction would keep the DROP waiting.
		kill, err := s.Client(s.AdminURI, n.in("SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE db = '%d' OR user IN ('%o', '%r');"))
		if err != nil {
			return err
		}
		for line := range strings.Lines(kill) {
			_, _ = s.Client(s.AdminURI, line) // it may be gone by itself
		}
		_, err = s.Client(s.AdminURI, n.in("SET SESSION lock_wait_timeout = 10; DROP DATABASE %d; DROP USER %o@'%', %r@'%';"))
		return err
	},
}

// prepareMariaDB makes the system tables, and the superuser at the first
// start. The time zone is one that nobody expects, so that a driver that
// relies on the server's is found out.
func prepareMariaDB(s *Server) ([]string, error) {
	data, first := filepath.Join(s.dir, "data"), filepath.Join(s.dir, "first.sql")
	err := s.write(first, "DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';\nFLUSH PRIVILEGES;\n"+
		"CREATE USER "+admin+"@'%' IDENTIFIED BY '"+s.password+"';\nGRANT ALL PRIVILEGES ON *.* TO "+admin+"@'%' WITH GRANT OPTION;\n")
	if err != nil {
		return nil, err
	}
	const logSize = "--innodb-log-file-size=16M"
	if err := s.do("mariadb-install-db", "--no-defaults", "--datadir="+data, "--skip-test-db", "--skip-name-resolve",
		"--auth-root-authentication-method=normal", logSize); err != nil {
		return nil, err
	}
	command := []string{
		s.programs["mariadbd"], "--no-defaults", "--datadir=" + data, "--tmpdir=" + s.dir, "--init-file=" + first,
		"--bind-address=127.0.0.1", "--port=" + strconv.Itoa(s.port), "--socket=" + filepath.Join(s.dir, "socket"),
		"--pid-file=" + filepath.Join(s.dir, "pid"), "--skip-name-resolve", "--default-time-zone=+05:45",
		logSize, "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0",
		"--innodb-use-native-aio=0", "--max-connections=100", "--character-set-server=utf8mb4", "--max-allowed-packet=64M",
	}
	for _, set := range s.settings {
		command = append(command, "--"+set)
	}
	return command, nil
}

// mariadbArgs lets nothing of the environment in.
func mariadbArgs(uri string) ([]string, []string, error) {
	u, err := parse(uri)
	if err != nil {
		return nil, nil, err
	}
	args := []string{
		"--no-defaults", "--batch", "--skip-column-names", "--protocol=tcp", "--default-character-set=utf8mb4", "--connect-timeout=10",
		"--host=" + u.Host, "--user=" + u.User,
	}
	if u.Port != 0 {
		args = append(args, "--port="+strconv.Itoa(u.Port))
	}
	if u.Database != "" {
		args = append(args, "--database="+u.Database)
	}
	return args, []string{"MYSQL_PWD=" + u.Password.Reveal()}, nil
}
