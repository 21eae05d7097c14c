package mysql

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// peer is the server's side of a connection, for servers that misbehave.
type peer struct {
	net.Conn
	number byte
	offers capabilities // what serveAs greets with, or 0 for usual
}

// send sends a packet.
func (p *peer) send(payload ...byte) {
	h := []byte{byte(len(payload)), byte(len(payload) >> 8), byte(len(payload) >> 16), p.number}
	p.number++
	_, _ = p.Write(append(h, payload...))
}

// sendColumns says how many columns follow.
func (p *peer) sendColumns(n byte) {
	if p.offers&canKeepColumns != 0 {
		p.send(n, 1)
	} else {
		p.send(n)
	}
}

// receive reads a packet.
func (p *peer) receive() ([]byte, error) {
	var h [4]byte
	if _, err := io.ReadFull(p, h[:]); err != nil {
		return nil, err
	}
	b := make([]byte, int(h[0])|int(h[1])<<8|int(h[2])<<16)
	_, err := io.ReadFull(p, b)
	p.number = h[3] + 1
	return b, err
}

// ok is an OK packet in a transaction.
func ok(s status) []byte {
	return []byte{0, 0, 0, byte(s), byte(s >> 8), 0, 0}
}

const good = inTransaction

// end is the end of rows.
func end(s status) []byte {
	p := ok(s)
	p[0] = replyEnd
	return p
}

// columnOf is a definition of a column.
func columnOf(name string, kind byte) []byte {
	var p []byte
	for _, s := range []string{"def", "", "", "", name, name} {
		p = appendText(p, s)
	}
	p = append(p, 12, 45, 0)
	p = binary.LittleEndian.AppendUint32(p, 10)
	return append(p, kind, 0, 0, 0, 0, 0)
}

func helloOf(offered capabilities) []byte { return helloAs("8.0.99-peer", offered) }

func helloAs(version string, offered capabilities) []byte {
	p := append([]byte{10}, version+"\x00"...)
	p = append(p, 7, 0, 0, 0)
	p = append(p, "12345678\x00"...)
	p = append(p, byte(offered), byte(offered>>8), 45, 2, 0, byte(offered>>16), byte(offered>>24), 21)
	p = binary.LittleEndian.AppendUint32(append(p, make([]byte, 6)...), uint32(offered>>32))
	p = append(p, "123456789012\x00mysql_native_password\x00"...)
	return p
}

const usual = canLongPassword | canFoundRows | canProtocol41 | canNoEOF | 1<<3 | 1<<13 | 1<<15 | 1<<17 | 1<<19 | 1<<21 | canLocalFiles

// serve answers one connection: the login and what sets the session up as a
// server does, and from then on as misbehave does.
func serve(p *peer, misbehave func(p *peer, command []byte)) {
	serveAs(p, "8.0.99-peer", func([]byte) bool { return false }, misbehave)
}

// serveAs is serve for a server of that version. What before answers, and says
// so, is not answered again.
func serveAs(p *peer, version string, before func(command []byte) bool, misbehave func(p *peer, command []byte)) {
	defer func() { _ = p.Close() }()
	if p.offers == 0 {
		p.offers = usual
	}
	p.send(helloAs(version, p.offers)...)
	if _, err := p.receive(); err != nil {
		return
	}
	p.send(ok(good)...)
	for {
		c, err := p.receive()
		if err != nil {
			return
		}
		p.number = 1
		if before(c) {
			continue
		}
		switch text := string(c[1:]); {
		case c[0] == commandQuit:
			return
		case strings.HasPrefix(text, "SET NAMES"), strings.HasPrefix(text, "START"), strings.HasPrefix(text, "SAVEPOINT"), strings.HasPrefix(text, "RELEASE"):
			p.send(ok(good)...)
		case strings.HasPrefix(text, "SELECT CONNECTION_ID()"):
			p.sendColumns(6)
			for range 6 {
				p.send(columnOf("c", typeVarString)...)
			}
			p.send([]byte("\x017\x0867108864\x0528800\x04peer\x00\x011")...)
			p.send(end(good)...)
		default:
			misbehave(p, c)
		}
	}
}

// listen starts a server of that kind.
func listen(t *testing.T, handle func(p *peer)) func(*sqldb.Config) {
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
			go handle(&peer{Conn: c})
		}
	}()
	return func(cfg *sqldb.Config) { cfg.URI.Port = l.Addr().(*net.TCPAddr).Port }
}

