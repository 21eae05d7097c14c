package postgres

import (
	"crypto/x509"
	"crypto/x509/pkix"
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

// TestC7Hosts: a certificate is for a host where libpq takes it for it.
func TestC7Hosts(t *testing.T) {
	ip := []net.IP{net.ParseIP("10.0.0.1"), net.ParseIP("::1")}
	for _, c := range []struct {
		host string
		cert x509.Certificate
		want bool
	}{
		{"db.example", x509.Certificate{DNSNames: []string{"db.example"}}, true},
		{"DB.example", x509.Certificate{DNSNames: []string{"*.example"}}, true},
		{"a.db.example", x509.Certificate{DNSNames: []string{"*.example"}}, false},
		{"db.example", x509.Certificate{Subject: pkix.Name{CommonName: "db.example"}}, true},
		{"db.example", x509.Certificate{Subject: pkix.Name{CommonName: "*.example"}}, true},
		{"db.example", x509.Certificate{Subject: pkix.Name{CommonName: "db.example"}, IPAddresses: ip}, true},
		{"db.example", x509.Certificate{Subject: pkix.Name{CommonName: "db.example"}, DNSNames: []string{"other.example"}}, false},
		{"db.example", x509.Certificate{Subject: pkix.Name{CommonName: "*"}}, false},
		{"db.example", x509.Certificate{Subject: pkix.Name{CommonName: "*.*"}}, false},
		{"db.example", x509.Certificate{Subject: pkix.Name{CommonName: "db.example\x00.evil"}}, false},
		{"db.example", x509.Certificate{}, false},
		{"10.0.0.1", x509.Certificate{IPAddresses: ip}, true},
		{"::1", x509.Certificate{IPAddresses: ip}, true},
		{"10.0.0.2", x509.Certificate{IPAddresses: ip, Subject: pkix.Name{CommonName: "10.0.0.2"}}, false},
		{"10.0.0.2", x509.Certificate{IPAddresses: ip, DNSNames: []string{"10.0.0.2"}}, true},
		{"10.0.0.2", x509.Certificate{DNSNames: []string{"db.example"}, Subject: pkix.Name{CommonName: "10.0.0.2"}}, true},
		{"10.0.0.2", x509.Certificate{Subject: pkix.Name{CommonName: "*.0.0.2"}}, false},
		{"10.0.0.2", x509.Certificate{}, false},
	} {
		if err := verifyHost(&c.cert, c.host); (err == nil) != c.want {
			t.Errorf("%s, %q %v %v: %v", c.host, c.cert.Subject.CommonName, c.cert.DNSNames, c.cert.IPAddresses, err)
		}
	}
}

// TestFailureOfPoolers: what a pooler says before it closes the connection is
// told, although it says less than a server does.
func TestFailureOfPoolers(t *testing.T) {
	for body, want := range map[string]bool{
		"SFATAL\x00C08P01\x00Mno\x00\x00":                true,
		"SERROR\x00C08P01\x00Mno\x00\x00":                false,
		"SFATAL\x00VERROR\x00C08P01\x00Mno\x00\x00":      false,
		"SFEHLER\x00VFATAL\x00C08P01\x00Mno\x00\x00":     true,
		"VFATAL\x00SFEHLER\x00C08P01\x00Mno\x00\x00":     true,
		"SFATAL\x00VFATAL\x00C08P01\x00Mno, and it is l": true,
	} {
		f := readFailure(append([]byte(body), 0))
		if f.fatal() != want || f.state != "08P01" || f.message == "" && want {
			t.Errorf("%q: %+v", body, f)
		}
	}
}
