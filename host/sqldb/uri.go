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
	login, rest, ok := cutLogin(rest)
	if ok {
		var user, pass string
		user, pass, u.HasPass = strings.Cut(login, ":")
		u.User, u.Password = unquote(user), secret.New(unquote(pass))
	}
	rest, query, hasQuery := strings.Cut(rest, "?")
	if hasQuery {
		var err error
		if u.Query, err = url.ParseQuery(query); err != nil {
			return URI{}, errors.New("the options after ? are not well formed")
		}
		if u.HasPass && endsPassword(u.Query) {
			return URI{}, errEncode
		}
	}
	host, db, _ := strings.Cut(rest, "/")
	if u.Scheme != "sqlite" && strings.Contains(db, "@") {
		return URI{}, errEncode
	}
	if err := u.setHost(host); err != nil {
		return URI{}, err
	}
	u.Database = db
	if u.Scheme != "sqlite" {
		u.Database = unquote(db)
	}
	return u, nil
}

var errEncode = errors.New("user and password must be percent-encoded: write %2F for /, %3F for ? and %40 for @")

// endsPassword reports whether what looks like options is rather the end of a
// password that holds @ and ? and what follows it: nobody is to be told such a
// name.
func endsPassword(options url.Values) bool {
	for name, values := range options {
		if strings.ContainsAny(name, "@:/#") {
			return true
		}
		for _, v := range values {
			if _, host, ok := strings.Cut(v, "@"); ok && strings.Contains(host, "/") {
				return true
			}
		}
	}
	return false
}

// cutLogin cuts user and password from what follows the scheme. As SQLAlchemy
// has it, a password may hold a bare slash or question mark, up to the first @;
// one that holds an @ is read too, as long as it has neither.
func cutLogin(s string) (login, rest string, ok bool) {
	authority := s
	if i := strings.IndexAny(s, "/?"); i >= 0 {
		authority = s[:i]
	}
	at := strings.LastIndexByte(authority, '@')
	if _, port, ok := strings.Cut(authority, ":"); at < 0 && ok && !strings.HasPrefix(s, "[") && strings.Trim(port, "0123456789") != "" {
		at = strings.IndexByte(s, '@')
	}
	if at < 0 {
		return "", s, false
	}
	return s[:at], s[at+1:], true
}

// unquote decodes percent-encoding. As in Python, what is none stays: a bare % is
// one.
func unquote(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, ok1 := hexDigit(s[i+1])
			lo, ok2 := hexDigit(s[i+2])
			if ok1 && ok2 {
				b = append(b, hi<<4|lo)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// setHost reads host[:port], where an address of IPv6 stands in brackets. A list
// of hosts stays one.
func (u *URI) setHost(text string) error {
	port := ""
	if strings.HasPrefix(text, "[") {
		end := strings.IndexByte(text, ']')
		if end < 0 {
			return errors.New("the host has [ without ]")
		}
		u.Host, port = text[1:end], text[end+1:]
	} else if i := strings.IndexByte(text, ':'); i >= 0 && !strings.Contains(text, ",") {
		u.Host, port = text[:i], text[i:]
	} else {
		u.Host = text
	}
	if port == "" || port == ":" {
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
