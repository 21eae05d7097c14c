// Package mysql is the driver of MySQL and MariaDB databases.
//
// go-sql-driver/mysql connects: it knows the servers' ways to log in. After
// that the package speaks the protocol itself, since the driver tells neither
// the server's status, from which one sees that a statement ended the
// transaction, nor what a column is beyond the name of its type; makes nine
// objects a row; and reads a value of any size before anyone can object.
// Statements are prepared, rows come in the binary protocol, and go from the
// read buffer into Arrow.
//
// Every transaction has a session of its own that is as good as new: nobody
// used it before, or the server has reset it since and it only ran plain
// statements. So that this costs no time, the next ones are made ready ahead,
// with their transaction begun.
package mysql

import (
	"context"
	"sync"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Driver opens MySQL and MariaDB databases. It implements sqldb.Driver.
//
// A URI is SQLAlchemy's, mysql://… or mariadb://…; connect_args are PyMySQL's.
// Sessions run in UTC and utf8mb4, with the server's sql_mode as far as it does
// not change what a text means. As under SQLAlchemy, the rows that an UPDATE
// changed are those that it matched.
//
// DDL commits by itself, and with it what ran before it: MySQL has no other
// way. What follows is a transaction again.
type Driver struct{}

var _ sqldb.Driver = Driver{}

// Dialect implements sqldb.Driver.
func (Driver) Dialect() abi.Dialect { return abi.MySQL }

// Open implements sqldb.Driver. It reads the files of ssl_ca and the like.
func (Driver) Open(cfg sqldb.Config) (sqldb.DB, error) {
	s, faults := newSettings(cfg)
	if len(faults) > 0 {
		return nil, faults
	}
	return newDB(s, cfg), nil
}

// Defaults of sqldb.Pool.
const (
	defaultMax      = 8
	defaultIdle     = 2
	defaultLifetime = 30 * time.Minute
)

const defaultPatience = 5 * time.Second

// linger is how long spares are kept that are more than pool.idle and that nobody
// needs: those who come by turns need not log in by turns.
const linger = 10 * time.Second

// trusted is how long a spare connection is taken for alive without asking.
const trusted = time.Second

// db implements sqldb.DB. Of at most max connections some are in use, some are
// spares that nobody used yet, and some are being opened to be spares.
type db struct {
	settings *settings
	access   abi.Access
	secrets  func(context.Context) (map[string]secret.Value, error)
	max      int
	idle     int // spares to have
	lifetime time.Duration
	patience time.Duration // for what the server does after a KILL, or a COMMIT that may not last longer

	counts     counts
	background context.Context // of what nobody waits for
	stop       context.CancelFunc

	mu       sync.Mutex
	closed   bool
	begun    int // transactions
	used     int
	opening  int
	spares   []*conn // the oldest first
	least    int     // the fewest spares since the last trim
	trimming *time.Timer
	waiting  []chan *conn
	open     map[*conn]struct{} // in use
}

func newDB(s *settings, cfg sqldb.Config) *db {
	d := &db{
		settings: s, access: cfg.Access, secrets: cfg.Secrets, open: map[*conn]struct{}{}, patience: defaultPatience,
		max: cfg.Pool.Max, idle: cfg.Pool.Idle, lifetime: cfg.Pool.Lifetime,
	}
	if d.max <= 0 {
		d.max = defaultMax
	}
	if d.idle <= 0 {
		d.idle = defaultIdle
	}
	if d.lifetime <= 0 {
		d.lifetime = defaultLifetime
	}
	d.idle = min(d.idle, d.max)
	d.background, d.stop = context.WithCancel(context.Background())
	return d
}

// Begin implements sqldb.DB. It waits for a connection while all are in use.
func (d *db) Begin(ctx context.Context, opts sqldb.TxOptions) (sqldb.Tx, error) {
	if err := sqldb.Ended(ctx); err != nil {
		return nil, err
	}
	c, err := d.take(ctx)
	if err != nil {
		return nil, err
	}
	access := min(opts.Access, d.access)
	if access != d.access {
		err := c.call(ctx, func() error {
			for _, sql := range [...]string{"ROLLBACK", "SET SESSION TRANSACTION READ ONLY"} {
				if err := c.run(sql); err != nil {
					return err
				}
			}
			return c.begin(access)
		})
		if err != nil {
			d.release(c)
			return nil, cannotConnect(err)
		}
	}
	return &tx{c: c, access: access, batch: opts.Batch.OrDefault(), plain: true, single: opts.Single, stored: d.settings.stored, result: opts.Result}, nil
}

// take returns a connection that nobody used, with its transaction begun.
func (d *db) take(ctx context.Context) (*conn, error) {
	c, wait, err := d.reserve()
	if err != nil {
		return nil, err
	}
	if wait != nil {
		select {
		case c = <-wait:
		case <-ctx.Done():
			d.giveUp(wait)
			end := sqldb.Ended(ctx)
			end.Message = "all connections are in use: " + end.Message
			end.Hint = "pool.max bounds them"
			return nil, end
		case <-d.background.Done():
			d.giveUp(wait)
			return nil, errDown
		}
	}
	if c != nil && !c.usable(ctx) {
		c.close()
		c = nil
	}
	if c == nil {
		if c, err = d.connect(ctx); err != nil {
			d.free()
			return nil, err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		go c.close()
		return nil, errDown
	}
	d.open[c] = struct{}{}
	return c, nil
}

// usable reports whether a spare is still there and as good as new.
func (c *conn) usable(ctx context.Context) bool {
	return c.cleaned(ctx) == nil && (time.Since(c.idle) < trusted || c.ping(ctx))
}

// reserve takes a place among the connections in use: with a spare, with none,
// so that one has to be opened, or later, when something comes from wait: a
// connection, or nil for a place without one.
func (d *db) reserve() (c *conn, wait chan *conn, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, nil, errDown
	}
	d.begun++
	defer d.refill()
	if len(d.spares) > 0 {
		c, d.spares = d.spares[0], d.spares[1:]
		d.least = min(d.least, len(d.spares))
		d.used++
		return c, nil, nil
	}
	if d.used+d.opening < d.max && d.opening <= len(d.waiting) {
		d.used++
		return nil, nil, nil
	}
	wait = make(chan *conn, 1)
	d.waiting = append(d.waiting, wait)
	return nil, wait, nil
}

// giveUp takes back a wait, or what came from it too late.
func (d *db) giveUp(wait chan *conn) {
	d.mu.Lock()
	for i, w := range d.waiting {
		if w == wait {
			d.waiting = append(d.waiting[:i], d.waiting[i+1:]...)
			d.mu.Unlock()
			return
		}
	}
	d.mu.Unlock()
	if c := <-wait; c != nil {
		c.close()
	}
	d.free()
}

// free gives a place among the connections in use back.
func (d *db) free() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.used--
	if len(d.waiting) > 0 && !d.closed {
		d.hand(nil)
	}
}

