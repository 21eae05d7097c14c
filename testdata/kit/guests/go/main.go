// Command go is the reference guest in Go: testdata/kit/README.md says what it
// does.
package main

import (
	"errors"

	"github.com/wasmsql/wasmsql/guest"
)

func init() { guest.Register(guest.Task{Configure: configure, Run: run}) }

func main() {}

func configure(c *guest.Config) error {
	if len(c.Connections) == 0 {
		return guest.Fail("no connection is granted", "grant one")
	}
	return nil
}

func run(in *guest.Input) error {
	switch in.Text("mode") {
	case "echo":
		var params []guest.Value
		for _, v := range in.Values {
			if v.Name != "mode" {
				params = append(params, v.Value)
			}
		}
		rows, err := guest.Query("SELECT 1", params...)
		if err != nil {
			return err
		}
		_, err = rows.Output()
		return err
	case "sum":
		return sum()
	case "error":
		_, err := guest.Exec("BROKEN")
		var e *guest.Error
		if !errors.As(err, &e) {
			return errors.New("BROKEN is not")
		}
		guest.Log(guest.Warn, e.Info.Message)
		return nil
	case "close":
		rows, err := guest.Query("SELECT 1")
		if err != nil {
			return err
		}
		return rows.Close()
	}
	return guest.Fail("as asked", "ask for something else")
}

func sum() error {
	rows, err := guest.Query("SELECT n FROM t")
	if err != nil {
		return err
	}
	total := int64(0)
	for rows.Next() {
		if !rows.Null(0) {
			total += rows.Int(0)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	_, err = guest.On("other").Exec("INSERT INTO sums (n) VALUES (?)", guest.Int(total))
	return err
}
