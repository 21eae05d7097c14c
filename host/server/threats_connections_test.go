package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// database is a server that tests of connections use.
type database struct {
	name     string
	make     func(testing.TB) sqldbtest.Database
	endless  string // a query that would go on for hours
	busy     string // how many sessions of the database run one
	sessions string // how many sessions the database has, but for the one that asks
}

var databases = []database{
	{"postgres", sqldbtest.PostgresDatabase, "SELECT count(*) AS n FROM generate_series(1, 1000000000000) a",
		"SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL AND state <> 'idle' AND query LIKE '%generate_series%' AND pid <> pg_backend_pid()",
		"SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL AND pid <> pg_backend_pid()"},
	{"mariadb", sqldbtest.MariaDBDatabase, "SELECT count(*) AS n FROM information_schema.COLUMNS a, information_schema.COLUMNS b, information_schema.COLUMNS c",
		"SELECT count(*) AS n FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND INFO LIKE '%COLUMNS%' AND ID <> CONNECTION_ID()",
		"SELECT count(*) AS n FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID()"},
}

// on is a tenant's configuration with a database of a server.
func on(uri, more string) string {
	return "connections: {db: {uri: '" + uri + "', access: read-write" + more + "}}\n"
}

// look is a tenant of the database's administrator, and its tasks.
func (d database) look(db sqldbtest.Database, to files) files {
	to["look/wasmsql.yaml"] = on(db.AdminURI, "")
	to["look/tasks/busy.yaml"] = task("busy", d.busy, "")
	to["look/tasks/sessions.yaml"] = task("sessions", d.sessions, "")
	return to
}

// count asks one of the administrator's tasks.
func (s *served) count(token, task string) int {
	s.t.Helper()
	got := s.do("POST", "/v1/tasks/"+task+"/run", token, "{}", "Accept", "text/csv")
	n := -1
	if _, err := fmt.Sscanf(got.body, "n\n%d", &n); err != nil {
		s.t.Fatal(got.status, got.body)
	}
	return n
}

// becomes waits until a count is what it should be.
func (s *served) becomes(token, task string, want int, what string) {
	s.t.Helper()
	sqldbtest.Eventually(s.t, fmt.Sprintf("%s: %s is never %d", what, task, want), func() bool { return s.count(token, task) == want })
}

// TestC10EndedRequests has clients go away, cancel, or wait for too long: the
// query is gone from the database server.
func TestC10EndedRequests(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			db := d.make(t)
			state := withState(t, t.TempDir())
			s := serve(t, d.look(db, files{
				"acme/wasmsql.yaml":       on(db.URI, ""),
				"acme/tasks/endless.yaml": task("endless", d.endless, "timeout: 1h\n"),
				"acme/tasks/short.yaml":   task("short", d.endless, "timeout: 1s\n"),
			}), func(c *server.Config) { c.Drivers = allDrivers(); state(c) })
			secure := serveTLS(t, s, newAuthority(t))
			token, admin := s.token("acme", server.Run), s.token("look", server.Run)
			for name, client := range map[string]*http.Client{"HTTP/1.1": secure.client(false), "HTTP/2": secure.client(true)} {
				ctx, leave := context.WithCancel(t.Context())
				r, err := http.NewRequestWithContext(ctx, "POST", "https://"+secure.addr+"/v1/tasks/endless/run", strings.NewReader("{}"))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Authorization", "Bearer "+token)
				r.Header.Set("Content-Type", "application/json")
				left := make(chan error, 1)
				go func() {
					res, err := client.Do(r)
					if err == nil {
						res.Body.Close()
					}
					left <- err
				}()
				s.becomes(admin, "busy", 1, name)
				leave()
				if err := <-left; !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				s.becomes(admin, "busy", 0, name+", the client has gone")
			}
			if p := s.do("POST", "/v1/tasks/short/run", token, "{}").problem(t); p.Status != 422 || p.Code != "limit" {
				t.Errorf("%+v", p)
			}
			s.becomes(admin, "busy", 0, "the time is over")
			e := s.do("POST", "/v1/executions", token, `{"task": "endless"}`).execution(t)
			s.becomes(admin, "busy", 1, "an execution")
			if got := s.do("DELETE", "/v1/executions/"+e.ID, token, ""); got.status != 202 {
				t.Error(got.status, got.body)
			}
			s.becomes(admin, "busy", 0, "a canceled execution")
			if e := s.wait(token, e.ID); e.Status != "canceled" {
				t.Errorf("%+v", e)
			}
		})
	}
}

