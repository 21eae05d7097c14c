package postgres_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// peer is the server's side of a connection, for servers that misbehave.
type peer struct{ net.Conn }

// says sends messages. It reports whether there is still somebody.
func (p peer) says(messages ...string) bool {
	_, err := p.Write([]byte(strings.Join(messages, "")))
	return err == nil
}

// say returns a message.
func say(kind byte, body string) string {
	return string(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4))) + body
}

// hears reads messages up to one of a kind, and returns its body.
func (p peer) hears(kind byte) (string, bool) {
	for {
		var h [5]byte
		if _, err := io.ReadFull(p, h[:]); err != nil {
			return "", false
		}
		b := make([]byte, binary.BigEndian.Uint32(h[1:])-4)
		if _, err := io.ReadFull(p, b); err != nil || h[0] == 'X' {
			return "", false
		}
		if h[0] == kind {
			return string(b), true
		}
	}
}

// starts reads what a client begins with, and offers no TLS.
func (p peer) starts() bool {
	for {
		var h [8]byte
		if _, err := io.ReadFull(p, h[:]); err != nil {
			return false
		}
		if code := binary.BigEndian.Uint32(h[4:]); code == 80877103 {
			if !p.says("N") {
				return false
			}
			continue
		}
		_, err := io.CopyN(io.Discard, p, int64(binary.BigEndian.Uint32(h[:]))-8)
		return err == nil
	}
}

const (
	loginOK = "\x00\x00\x00\x00"
)

// ready is what ends a login.
var ready = say('S', "server_version\x0013.9\x00") + say('S', "client_encoding\x00UTF8\x00") + say('S', "standard_conforming_strings\x00on\x00") + say('K', "\x00\x00\x00\x01\x00\x00\x00\x02") + say('Z', "I")

// hostileServer returns the URI of a server of that kind.
func hostileServer(t *testing.T, handle func(p peer)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if p := (peer{c}); p.starts() {
					handle(p)
				}
			}()
		}
	}()
	return "postgresql://canaryuser:canarypass@" + l.Addr().String() + "/canarydb?sslmode=disable"
}

// columnOf is a description of columns of type int4.
func columnOf(names ...string) string {
	b := string(binary.BigEndian.AppendUint16(nil, uint16(len(names))))
	for _, name := range names {
		b += name + "\x00" + strings.Repeat("\x00", 6) + "\x00\x00\x00\x17" + "\x00\x04" + "\xff\xff\xff\xff" + "\x00\x01"
	}
	return say('T', b)
}

const aRow = "\x00\x01\x00\x00\x00\x04\x00\x00\x00\x07"

// answering logs in, begins a transaction with a statement of one column, and
// then answers it with rows.
func answering(rows func(p peer)) func(p peer) {
	return func(p peer) {
		if !p.says(say('R', loginOK), ready) {
			return
		}
		if _, ok := p.hears('S'); !ok {
			return
		}
		p.says(say('1', ""), say('2', ""), say('C', "BEGIN\x00"), say('1', ""), say('t', "\x00\x00"), columnOf("a"), say('Z', "T"))
		if _, ok := p.hears('S'); !ok {
			return
		}
		rows(p)
	}
}

// TestC8HostileServer: what no server sends ends in an error, soon, without
// much memory, and tells nothing of the login.
func TestC8HostileServer(t *testing.T) {
	rows := func(messages ...string) func(p peer) {
		return answering(func(p peer) {
			p.says(messages...)
			_, _ = p.Read(make([]byte, 1)) // and closes at the next word
		})
	}
	login := func(messages ...string) func(p peer) {
		return func(p peer) { p.says(messages...); _, _ = p.hears('?') }
	}
	for name, c := range map[string]struct {
		handle func(p peer)
		code   abi.Errno
	}{
		"as it should be":                 {rows(say('2', ""), say('D', aRow), say('C', "SELECT 1\x00"), say('Z', "T")), abi.OK},
		"columns that are too many":       {rows(say('2', ""), say('D', "\x00\x02\xff\xff\xff\xff\xff\xff\xff\xff")), abi.Conn},
		"columns that are missing":        {rows(say('2', ""), say('D', "\x00\x00")), abi.Conn},
		"another schema in the middle":    {rows(say('2', ""), say('D', aRow), columnOf("a", "b"), say('D', "\x00\x02\xff\xff\xff\xff\xff\xff\xff\xff")), abi.Conn},
		"another type in the middle":      {rows(say('2', ""), say('D', aRow), say('D', "\x00\x01\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x01")), abi.Convert},
		"a negative length":               {rows(say('2', ""), say('D', "\x00\x01\x80\x00\x00\x00")), abi.Conn},
		"a length beyond its row":         {rows(say('2', ""), say('D', "\x00\x01\x00\x00\x00\xff\x00\x00\x00\x07")), abi.Conn},
		"a cell of 1 GiB":                 {rows(say('2', ""), "D\x3f\xff\xff\xff\x00\x01\x3f\xff\xff\xf0"), abi.Limit},
		"a message of 1 GiB":              {rows(say('2', ""), "N\x3f\xff\xff\xff"), abi.Conn},
		"a message of 4 GiB":              {rows(say('2', ""), "D\xff\xff\xff\xff"), abi.Conn},
		"rows without an end":             {answering(endlessRows), abi.Timeout},
		"notices without an end":          {answering(endlessNotices), abi.Timeout},
		"a byte at a time":                {answering(func(p peer) { drip(p, say('2', "")+say('D', aRow)+say('N', strings.Repeat("x", 1000))) }), abi.Timeout},
		"nothing":                         {answering(func(p peer) { _, _ = p.hears('?') }), abi.Timeout},
		"a COPY that asks for data":       {answering(func(p peer) { p.says(say('2', ""), say('G', "\x00\x00\x00")); _, _ = p.hears('?') }), abi.Timeout},
		"another login in the middle":     {rows(say('2', ""), say('R', "\x00\x00\x00\x03")), abi.Conn},
		"a transaction that is over":      {rows(say('2', ""), say('D', aRow), say('C', "SELECT 1\x00"), say('Z', "I")), abi.Denied},
		"SCRAM of 2^31 iterations":        {scram("i=2147483647"), abi.Conn},
		"SCRAM of ten million iterations": {scram("i=9999999"), abi.Conn},
		"SCRAM of -1 iterations":          {scram("i=-1"), abi.Conn},
		"SCRAM of 2^64 iterations":        {scram("i=18446744073709551616"), abi.Conn},
		"SCRAM without iterations":        {scram(""), abi.Conn},
		"SCRAM that proves nothing":       {scram("i=4096"), abi.Conn},
		"a login message of 1 GiB":        {login("R\x3f\xff\xff\xff\x00\x00\x00\x0a"), abi.Conn},
		"a login error of 1 GiB":          {login("E\x3f\xff\xff\xff"), abi.Conn},
		"a login that drips":              {func(p peer) { drip(p, say('R', loginOK)+say('S', "x\x00"+strings.Repeat("x", 1000)+"\x00")) }, abi.Timeout},
		"a login of settings forever":     {endlessSettings, abi.Timeout},
		"no login at all":                 {func(p peer) { _, _ = p.hears('?') }, abi.Timeout},
		"a login of no protocol":          {login("HTTP/1.1 400 Bad Request\r\n\r\n"), abi.Conn},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			uri := hostileServer(t, c.handle)
			wait := sqldbtest.Patience
			if c.code == abi.Timeout {
				wait = 300 * time.Millisecond
			}
			before := heap()
			err := readAll(t, uri, wait)
			used := heap() - before
			if c.code == abi.OK {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e := fault(t, err)
			if e.Code != c.code {
				t.Errorf("got %s: %v (%v)", e.Code, e, e.Cause)
			}
			for _, secret := range []string{"canary", "127.0.0.1"} {
				if strings.Contains(e.Message+e.Detail+e.Hint, secret) {
					t.Errorf("it tells %q: %+v", secret, e)
				}
			}
			if used > 200<<20 {
				t.Errorf("it took %d MB", used>>20)
			}
		})
	}
}

