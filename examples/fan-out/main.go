// Command fan-out is a plugin that reads orders from one database, which it may
// not change, and keeps totals of them in another: see README.md.
package main

import (
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/arrow"
)

func init() { guest.Register(guest.Task{Configure: configure, Run: run}) }

func main() {}

// The connections, as the plugin calls them.
const (
	source = "source"
	target = "target"
)

// configure finds out early that a connection is missing.
func configure(c *guest.Config) error {
	for _, name := range []string{source, target} {
		if _, granted := c.Connection(name); !granted {
			return guest.Fail("the plugin needs a connection \""+name+"\"", "name it in the task file, under connections")
		}
	}
	if t, _ := c.Connection(target); t.Access != abi.ReadWrite {
		return guest.Fail("the connection \""+target+"\" is read-only, and the plugin writes there", "make it read-write")
	}
	return nil
}

// totals are what was ordered, by customer, in the order in which they came.
type totals struct {
	customers []string
	cents     map[string]*int64
}

func run(in *guest.Input) error {
	rows, err := guest.On(source).Query("SELECT customer, cents FROM orders WHERE day = ?1", guest.Text(in.Text("day")))
	if err != nil {
		return err
	}
	t := totals{cents: map[string]*int64{}}
	for rows.NextBatch() {
		t.add(rows.Batch())
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return t.write(in.Text("day"))
}

// add takes a batch, column by column. A name is copied once, when it comes
// for the first time.
func (t *totals) add(b *arrow.Batch) {
	customers, cents := b.Column(0), b.Column(1).Int64s()
	for i := range b.Rows() {
		sum, known := t.cents[string(customers.Bytes(i))]
		if !known {
			sum = new(int64)
			t.cents[customers.Text(i)] = sum
			t.customers = append(t.customers, customers.Text(i))
		}
		*sum += cents[i]
	}
}

// rowsAtOnce is how many rows go into one INSERT.
const rowsAtOnce = 100

// write replaces the totals of a day, and hands the result over from the
// database where they now are.
func (t *totals) write(day string) error {
	to := guest.On(target)
	if _, err := to.Exec("DELETE FROM totals WHERE day = ?1", guest.Text(day)); err != nil {
		return err
	}
	for left := t.customers; len(left) > 0; {
		some := left[:min(rowsAtOnce, len(left))]
		left = left[len(some):]
		var params []guest.Value
		for _, name := range some {
			params = append(params, guest.Text(day), guest.Text(name), guest.Int(*t.cents[name]))
		}
		values := strings.TrimSuffix(strings.Repeat("(?, ?, ?), ", len(some)), ", ")
		if _, err := to.Exec("INSERT INTO totals (day, customer, cents) VALUES "+values, params...); err != nil {
			return err
		}
	}
	rows, err := to.Query("SELECT customer, cents FROM totals WHERE day = ?1 ORDER BY cents DESC, customer", guest.Text(day))
	if err != nil {
		return err
	}
	_, err = rows.Output()
	return err
}
