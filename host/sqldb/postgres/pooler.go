package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// followed are the parameters of a session that a pooler such as PgBouncer sets
// on whichever server it gives to us. Servers report each change of these, which
// is how it knows them; it refuses a login that names any other.
//
// Source: PgBouncer's documentation, "ignore_startup_parameters".
var followed = []string{"client_encoding", "DateStyle", "TimeZone", "standard_conforming_strings", "application_name"}

// unfollowed returns the parameters of a session that a pooler does not follow,
// in order. Whether a transaction may write, each says itself.
func unfollowed(session map[string]string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(session)), func(name string) bool {
		return slices.Contains(followed, name) || name == "default_transaction_read_only"
	})
}

// behindPooler makes the connection one through a pooler. What the login could
// not name has to be as it is wanted by itself: with the server's defaults it is.
func (c *conn) behindPooler(ctx context.Context, session map[string]string) error {
	c.pooled = true
	c.restore = "SELECT " + each(slices.Sorted(maps.Keys(c.settled)), func(name string) string {
		return "pg_catalog.set_config(" + literal(name) + ", " + literal(c.settled[name]) + ", false)"
	})
	names := unfollowed(session)
	sql := "SELECT " + each(names, func(name string) string {
		name, value := literal(name), literal(session[name])
		return "pg_catalog.current_setting(" + name + ") = pg_catalog.set_config(" + name + ", " + value + ", true)"
	})
	var other []string
	err := c.do(ctx, func() error {
		c.query(sql)
		return c.exchange(func(kind byte, _ int) error {
			if kind != 'D' {
				return nil
			}
			b, err := c.rest()
			if err != nil {
				return err
			}
			r := body{b: b}
			if r.int16() != len(names) {
				return errProtocol
			}
			for _, name := range names {
				if string(r.bytes(r.int32())) != "t" {
					other = append(other, name)
				}
			}
			return nil
		})
	})
	if err == nil && len(other) > 0 {
		return &sqldb.Error{
			Code: abi.Conn, Message: fmt.Sprintf("a connection pooler does not set %q as the session needs it", other[0]),
			Hint: "set it for the login, with ALTER ROLE … SET, or leave it out of connect_args",
		}
	}
	return err
}

// literal returns a text as SQL, with standard_conforming_strings.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// each returns what f makes of the names, with commas.
func each(names []string, f func(string) string) string {
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f(name))
	}
	return b.String()
}

// clean puts what makes the session as it was after its login. A pooler takes
// what the server reports of that for our wish: what it follows is set again.
func (c *conn) clean() {
	c.once("DISCARD ALL")
	if c.pooled {
		c.once(c.restore)
	}
}

// endPooled ends the transaction by a statement of ours. A pooler may give what
// follows a transaction to another server: so the session is cleaned before the
// Sync. The statement's answer comes before that of the cleaning, which is read
// before the connection is used again.
func (c *conn) endPooled(sql string, tag *string) error {
	c.once(sql)
	c.push()
	c.clean()
	c.sync()
	if err := c.send(); err != nil {
		return err
	}
	for {
		kind, _, err := c.message()
		var f *failure
		switch {
		case errors.As(err, &f) && !f.fatal():
			return c.drop(err)
		case err != nil:
			return err
		case kind == 'C':
			b, err := c.rest()
			*tag = strings.TrimSuffix(string(b), "\x00")
			c.cleaning = err == nil
			return err
		case kind == 'Z':
			return errProtocol
		}
	}
}
