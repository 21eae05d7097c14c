package server_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// dial opens a connection to a server under test.
func (s *served) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(sqldbtest.Patience))
	return conn
}

// dial opens a connection to a server with TLS.
func (s secured) dial(t *testing.T, protocol string) net.Conn {
	t.Helper()
	config := s.tls.Clone()
	config.NextProtos = []string{protocol}
	conn, err := tls.Dial("tcp", s.addr, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(sqldbtest.Patience))
	return conn
}

// rawAnswer is one answer on a connection.
type rawAnswer struct {
	status int
	header http.Header
	body   string
}

// exchange sends bytes, and reads so many answers. Where the connection goes on
// behind them it sends a last request: closed is whether that was not answered.
// What is answered in between is one answer more.
func exchange(t *testing.T, conn net.Conn, text string, answers int) (all []rawAnswer, closed bool) {
	t.Helper()
	wrote := make(chan struct{})
	go func() { // the server may answer before it has read all
		defer close(wrote)
		_, _ = io.WriteString(conn, text)
	}()
	in := bufio.NewReader(conn)
	ends := false
	for !ends {
		res, err := http.ReadResponse(in, nil)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after %d answers the server says nothing more", len(all))
		}
		if err != nil {
			return all, true
		}
		body, _ := io.ReadAll(res.Body)
		if res.Close && string(body) == lastAnswer && len(all) >= answers {
			return all, false
		}
		all, ends = append(all, rawAnswer{res.StatusCode, res.Header, string(body)}), res.Close
		if len(all) == answers && !ends {
			<-wrote
			_, _ = io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		}
	}
	_, err := in.ReadByte()
	return all, err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

// lastAnswer is what /livez says.
const lastAnswer = "{\"status\":\"ok\"}\n"

