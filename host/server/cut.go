package server

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// cutTime is how long a client may take for the trailers of a cut answer.
const cutTime = 5 * time.Second

// cut ends an answer that has begun so that no client takes it for whole. With
// HTTP/1.1 the last chunk is announced, the trailers say why, and the line
// that would end them is missing; with HTTP/2 the stream is reset.
func cut(w http.ResponseWriter, r *http.Request, p *problem) {
	control := http.NewResponseController(w)
	if r.Proto != "HTTP/1.1" || control.Flush() != nil {
		panic(http.ErrAbortHandler)
	}
	conn, buffered, err := control.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	_ = conn.SetWriteDeadline(time.Now().Add(cutTime))
	fmt.Fprintf(buffered, "0\r\n%s: %s\r\n%s: %s\r\n", headStatus, p.Code, headError, headerText(p.Detail))
	_ = buffered.Flush()
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
