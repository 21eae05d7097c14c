package sqldbtest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Server is a database server that tests may do anything to: a private one
// that New made, or one that the environment names. It is safe for concurrent
// use once it has been started.
type Server struct {
	AdminURI string // the superuser, as SQLAlchemy URL

	kind     *kind
	programs map[string]string // by name, full paths
	settings []string
	port     int
	password string
	dir      string // of a private server that was started
	run      *watched
}

// kind is what is different between the servers.
type kind struct {
	name     string   // for messages: PostgreSQL
	variable string   // of the environment: WASMSQL_TEST_POSTGRES
	packages string   // of Debian
	users    []string // to run as where we are root
	programs []string // that a private server needs
	folders  []string // patterns of where to look for them beside PATH
	client   string   // program
	signal   string   // ends the server at once
	scheme   string   // of its URIs
	home     string   // database that always exists

	prepare func(s *Server) ([]string, error)            // makes the data, returns the command of the server
	args    func(uri string) ([]string, []string, error) // arguments and environment of the client
	create  func(n names) string                         // SQL for Database, as superuser
	furnish func(n names) string                         // SQL in the new database, as superuser, or none
	drop    func(s *Server, n names) error
}

// admin is the superuser of a private server.
const admin = "wasmsql"

// Missing is the error where a program is not installed.
type Missing struct {
	Program  string
	Server   string // what it belongs to, for instance PostgreSQL
	Packages string // of Debian that have it
	Variable string // of the environment, which names a server to use instead, or empty
}

// Error says what to install.
func (m *Missing) Error() string {
	text := fmt.Sprintf("no program %q: install %s (on Debian: apt-get install %s)", m.Program, m.Server, m.Packages)
	if m.Variable != "" {
		text += ", or set " + m.Variable + " to the URI of a server's superuser"
	}
	return text
}

// new returns a private server that is not started. Its AdminURI is known
// already. Settings are options of the server, name=value.
func (k *kind) new(settings []string) (*Server, error) {
	s := &Server{kind: k, settings: settings, programs: map[string]string{}, password: random(12)}
	for _, name := range append(slices.Clone(k.programs), k.client) {
		path, ok := k.find(name)
		if !ok {
			return nil, &Missing{name, k.name, k.packages, k.variable}
		}
		s.programs[name] = path
	}
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	s.port = port
	s.AdminURI = fmt.Sprintf("%s://%s:%s@127.0.0.1:%d/%s", k.scheme, admin, s.password, port, k.home)
	return s, nil
}

// find looks for a program in PATH and in the folders where packages put those
// that are not in it, the newest first.
func (k *kind) find(name string) (string, bool) {
	if path, err := exec.LookPath(name); err == nil {
		return path, true
	}
	for _, pattern := range k.folders {
		found, _ := filepath.Glob(filepath.Join(pattern, name))
		if len(found) > 0 {
			return slices.MaxFunc(found, byVersion), true
		}
	}
	return "", false
}

// byVersion orders paths by the first number in them: /usr/lib/postgresql/9.6
// is before 15.
func byVersion(a, b string) int {
	version := func(path string) float64 {
		path = strings.TrimLeftFunc(path, func(r rune) bool { return r < '0' || r > '9' })
		end := strings.IndexFunc(path, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		n, _ := strconv.ParseFloat(path[:max(end, 0)], 64)
		return n
	}
	return cmp.Compare(version(a), version(b))
}

// FreePort returns a port of the loopback address that nobody listens on, below
// those that systems give to outgoing connections: it will be used later.
func FreePort() (int, error) {
	for range 100 {
		port := 20000 + rand.IntN(12000)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no free port found on 127.0.0.1")
}

// Start makes the server's data in a temporary folder, starts it and waits
// until it answers. The server ends, and the folder goes, with Stop or with
// this process, however that ends. An error holds the server's log.
func (s *Server) Start() error {
	err := s.start()
	if err != nil {
		err = fmt.Errorf("starting a private %s: %w%s", s.kind.name, err, s.run.log())
		s.Stop()
	}
	return err
}

func (s *Server) start() error {
	var err error
	if s.dir, err = s.folder(); err != nil {
		return err
	}
	command, err := s.kind.prepare(s)
	if err != nil {
		return err
	}
	if s.run, err = watch(s.dir, s.kind, command); err != nil {
		return err
	}
	return s.wait()
}

// wait waits until the server answers its client.
func (s *Server) wait() error {
	u, err := parse(s.AdminURI)
	if err != nil {
		return err
	}
	address := net.JoinHostPort(u.Host, strconv.Itoa(u.Port))
	deadline := time.Now().Add(Patience)
	for {
		var conn net.Conn
		if conn, err = net.DialTimeout("tcp", address, time.Second); err == nil {
			_ = conn.Close()
			if _, err = s.Client(s.AdminURI, "SELECT 1;"); err == nil {
				return nil
			}
		}
		switch {
		case s.run.ended():
			return errors.New("it ended by itself")
		case time.Now().After(deadline):
			return fmt.Errorf("no answer for %s: %w", Patience, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Stop ends a private server at once and removes its folder. It is idempotent.
func (s *Server) Stop() {
	s.run.stop()
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// Client runs SQL, each statement ended by a semicolon, with the database's
// own client, and returns its output: a line a row, a tab between columns.
func (s *Server) Client(uri, sql string) (string, error) {
	args, env, err := s.kind.args(uri)
	if err != nil {
		return "", err
	}
	program, ok := s.programs[s.kind.client], true
	if program == "" {
		if program, ok = s.kind.find(s.kind.client); !ok {
			return "", &Missing{s.kind.client, s.kind.name, s.kind.packages, s.kind.variable}
		}
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent", "LC_ALL=C.UTF-8"}, env...)
	cmd.Stdin = strings.NewReader(sql)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(stderr.String()) // a client may repeat the statement first
		return stdout.String(), fmt.Errorf("%s: %w: %s", s.kind.client, err, said[max(0, len(said)-2000):])
	}
	return stdout.String(), nil
}

// do runs a program that makes the server's data.
func (s *Server) do(program string, args ...string) error {
	cmd := exec.Command(s.programs[program], args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = s.kind.process()
	cmd.Env = append(os.Environ(), "HOME="+s.dir, "TMPDIR="+s.dir, "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	return nil
}