// TestC13Pools changes a tenant's folder and its secret, and removes it: the
// connections of before are closed, and those of another tenant on the same
// database are its own.
func TestC13Pools(t *testing.T) {
	t.Parallel()
	d := databases[0]
	db := d.make(t)
	at := strings.LastIndex(db.URI, "@")
	login, password, _ := strings.Cut(db.URI[:at][strings.Index(db.URI, "://")+3:], ":")
	bare := db.URI[:strings.Index(db.URI, "://")+3] + login + db.URI[at:]
	pid := task("pid", "SELECT pg_backend_pid() AS pid", "")
	var now atomic.Value
	now.Store(password)
	acme := "connections: {db: {uri: '" + bare + "', secret_connect_args: {password: {group: db, key: password}}}}\n"
	s := serve(t, d.look(db, files{
		"acme/wasmsql.yaml": acme, "acme/tasks/pid.yaml": pid,
		"globex/wasmsql.yaml": on(db.URI, ""), "globex/tasks/pid.yaml": pid,
	}), func(c *server.Config) {
		c.Drivers = allDrivers()
		c.Secrets = func(string) secret.Provider { return provider(func() string { return now.Load().(string) }) }
	})
	admin, a, g := s.token("look", server.Run), s.token("acme", server.Run), s.token("globex", server.Run)
	ask := func(token string) string {
		got := s.do("POST", "/v1/tasks/pid/run", token, "{}", "Accept", "text/csv")
		if got.status != 200 {
			t.Fatal(got.status, got.body)
		}
		return got.body
	}
	first, others := ask(a), ask(g)
	if first != ask(a) || first == others {
		t.Fatal("connections are not kept by tenant:", first, others)
	}
	s.becomes(admin, "sessions", 2, "two tenants")

	files{"acme/wasmsql.yaml": acme + "quotas: {running: 5}\n"}.write(t, s.dir)
	s.reload()
	s.becomes(admin, "sessions", 1, "a changed folder")
	second := ask(a)
	if second == first {
		t.Error("a changed tenant has the connections of before")
	}
	now.Store("wrong")
	s.reload()
	s.becomes(admin, "sessions", 1, "a changed secret")
	if p := s.do("POST", "/v1/tasks/pid/run", a, "{}").problem(t); p.Status != 502 || p.Code != "connection" {
		t.Errorf("with a wrong password: %+v", p)
	}
	now.Store(password)
	s.reload()
	if third := ask(a); third == second {
		t.Error("a connection outlived its secret")
	}
	if got := ask(g); got != others {
		t.Error("another tenant's connection was closed")
	}
	s.remove("acme")
	s.becomes(admin, "sessions", 1, "a removed tenant")
}

// provider finds one secret.
type provider func() string

func (p provider) Lookup(context.Context, secret.Ref) (secret.Value, error) {
	return secret.New(p()), nil
}

// TestC14Pools has a tenant use all connections that it may have: what more it
// asks waits, and ends with the code of a limit; another tenant is served.
func TestC14Pools(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			db := d.make(t)
			s := serve(t, d.look(db, files{
				"acme/wasmsql.yaml":      on(db.URI, ", pool: {max: 2}"),
				"acme/tasks/long.yaml":   task("long", d.endless, "timeout: 1h\n"),
				"acme/tasks/one.yaml":    task("one", "SELECT 1 AS n", "timeout: 1s\n"),
				"acme/tasks/later.yaml":  task("later", "SELECT 1 AS n", "timeout: 1h\n"),
				"globex/wasmsql.yaml":    on(db.URI, ""),
				"globex/tasks/fast.yaml": task("fast", "SELECT 1 AS n", ""),
			}), func(c *server.Config) { c.Drivers = allDrivers() })
			a, g, admin := s.token("acme", server.Run), s.token("globex", server.Run), s.token("look", server.Run)
			var leave []func()
			for range 2 {
				_, l := s.begun("long", a)
				leave = append(leave, l)
			}
			s.becomes(admin, "busy", 2, "the tenant's executions")
			var waited []<-chan answer
			for range 4 {
				end, _ := s.begun("one", a)
				waited = append(waited, end)
			}
			for range 20 {
				if got := s.do("POST", "/v1/tasks/fast/run", g, "{}"); got.status != 200 {
					t.Error("another tenant:", got.status, got.body)
				}
			}
			for _, end := range waited {
				if p := (<-end).problem(t); p.Status != 422 || p.Code != "limit" {
					t.Errorf("%+v", p)
				}
			}
			for _, l := range leave {
				l()
			}
			s.becomes(admin, "busy", 0, "their end")
			if got := s.do("POST", "/v1/tasks/later/run", a, "{}"); got.status != 200 {
				t.Error("after it:", got.status, got.body)
			}
		})
	}
}

