package server

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// cutTime is how long a client may take for the trailers of a cut answer.
const cutTime = 5 * time.Second

// cut ends an answer that has begun so that no client takes it for whole. With
// HTTP/1.1 the last chunk is announced, the trailers say why, and the line
// that would end them is missing; with HTTP/1.0, which proxies speak too and
// where the end of the connection is that of the answer, the connection is
// reset; with HTTP/2 the stream is.
func cut(w http.ResponseWriter, r *http.Request, p *problem) {
	control := http.NewResponseController(w)
	if r.ProtoMajor != 1 || r.ProtoMinor > 0 && control.Flush() != nil {
		panic(http.ErrAbortHandler)
	}
	conn, buffered, err := control.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	if r.ProtoMinor == 0 {
		reset(conn)
		return
	}
	_ = conn.SetWriteDeadline(time.Now().Add(cutTime))
	fmt.Fprintf(buffered, "0\r\n%s: %s\r\n%s: %s\r\n", headStatus, p.Code, headError, headerText(p.Detail))
	_ = buffered.Flush()
}

// reset closes a connection so that the other side sees that it did not end as
// it should.
func reset(conn net.Conn) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn() // without the word that TLS ends with
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// headerText makes a text of one line of ASCII.
func headerText(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, s)
}
