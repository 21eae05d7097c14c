package mysql

import (
	"bytes"
	"context"
	"time"

	"github.com/wasmsql/wasmsql/abi"
)

// A session that is reset is one that nobody used: the server drops temporary
// tables, variables, locks and prepared statements, and rolls back. It keeps the
// default database, which the statements that reset comes after cannot have
// changed: see tx.plain. It keeps the role too, which a function can change: that
// is asked for. Then it is set up as at its beginning, and its next transaction is
// begun.
//
// MariaDB gets the commands for that at once, from whoever has ended the
// transaction, or behind the only statement of one that reads. Its replies are
// owed then: whoever takes the session next reads them, before anything else is
// sent. MySQL gets the commands in turn, behind everybody's back.
//
// Source: MySQL, "COM_RESET_CONNECTION"; MariaDB, "COM_RESET_CONNECTION".

// The commands of a reset, in their order.
const (
	resetSession = iota
	resetSettings
	resetFound // asks for the role; FOUND_ROWS() would tell of the last query
	resetBegin
	resetMark // of a transaction that may write
	resetEnd
)

// resets returns how many commands a reset has.
func (c *conn) resets() int {
	if c.db.access == abi.ReadWrite {
		return resetEnd
	}
	return resetMark
}

// resetCommand returns a command of a reset.
func (c *conn) resetCommand(i int) (code byte, text string) {
	switch i {
	case resetSession:
		return commandReset, ""
	case resetSettings:
		return commandQuery, c.settingUp(c.db.settings)
	case resetFound:
		return commandQuery, "SELECT " + c.roleQuery()
	case resetBegin:
		return commandQuery, beginning(c.db.access)
	}
	return commandQuery, c.marking()
}

// together reports whether the server takes commands before it has answered.
func (c *conn) together() bool { return c.greeting.mariadb() }

// reset makes the session one that nobody used, command by command.
func (c *conn) reset(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { c.stopAt(time.Unix(1, 0)) })
	defer stop()
	c.columns, c.stale = nil, c.stale[:0]
	for i := range c.resets() {
		if err := c.ask(c.resetCommand(i)); err != nil {
			return err
		}
		if err := c.resetReply(i); err != nil {
			return err
		}
	}
	return nil
}

// resetReply reads the reply to a command of a reset.
func (c *conn) resetReply(i int) error {
	if i == resetFound {
		row, err := c.rowsOfTexts(1)
		if err == nil && (c.busy || len(row) != 1 || row[0] != c.role) {
			err = c.malformed()
		}
		return err
	}
	o, err := c.outcome()
	if err == nil && i >= resetBegin {
		err = c.begun(o, c.db.access)
	}
	return err
}

// sendReset sends the commands of a reset, if they are not sent already.
func (c *conn) sendReset(ctx context.Context) error {
	if c.owed {
		return nil
	}
	c.out = c.out[:0]
	c.putReset()
	stop := context.AfterFunc(ctx, func() { c.stopAt(time.Unix(1, 0)) })
	err := c.flush()
	c.owed = true
	if !stop() && err == nil {
		err = ctx.Err()
	}
	return err
}

// putReset puts the commands of a reset behind what is there.
func (c *conn) putReset() {
	if c.cleanse == nil {
		from := len(c.out)
		c.put(resetSession, resetMark)
		c.cleanse = bytes.Clone(c.out[from:])
	} else {
		c.out = append(c.out, c.cleanse...)
	}
	c.put(resetMark, c.resets())
}

// put puts commands of a reset, from one to another.
func (c *conn) put(from, to int) {
	for i := from; i < to; i++ {
		code, text := c.resetCommand(i)
		at := c.enter(code)
		c.out = append(c.out, text...)
		c.leave(at)
	}
}

// cleaned makes sure that the session is one that nobody used: if the replies
// to a reset are owed it reads them.
func (c *conn) cleaned(ctx context.Context) error {
	if !c.owed {
		return nil
	}
	stop := context.AfterFunc(ctx, func() { c.stopAt(time.Unix(1, 0)) })
	err := c.resetReplies()
	if !stop() && err == nil {
		err = ctx.Err()
	}
	c.owed = err != nil
	return err
}

// resetReplies reads the replies to a reset.
func (c *conn) resetReplies() error {
	c.columns, c.stale = nil, c.stale[:0]
	for i := range c.resets() {
		c.number = 1
		if err := c.resetReply(i); err != nil {
			return err
		}
	}
	return nil
}
