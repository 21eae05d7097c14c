package mysql

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// conn is a session of the server. It is used by one goroutine; kill and shut
// may be called by others.
type conn struct {
	*wire
	db       *db
	greeting greeting
	can      capabilities
	id       uint64 // of the session; KILL takes it
	server   string // tells servers apart: KILL must reach the one that has the session
	role     string // that the login begins with; MariaDB
	most     int64  // bytes that the server takes as one packet
	charset  uint16 // number of the session's, which texts come in
	modes    string // what sql_mode is set to, or nothing where that is not known
	cleanse  []byte // the commands of a reset but for its savepoint, where they go at once
	owed     bool   // the replies to them are still to be read

	opened time.Time
	idle   time.Time   // since when it is a spare
	expiry *time.Timer // closes the spare, once it has been one
	keep   time.Duration

	mark    string       // savepoint that says that the transaction is the host's; nothing until there is one
	columns []definition // of the last prepare, where the server sends them once
	stale   []prepared   // at most one, to be forgotten before the next
	told    uint16       // charset of the texts of our own last query
	busy    bool         // a reply is not read to its end
	killed  bool         // a context ended during a statement
	spent   bool         // nobody may use the session any more
	late    bool         // nobody waits for its statement any more, which may still run
	down    atomic.Bool  // the database was closed
}

// nowhere swallows what go-sql-driver logs, which else goes to standard error.
type nowhere struct{}

// Print implements driver.Logger.
func (nowhere) Print(...any) {}

// connect opens a session and sets it up.
func (d *db) connect(ctx context.Context) (*conn, error) {
	s := d.settings
	l, err := s.login(ctx, d.secrets)
	if err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, s.connectTimeout)
	defer cancel()
	c, err := d.logIn(within, l)
	if err == nil {
		if err = c.ready(within, s); err != nil {
			c.close()
		}
	}
	if err != nil {
		if by, ok := ctx.Deadline(); ok && time.Until(by) <= 0 {
			<-ctx.Done() // the network was the first to see it
		}
		if end := sqldb.Ended(ctx); end != nil {
			end.Cause = err
			return nil, end
		}
		return nil, cannotConnect(err)
	}
	return c, nil
}

// logIn lets go-sql-driver log in, and takes the connection from it.
func (d *db) logIn(ctx context.Context, l login) (_ *conn, err error) {
	raw, err := d.dial(ctx, l)
	if err != nil {
		return nil, err
	}
	defer func() {
		if v := recover(); v != nil { // it trusts the server's packets
			err = errors.Join(errMalformed, fmt.Errorf("panic: %v", v))
		}
		if err != nil {
			_ = raw.Close()
		}
	}()
	config, optional := d.settings.tls.config(l)
	e, err := enter(ctx, raw, config, optional)
	if err != nil {
		return nil, err
	}
	e.password = l.password
	local := l.socket != ""
	cfg := driver.NewConfig()
	cfg.User, cfg.Passwd, cfg.DBName = l.user, l.password.Reveal(), l.database
	cfg.Net, cfg.Addr = "tcp", "server:0"
	if e.secure != nil || local {
		cfg.Net, cfg.Addr = "unix", "server" // it may send a password as it is
	}
	cfg.DialFunc = func(context.Context, string, string) (net.Conn, error) { return e, nil }
	cfg.Logger = nowhere{}
	cfg.ClientFoundRows = true
	cfg.AllowCleartextPasswords = local || e.secure != nil && d.settings.tls.verified()
	cfg.ConnectionAttributes = d.settings.attributes
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	theirs, err := connector.Connect(ctx)
	if e.failed != nil {
		return nil, e.failed
	}
	if err != nil {
		return nil, err
	}
	bare, whole := e.leave()
	_ = theirs.Close()
	if !whole || e.asked&canProtocol41 == 0 {
		return nil, errMalformed
	}
	c := &conn{wire: newWire(bare), db: d, greeting: e.greeting, can: e.asked, opened: time.Now()}
	c.readTimeout, c.writeTimeout = d.settings.readTimeout, d.settings.writeTimeout
	return c, nil
}

// dial opens the connection.
func (d *db) dial(ctx context.Context, l login) (net.Conn, error) {
	dialer := net.Dialer{Control: d.settings.reach.Control}
	if l.socket != "" {
		return dialer.DialContext(ctx, "unix", l.socket)
	}
	return dialer.DialContext(ctx, "tcp", net.JoinHostPort(l.host, strconv.Itoa(l.port)))
}

// ready sets the session up and begins its transaction, so that an execution
// that takes a spare connection needs no round trip for that.
func (c *conn) ready(ctx context.Context, s *settings) error {
	stop := context.AfterFunc(ctx, func() { c.stopAt(time.Unix(1, 0)) })
	defer stop()
	if err := c.setUp(s); err != nil {
		return err
	}
	if err := c.identify(); err != nil {
		return err
	}
	return c.begin(c.db.access)
}

// foreignModes are the words of sql_mode under which a text means something
// else than to the lexers of the template and of the policy, with the words
// that stand for several and contain one of them.
var foreignModes = []string{
	"ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI", "ORACLE", "MSSQL", "DB2", "POSTGRESQL", "MAXDB",
}

// setUp brings the session into the state that each execution finds:
//
//   - text is utf8mb4, whatever the server's default is;
//   - times are UTC;
//   - sql_mode is the server's without foreignModes: quotes are read in one way,
//     and how strict the server is with values stays its administrator's choice,
//     as under SQLAlchemy;
//   - autocommit is off: should a statement end the host's transaction, what
//     follows is not kept by itself;
//   - what init_command sets is set;
//   - a server that waits for us to take rows waits as long as for a statement.
func (c *conn) setUp(s *settings) error { return c.run(c.settingUp(s)) }

