package postgres

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// begin puts the beginning of the transaction, before its first statement. What
// follows it up to the next Sync is skipped by the server if it fails.
//
// Once a read-only transaction has a snapshot the server refuses SET TRANSACTION
// READ WRITE, also as set_config. A statement that is analyzed takes one before
// that; before any other goes a query of ours, a SELECT of nothing.
//
// Source: src/backend/commands/variable.c, check_transaction_read_only;
// src/backend/parser/analyze.c, analyze_requires_snapshot.
func (t *tx) begin(sql string) {
	if t.access == abi.ReadWrite {
		t.c.once("BEGIN READ WRITE")
		return
	}
	t.c.once("BEGIN READ ONLY")
	if !analyzed[firstWord(sql)] {
		t.c.once("SELECT")
	}
}

// analyzed are the first words of statements that take a snapshot when they are
// parsed.
var analyzed = map[string]bool{"SELECT": true, "TABLE": true, "VALUES": true, "WITH": true}

// run puts the execution of the statement that was bound, and the Sync.
//
// Up to PostgreSQL 15, RESET transaction_read_only goes around the check that
// keeps a transaction read-only, and so does set_config of a null. There the
// server is asked in the same breath whether the transaction still is. What a
// statement has written by then is rolled back: see tx.Commit.
func (t *tx) run() {
	t.c.execute()
	if t.guarded() {
		t.c.once("SHOW transaction_read_only")
	}
	t.c.sync()
}

func (t *tx) guarded() bool { return t.access == abi.ReadOnly && t.c.major < 16 }

// start sends a statement, after the beginning of the transaction if it is the
// first one, and reads to its first row. allow, if not nil, may refuse it when
// it is known what it returns.
//
// A statement takes two round trips, since the formats of its columns are to be
// chosen; the beginning goes with the first of them. If the same one was the
// first of a transaction before, it takes one.
func (t *tx) start(sql string, b *bindings, allow func(*plan) error) (*rows, error) {
	first := !t.begun
	if first {
		if p := t.db.plans.get(sql, b.key()); p != nil {
			r, err := t.startPlanned(sql, b.as(p.oids), p, allow)
			if !errors.Is(err, errStale) {
				return r, err
			}
			t.db.plans.drop(sql, b.key())
			if t.ended {
				t.begun, t.ended, t.c.cleaning = false, false, true
			}
			if t.begun {
				if err := t.restart(); err != nil {
					return nil, err
				}
			}
		}
	}
	p, err := t.prepare(sql, b)
	for first && b.isText(err) {
		if err := t.restart(); err != nil {
			return nil, err
		}
		p, err = t.prepare(sql, b)
	}
	if err != nil {
		return nil, err
	}
	if p.oids = b.oids; first {
		t.db.plans.put(sql, b.key(), p)
	}
	if allow != nil {
		if err := allow(p); err != nil {
			return nil, err
		}
	}
	t.c.bind("", b, p.formats())
	t.run()
	if err := t.c.send(); err != nil {
		return nil, err
	}
	return t.open(p)
}

// restart ends a transaction whose first statement is to be sent again.
func (t *tx) restart() error {
	t.begun = false
	t.c.query("ROLLBACK")
	return t.c.exchange(func(byte, int) error { return nil })
}

// prepare has the server parse and describe the statement.
func (t *tx) prepare(sql string, b *bindings) (*plan, error) {
	first := !t.begun
	if first {
		t.begin(sql)
	}
	t.c.parse("", sql, b.oids)
	t.c.describe('S', "")
	t.c.sync()
	p := &plan{}
	placeholders := len(b.oids)
	err := t.c.exchange(func(kind byte, _ int) error {
		switch kind {
		case 't':
			body, err := t.c.take(2)
			if err == nil {
				placeholders = int(body[0])<<8 | int(body[1])
			}
			return err
		case 'T':
			return t.describeRows(p)
		}
		return nil
	})
	if first {
		t.begun = t.c.heard && t.c.status != 'I'
	}
	if err != nil {
		return nil, err
	}
	if placeholders != len(b.oids) {
		return nil, wrongCount(placeholders, len(b.oids))
	}
	return p, t.decide(p)
}

func wrongCount(placeholders, params int) error {
	return &sqldb.Error{
		Code:    abi.InvalidArg,
		Message: fmt.Sprintf("the statement has %d placeholders, but %d parameters were given", placeholders, params),
	}
}

// checkCount finds parameters that have no placeholder: the server takes those
// with a type in silence. A $1 within a text or a comment counts here, so it
// may find too few, never too many. What is missing, the server finds.
func checkCount(sql string, params int) error {
	most := 0
	for i := 0; i < len(sql) && most < params; i++ {
		if sql[i] != '$' {
			continue
		}
		n := 0
		for i+1 < len(sql) && sql[i+1] >= '0' && sql[i+1] <= '9' && n <= maxParams {
			i++
			n = n*10 + int(sql[i]-'0')
		}
		most = max(most, n)
	}
	if most < params {
		return wrongCount(most, params)
	}
	return nil
}

