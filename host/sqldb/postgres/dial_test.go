package postgres

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// TestReleaseWhileRead has a goroutine of pgconn's read when the login is over,
// as it does where a write took long: it takes nothing of what follows.
func TestReleaseWhileRead(t *testing.T) {
	const message = "C\x00\x00\x00\x08SET\x00Z\x00\x00\x00\x05I"
	for early := range 5 { // bytes of the header that come before the release
		here, there := net.Pipe()
		m := &messageConn{Conn: here}
		reads := make(chan error, 1)
		go func() {
			_, err := m.Read(make([]byte, 100))
			reads <- err
		}()
		if _, err := io.WriteString(there, message[:early]); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond) // the goroutine waits for the rest
		conn := m.release()
		if err := <-reads; err == nil {
			t.Error("a read was given something")
		}
		if _, err := m.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Error("a read behind the release:", err)
		}
		go io.WriteString(there, message[early:])
		got := make([]byte, len(message))
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.ReadFull(conn, got); err != nil || string(got) != message {
			t.Errorf("%q %v", got, err)
		}
		here.Close()
		there.Close()
	}
}
