package mysql

import (
	"encoding/binary"
	"errors"
	"sync"

	"github.com/wasmsql/wasmsql/abi"
)

// counts remembers how many placeholders statements have, by their text, which
// is all that it depends on within one database. It is safe for concurrent use.
type counts struct {
	mu sync.Mutex
	m  map[string]int
}

const (
	maxCounts    = 256
	maxDirect    = 16 << 10 // bytes of a statement and its parameters, which a socket takes at once
	lastPrepared = 1<<32 - 1
)

func (k *counts) get(sql string) (int, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n, ok := k.m[sql]
	return n, ok
}

func (k *counts) put(sql string, params int) {
	if len(sql) > maxDirect {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.m == nil {
		k.m = map[string]int{}
	}
	if len(k.m) >= maxCounts {
		clear(k.m)
	}
	k.m[sql] = params
}

// startRead is start for a statement that only reads. One whose placeholders
// are known takes one round trip on MariaDB: the command to prepare it is
// followed at once by that to run what was prepared last.
//
// If it is the last of its transaction, which has nothing to commit, the commands
// of a reset follow: see reset.go.
//
// Source: MariaDB, "COM_STMT_EXECUTE", statement -1.
func (c *conn) startRead(sql string, params []abi.Value, last bool) (reply, error) {
	known, ok := c.db.counts.get(sql)
	direct := ok && known == len(params) && c.can&canKeepColumns != 0 && int64(len(sql)) < c.most
	if direct {
		direct = c.putBoth(sql, params)
	}
	if !direct {
		r, err := c.start(sql, params, func(int) error { return nil })
		if err == nil && !r.text {
			c.db.counts.put(sql, len(params))
		}
		return r, err
	}
	if last {
		c.putReset()
	}
	if err := c.flush(); err != nil {
		return reply{}, err
	}
	c.owed = last
	s, err := c.preparedReply()
	var refused *serverError
	if errors.As(err, &refused) && !c.broken {
		c.number = 1
		if _, lost := c.header(); !errors.As(lost, new(*serverError)) {
			return reply{}, c.malformed() // nothing was prepared that could run
		}
		return reply{}, err
	}
	if err != nil {
		return reply{}, err
	}
	if s.params != len(params) {
		return reply{}, c.malformed()
	}
	c.number = 1
	return c.header()
}

// putBoth puts the two commands and reports whether they are small: the server
// reads the second when it has sent its reply to the first, for which it must
// not have to wait.
func (c *conn) putBoth(sql string, params []abi.Value) bool {
	if len(sql) > maxDirect || c.forgetAll() != nil {
		return false
	}
	c.out = c.out[:0]
	at := c.enter(commandPrepare)
	c.out = append(c.out, sql...)
	c.leave(at)
	at = c.enter(commandExecute)
	c.out = binary.LittleEndian.AppendUint32(c.out, lastPrepared)
	c.out = append(c.out, 0)                           // no cursor
	c.out = binary.LittleEndian.AppendUint32(c.out, 1) // once
	out, err := appendParams(c.out, params, c.most-1)
	if c.out = out; err != nil || len(out) > 2*maxDirect {
		c.out = nil
		return false
	}
	c.leave(at)
	return true
}