// rowsOf prepares a statement with one column, and begins its reply.
func rowsOf(p *peer, c []byte, kind byte) bool {
	if c[0] == commandPrepare {
		p.send(0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
		p.send(columnOf("v", kind)...)
		return false
	}
	p.send(1)
	p.send(columnOf("v", kind)...)
	return true
}

// TestC8HostileServer: what no server sends ends in an error, soon and without
// much memory.
func TestC8HostileServer(t *testing.T) {
	long := func(n int) []byte { return []byte(strings.Repeat("x", n)) }
	for name, c := range map[string]struct {
		misbehave func(p *peer, c []byte)
		code      abi.Errno
	}{
		"asks for a file":               {func(p *peer, c []byte) { p.send([]byte("\xfb/etc/passwd")...) }, abi.Conn},
		"asks for a file, executing":    {afterPrepare([]byte("\xfb/etc/passwd")), abi.Denied},
		"a wrong number":                {func(p *peer, c []byte) { p.number = 9; p.send(ok(good)...) }, abi.Conn},
		"an empty packet":               {func(p *peer, c []byte) { p.send() }, abi.Conn},
		"a short prepare":               {func(p *peer, c []byte) { p.send(0, 1, 0, 0) }, abi.Conn},
		"a short error":                 {func(p *peer, c []byte) { p.send(0xff, 1) }, abi.Conn},
		"an error of 1 MB":              {func(p *peer, c []byte) { p.send(append([]byte("\xff\x28\x04#42000"), long(1<<20-100)...)...) }, abi.DB},
		"an error over all limits":      {func(p *peer, c []byte) { p.send(append([]byte("\xff\x28\x04#42000"), long(2<<20)...)...) }, abi.Limit},
		"no columns":                    {afterPrepare([]byte{0xfc, 0, 0}), abi.Conn},
		"2^64 columns":                  {afterPrepare([]byte{0xfe, 255, 255, 255, 255, 255, 255, 255, 255}), abi.Conn},
		"5000 columns":                  {afterPrepare([]byte{0xfc, 0x88, 0x13}), abi.Limit},
		"a short column":                {afterPrepare([]byte{1}, []byte{3, 'd', 'e'}), abi.Conn},
		"a short ok":                    {afterPrepare([]byte{0, 0xfe, 1}), abi.Conn},
		"ends the transaction silently": {afterPrepare(ok(0)), abi.State},
		"commits by itself":             {afterPrepare(ok(inTransaction | autocommits)), abi.State},
		"a row without nulls":           {rowOf(typeLong, []byte{0}), abi.Conn},
		"a short int":                   {rowOf(typeLong, []byte{0, 0, 1, 2}), abi.Conn},
		"a long row":                    {rowOf(typeLong, []byte{0, 0, 1, 2, 3, 4, 5}), abi.Conn},
		"a text beyond its row":         {rowOf(typeVarString, []byte{0, 0, 0xfe, 255, 255, 255, 255, 255, 255, 255, 127, 'x'}), abi.Conn},
		"a negative length":             {rowOf(typeVarString, []byte{0, 0, 0xfe, 255, 255, 255, 255, 255, 255, 255, 255}), abi.Conn},
		"a date of 9 bytes":             {rowOf(typeDatetime, []byte{0, 0, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1}), abi.Convert},
		"a time of hour 25":             {rowOf(typeDatetime, []byte{0, 0, 7, 0xe4, 7, 1, 1, 25, 0, 0}), abi.Convert},
		"a row of another kind":         {rowOf(typeLong, []byte{7, 7, 7}), abi.Conn},
		"a value of 1 GiB":              {hugeRow, abi.Limit},
		"a text that is no UTF-8":       {rowOf(typeVarString, []byte{0, 0, 1, 0xff}), abi.Convert},
		"an end that is short":          {rowOf(typeLong, []byte{0xfe, 0}), abi.Conn},
		"results without an end":        {func(p *peer, c []byte) { more(p, c) }, abi.Conn},
		"closes":                        {func(p *peer, c []byte) { _ = p.Close() }, abi.Conn},
		"nothing":                       {func(p *peer, c []byte) {}, abi.Timeout},
		"rows without an end":           {endless, abi.Timeout},
		"a byte at a time":              {drip, abi.Timeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := openURI(t, "mysql://u:p@127.0.0.1/d", listen(t, func(p *peer) { serve(p, c.misbehave) }))
			d.patience = 500 * time.Millisecond
			wait := sqldbtest.Patience
			if c.code == abi.Timeout {
				wait = 2 * time.Second
			}
			x, err := d.Begin(ctxOf(t), sqldb.TxOptions{Access: abi.ReadWrite})
			if err != nil {
				t.Fatal(whole(err))
			}
			ctx, cancel := context.WithTimeout(context.Background(), wait)
			defer cancel()
			r, err := x.Query(ctx, "SELECT v", nil)
			for err == nil {
				var rec interface{ Release() }
				if rec, err = r.Next(ctx); err == nil {
					rec.Release()
				}
			}
			if e := fails(t, err); e.Code != c.code {
				t.Errorf("got %s", whole(err))
			}
			_ = x.Rollback(ctx)
		})
	}
}

