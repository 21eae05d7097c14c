// Command incremental is a plugin that loads the rows which have come since the
// last time, and remembers how far it got: see README.md.
package main

import (
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/arrow"
)

func init() { guest.Register(guest.Task{Run: run}) }

func main() {}

func run(in *guest.Input) error {
	load := guest.Text(in.Text("load"))
	from, err := watermark(load)
	if err != nil {
		return err
	}
	to, err := newest(from, in.Int("at_most"))
	if err != nil {
		return err
	}
	rows := int64(0)
	if to > from {
		if rows, err = move(load, from, to); err != nil {
			return err
		}
	}
	out, err := guest.NewResult(arrow.Field{Name: "rows", Kind: arrow.Int64}, arrow.Field{Name: "from_id", Kind: arrow.Int64}, arrow.Field{Name: "to_id", Kind: arrow.Int64})
	if err != nil {
		return err
	}
	if err := out.Row(guest.Int(rows), guest.Int(from), guest.Int(to)); err != nil {
		return err
	}
	return out.Close()
}

// watermark returns the last event that was loaded, 0 if none was.
func watermark(load guest.Value) (int64, error) {
	row, err := guest.One("SELECT id FROM watermarks WHERE load = ?1", load)
	if err != nil || row == nil {
		return 0, err
	}
	return row[0].Int, nil
}

// newest returns the last event of those that are to be loaded now, or from if
// there is none.
func newest(from, atMost int64) (int64, error) {
	if atMost < 1 {
		return 0, guest.Fail("at_most must be 1 or more", "")
	}
	row, err := guest.One("SELECT max(id) FROM (SELECT id FROM events WHERE id > ?1 ORDER BY id LIMIT ?2)", guest.Int(from), guest.Int(atMost))
	if err != nil {
		return 0, err
	}
	if row == nil || row[0].Null {
		guest.Log(guest.Info, "nothing is newer")
		return from, nil
	}
	return row[0].Int, nil
}

// move loads the events after from, up to to, and moves the watermark there.
func move(load guest.Value, from, to int64) (int64, error) {
	rows, err := guest.Exec("INSERT INTO facts (id, day, amount) SELECT id, date(at), amount FROM events WHERE id > ?1 AND id <= ?2", guest.Int(from), guest.Int(to))
	if err != nil {
		return 0, err
	}
	_, err = guest.Exec("INSERT INTO watermarks (load, id) VALUES (?1, ?2) ON CONFLICT (load) DO UPDATE SET id = excluded.id", load, guest.Int(to))
	return rows, err
}
