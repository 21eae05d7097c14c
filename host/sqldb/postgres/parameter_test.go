package postgres_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// particular returns the URI of the server behind one that refuses a login with
// a parameter, as an older server or a pooler does, and how many it has refused.
func particular(t *testing.T, uri, parameter, state string) (string, *atomic.Int32) {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var refused atomic.Int32
	pass := func(c net.Conn, host string) {
		defer c.Close()
		var size [4]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		login := make([]byte, binary.BigEndian.Uint32(size[:])-4)
		if _, err := io.ReadFull(c, login); err != nil {
			return
		}
		if strings.Contains(string(login), "\x00"+parameter+"\x00") {
			refused.Add(1)
			peer{c}.says(say('E', "SFATAL\x00VFATAL\x00C"+state+"\x00Mrefused\x00\x00"))
			return
		}
		s, err := net.Dial("tcp", host)
		if err != nil {
			return
		}
		defer s.Close()
		_, _ = s.Write(append(size[:], login...))
		go func() {
			_, _ = io.Copy(c, s)
			_ = c.Close()
		}()
		_, _ = io.Copy(s, c)
	}
	host := u.Host
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go pass(c, host)
		}
	}()
	u.Host = l.Addr().String()
	return u.String() + "?sslmode=disable", &refused
}

// TestParameterOfNewServers: a server or pooler that does not know the parameter
// by which a server watches its client is asked once, and then used without.
func TestParameterOfNewServers(t *testing.T) {
	for _, state := range []string{"42704", "22023", "08P01"} {
		uri, refused := particular(t, server(t), "client_connection_check_interval", state)
		d := open(t, uri, sqldb.Config{})
		var open []sqldb.Tx
		for range 3 {
			tx := beginOn(t, d, sqldb.TxOptions{})
			if got := cell(t, tx, "SELECT 1"); got != "1" {
				t.Error(got)
			}
			open = append(open, tx)
		}
		for _, tx := range open {
			if err := tx.Commit(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if n := refused.Load(); n != 1 {
			t.Errorf("%s: refused %d logins", state, n)
		}
	}
	uri, refused := particular(t, server(t), "default_transaction_read_only", "42704")
	_, err := open(t, uri, sqldb.Config{}).Begin(t.Context(), sqldb.TxOptions{})
	if e := fault(t, err); e.Code != abi.Conn || e.SQLState != "42704" || refused.Load() != 2 {
		t.Errorf("%+v after %d", e, refused.Load())
	}
}

// TestServerWatches: no execution keeps the server from watching the next one's
// client.
func TestServerWatches(t *testing.T) {
	d := open(t, server(t), sqldb.Config{Access: abi.ReadWrite, Pool: sqldb.Pool{Max: 1}})
	if tx := beginOn(t, d, sqldb.TxOptions{}); !since(t, tx, 14) {
		t.Skip("servers watch their clients since PostgreSQL 14")
	} else if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, opts := range []sqldb.TxOptions{readWrite, {}, readWrite} {
		tx, err := d.Begin(t.Context(), opts)
		if err != nil {
			t.Fatal(err)
		}
		if got := cell(t, tx, "SHOW client_connection_check_interval"); got != "5s" {
			t.Errorf("%v: %s", opts, got)
		}
		if got := cell(t, tx, "SELECT set_config('client_connection_check_interval', '0', false)"); got != "0" {
			t.Errorf("%v: set to %s", opts, got)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