// afterPrepare answers prepare as a server does, and what follows with packets.
func afterPrepare(packets ...[]byte) func(p *peer, c []byte) {
	return func(p *peer, c []byte) {
		if c[0] == commandPrepare {
			p.send(0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
			return
		}
		for _, b := range packets {
			p.send(b...)
		}
	}
}

// rowOf answers with a column and a row.
func rowOf(kind byte, row []byte) func(p *peer, c []byte) {
	return func(p *peer, c []byte) {
		if rowsOf(p, c, kind) {
			p.send(row...)
			p.send(end(good)...)
		}
	}
}

func more(p *peer, c []byte) {
	if rowsOf(p, c, typeLong) {
		for range 100 {
			p.send(end(good | moreResults)...)
		}
		p.send(1, 2)
	}
}

func hugeRow(p *peer, c []byte) {
	if rowsOf(p, c, typeVarString) {
		part := make([]byte, maxPayload)
		copy(part, []byte{0, 0, 0xfe, 0, 0, 0, 0x40, 0, 0, 0, 0})
		for range 64 {
			p.send(part...)
		}
	}
}

func endless(p *peer, c []byte) {
	if rowsOf(p, c, typeLong) {
		for {
			if _, err := p.Write([]byte{6, 0, 0, p.number, 0, 0, 1, 2, 3, 4}); err != nil {
				return
			}
			p.number++
		}
	}
}

func drip(p *peer, c []byte) {
	if rowsOf(p, c, typeVarString) {
		for _, b := range append([]byte{100, 0, 0, p.number}, make([]byte, 90)...) {
			if _, err := p.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// TestC8HostileGreeting: what answers as no server does.
func TestC8HostileGreeting(t *testing.T) {
	whole := helloOf(usual)
	greetings := map[string][]byte{
		"http": []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), "empty": {}, "zero length": {0, 0, 0, 0}, "1 MiB": append([]byte{0, 0, 16, 0}, make([]byte, 1<<20)...),
		"protocol 9": {3, 0, 0, 0, 9, 'x', 0}, "an error": append([]byte{25, 0, 0, 0}, "\xff\x10\x04Too many connections  "...),
	}
	for i := range whole {
		greetings["cut at "+string(rune('0'+i/10))+string(rune('0'+i%10))] = append([]byte{byte(i), 0, 0, 0}, whole[:i]...)
	}
	for name, g := range greetings {
		d := openURI(t, "mysql://u:p@127.0.0.1/d?connect_timeout=2", listen(t, func(p *peer) {
			_, _ = p.Write(g)
			_, _ = p.receive()
			p.send(0xfe, 'x')
			_ = p.Close()
		}))
		_, err := d.Begin(context.Background(), sqldb.TxOptions{})
		if e := fails(t, err); e.Code != abi.Conn {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestC7CleartextSwitch: a server that asks for the password as it is, over a
// connection that anyone may listen to, does not get it.
func TestC7CleartextSwitch(t *testing.T) {
	heard := make(chan string, 10)
	for _, plugin := range []string{"mysql_clear_password", "mysql_old_password", "dialog", "authentication_windows_client", "auth_gssapi_client", "parsec"} {
		d := openURI(t, "mysql://u:canary@127.0.0.1/d?connect_timeout=2", listen(t, func(p *peer) {
			defer func() { _ = p.Close() }()
			p.send(helloOf(usual)...)
			if _, err := p.receive(); err != nil {
				return
			}
			p.send([]byte("\xfe" + plugin + "\x00abcdefghijklmnopqrst\x00")...)
			if answer, err := p.receive(); err == nil {
				heard <- string(answer)
				p.send(ok(good)...)
			}
		}))
		_, err := d.Begin(context.Background(), sqldb.TxOptions{})
		message := "the server and wasmsql share no way to log in"
		if plugin == "mysql_clear_password" {
			message = "the server wants the password in the clear"
		}
		if e := fails(t, err); e.Code != abi.Conn || e.SafeToRetry() || e.Message != message || e.Hint == "" {
			t.Errorf("%s: %s", plugin, whole(err))
		}
	}
	close(heard)
	for answer := range heard {
		if strings.Contains(answer, "canary") {
			t.Error("the password was sent")
		}
	}
}