// heap returns how large the heap has become until now.
func heap() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapSys)
}

// readAll runs a query, to its end.
func readAll(t *testing.T, uri string, wait time.Duration) error {
	t.Helper()
	d := open(t, uri, sqldb.Config{Access: abi.ReadWrite})
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	tx, err := d.Begin(ctx, readWrite)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	return drain(ctx, tx, "SELECT a")
}

func endlessRows(p peer) {
	for p.says(say('2', "")); p.says(strings.Repeat(say('D', aRow), 1000)); {
	}
}

func endlessNotices(p peer) {
	for p.says(say('2', "")); p.says(strings.Repeat(say('N', "SNOTICE\x00Mx\x00\x00"), 1000)); {
	}
}

func endlessSettings(p peer) {
	p.says(say('R', loginOK))
	for i := 0; p.says(say('S', fmt.Sprintf("a%d\x00%s\x00", i, strings.Repeat("x", 100)))); i++ {
		time.Sleep(time.Millisecond)
	}
}

func drip(p peer, text string) {
	for i := range len(text) {
		if !p.says(text[i : i+1]) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// scram logs in by SCRAM-SHA-256 with that in its first message, and then
// claims that all is well.
func scram(iterations string) func(p peer) {
	return func(p peer) {
		p.says(say('R', "\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00"))
		first, ok := p.hears('p')
		if !ok {
			return
		}
		nonce := first[strings.LastIndex(first, "r="):]
		p.says(say('R', "\x00\x00\x00\x0b"+strings.TrimSuffix(nonce+"server,s=QSXCR+Q6sek8bf92,"+iterations, ",")))
		if _, ok := p.hears('p'); !ok {
			return
		}
		p.says(say('R', "\x00\x00\x00\x0cv=AAAA"), say('R', loginOK), ready)
		_, _ = p.hears('?')
	}
}

// TestC7SkippedLogin: a server that is to prove that it knows the password
// cannot leave that out, nor ask for the password as it is.
func TestC7SkippedLogin(t *testing.T) {
	heard := make(chan string, 10)
	ways := map[string]func(p peer){
		"trust": func(p peer) { p.says(say('R', loginOK), ready); _, _ = p.hears('?') },
		"cleartext": func(p peer) {
			p.says(say('R', "\x00\x00\x00\x03"))
			if password, ok := p.hears('p'); ok {
				heard <- password
				p.says(say('R', loginOK), ready)
				_, _ = p.hears('?')
			}
		},
		"SCRAM, cut short": func(p peer) {
			p.says(say('R', "\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00"))
			if _, ok := p.hears('p'); ok {
				p.says(say('R', loginOK), ready)
				_, _ = p.hears('?')
			}
		},
	}
	for name, handle := range ways {
		uri := hostileServer(t, handle)
		d := open(t, uri, sqldb.Config{Args: map[string]any{"require_auth": "scram-sha-256"}})
		if tx, err := d.Begin(t.Context(), sqldb.TxOptions{}); err == nil {
			_ = tx.Rollback(t.Context())
			if _, err := tx.Exec(t.Context(), "SELECT 1", nil, true); err == nil || fault(t, err).Code != abi.State {
				t.Errorf("%s: logged in", name)
			}
		}
	}
	select {
	case <-heard:
		t.Error("the password was sent")
	default:
	}
}
