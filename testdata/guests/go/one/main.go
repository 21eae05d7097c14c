// Command one is the smallest guest that is of use: one query with one
// parameter, whose rows are the result. Tests hold its size and its time.
package main

import "github.com/wasmsql/wasmsql/guest"

func init() { guest.Register(guest.Task{Run: run}) }

func main() {}

func run(in *guest.Input) error {
	rows, err := guest.Query("SELECT id, name FROM people WHERE id = ?1", guest.Int(in.Int("id")))
	if err != nil {
		return err
	}
	_, err = rows.Output()
	return err
}
