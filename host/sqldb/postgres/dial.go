package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// maxStartup bounds a message of the login.
const maxStartup = 1 << 20

// dialer makes connections. It is safe for concurrent use.
type dialer struct {
	settings *settings
	secrets  func(context.Context) (map[string]secret.Value, error)
	base     *pgconn.Config
	way      atomic.Int32 // of ways: the one that the server takes
}

// The ways to log in, by the parameters of the session that the login names.
const (
	watched = iota // all, and watchName
	plain          // all
	bare           // those that poolers follow
)

// watchName has the server look every few seconds whether we are there still
// while it works for us: a query whose process was killed does not go on for
// hours. It is a parameter of the login, so that DISCARD ALL leaves it. Servers
// have it since PostgreSQL 14, on Linux; poolers may not know it.
const watchName, watchValue = "client_connection_check_interval", "5s"

// newDialer returns a dialer. pgconn logs in: it knows SCRAM, and TLS within
// the protocol. Its own configuration is of no use here, since it reads the
// environment and the home folder.
func newDialer(s *settings, secrets func(context.Context) (map[string]secret.Value, error)) (*dialer, error) {
	base, err := blankConfig()
	return &dialer{settings: s, secrets: secrets, base: base}, err
}

// blank sets everything that pgconn would else take from PG* variables,
// ~/.pgpass and ~/.postgresql, to what does nothing. The password keeps it from
// looking for one.
const blank = "host=localhost port=5432 user=none password=none database='' sslmode=disable sslcert='' sslkey='' sslrootcert='' " +
	"sslpassword='' sslcertmode=allow sslnegotiation='' connect_timeout=0 target_session_attrs=any channel_binding=prefer require_auth='' " +
	"min_protocol_version=3.0 max_protocol_version=3.0 passfile='' options='' application_name='' timezone=UTC"

// blankConfig returns a configuration that holds nothing. pgconn makes one only
// out of a string and the environment; with PGSERVICE set it wants a service
// file too, and gets an empty one of ours.
func blankConfig() (*pgconn.Config, error) {
	text := blank
	if os.Getenv("PGSERVICE") != "" {
		f, err := os.CreateTemp("", "wasmsql-*.conf")
		if err != nil {
			return nil, err
		}
		defer os.Remove(f.Name())
		_, err = f.WriteString("[none]\n")
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, err
		}
		quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(f.Name())
		text += " service=none servicefile='" + quoted + "'"
	}
	c, err := pgconn.ParseConfig(text)
	if err != nil {
		return nil, err
	}
	c.User, c.Password, c.Database, c.RuntimeParams, c.Fallbacks = "", "", "", nil, nil
	return c, nil
}

// config returns the configuration of one connection, with its secrets.
func (d *dialer) config(ctx context.Context) (*pgconn.Config, error) {
	s := d.settings
	c := d.base.Copy()
	tls := s.tls
	c.Host, c.Port, c.User, c.Database, c.Password = s.host, uint16(s.port), s.user, s.database, s.password.Reveal()
	if len(s.secrets) > 0 {
		values, err := d.secrets(ctx)
		if err != nil {
			return nil, err
		}
		for name := range s.secrets {
			v := values[name]
			if strings.ContainsRune(v.Reveal(), 0) {
				return nil, &sqldb.Error{Code: abi.Conn, Message: "secret_connect_args." + name + ": the secret holds a NUL character"}
			}
			switch name {
			case "password":
				c.Password = v.Reveal()
			case "user", "username":
				c.User = v.Reveal()
			case "dbname", "database":
				c.Database = v.Reveal()
			case "sslpassword":
				tls.password = v
			}
		}
	}
	ways, err := tls.configs(s.host)
	if err != nil {
		return nil, err
	}
	c.TLSConfig = ways[0]
	for _, w := range ways[1:] {
		c.Fallbacks = append(c.Fallbacks, &pgconn.FallbackConfig{Host: c.Host, Port: c.Port, TLSConfig: w})
	}
	c.ChannelBinding, c.RequireAuth = s.channelBinding, s.requireAuth
	if s.tls.direct {
		c.SSLNegotiation = "direct"
	}
	c.RuntimeParams = s.session
	c.ConnectTimeout = s.connectTimeout
	c.MaxProtocolMessageBodyLen = maxStartup
	net := net.Dialer{KeepAliveConfig: s.keepalive.config(), Control: s.reach.Control}
	c.DialFunc = net.DialContext
	c.AfterNetConnect = wholeMessages
	c.OnNotice, c.OnNotification = nil, nil
	return c, nil
}

func (k keepalive) config() net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: !k.off, Idle: k.idle, Interval: k.interval, Count: k.count}
}