// describeRows takes a RowDescription.
func (t *tx) describeRows(p *plan) error {
	b, err := t.c.rest()
	if err != nil {
		return err
	}
	p.rows = true
	p.fields, err = readFields(b)
	return err
}

// decide chooses how the columns are fetched and decoded. Types that are not
// known yet are looked up; the statement stays prepared meanwhile.
func (t *tx) decide(p *plan) error {
	specs, unknown := t.db.types.specs(p.fields)
	if len(unknown) > 0 {
		if err := t.lookUp(unknown); err != nil {
			return err
		}
		if specs, unknown = t.db.types.specs(p.fields); len(unknown) > 0 {
			return &sqldb.Error{Code: abi.DB, Message: "a column has a type that the database does not know"}
		}
	}
	p.specs = specs
	return nil
}

// lookUpName is the name under which the query for types is prepared, since
// the statement without a name is the guest's.
const lookUpName = "wasmsql types"

func (t *tx) lookUp(oids []uint32) error {
	var sql strings.Builder
	sql.WriteString(typeQuery)
	for i, oid := range oids {
		if i > 0 {
			sql.WriteByte(',')
		}
		sql.WriteString(strconv.FormatUint(uint64(oid), 10))
	}
	sql.WriteByte(')')
	c := t.c
	c.parse(lookUpName, sql.String(), nil)
	c.bind(lookUpName, &bindings{}, nil)
	c.execute()
	c.closeStatement(lookUpName)
	c.sync()
	return c.exchange(func(kind byte, _ int) error {
		if kind != 'D' {
			return nil
		}
		b, err := c.rest()
		if err != nil {
			return err
		}
		return t.db.types.learnRow(b)
	})
}

// learnRow takes a row of typeQuery, in text.
func (t *types) learnRow(b []byte) error {
	r := body{b: b}
	var cells [7]string
	if r.int16() != len(cells) {
		return errProtocol
	}
	for i := range cells {
		cells[i] = string(r.bytes(r.int32()))
	}
	oid, err1 := strconv.ParseUint(cells[0], 10, 32)
	elem, err2 := strconv.ParseUint(cells[4], 10, 32)
	if r.bad || err1 != nil || err2 != nil {
		return errProtocol
	}
	t.learn(uint32(oid), cells[1], cells[2], cells[3] == "t", uint32(elem), cells[5], cells[6])
	return nil
}

// errStale is returned when what came is not what was planned.
var errStale = errors.New("the plan is stale")

// startPlanned begins the transaction and starts its first statement in one
// round trip. If the columns are not as planned it is stopped, and the
// transaction is of no use.
func (t *tx) startPlanned(sql string, b *bindings, p *plan, allow func(*plan) error) (*rows, error) {
	if allow != nil {
		if err := allow(p); err != nil {
			return nil, err
		}
	}
	t.begin(sql)
	t.c.parse("", sql, b.oids)
	t.c.bind("", b, p.formats())
	t.c.describe('P', "")
	t.run()
	if t.ended = t.single && t.access == abi.ReadOnly && analyzed[firstWord(sql)]; t.ended {
		t.c.end()
	}
	if err := t.c.send(); err != nil {
		return nil, err
	}
	for {
		kind, _, err := t.c.message()
		if err != nil {
			return nil, t.unplanned(err)
		}
		switch kind {
		case 'Z':
			return nil, errProtocol
		case 'T', 'n':
		default:
			continue
		}
		body, err := t.c.rest()
		if err != nil {
			return nil, err
		}
		t.begun = true
		if now := p.same(body); now != nil {
			return t.open(now)
		}
		var fields []field
		if kind == 'T' {
			if fields, err = readFields(body); err != nil {
				return nil, err
			}
		}
		if !p.fits(fields, kind == 'T') {
			return nil, t.c.drop(errStale)
		}
		now := p.confirmed(body, fields)
		t.db.plans.put(sql, b.key(), now)
		return t.open(now)
	}
}

// unplanned reads the rest of a planned start that the server refused. A plan
// with another number of columns cannot be bound.
func (t *tx) unplanned(err error) error {
	var f *failure
	if !errors.As(err, &f) || f.fatal() {
		return err
	}
	err = t.c.drop(err)
	t.begun = t.c.status != 'I'
	if f.state == "08P01" {
		return errStale
	}
	return err
}

// drop reads what is left of an exchange that ends with err.
func (c *conn) drop(err error) error {
	rest := c.answers(func(byte, int) error { return nil })
	var f *failure
	if rest != nil && (!errors.As(rest, &f) || f.fatal()) {
		return rest
	}
	return err
}
