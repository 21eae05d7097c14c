// Command upsert-audit is a plugin that changes how many pieces of something
// are in stock, and writes down who changed it: see README.md.
package main

import (
	"strconv"

	"github.com/wasmsql/wasmsql/guest"
)

func init() { guest.Register(guest.Task{Run: run}) }

func main() {}

// change is what an execution is asked to do.
type change struct {
	sku   string
	by    int64
	actor string
	at    int64
}

func run(in *guest.Input) error {
	c := change{sku: in.Text("sku"), by: in.Int("change"), actor: in.Text("actor"), at: in.LogicalTime}
	if c.by == 0 {
		return guest.Fail("a change of 0 pieces changes nothing", "give a change other than 0")
	}
	before, known, err := c.before()
	if err != nil {
		return err
	}
	after := before + c.by
	if after < 0 {
		return guest.Fail("there are "+strconv.FormatInt(before, 10)+" of "+c.sku+", and "+strconv.FormatInt(-c.by, 10)+" are taken", "take less, or correct the stock first")
	}
	if err := c.write(after, known); err != nil {
		return err
	}
	_, err = guest.Exec("INSERT INTO audit (sku, before, after, actor, at) VALUES (?1, ?2, ?3, ?4, ?5)",
		guest.Text(c.sku), guest.Int(before), guest.Int(after), guest.Text(c.actor), guest.Datetime(c.at))
	return err
}

// before returns how many pieces there are, and whether the stock knows them.
func (c *change) before() (pieces int64, known bool, err error) {
	row, err := guest.One("SELECT pieces FROM stock WHERE sku = ?1", guest.Text(c.sku))
	if err != nil || row == nil {
		return 0, false, err
	}
	return row[0].Int, true, nil
}

// write makes the stock have so many pieces: an update, or the first row.
func (c *change) write(pieces int64, known bool) error {
	statement := "INSERT INTO stock (sku, pieces) VALUES (?1, ?2)"
	if known {
		statement = "UPDATE stock SET pieces = ?2 WHERE sku = ?1"
	}
	_, err := guest.Exec(statement, guest.Text(c.sku), guest.Int(pieces))
	return err
}
