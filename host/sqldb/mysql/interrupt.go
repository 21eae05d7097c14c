package mysql

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

const (
	reminders = 50 * time.Millisecond // between KILLs: one before the statement began has no effect
	grace     = 20 * time.Millisecond // for the rows of an abandoned cursor
	residue   = 1 << 20               // bytes of them that are read rather than prevented
	notOwner  = 1095                  // ER_KILL_DENIED_ERROR, while the session runs a function of another login's
)

var errDown = &sqldb.Error{Code: abi.Canceled, Message: "the connection was closed"}

// call runs fn, which uses the connection. If ctx ends meanwhile the statement
// is ended on the server, and the error says how ctx ended; the connection is
// then for a rollback at most.
func (c *conn) call(ctx context.Context, fn func() error) error {
	if err := sqldb.Ended(ctx); err != nil {
		return err
	}
	if c.down.Load() {
		return errDown
	}
	finished, killed := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		c.kill(finished)
		close(killed)
	})
	err := fn()
	if stop() {
		if err != nil && c.down.Load() {
			return errDown
		}
		return err
	}
	if err == nil && c.busy { // a batch was full before the KILL came
		_, err = c.skipAll()
	}
	close(finished)
	<-killed
	c.killed = true
	end := sqldb.Ended(ctx)
	end.Cause = err
	return end
}

// kill ends the statement of the session on the server, over another
// connection, and asks again until finished is closed. Whoever reads the
// connection comes back within the database's patience, whatever the server does.
func (c *conn) kill(finished <-chan struct{}) {
	c.stopAt(time.Now().Add(c.db.patience))
	ctx, cancel := context.WithTimeout(context.Background(), c.db.patience)
	defer cancel()
	side, err := c.db.aside(ctx)
	if err != nil {
		c.stopAt(time.Unix(1, 0))
		return
	}
	defer side.close()
	side.stopAt(time.Now().Add(c.db.patience))
	if side.server != c.server { // a balancer: its session of that number is another's
		c.stopAt(time.Unix(1, 0))
		return
	}
	id := strconv.FormatUint(c.id, 10)
	for start := time.Now(); ; {
		what := "KILL QUERY "
		if time.Since(start) > c.db.patience/2 {
			what = "KILL "
		}
		var told *serverError
		if err := side.run(what + id); err != nil && !(errors.As(err, &told) && told.number == notOwner) {
			return
		}
		select {
		case <-finished:
			return
		case <-ctx.Done():
			return
		case <-time.After(reminders):
		}
	}
}

// skipAll reads what is left of all replies to a statement.
func (c *conn) skipAll() (outcome, error) {
	o, _, err := c.skip()
	if err != nil {
		return o, err
	}
	o, _, err = c.rest(o)
	return o, err
}

// calm brings a statement to its end whose rows nobody wants any more. A
// query with many rows, or with a long way to them, is ended on the server.
func (c *conn) calm(query bool) (outcome, error) {
	if c.killed || !query {
		if !c.killed {
			c.stopAt(time.Now().Add(c.db.patience))
		}
		o, err := c.skipAll()
		if err == nil && !c.killed {
			c.resume()
		}
		return o, err
	}
	finished, killed := make(chan struct{}), make(chan struct{})
	var once sync.Once
	kill := func() {
		c.kill(finished)
		close(killed)
	}
	timer := time.AfterFunc(grace, func() { once.Do(kill) })
	before := c.bytesTaken
	var o outcome
	var err error
	for c.busy && !c.broken {
		var p []byte
		if p, o, err = c.next(true, maxRow); err != nil {
			break
		}
		if p == nil {
			if o, _, err = c.rest(o); err != nil {
				break
			}
			continue
		}
		if c.bytesTaken-before > residue {
			go once.Do(kill)
			before = 1 << 62
		}
	}
	timer.Stop()
	close(finished)
	untouched := false
	once.Do(func() { untouched = true })
	if untouched {
		return o, err
	}
	<-killed
	if c.broken {
		return o, err
	}
	c.resume()
	// The KILL may have come behind the statement, and would hit the next one.
	if c.spent = c.owed; !c.spent {
		_ = c.run("DO 0")
	}
	return o, nil
}

// shut ends the session for good, from any goroutine.
func (c *conn) shut() {
	c.down.Store(true)
	finished := make(chan struct{})
	close(finished)
	c.kill(finished)
	_ = c.conn.Close()
}