// hand gives the first who waits a place, with a connection or without.
func (d *db) hand(c *conn) {
	d.used++
	d.waiting[0] <- c
	d.waiting = d.waiting[1:]
}

// release closes a connection that was used.
func (d *db) release(c *conn) {
	d.mu.Lock()
	delete(d.open, c)
	d.mu.Unlock()
	if c.late {
		go c.shut()
	} else {
		go c.close()
	}
	d.free()
}

// recycle makes a spare of a connection whose transaction is over and was
// plain, unless it is too old or nobody has come twice, and else closes it.
func (d *db) recycle(ctx context.Context, c *conn) {
	d.mu.Lock()
	again := d.reusable(c)
	if !again || c.together() {
		d.mu.Unlock()
		if !again || c.sendReset(ctx) != nil || !d.spare(c) {
			d.release(c)
		}
		return
	}
	delete(d.open, c)
	d.used--
	d.opening++
	d.mu.Unlock()
	go func() {
		ctx, cancel := context.WithTimeout(d.background, d.settings.connectTimeout)
		defer cancel()
		err := c.reset(ctx)
		if err != nil {
			c.close()
		}
		d.opened(c, err)
	}()
}

// reusable reports whether a connection may be used again. The lock is held.
func (d *db) reusable(c *conn) bool {
	return !d.closed && d.begun >= 2 && time.Since(c.opened) < c.keep && !c.down.Load()
}

