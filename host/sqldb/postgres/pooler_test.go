package postgres_test

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// pooler stands before a server as PgBouncer does that pools transactions, at its
// worst: each transaction of a client is on the other one of two sessions. It
// takes the parameters of a login that it follows, sets them once, and refuses
// all others.
type pooler struct {
	t       *testing.T
	uri     string // of the server, with the login
	changed string // what it sets in its sessions beside
}

// start returns the URI of the pooler.
func (p pooler) start() string {
	p.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	u, err := sqldb.ParseURI(p.uri)
	if err != nil {
		p.t.Fatal(err)
	}
	return "postgresql://" + u.User + "@" + l.Addr().String() + "/" + u.Database + "?sslmode=disable"
}

// serve takes the messages of a client to its sessions.
func (p pooler) serve(client net.Conn) {
	defer client.Close()
	wanted, ok := p.login(client)
	if !ok {
		return
	}
	var sessions [2]net.Conn
	for i := range sessions {
		s, hello, err := p.session(wanted)
		if err != nil {
			p.t.Error(err)
			return
		}
		defer s.Close()
		sessions[i] = s
		if i == 0 {
			peer{client}.says(hello)
		}
	}
	for at := 0; ; at = 1 - at {
		for done := false; !done; {
			m, err := readMessage(client)
			if err != nil || m[0] == 'X' {
				return
			}
			_, _ = sessions[at].Write(m)
			if m[0] != 'Q' && m[0] != 'S' && m[0] != 'H' {
				continue
			}
			if done, err = answer(client, sessions[at], m[0]); err != nil {
				return
			}
		}
	}
}

// answer takes the answers to a client, up to the end of those to a message, and
// tells whether the session is idle then.
func answer(client, session net.Conn, to byte) (idle bool, err error) {
	for {
		m, err := readMessage(session)
		if err != nil {
			return false, err
		}
		_, _ = client.Write(m)
		if m[0] == 'Z' {
			return m[5] == 'I', nil
		}
		if to == 'H' && (m[0] == 'C' || m[0] == 'E') {
			return false, nil
		}
	}
}

// login reads the login, and returns what it wants set.
func (p pooler) login(client net.Conn) (wanted string, ok bool) {
	var size [4]byte
	if _, err := io.ReadFull(client, size[:]); err != nil {
		return "", false
	}
	b := make([]byte, binary.BigEndian.Uint32(size[:])-4)
	if _, err := io.ReadFull(client, b); err != nil || len(b) < 4 {
		return "", false
	}
	words := strings.Split(string(b[4:]), "\x00")
	for i := 0; i+1 < len(words) && words[i] != ""; i += 2 {
		switch words[i] {
		case "user", "database":
		case "client_encoding", "DateStyle", "TimeZone", "standard_conforming_strings", "application_name":
			wanted += "SET " + words[i] + " = '" + words[i+1] + "';"
		default:
			peer{client}.says(say('E', "SFATAL\x00VFATAL\x00C08P01\x00Munsupported startup parameter: "+words[i]+"\x00\x00"))
			return "", false
		}
	}
	return wanted, true
}

// session opens one on the server, and returns what to tell the client of it.
func (p pooler) session(wanted string) (s net.Conn, hello string, err error) {
	c, err := pgconn.Connect(p.t.Context(), p.uri)
	if err != nil {
		return nil, "", err
	}
	if _, err := c.Exec(p.t.Context(), wanted+p.changed).ReadAll(); err != nil {
		return nil, "", err
	}
	h, err := c.Hijack()
	if err != nil {
		return nil, "", err
	}
	hello = say('R', "\x00\x00\x00\x00")
	for name, v := range h.ParameterStatuses {
		hello += say('S', name+"\x00"+v+"\x00")
	}
	return h.Conn, hello + say('Z', "I"), nil
}

func readMessage(c net.Conn) ([]byte, error) {
	m := make([]byte, 5)
	if _, err := io.ReadFull(c, m); err != nil {
		return nil, err
	}
	m = append(m, make([]byte, binary.BigEndian.Uint32(m[1:])-4)...)
	_, err := io.ReadFull(c, m[5:])
	return m, err
}

// TestC12Pooler: behind a pooler of transactions each one finds the session as it
// was asked for, and nothing of another, whichever session of the server it is
// on.
func TestC12Pooler(t *testing.T) {
	uri := server(t)
	d := open(t, pooler{t: t, uri: uri}.start(), sqldb.Config{Access: abi.ReadWrite, Pool: sqldb.Pool{Max: 1}})
	ends := []func(sqldb.Tx) error{
		func(tx sqldb.Tx) error { return tx.Commit(t.Context()) },
		func(tx sqldb.Tx) error { return tx.Rollback(t.Context()) },
	}
	for i, opts := range []sqldb.TxOptions{readWrite, readWrite, {}, {Single: true}, {Single: true}, readWrite, {}} {
		for _, end := range ends {
			tx, err := d.Begin(t.Context(), opts)
			if err != nil {
				t.Fatal(i, err)
			}
			const session = "SELECT current_setting('TimeZone') || '|' || current_setting('DateStyle') || '|' || current_setting('client_encoding')" +
				" || '|' || (SELECT count(*) FROM pg_class WHERE relname = 'left_behind') || '|' || (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())"
			if got := cell(t, tx, session); got != "UTC|ISO, YMD|UTF8|0|0" {
				t.Errorf("transaction %d: %s", i, got)
			}
			if opts.Access == abi.ReadWrite {
				exec(t, tx, "CREATE TEMP TABLE left_behind AS SELECT 1 AS a")
				exec(t, tx, "SELECT pg_advisory_lock(4711)")
				exec(t, tx, "SET TIME ZONE 'Asia/Tokyo'")
			}
			if err := end(tx); err != nil {
				t.Fatal(i, err)
			}
			_ = tx.Rollback(t.Context())
		}
	}
	// A commit that the server refuses is told as that.
	tx := beginOn(t, d, readWrite)
	exec(t, tx, "CREATE TEMP TABLE twice (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
	exec(t, tx, "INSERT INTO twice VALUES (1), (1)")
	if e := fault(t, tx.Commit(t.Context())); e.SQLState != "23505" || e.Unknown {
		t.Errorf("%+v", e)
	}
	if got := cell(t, beginOn(t, d, sqldb.TxOptions{}), "SELECT 1"); got != "1" {
		t.Error(got)
	}
}

// TestPoolerSettings: what the login through a pooler cannot name is as it has to
// be by itself, or it is an error that says what is not.
func TestPoolerSettings(t *testing.T) {
	uri := server(t)
	for _, c := range []struct{ changed, options, want string }{
		{"", "", ""},
		{"SET statement_timeout = 5000", "-c statement_timeout=5s", ""},
		{"SET bytea_output = escape", "", `a connection pooler does not set "bytea_output" as the session needs it`},
		{"", "-c statement_timeout=5s", `a connection pooler does not set "statement_timeout" as the session needs it`},
		{"", "-c search_path=it's", `a connection pooler does not set "search_path" as the session needs it`},
	} {
		args := map[string]any{}
		if c.options != "" {
			args["options"] = c.options
		}
		tx, err := open(t, pooler{t, uri, c.changed}.start(), sqldb.Config{Args: args}).Begin(t.Context(), sqldb.TxOptions{})
		if c.want != "" {
			if e := fault(t, err); e.Code != abi.Conn || e.Message != c.want {
				t.Errorf("%v: %+v", c, e)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", c, err)
			continue
		}
		if got := cell(t, tx, "SELECT 1"); got != "1" {
			t.Error(got)
		}
		_ = tx.Rollback(t.Context())
	}
}