// settingUp is the statement of setUp. Where the session knows its sql_mode
// that is said, which is less to do than to find it again.
func (c *conn) settingUp(s *settings) string {
	mode := "'" + c.modes + "'"
	if c.modes == "" {
		mode = "CONCAT(',',@@sql_mode,',')"
		for _, word := range foreignModes {
			mode = "REPLACE(" + mode + ",'," + word + ",',',')"
		}
		mode = "TRIM(BOTH ',' FROM " + mode + ")"
	}
	names := "utf8mb4"
	if s.collation != "" {
		names += " COLLATE " + s.collation
	}
	return "SET NAMES " + names + ", time_zone='+00:00', autocommit=0, net_write_timeout=28800" + c.accessSetting() + ", sql_mode=" + mode + s.init
}

// identify learns what the server has given the session.
func (c *conn) identify() error {
	row, err := c.row("SELECT CONNECTION_ID(), @@max_allowed_packet, @@wait_timeout, CONCAT_WS('/', @@hostname, @@port, @@server_id), @@sql_mode, "+c.roleQuery(), 6)
	if err != nil {
		return err
	}
	id, err1 := strconv.ParseUint(row[0], 10, 64)
	most, err2 := strconv.ParseInt(row[1], 10, 64)
	wait, err3 := strconv.ParseInt(row[2], 10, 32)
	if err1 != nil || err2 != nil || err3 != nil {
		return errMalformed
	}
	c.id, c.most, c.server, c.role, c.charset = id, most, row[3], row[5], c.told
	c.keep = min(c.db.lifetime, time.Duration(wait)*time.Second/2)
	if modeList(row[4]) {
		c.modes = row[4]
	}
	return nil
}

// roleQuery is the expression for the role of the session. MySQL lets no function
// change it, and 5.7 has none.
func (c *conn) roleQuery() string {
	if c.greeting.mariadb() {
		return "IFNULL(CURRENT_ROLE(), '')"
	}
	return "''"
}

// modeList reports whether s is a list of words as sql_mode is.
func modeList(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != ',' {
			return false
		}
	}
	return true
}

// accessSetting makes each transaction of a read-only connection's session
// read-only, whoever begins it. MySQL 8 has the new name of the variable alone,
// MariaDB until 11.1 the old one.
func (c *conn) accessSetting() string {
	switch {
	case c.db.access != abi.ReadOnly:
		return ""
	case c.greeting.mariadb() || strings.HasPrefix(c.greeting.version, "5."):
		return ", tx_read_only=1"
	}
	return ", transaction_read_only=1"
}

// run runs a statement of ours that has no rows.
func (c *conn) run(sql string) error {
	_, err := c.tell(sql)
	return err
}

// tell runs a statement of ours that has no rows, and returns what it came to.
func (c *conn) tell(sql string) (outcome, error) {
	if err := c.ask(commandQuery, sql); err != nil {
		return outcome{}, err
	}
	return c.outcome()
}

// outcome reads a reply without rows.
func (c *conn) outcome() (outcome, error) {
	p, err := c.packet(smallPacket)
	if err != nil {
		return outcome{}, err
	}
	switch p[0] {
	case replyOK:
		return parseOK(p)
	case replyError:
		return outcome{}, parseError(p)
	}
	return outcome{}, c.malformed()
}

// row runs a statement of ours that has one row of n texts.
func (c *conn) row(sql string, n int) ([]string, error) {
	row, err := c.texts(sql, n)
	if err == nil && len(row) != n {
		return nil, c.malformed()
	}
	return row, err
}

// texts runs a statement of ours that has rows of n texts, and returns them
// all, at most maxTexts.
func (c *conn) texts(sql string, n int) ([]string, error) {
	if err := c.ask(commandQuery, sql); err != nil {
		return nil, err
	}
	return c.rowsOfTexts(n)
}

// rowsOfTexts reads the reply of texts.
func (c *conn) rowsOfTexts(n int) ([]string, error) {
	r, err := c.header()
	if err != nil {
		return nil, err
	}
	if len(r.columns) != n {
		return nil, c.malformed()
	}
	c.told = r.columns[n-1].charset
	var out []string
	for {
		p, _, err := c.next(true, smallPacket)
		switch {
		case err != nil || p == nil:
			return out, err
		case len(out) > maxTexts:
			return nil, c.malformed()
		}
		for range n {
			s, size := lengthBytes(p)
			if size == 0 {
				return nil, c.malformed()
			}
			out, p = append(out, string(s)), p[size:]
		}
	}
}

const maxTexts = 1 << 10 // the server keeps 64 warnings

// ping reports whether the session is still there.
func (c *conn) ping(ctx context.Context) bool {
	stop := context.AfterFunc(ctx, func() { c.stopAt(time.Unix(1, 0)) })
	if c.ask(commandPing, "") != nil {
		return false
	}
	p, err := c.packet(smallPacket)
	return err == nil && p[0] == replyOK && stop()
}

// close ends the session. The server undoes what was not committed. It closes
// first, if it does so soon: the port is then free for another connection at
// once, and the session is known to be over.
func (c *conn) close() {
	if c.expiry != nil {
		c.expiry.Stop()
	}
	if !c.broken && !c.busy {
		_ = c.conn.SetDeadline(time.Now().Add(farewell))
		err := c.ask(commandQuit, "")
		for err == nil { // there may be replies before the end
			_, err = c.conn.Read(c.buf)
		}
	}
	c.broken = true
	_ = c.conn.Close()
}

// farewell is how long close waits for the server.
const farewell = time.Second
