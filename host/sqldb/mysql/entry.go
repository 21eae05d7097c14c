package mysql

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wasmsql/wasmsql/host/secret"
)

// entry is the connection as go-sql-driver sees it while it logs in. It stands
// between that and the server, packet by packet, for four reasons:
//
//   - TLS begins here, before the login is sent, so that what comes after the
//     login can be read and written by wire. go-sql-driver would keep the
//     encrypted connection to itself. Its packets get the number that they have
//     after a request for TLS.
//   - The capabilities that go-sql-driver asks for lose the one to send files
//     to the server, and win the one to be told the types of MariaDB that are
//     not the protocol's.
//   - Under that TLS the password of sha256_password goes as it is, as the server
//     expects it; go-sql-driver, which sees no TLS, would ask for the server's key.
//   - A packet is as large as a login needs, and nothing is read ahead.
type entry struct {
	net.Conn
	raw      net.Conn // below TLS
	greeting greeting
	secure   func(net.Conn) (*tls.Conn, error) // nil: without TLS
	shift    byte                              // added to the numbers of our packets
	pending  []byte                            // of the packet that go-sql-driver is reading
	asked    capabilities
	password secret.Value
	wants256 bool        // the server has asked for sha256_password
	answered bool        // the login was sent
	failed   error       // of TLS; go-sql-driver does not return it
	left     atomic.Bool // go-sql-driver closes from a goroutine of its own
}

// greeting is the first packet of a server.
type greeting struct {
	version string
	offered capabilities
}

// mariadb reports which of the two servers it is.
func (g greeting) mariadb() bool { return strings.Contains(g.version, "MariaDB") }

// capabilities are the flags of a connection. MariaDB's own are the upper 32.
type capabilities uint64

const (
	canLongPassword capabilities = 1 << 0 // not offered by MariaDB
	canFoundRows    capabilities = 1 << 1
	canLocalFiles   capabilities = 1 << 7
	canProtocol41   capabilities = 1 << 9
	canTLS          capabilities = 1 << 11
	canNoEOF        capabilities = 1 << 24
	canNameTypes    capabilities = 1 << (32 + 3) // types beyond the protocol's
	canKeepColumns  capabilities = 1 << (32 + 4) // columns are sent once, in reply to prepare
)

const maxLogin = 64 << 10 // bytes of a packet while logging in

var (
	errNoTLS       = errors.New("the server does not offer TLS")
	errOldProtocol = errors.New("the server is too old")
)

// tlsError marks a failure of the handshake of TLS.
type tlsError struct{ err error }

func (e *tlsError) Error() string { return e.err.Error() }
func (e *tlsError) Unwrap() error { return e.err }

// enter reads the server's greeting from c. If config is not nil there will be
// TLS whenever the server offers it; if it does not, that is an error unless
// TLS is optional. It ends with ctx. The caller closes c after an error.
func enter(ctx context.Context, c net.Conn, config *tls.Config, optional bool) (*entry, error) {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	e := &entry{Conn: c, raw: c}
	p, err := e.read()
	if err != nil {
		return nil, err
	}
	if p[headerSize] == replyError {
		return nil, parseError(p[headerSize:])
	}
	if e.greeting, err = parseGreeting(p[headerSize:]); err != nil {
		return nil, err
	}
	e.pending = p
	switch {
	case config == nil:
		return e, nil
	case e.greeting.offered&canTLS == 0 && optional:
		return e, nil
	case e.greeting.offered&canTLS == 0:
		return nil, errNoTLS
	}
	e.secure = func(c net.Conn) (*tls.Conn, error) {
		s := tls.Client(c, config)
		return s, s.HandshakeContext(ctx)
	}
	return e, nil
}