// TestC15Locks has a task hold a lock while its client takes no rows: the
// transaction ends with the task's time, and another one has the lock.
func TestC15Locks(t *testing.T) {
	t.Parallel()
	d := databases[0]
	db := d.make(t)
	s := serve(t, d.look(db, files{
		"acme/wasmsql.yaml":      on(db.URI, ""),
		"acme/tasks/make.yaml":   task("make", "CREATE TABLE locked (id int); INSERT INTO locked VALUES (1)", "outputs: none\n"),
		"acme/tasks/hold.yaml":   task("hold", "UPDATE locked SET id = 2;\nSELECT repeat('x', 1000) AS x FROM generate_series(1, 10000000)", "timeout: 10s\n"),
		"acme/tasks/change.yaml": task("change", "UPDATE locked SET id = 3", "outputs: none\ntimeout: 2m\n"),
		"acme/tasks/ids.yaml":    task("ids", "SELECT id AS n FROM locked", ""),
	}), func(c *server.Config) { c.Drivers, c.Patience = allDrivers(), time.Hour })
	token, admin := s.token("acme", server.Run), s.token("look", server.Run)
	if got := s.do("POST", "/v1/tasks/make/run", token, "{}"); got.status != 200 {
		t.Fatal(got.body)
	}
	conn := s.dial(t)
	fmt.Fprintf(conn, "POST /v1/tasks/hold/run HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", token)
	s.becomes(admin, "busy", 1, "the task that holds a lock")
	if got := s.do("POST", "/v1/tasks/change/run", token, "{}"); got.status != 200 {
		t.Error("another task never has the lock:", got.status, got.body)
	}
	s.becomes(admin, "busy", 0, "the task that held a lock")
	if n := s.count(token, "ids"); n != 3 {
		t.Error("it is", n)
	}
	text, err := io.ReadAll(conn)
	if strings.HasSuffix(string(text), "0\r\n\r\n") || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the client may take the rows for whole, or is waited for:", err)
	}
}

// names is a DNS server with one name, whose addresses change with each
// question.
type names struct {
	*net.UDPConn
	answers [][]netip.Addr
	asked   atomic.Int64
}

func newNames(t *testing.T, answers ...[]netip.Addr) *names {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	n := &names{UDPConn: conn, answers: answers}
	go n.serve()
	return n
}

func (n *names) serve() {
	buf := make([]byte, 1500)
	for {
		size, from, err := n.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:size]) != nil || len(m.Questions) != 1 {
			continue
		}
		m.Response, m.Additionals = true, nil
		q := m.Questions[0]
		switch {
		case q.Name.String() != "rebind.test.":
			m.RCode = dnsmessage.RCodeNameError
		case q.Type == dnsmessage.TypeA:
			i := min(int(n.asked.Add(1)), len(n.answers)) - 1
			for _, a := range n.answers[i] {
				m.Answers = append(m.Answers, dnsmessage.Resource{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}, Body: &dnsmessage.AResource{A: a.As4()}})
			}
		}
		if out, err := m.Pack(); err == nil {
			_, _ = n.WriteToUDPAddrPort(out, from)
		}
	}
}

// TestC5Rebinding has a name mean an address that is allowed, and then another:
// what is dialled is what counts. The resolver of the process is the test's.
func TestC5Rebinding(t *testing.T) {
	allowed, victim := netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")
	var here, there net.Listener
	port := 0
	for tries := 0; there == nil; tries++ {
		var err error
		if here, err = net.Listen("tcp", "127.0.0.2:0"); err != nil {
			t.Skip("this system has one address of loopback: ", err)
		}
		defer here.Close()
		port = here.Addr().(*net.TCPAddr).Port
		if there, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err != nil && tries > 20 { // someone has it
			t.Fatal(err)
		}
	}
	defer there.Close()
	var reached, attacked atomic.Int64
	accept := func(l net.Listener, n *atomic.Int64) {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			c.Close()
		}
	}
	go accept(here, &reached)
	go accept(there, &attacked)
	before := net.DefaultResolver
	defer func() { net.DefaultResolver = before }()
	for _, scheme := range []string{"postgresql", "mysql"} {
		dns := newNames(t, []netip.Addr{allowed}, []netip.Addr{victim}, []netip.Addr{victim, allowed}, []netip.Addr{victim})
		net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "udp", dns.LocalAddr().String())
		}}
		reached.Store(0)
		s := serve(t, files{
			"acme/wasmsql.yaml":   fmt.Sprintf("connections: {db: {uri: '%s://u@rebind.test:%d/d'}}\n", scheme, port),
			"acme/tasks/one.yaml": task("one", "SELECT 1 AS n", "timeout: 1h\n"),
		}, func(c *server.Config) {
			c.Drivers = allDrivers()
			c.Address = func(a netip.AddrPort) error {
				if a.Addr() == allowed {
					return nil
				}
				return errors.New("the address is not one that this server allows")
			}
		})
		token := s.token("acme", server.Run)
		for i := range 5 {
			if p := s.do("POST", "/v1/tasks/one/run", token, "{}").problem(t); p.Status != 502 || p.Code != "connection" || strings.Contains(p.Detail+p.Hint, "127.0") {
				t.Errorf("%s, request %d: %+v", scheme, i, p)
			}
		}
		if dns.asked.Load() < 2 || reached.Load() == 0 {
			t.Errorf("%s: %d questions, %d connections to where it may", scheme, dns.asked.Load(), reached.Load())
		}
	}
	if n := attacked.Load(); n != 0 {
		t.Errorf("%d connections to where it may not", n)
	}
}