// TestT7RawRequests writes requests as no client would, over plain connections
// and TLS. Each gets one answer, and no other request is read out of it.
func TestT7RawRequests(t *testing.T) {
	t.Parallel()
	s := serve(t, twoTenants, nil)
	secure := serveTLS(t, s, newAuthority(t))
	token := s.token("acme", server.Run)
	auth := "Authorization: Bearer " + token + "\r\n"
	const host = "Host: x\r\n"
	get := func(target string) string { return "GET " + target + " HTTP/1.1\r\n" + host + auth + "\r\n" }
	post := func(head, body string) string {
		return "POST /v1/tasks/one/run HTTP/1.1\r\n" + host + auth + "Content-Type: application/json\r\n" + head + "\r\n" + body
	}
	smuggled := "GET /v1/tenant HTTP/1.1\r\n" + host + auth + "\r\n"
	many := func(n int, line string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, line, i)
		}
		return b.String()
	}
	type raw struct {
		text   string
		status int
		part   string // of the body
	}
	cases := map[string]raw{
		// What two readers would read differently.
		"both lengths":          {post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"+smuggled), 200, `"n":1`},
		"both, the length less": {post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n"+smuggled), 400, "EOF"},
		"two lengths":           {post("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"+smuggled), 400, ""},
		"two lengths in one":    {post("Content-Length: 2, 2\r\n", "{}"+smuggled), 400, ""},
		"length with a sign":    {post("Content-Length: +2\r\n", "{}"+smuggled), 400, ""},
		"negative length":       {post("Content-Length: -1\r\n", "{}"+smuggled), 400, ""},
		"length in hex":         {post("Content-Length: 0x2\r\n", "{}"+smuggled), 400, ""},
		"huge length":           {post("Content-Length: 99999999999999999999\r\n", "{}"), 400, ""},
		"space before colon":    {post("Transfer-Encoding : chunked\r\nContent-Length: 2\r\n", "{}"+smuggled), 400, ""},
		"two encodings":         {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"+smuggled), 501, ""},
		"encodings in one":      {post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"+smuggled), 501, ""},
		"identity":              {post("Transfer-Encoding: identity\r\nContent-Length: 2\r\n", "{}"+smuggled), 501, ""},
		"xchunked":              {post("Transfer-Encoding: xchunked\r\nContent-Length: 2\r\n", "{}"+smuggled), 501, ""},
		"vertical tab":          {post("Transfer-Encoding: \vchunked\r\nContent-Length: 2\r\n", "{}"+smuggled), 400, ""},
		"negative chunk":        {post("Transfer-Encoding: chunked\r\n", "-1\r\n{}\r\n0\r\n\r\n"), 400, "could not be read"},
		"huge chunk":            {post("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"), 400, "could not be read"},
		"odd chunk":             {post("Transfer-Encoding: chunked\r\n", "2x\r\n{}\r\n0\r\n\r\n"), 400, "could not be read"},
		"chunk without its end": {post("Transfer-Encoding: chunked\r\n", "2\r\n{}XX0\r\n\r\n"), 400, "could not be read"},
		"long chunk extension":  {post("Transfer-Encoding: chunked\r\n", "2;"+strings.Repeat("a", 8<<10)+"\r\n{}\r\n0\r\n\r\n"), 400, "could not be read"},
		"many tiny chunks":      {post("Transfer-Encoding: chunked\r\n", strings.Repeat("1;"+strings.Repeat("a", 200)+"\r\n \r\n", 1000)+"0\r\n\r\n"), 400, "could not be read"},
		"no length":             {post("", ""), 400, "EOF"},

		// Heads.
		"no host":            {"GET /livez HTTP/1.1\r\n\r\n", 400, ""},
		"two hosts":          {"GET /livez HTTP/1.1\r\n" + host + host + "\r\n", 400, ""},
		"odd host":           {"GET /livez HTTP/1.1\r\nHost: a b\r\n\r\n", 400, ""},
		"version 0.9":        {"GET /livez\r\n\r\n", 400, ""},
		"version 3":          {"GET /livez HTTP/3.0\r\n" + host + "\r\n", 505, ""},
		"version in letters": {"GET /livez HTTP/one\r\n" + host + "\r\n", 400, ""},
		"odd method":         {"GE T /livez HTTP/1.1\r\n" + host + "\r\n", 400, ""},
		"method with a line": {"GET\t/livez HTTP/1.1\r\n" + host + "\r\n", 400, ""},
		"NUL in the path":    {get("/v1/tasks/\x00"), 400, ""},
		"NUL in a header":    {"GET /livez HTTP/1.1\r\n" + host + "X-A: a\x00b\r\n\r\n", 400, ""},
		"header name":        {"GET /livez HTTP/1.1\r\n" + host + "X(A): a\r\n\r\n", 400, ""},
		"no colon":           {"GET /livez HTTP/1.1\r\n" + host + "X-A\r\n\r\n", 400, ""},
		"a long header":      {"GET /livez HTTP/1.1\r\n" + host + "X-A: " + strings.Repeat("a", 80<<10) + "\r\n\r\n", 431, ""},
		"many headers":       {"GET /livez HTTP/1.1\r\n" + host + many(10_000, "X-%d: a\r\n") + "\r\n", 431, ""},
		"a long path":        {get("/v1/tasks/" + strings.Repeat("a", 80<<10)), 431, ""},
		"odd expectation":    {post("Content-Length: 2\r\nExpect: 200-maybe\r\n", "{}"), 417, ""},
		"percent":            {get("/v1/tasks/%zz"), 400, ""},
		"not a path":         {get("v1/tasks"), 400, ""},
		"a port in letters":  {get("http://x:y/v1/tasks"), 400, ""},

		// Paths that lead somewhere else.
		"dots":                {get("/v1/tasks/../tenant"), 404, "nothing at this path"},
		"encoded dots":        {get("/v1/tasks/%2e%2e/tenant"), 404, "nothing at this path"},
		"encoded dots, alone": {get("/v1/tasks/%2e%2e"), 404, `no task \"..\"`},
		"encoded slash":       {get("/v1/tasks%2fone"), 404, "nothing at this path"},
		"encoded in a name":   {get("/v1/tasks/..%2f..%2fglobex%2ftwo"), 404, "no task"},
		"twice encoded":       {get("/v1/tasks/%252e%252e%252ftwo"), 404, "no task"},
		"back slash":          {get(`/v1/tasks\one`), 404, "nothing at this path"},
		"two slashes":         {get("//v1/tenant"), 404, "nothing at this path"},
		"slashes within":      {get("/v1//tenant"), 404, "nothing at this path"},
		"slash behind":        {get("/v1/tenant/"), 404, "nothing at this path"},
		"a host in the path":  {get("//evil.example/v1/tenant"), 404, "nothing at this path"},
		"dot":                 {get("/v1/./tenant"), 404, "nothing at this path"},
		"semicolon":           {get("/v1/tenant;x=/../.."), 404, "nothing at this path"},
		"encoded NUL":         {get("/v1/tasks/one%00"), 404, "no task"},
		"overlong":            {get("/v1/tasks/%c0%ae%c0%ae"), 404, "no task"},
		"other case":          {get("/V1/tenant"), 404, "nothing at this path"},
		"fragment":            {get("/v1/tenant#x"), 404, "nothing at this path"},
		"the console's":       {get("/console/..%2fopenapi.json"), 404, "nothing at this path"},
		"options of all":      {"OPTIONS * HTTP/1.1\r\n" + host + "\r\n", 404, "nothing at this path"},
		"connect":             {"CONNECT 127.0.0.1:22 HTTP/1.1\r\n" + host + auth + "\r\n", 404, "nothing at this path"},
		"connect a path":      {"CONNECT /v1/tenant HTTP/1.1\r\n" + host + auth + "\r\n", 405, "CONNECT"},
		"trace":               {"TRACE /v1/tenant HTTP/1.1\r\n" + host + auth + "X-A: canary\r\n\r\n", 405, "TRACE"},
		"get in lower case":   {"get /v1/tenant HTTP/1.1\r\n" + host + auth + "\r\n", 405, "get"},
		"another's method":    {"POST /v1/tenant HTTP/1.1\r\n" + host + auth + "X-HTTP-Method-Override: GET\r\nContent-Length: 0\r\n\r\n", 405, "POST"},
		"upgrade":             {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404, "nothing at this path"},

		// Tokens where none is read.
		"token in the query": {"GET /v1/tenant?access_token=" + token + "&token=" + token + " HTTP/1.1\r\n" + host + "\r\n", 401, "no valid token"},
		"token in a cookie":  {"GET /v1/tenant HTTP/1.1\r\n" + host + "Cookie: token=" + token + "; Authorization=Bearer " + token + "\r\n\r\n", 401, "no valid token"},
		"token as a key":     {"GET /v1/tenant HTTP/1.1\r\n" + host + "X-Api-Key: " + token + "\r\n\r\n", 401, "no valid token"},
		"token of a proxy":   {"GET /v1/tenant HTTP/1.1\r\n" + host + "Proxy-Authorization: Bearer " + token + "\r\nX-Forwarded-Authorization: Bearer " + token + "\r\n\r\n", 401, "no valid token"},
		"token in the URL":   {"GET http://" + token + ":" + token + "@x/v1/tenant HTTP/1.1\r\n" + host + "\r\n", 401, "no valid token"},
		"user of a proxy":    {"GET /v1/tenant HTTP/1.1\r\n" + host + "X-Forwarded-User: admin\r\nX-Remote-User: admin\r\nX-Client-Cert: x\r\nX-Forwarded-Client-Cert: x\r\n\r\n", 401, "no valid token"},
		"two tokens":         {"GET /v1/tenant HTTP/1.1\r\n" + host + auth + auth + "\r\n", 401, "no valid token"},
		"tokens in one":      {"GET /v1/tenant HTTP/1.1\r\n" + host + "Authorization: Bearer " + token + ", Bearer " + token + "\r\n\r\n", 401, "no valid token"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for over, conn := range map[string]net.Conn{"plain": s.dial(t), "TLS": secure.dial(t, "http/1.1")} {
				all, closed := exchange(t, conn, c.text, 1)
				if len(all) != 1 || all[0].status != c.status || !strings.Contains(all[0].body, c.part) {
					t.Errorf("%s: %d answers, closed %v: %.300v", over, len(all), closed, all)
					continue
				}
				if strings.Contains(c.text, smuggled) && !closed {
					t.Errorf("%s: the connection goes on behind a request of two meanings", over)
				}
				if a := all[0]; strings.Contains(a.body, "canary") || a.header.Get("Location") != "" {
					t.Errorf("%s: %v", over, a)
				}
				if a := all[0]; a.status >= 400 && c.part != "" && a.header.Get("Content-Type") != "application/problem+json" {
					t.Errorf("%s: of type %q", over, a.header.Get("Content-Type"))
				}
			}
		})
	}
}

// TestT7Pipelined sends many requests at once on one connection: they are
// answered in turn, also behind one that is refused.
func TestT7Pipelined(t *testing.T) {
	t.Parallel()
	s := serve(t, twoTenants, nil)
	auth := "Host: x\r\nAuthorization: Bearer " + s.token("acme", server.Run) + "\r\n"
	var text, want strings.Builder
	for i := range 200 {
		switch i % 4 {
		case 0:
			text.WriteString("GET /v1/tenant HTTP/1.1\r\n" + auth + "\r\n")
			want.WriteString("200 ")
		case 1:
			text.WriteString("GET /v1/tenant HTTP/1.1\r\nHost: x\r\n\r\n")
			want.WriteString("401 ")
		case 2:
			text.WriteString("POST /v1/tasks/one/run HTTP/1.1\r\n" + auth + "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
			want.WriteString("200 ")
		case 3:
			text.WriteString("POST /v1/tasks/two/run HTTP/1.1\r\n" + auth + "Content-Length: 25\r\n\r\nGET /v1/none HTTP/1.1\r\n\r\n")
			want.WriteString("404 ")
		}
	}
	all, _ := exchange(t, s.dial(t), text.String(), 200)
	var got strings.Builder
	for _, a := range all {
		fmt.Fprintf(&got, "%d ", a.status)
	}
	if got.String() != want.String() {
		t.Errorf("%d answers: %s", len(all), got.String())
	}
}

// TestT7ProxyHeaders sends what a proxy adds: nothing of it changes an answer.
func TestT7ProxyHeaders(t *testing.T) {
	t.Parallel()
	s := serve(t, twoTenants, withState(t, t.TempDir()))
	token := s.token("acme", server.Run)
	plain := s.do("GET", "/v1/tasks", token, "")
	odd := []string{"X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "X-Forwarded-Prefix", "/evil", "X-Original-URL", "/v1/audit", "X-Rewrite-URL", "/v1/audit",
		"Forwarded", "host=evil.example", "X-HTTP-Method-Override", "DELETE", "X-Tenant", "globex", "X-Wasmsql-Tenant", "globex", "X-Real-IP", "127.0.0.1", "Range", "bytes=0-1", "If-None-Match", "*"}
	if got := s.do("GET", "/v1/tasks", token, "", odd...); got.status != 200 || got.body != plain.body {
		t.Error(got.status, got.body)
	}
	got := s.do("POST", "/v1/executions", token, `{"task": "one"}`, odd...)
	if at := got.header.Get("Location"); got.status != 202 || !strings.HasPrefix(at, "/v1/executions/") || strings.Contains(fmt.Sprint(got.header)+got.body, "evil") {
		t.Error(got.status, got.header, got.body)
	}
}

// TestT7Bombs sends bodies that are small and would be large.
func TestT7Bombs(t *testing.T) {
	t.Parallel()
	s := serve(t, twoTenants, nil)
	token := s.token("acme", server.Run)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for range 64 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	for name, c := range map[string]struct {
		body   string
		header []string
		status int
		code   string
	}{
		"gzip":          {packed.String(), []string{"Content-Encoding", "gzip"}, 415, "usage"},
		"gzip twice":    {packed.String(), []string{"Content-Encoding", "gzip, gzip"}, 415, "usage"},
		"brotli":        {packed.String(), []string{"Content-Encoding", "br"}, 415, "usage"},
		"deflate":       {packed.String(), []string{"Content-Encoding", "deflate"}, 415, "usage"},
		"gzip unsaid":   {packed.String(), nil, 400, "usage"},
		"deep":          {`{"inputs": ` + strings.Repeat(`{"a":`, 1_000_000), nil, 400, "usage"},
		"deep lists":    {strings.Repeat("[", 10<<20), nil, 400, "usage"},
		"quoted":        {`{"inputs": "` + strings.Repeat(`\"[{`, 1<<20) + `"}`, nil, 400, "config"},
		"10^6 inputs":   {`{"inputs": {` + many(1_000_000) + `}}`, nil, 400, "config"},
		"long name":     {`{"inputs": {"` + strings.Repeat("x", 8<<20) + `": 1}}`, nil, 400, "config"},
		"long number":   {`{"inputs": {"a": 1` + strings.Repeat("0", 1<<20) + `}}`, nil, 400, "config"},
		"exponent":      {`{"inputs": {"a": 1e999999999}}`, nil, 400, "config"},
		"over 16 MiB":   {`{"inputs": {"a": "` + strings.Repeat("x", 16<<20) + `"}}`, nil, 413, "limit"},
		"aliases":       {"{\"inputs\": &a [*a,*a]}", nil, 400, "usage"},
		"not UTF-8":     {"{\"inputs\": {\"\xff\xfe\": 1}}", nil, 400, "config"},
		"UTF-16":        {"\xff\xfe{\x00}\x00", nil, 400, "usage"},
		"mark in front": {"\xef\xbb\xbf{}", nil, 400, "usage"},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.do("POST", "/v1/tasks/one/run", token, c.body, c.header...)
			if p := got.problem(t); p.Status != c.status || p.Code != c.code || len(got.body) > 64<<10 {
				t.Errorf("%d bytes: %.500s", len(got.body), got.body)
			}
		})
	}
}

// TestT7SlowClients has clients send the head and the body of requests a byte
// at a time, with and without a token, while others are answered.
func TestT7SlowClients(t *testing.T) {
	t.Parallel()
	s := serve(t, twoTenants, func(c *server.Config) { c.Patience = time.Second })
	secure := serveTLS(t, s, newAuthority(t))
	token := s.token("acme", server.Run)
	head := "POST /v1/tasks/one/run HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"
	var wg sync.WaitGroup
	for name, c := range map[string]struct {
		at, slowly string
		status     int // 0: the connection ends without an answer
	}{
		"handshake":            {"", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 0},
		"head":                 {"GET /livez HTTP/1.1\r\nHost: x\r\n", "X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0},
		"body":                 {head + "Authorization: Bearer " + token + "\r\n\r\n", strings.Repeat(" ", 1000), 408},
		"body without a token": {head + "\r\n", strings.Repeat(" ", 1000), 401},
		"chunks": {strings.Replace(head, "Content-Length: 1000", "Transfer-Encoding: chunked", 1) + "Authorization: Bearer " + token + "\r\n\r\n",
			strings.Repeat("1\r\n \r\n", 200), 408},
		"body nobody asks for": {"GET /v1/tenant HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nAuthorization: Bearer " + token + "\r\n\r\n", strings.Repeat(" ", 1000), 200},
	} {
		for range 10 {
			begun := time.Now()
			conn := s.dial(t)
			if name != "handshake" {
				if len(name)%2 == 0 {
					conn = secure.dial(t, "http/1.1")
				}
			} else {
				var err error
				if conn, err = net.Dial("tcp", secure.addr); err != nil {
					t.Fatal(err)
				}
			}
			wg.Go(func() {
				go func() {
					_, _ = io.WriteString(conn, c.at)
					for i := range len(c.slowly) {
						if _, err := io.WriteString(conn, c.slowly[i:i+1]); err != nil {
							return
						}
						time.Sleep(50 * time.Millisecond)
					}
				}()
				_ = conn.SetReadDeadline(time.Now().Add(sqldbtest.Patience))
				text, err := io.ReadAll(conn)
				if d := time.Since(begun); d < 900*time.Millisecond || errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("%s: the connection ends after %s: %v", name, d, err)
				}
				status := 0
				_, _ = fmt.Sscanf(string(text), "HTTP/1.1 %d ", &status)
				if status != c.status {
					t.Errorf("%s: status %d: %s", name, status, text)
				}
				conn.Close()
			})
		}
	}
	for range 20 {
		if got := s.do("GET", "/v1/tenant", token, ""); got.status != 200 {
			t.Error("another client:", got.status)
		}
	}
	wg.Wait()
}
