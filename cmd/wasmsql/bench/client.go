package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// client is one connection that is kept for request after request. It costs
// little beside what it measures, as both share the processors. It is used by
// one goroutine.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	head string // of each request
}

// dial connects to where a path of a server is, with a token unless it is
// empty.
func dial(url, path, token string, header ...string) (*client, error) {
	address := strings.TrimPrefix(url, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	head := "POST " + path + " HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/json\r\n"
	if token != "" {
		head += "Authorization: Bearer " + token + "\r\n"
	}
	for _, h := range header {
		head += h + "\r\n"
	}
	return &client{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), head: head}, nil
}

// send sends a request and returns its answer, whose body is to be read to its
// end.
func (c *client) send(body string) (*http.Response, error) {
	if _, err := fmt.Fprintf(c.conn, "%sContent-Length: %d\r\n\r\n%s", c.head, len(body), body); err != nil {
		return nil, err
	}
	return http.ReadResponse(c.in, nil)
}

// do sends a request, and reads its answer to out. The answer has to be of one
// that succeeded.
func (c *client) do(body string, out io.Writer) error {
	res, err := c.send(body)
	if err != nil {
		return err
	}
	if res.StatusCode == http.StatusTooManyRequests {
		_, _ = io.Copy(io.Discard, res.Body)
		return errBusy
	}
	if res.StatusCode/100 != 2 {
		text, _ := io.ReadAll(res.Body)
		return fmt.Errorf("status %d: %s", res.StatusCode, text)
	}
	if _, err := io.Copy(out, res.Body); err != nil {
		return err
	}
	if status := res.Trailer.Get("Wasmsql-Status"); status != "" && status != "complete" {
		return fmt.Errorf("the answer was cut: %s", res.Trailer.Get("Wasmsql-Error"))
	}
	return nil
}

var errBusy = errors.New("the tenant has no room")

// load is what several clients got from a server.
type load struct {
	times []float64     // of requests, in microseconds
	took  time.Duration // all of them together
}

func (l *load) add(o load) { l.times, l.took = append(l.times, o.times...), l.took+o.took }

// rate returns requests a second.
func (l *load) rate() float64 { return float64(len(l.times)) / l.took.Seconds() }

// hammer has each client send one point query after the other, until the time
// is over.
func hammer(clients []*client, rows int, d time.Duration) (load, error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		all   load
		first error
	)
	began := time.Now()
	for n, c := range clients {
		wg.Go(func() {
			var times []float64
			var err error
			for i, last := n, began; err == nil && last.Sub(began) < d; i += len(clients) {
				err = c.do(fmt.Sprintf(`{"inputs": {"id": %d}}`, i%min(1000, rows)+1), io.Discard)
				now := time.Now()
				times = append(times, micros(now.Sub(last)))
				last = now
			}
			mu.Lock()
			defer mu.Unlock()
			all.times = append(all.times, times...)
			if first == nil {
				first = err
			}
		})
	}
	wg.Wait()
	all.took = time.Since(began)
	return all, first
}

// connect returns so many clients.
func connect(n int, url, path, token string) (all []*client, hangUp func(), err error) {
	hangUp = func() {
		for _, c := range all {
			_ = c.conn.Close()
		}
	}
	for range n {
		c, err := dial(url, path, token)
		if err != nil {
			hangUp()
			return nil, nil, err
		}
		all = append(all, c)
	}
	return all, hangUp, nil
}

// download keeps the body of an answer in a file.
func download(c *client, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := c.do("{}", f); err != nil {
		return err
	}
	return f.Close()
}
