package mysql

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// tap is a proxy that keeps what a client sends.
type tap struct {
	port int
	mu   sync.Mutex
	sent bytes.Buffer
}

// Write implements io.Writer.
func (w *tap) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent.Write(p)
}

// takeSent returns what was sent since the last call.
func (w *tap) takeSent() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.sent.Reset()
	return w.sent.String()
}

func newTap(t *testing.T, to string) *tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	w := &tap{port: l.Addr().(*net.TCPAddr).Port}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
			go func() { _, _ = io.Copy(out, io.TeeReader(in, w)); _ = out.Close() }()
		}
	}()
	return w
}

// TestC7LoginPlugins logs in by each way that a server has, with TLS and
// without, when the server does not know the password yet and when it does: it
// never goes over the wire as it is. MySQL 8 and later have
// caching_sha2_password; without TLS the password is encrypted for the
// server's key, as PyMySQL does.
func TestC7LoginPlugins(t *testing.T) {
	db := sqldbtest.MariaDBDatabase(t)
	admin := openURI(t, db.AdminURI)
	u, _ := sqldb.ParseURI(db.AdminURI)
	wire := newTap(t, net.JoinHostPort(u.Host, strconv.Itoa(u.Port)))
	tried, how := 0, "WITH %s BY '%s'"
	if isMariaDB(t, admin) {
		how = "VIA %s USING PASSWORD('%s')"
	}
	for _, plugin := range []string{"caching_sha2_password", "sha256_password", "mysql_native_password"} {
		name, password := "p"+strconv.Itoa(tried)+"_"+u.Database, "Canary-"+plugin
		if err := exec(t, begin(t, admin), "CREATE USER "+name+"@'%' IDENTIFIED "+fmt.Sprintf(how, plugin, password)); err != nil {
			t.Logf("not tested: %s: %v", plugin, err)
			continue
		}
		tried++
		t.Cleanup(func() { _ = exec(t, begin(t, admin), "DROP USER "+name+"@'%'") })
		for i, args := range []map[string]any{{"ssl_disabled": true}, {"ssl_disabled": true}, nil, nil} {
			d := openURI(t, db.AdminURI, func(c *sqldb.Config) {
				c.URI.Port, c.URI.User, c.URI.Password, c.URI.Database, c.Args = wire.port, name, secret.New(password), "", args
			})
			x, err := d.Begin(ctxOf(t), sqldb.TxOptions{})
			if err != nil {
				t.Errorf("%s, login %d: %s", plugin, i, whole(err))
				continue
			}
			_ = x.Rollback(ctxOf(t))
			_ = d.Close()
			if sent := wire.takeSent(); strings.Contains(sent, password) || len(sent) == 0 {
				t.Errorf("%s %v: of %d bytes some are the password", plugin, args, len(sent))
			}
		}
	}
	if tried == 0 {
		t.Error("no way to log in was tried")
	}
}

// TestC7ServerKey is the longer way of caching_sha2_password without TLS, on a
// server that no MySQL is needed for: the client asks for the server's key, and
// sends the password under it, mixed with the server's challenge.
//
// Source: MySQL, "Caching_sha2_password information".
func TestC7ServerKey(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	const password, challenge = "Canary-of-the-login", "12345678123456789012"
	got := make(chan string, 1)
	to := listen(t, func(p *peer) {
		defer func() { _ = p.Close() }()
		hello := bytes.Replace(helloOf(usual), []byte("mysql_native_password"), []byte("caching_sha2_password"), 1)
		p.send(hello...)
		login, err := p.receive()
		if err != nil || bytes.Contains(login, []byte(password)) {
			got <- "the login holds the password, or there is none"
			return
		}
		p.number = 2
		p.send(1, 4) // the whole exchange
		if ask, err := p.receive(); err != nil || !bytes.Equal(ask, []byte{2}) {
			got <- "the client does not ask for the key: " + string(ask)
			return
		}
		p.number = 4
		p.send(append([]byte{1}, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})...)...)
		hidden, err := p.receive()
		if err != nil {
			got <- err.Error()
			return
		}
		plain, err := rsa.DecryptOAEP(sha1.New(), nil, key, hidden, nil)
		if err != nil {
			got <- err.Error()
			return
		}
		for i := range plain {
			plain[i] ^= challenge[i%len(challenge)]
		}
		got <- strings.TrimSuffix(string(plain), "\x00")
	})
	d := openURI(t, "mysql://someone@127.0.0.1/db", func(c *sqldb.Config) { c.URI.Password = secret.New(password); to(c) })
	if _, err := d.Begin(ctxOf(t), sqldb.TxOptions{}); err == nil {
		t.Error("the server went away, and is logged in to")
	}
	if s := <-got; s != password {
		t.Errorf("the server finds %q", s)
	}
}