// spare makes a spare of a connection in use, which is being reset.
func (d *db) spare(c *conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.reusable(c) {
		return false
	}
	delete(d.open, c)
	d.used--
	d.place(c)
	return true
}

// refill opens spares, from the second transaction on: a program that runs one
// task opens one connection. Those in use come back as a rule.
func (d *db) refill() {
	if d.begun < 2 || d.closed {
		return
	}
	for all := d.used + len(d.spares) + d.opening; all < min(d.idle, d.max); all++ {
		d.opening++
		go d.ahead()
	}
}

// ahead opens a connection for whoever needs one next.
func (d *db) ahead() {
	c, err := d.connect(d.background)
	d.opened(c, err)
}

// opened gives a connection that nobody used to who waits for one, or keeps it.
func (d *db) opened(c *conn, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opening--
	switch {
	case err != nil:
		if len(d.waiting) > 0 && !d.closed {
			d.hand(nil) // who waits tries, and is told the error
		}
	case d.closed:
		go c.close()
	default:
		d.place(c)
	}
}

// place gives a connection that nobody uses to who waits for one, or keeps it.
// The lock is held.
func (d *db) place(c *conn) {
	c.idle = time.Now()
	if len(d.waiting) > 0 {
		d.hand(c)
		return
	}
	d.spares = append(d.spares, c)
	if c.expiry == nil {
		c.expiry = time.AfterFunc(c.keep-time.Since(c.opened), func() { d.expire(c) })
	}
	d.trimLater()
}

// trimLater arranges that spares are closed that are too many. The lock is held.
func (d *db) trimLater() {
	if d.trimming == nil && len(d.spares) > d.idle {
		d.trimming = time.AfterFunc(linger, d.trim)
	}
}

// trim closes spares that nobody has needed since there were too many.
func (d *db) trim() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trimming = nil
	for ; d.least > d.idle && len(d.spares) > 0; d.least-- {
		go d.spares[0].close()
		d.spares = d.spares[1:]
	}
	d.least = len(d.spares)
	d.trimLater()
}

// expire closes a spare that is too old.
func (d *db) expire(c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, s := range d.spares {
		if s == c {
			d.spares = append(d.spares[:i:i], d.spares[i+1:]...)
			go c.close()
			return
		}
	}
}

// aside returns a connection to kill a statement with. It is beside max.
func (d *db) aside(ctx context.Context) (*conn, error) {
	d.mu.Lock()
	if n := len(d.spares); n > 0 {
		c := d.spares[n-1]
		d.spares = d.spares[:n-1]
		d.mu.Unlock()
		if c.usable(ctx) {
			return c, nil
		}
		c.close()
	} else {
		d.mu.Unlock()
	}
	return d.connect(ctx)
}

// Close implements sqldb.DB.
func (d *db) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return nil
	}
	d.closed = true
	if d.trimming != nil {
		d.trimming.Stop()
	}
	spares, open := d.spares, make([]*conn, 0, len(d.open))
	d.spares = nil
	for c := range d.open {
		open = append(open, c)
	}
	d.mu.Unlock()
	d.stop()
	var all sync.WaitGroup
	for _, c := range spares {
		all.Go(c.close)
	}
	for _, c := range open {
		all.Go(c.shut)
	}
	all.Wait()
	return nil
}

// Stats implements sqldb.Pooled.
func (d *db) Stats() sqldb.PoolStats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return sqldb.PoolStats{Max: d.max, Used: d.used, Idle: len(d.spares) + d.opening, Waiting: len(d.waiting)}
}
