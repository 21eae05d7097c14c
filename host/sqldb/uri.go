package sqldb

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/wasmsql/wasmsql/host/secret"
)

// URI is a parsed SQLAlchemy URL:
//
//	dialect[+driver]://[user[:password]@][host][:port]/[database][?name=value&…]
//
// User, password and database are percent-decoded, as SQLAlchemy does it.
// It prints without its password, user and host.
type URI struct {
	Scheme   string // the dialect, lower case, without its +driver
	PyDriver string // what follows +, may be empty
	User     string
	Password secret.Value
	HasPass  bool
	Host     string
	Port     int    // 0 is not given
	Database string // everything after the host's slash, for sqlite the file
	Query    url.Values
}

// String returns the scheme alone.
func (u URI) String() string { return u.Scheme + "://***" }

// GoString returns the scheme alone.
func (u URI) GoString() string { return u.String() }

// ParseURI parses a SQLAlchemy URL. Its errors do not hold the text.
//
// Source: SQLAlchemy 2.0, "Database URLs"; sqlalchemy/engine/url.py.
func ParseURI(s string) (URI, error) {
	name, rest, ok := strings.Cut(s, "://")
	if !ok || name == "" {
		return URI{}, errors.New("not a database URL: it has no scheme://")
	}
	var u URI
	u.Scheme, u.PyDriver, _ = strings.Cut(strings.ToLower(name), "+")
	rest, query, hasQuery := strings.Cut(rest, "?")
	if hasQuery {
		var err error
		if u.Query, err = url.ParseQuery(query); err != nil {
			return URI{}, errors.New("the options after ? are not well formed")
		}
	}
	host, db, _ := strings.Cut(rest, "/")
	if slash := strings.IndexByte(rest, '/'); slash >= 0 && strings.LastIndexByte(rest, '@') > slash {
		// An @ after the first slash: a password with a bare slash in it. SQLAlchemy refuses it too.
		if u.Scheme != "sqlite" {
			return URI{}, errors.New("user and password must be percent-encoded: write %2F for / and %40 for @")
		}
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		if err := u.setLogin(host[:i]); err != nil {
			return URI{}, err
		}
		host = host[i+1:]
	}
	if err := u.setHost(host); err != nil {
		return URI{}, err
	}
	u.Database = db
	if u.Scheme != "sqlite" {
		var err error
		if u.Database, err = url.PathUnescape(db); err != nil {
			return URI{}, errors.New("the database is not well percent-encoded")
		}
	}
	return u, nil
}

// setLogin reads user[:password].
func (u *URI) setLogin(text string) error {
	var pass string
	var err error
	u.User, pass, u.HasPass = strings.Cut(text, ":")
	if u.User, err = url.PathUnescape(u.User); err != nil {
		return errors.New("the user is not well percent-encoded")
	}
	if pass, err = url.PathUnescape(pass); err != nil {
		return errors.New("the password is not well percent-encoded")
	}
	u.Password = secret.New(pass)
	return nil
}

// setHost reads host[:port], where an address of IPv6 stands in brackets.
func (u *URI) setHost(text string) error {
	port := ""
	if strings.HasPrefix(text, "[") {
		end := strings.IndexByte(text, ']')
		if end < 0 {
			return errors.New("the host has [ without ]")
		}
		u.Host, port = text[1:end], text[end+1:]
	} else if i := strings.IndexByte(text, ':'); i >= 0 {
		u.Host, port = text[:i], text[i:]
	} else {
		u.Host = text
	}
	if port == "" {
		return nil
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(port, ":"), 10, 16)
	if err != nil || !strings.HasPrefix(port, ":") {
		return errors.New("the port is not a number from 0 to 65535")
	}
	u.Port = int(n)
	return nil
}

// PlainHost reports whether a text names one host: an address, with a zone or
// without, or a name of letters, digits, hyphens, dots and underscores.
func PlainHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	for _, c := range []byte(host) {
		if c != '-' && c != '.' && c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return len(host) > 0 && len(host) < 256
}
