package mysql

import (
	"context"
	"time"
)

// A session that is reset is one that nobody used: the server drops temporary
// tables, variables, locks and prepared statements, and rolls back. It keeps the
// default database and the role, which the statements that reset comes after
// cannot have changed: see tx.plain. Then it is set up as at its beginning, and
// its next transaction is begun.
//
// MariaDB gets the commands for that at once, from whoever has ended the
// transaction, and its replies are read by whoever takes the session next,
// before anything else is sent. MySQL gets them in turn, behind everybody's
// back.
//
// Source: MySQL, "COM_RESET_CONNECTION"; MariaDB, "COM_RESET_CONNECTION".

// command is one of ours.
type command struct {
	code byte
	text string
	row  bool // its reply is a row of one text
}

// resetting returns the commands of a reset. The last one begins the transaction.
func (c *conn) resetting(s *settings) [4]command {
	return [4]command{
		{commandReset, "", false},
		{commandQuery, c.settingUp(s), false},
		{commandQuery, "SELECT 1", true}, // FOUND_ROWS() would tell of the last query
		{commandQuery, beginning(c.db.access), false},
	}
}

// together reports whether the server takes commands before it has answered.
func (c *conn) together() bool { return c.greeting.mariadb() }

// forgotten drops what was known of the session's last transaction.
func (c *conn) forgotten() { c.mark, c.columns, c.stale = "", nil, c.stale[:0] }

// reset makes the session one that nobody used, command by command.
func (c *conn) reset(ctx context.Context, s *settings) error {
	stop := context.AfterFunc(ctx, func() { c.stopAt(time.Unix(1, 0)) })
	defer stop()
	c.forgotten()
	for _, m := range c.resetting(s) {
		if err := c.ask(m.code, m.text); err != nil {
			return err
		}
		if err := c.resetReply(m); err != nil {
			return err
		}
	}
	return nil
}

// resetReply reads the reply to a command of a reset.
func (c *conn) resetReply(m command) error {
	if m.row {
		_, err := c.rowsOfTexts(1)
		return err
	}
	o, err := c.outcome()
	if err == nil && m.text == beginning(c.db.access) {
		err = c.begun(o, c.db.access)
	}
	return err
}

// sendReset sends the commands of a reset. cleaned reads the replies.
func (c *conn) sendReset(ctx context.Context, s *settings) error {
	stop := context.AfterFunc(ctx, func() { c.stopAt(time.Unix(1, 0)) })
	c.forgotten()
	if c.cleanse == nil {
		c.out = c.out[:0]
		for _, m := range c.resetting(s) {
			at := c.enter(m.code)
			c.out = append(c.out, m.text...)
			c.leave(at)
		}
		c.cleanse, c.out = c.out, nil
	}
	own := c.out
	c.out = c.cleanse
	err := c.flush()
	c.out = own
	c.owed = err == nil
	if !stop() && err == nil {
		err = ctx.Err()
	}
	return err
}

// cleaned makes sure that the session is one that nobody used: if the replies
// to a reset are owed it reads them.
func (c *conn) cleaned(ctx context.Context, s *settings) error {
	if !c.owed {
		return nil
	}
	c.owed = false
	c.stopAt(time.Now().Add(s.connectTimeout))
	stop := context.AfterFunc(ctx, func() { c.stopAt(time.Unix(1, 0)) })
	for _, m := range c.resetting(s) {
		c.number = 1
		if err := c.resetReply(m); err != nil {
			stop()
			return err
		}
	}
	if !stop() {
		return ctx.Err()
	}
	c.resume()
	return nil
}