// dial makes a connection and checks its session.
func (d *dialer) dial(ctx context.Context) (*conn, error) {
	cfg, err := d.config(ctx)
	if err != nil {
		return nil, err
	}
	login, way, err := d.logIn(ctx, cfg)
	if err != nil {
		return nil, cannotConnect(ctx, err, d.settings.tls.mode)
	}
	h, err := login.Hijack()
	if err != nil {
		return nil, cannotConnect(ctx, err, d.settings.tls.mode)
	}
	c, err := newConn(h)
	if err == nil {
		err = c.checkSession(ctx, d.settings)
	}
	if err == nil && way == bare {
		err = c.behindPooler(ctx, d.settings.session)
	}
	if err != nil {
		_ = h.Conn.Close()
		return nil, cannotConnect(ctx, err, d.settings.tls.mode)
	}
	return c, nil
}

// logIn connects in the first way that the server takes, and tells which it is.
func (d *dialer) logIn(ctx context.Context, cfg *pgconn.Config) (*pgconn.PgConn, int32, error) {
	for way := d.way.Load(); ; way++ {
		c := cfg.Copy()
		switch way {
		case watched:
			c.RuntimeParams[watchName] = watchValue
		case bare:
			maps.DeleteFunc(c.RuntimeParams, func(name, _ string) bool { return !slices.Contains(followed, name) })
		}
		login, err := pgconn.ConnectConfig(ctx, c)
		if err == nil {
			d.way.Store(way)
			return login, way, nil
		}
		if way == bare || !parameterRefused(err, way) {
			return nil, way, err
		}
	}
}

// parameterRefused reports whether a login failed for a parameter of the session
// that the next way does not name: one that is not known, or whose value is of no
// use there, or one that a pooler takes for a breach of the protocol.
func parameterRefused(err error, way int32) bool {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return false
	}
	return refused.Code == "08P01" || way == watched && (refused.Code == "42704" || refused.Code == "22023")
}

// messageConn gives out its bytes message by message: whoever reads from it
// never has a part of the next one in a buffer when the connection is taken
// over. A login that would take long to compute ends here.
type messageConn struct {
	net.Conn

	mu       sync.Mutex // held by a Read
	released bool
	head     []byte // what was read of a message: its header, and of a login's all
	given    int    // of head
	left     int    // of the body
}

// wholeMessages is the hook of pgconn between TLS and the login.
func wholeMessages(_ context.Context, _ *pgconn.Config, c net.Conn) (net.Conn, error) {
	return &messageConn{Conn: c}, nil
}

// Read implements net.Conn.
func (m *messageConn) Read(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.released {
		return 0, net.ErrClosed
	}
	if m.left == 0 && m.given == len(m.head) {
		if err := m.next(); err != nil {
			return 0, err
		}
	}
	if m.given < len(m.head) {
		n := copy(p, m.head[m.given:])
		m.given += n
		return n, nil
	}
	n, err := m.Conn.Read(p[:min(len(p), m.left)])
	m.left -= n
	return n, err
}

// release ends the login, and returns the connection behind it. Where a write of
// pgconn's took longer than 15 ms, a goroutine of its own reads since then, and
// would take the beginning of our first answer: it is sent away, and what it
// has taken comes first.
func (m *messageConn) release() net.Conn {
	_ = m.SetReadDeadline(time.Unix(1, 0))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.released = true
	_ = m.SetReadDeadline(time.Time{})
	if m.given == len(m.head) {
		return m.Conn
	}
	return &begunConn{m.Conn, m.head[m.given:]}
}

// begunConn is a connection of which something was read.
type begunConn struct {
	net.Conn
	first []byte
}

// Read implements net.Conn.
func (b *begunConn) Read(p []byte) (int, error) {
	if len(b.first) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.first)
	b.first = b.first[n:]
	return n, nil
}

// maxIterations bounds the rounds of SCRAM, for which no deadline ends the
// computing: so many take half a second. PostgreSQL's default is 4096.
const maxIterations = 1_000_000

var errIterations = errors.New("the server asks for too many rounds of SCRAM")

// next reads the header of a message, and all of one that AuthenticationSASLContinue
// may be: R, a length, 11, r=NONCE,s=SALT,i=ROUNDS.
func (m *messageConn) next() error {
	m.head, m.given = make([]byte, 5), 0
	if n, err := io.ReadFull(m.Conn, m.head); err != nil {
		m.head = m.head[:n]
		return err
	}
	m.left = max(0, int(binary.BigEndian.Uint32(m.head[1:]))-4)
	if m.head[0] != 'R' || m.left < 4 || m.left > 4096 {
		return nil
	}
	m.head = append(m.head, make([]byte, m.left)...)
	m.left = 0
	if _, err := io.ReadFull(m.Conn, m.head[5:]); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(m.head[5:]) != 11 {
		return nil
	}
	for part := range strings.SplitSeq(string(m.head[9:]), ",") {
		rounds, ok := strings.CutPrefix(part, "i=")
		if n, err := strconv.ParseUint(rounds, 10, 32); ok && (err != nil || n > maxIterations) {
			return errIterations
		}
	}
	return nil
}