// parseGreeting reads a greeting of protocol 10.
//
//	10, version and NUL, id 4, scramble 8, 0, flags 2,
//	charset 1, status 2, flags 2, length 1, filler 6, MariaDB's flags 4, scramble …
func parseGreeting(p []byte) (greeting, error) {
	var g greeting
	if p[0] != 10 {
		return g, errOldProtocol
	}
	end := bytes.IndexByte(p, 0)
	if end < 0 || len(p) < end+1+4+8+1+2 {
		return g, errMalformed
	}
	g.version = validText(p[1:end])
	at := end + 1
	at += 4 + 8 + 1
	g.offered = capabilities(binary.LittleEndian.Uint16(p[at:]))
	at += 2
	if len(p) < at+1+2+2+1+6+4+12+1 {
		return g, errOldProtocol
	}
	g.offered |= capabilities(binary.LittleEndian.Uint16(p[at+3:])) << 16
	if g.offered&canLongPassword == 0 {
		g.offered |= capabilities(binary.LittleEndian.Uint32(p[at+12:])) << 32
	}
	if g.offered&canProtocol41 == 0 {
		return g, errOldProtocol
	}
	return g, nil
}

// read reads one packet with its header, and not a byte more.
func (e *entry) read() ([]byte, error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(e.Conn, h[:]); err != nil {
		return nil, err
	}
	n := int(h[0]) | int(h[1])<<8 | int(h[2])<<16
	if n == 0 || n > maxLogin {
		return nil, errMalformed
	}
	p := make([]byte, headerSize+n)
	copy(p, h[:])
	_, err := io.ReadFull(e.Conn, p[headerSize:])
	p[3] -= e.shift
	e.wants256 = bytes.HasPrefix(p[headerSize:], []byte("\xfesha256_password\x00"))
	return p, err
}

// Read implements net.Conn.
func (e *entry) Read(p []byte) (int, error) {
	if len(e.pending) == 0 {
		var err error
		if e.pending, err = e.read(); err != nil {
			e.pending = nil
			return 0, err
		}
	}
	n := copy(p, e.pending)
	e.pending = e.pending[n:]
	return n, nil
}

// Write implements net.Conn. go-sql-driver writes a packet at once.
func (e *entry) Write(p []byte) (int, error) {
	if e.left.Load() {
		return len(p), nil // its farewell
	}
	q := bytes.Clone(p)
	if len(q) < headerSize {
		return 0, errMalformed
	}
	if !e.answered {
		e.answered = true
		if !e.amend(q[headerSize:]) {
			return 0, errMalformed
		}
		if e.secure != nil {
			if e.failed = e.startTLS(q); e.failed != nil {
				return 0, e.failed
			}
		}
	}
	if e.wants256 && e.secure != nil && string(q[headerSize:]) == "\x01" { // asks for the key
		q = append(append(q[:headerSize], e.password.Reveal()...), 0)
		q[0], q[1], q[2] = byte(len(q)-headerSize), byte((len(q)-headerSize)>>8), 0
	}
	q[3] += e.shift
	if _, err := e.Conn.Write(q); err != nil {
		return 0, err
	}
	return len(p), nil
}

// startTLS sends the first part of the login, which asks for TLS, and begins it.
// The server takes the capabilities from there.
func (e *entry) startTLS(login []byte) error {
	request := bytes.Clone(login[:headerSize+32])
	request[0], request[1], request[2] = 32, 0, 0
	if _, err := e.Conn.Write(request); err != nil {
		return err
	}
	s, err := e.secure(e.Conn)
	if err != nil {
		return &tlsError{err}
	}
	e.Conn, e.shift = s, 1
	return nil
}

// amend changes the capabilities in the answer to the greeting.
//
//	flags 4, packet size 4, charset 1, filler 19, MariaDB's flags 4, user …
func (e *entry) amend(p []byte) bool {
	if len(p) < 32 {
		return false
	}
	asked := capabilities(binary.LittleEndian.Uint32(p)) &^ canLocalFiles
	if e.secure != nil {
		asked |= canTLS
	}
	binary.LittleEndian.PutUint32(p, uint32(asked))
	if asked&canLongPassword == 0 {
		asked |= capabilities(binary.LittleEndian.Uint32(p[28:])) << 32
		asked |= e.greeting.offered & canNameTypes
		binary.LittleEndian.PutUint32(p[28:], uint32(asked>>32))
	}
	e.asked = asked
	return true
}

// leave takes the connection away from go-sql-driver, which may then close
// what it believes to have.
func (e *entry) leave() (net.Conn, bool) {
	e.left.Store(true)
	return e.Conn, len(e.pending) == 0
}

// Close implements net.Conn.
func (e *entry) Close() error {
	if e.left.Load() {
		return nil
	}
	return e.raw.Close()
}
