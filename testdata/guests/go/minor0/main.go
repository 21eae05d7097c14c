// Command minor0 is a guest that calls every host function of ABI minor 0.
// minor0.wasm.zst is it, built once, by Go 1.26 and the SDK of that time, and
// never again: a host must go on running it.
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags='-s -w' -o minor0.wasm ./testdata/guests/go/minor0
//	zstd -19 minor0.wasm
package main

import (
	"errors"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/arrow"
)

func init() { guest.Register(guest.Task{Configure: configure, Run: run}) }

func main() {}

// prefix is configured, and found by every execution.
var prefix string

func configure(c *guest.Config) error {
	s := c.Settings()
	if prefix = s.TextOr("prefix", "none"); prefix == "bad" {
		return guest.Fail("the prefix is bad", "give another")
	}
	guest.Log(guest.Debug, "configured with "+prefix)
	return nil
}

func run(in *guest.Input) error {
	switch in.Text("mode") {
	case "hand over":
		rows, err := guest.Query("SELECT id, name FROM people WHERE id > ?1 ORDER BY id", guest.Int(in.Int("after")))
		if err != nil {
			return err
		}
		_, err = rows.Output()
		return err
	case "own result":
		return own(in)
	case "change":
		return change(in)
	case "fail":
		return guest.Fail(prefix+" has failed", "try again")
	case "panic":
		var none []int
		none[in.Int("after")] = 1
	}
	_, err := guest.On("elsewhere").Exec("SELECT 1")
	return err
}

// own reads the rows and makes a result of them.
func own(in *guest.Input) error {
	rows, err := guest.Query("SELECT id, name FROM people ORDER BY id")
	if err != nil {
		return err
	}
	out, err := guest.NewResult(
		arrow.Field{Name: "id", Kind: arrow.Int64}, arrow.Field{Name: "name", Kind: arrow.Text, Nullable: true},
		arrow.Field{Name: "price", Kind: arrow.Decimal, Precision: 10, Scale: 2, Nullable: true},
		arrow.Field{Name: "names", Kind: arrow.List, Nullable: true, Elem: &arrow.Field{Name: "item", Kind: arrow.Text, Nullable: true}},
		arrow.Field{Name: "at", Kind: arrow.Timestamp, Zone: "UTC"}, arrow.Field{Name: "ok", Kind: arrow.Bool}, arrow.UUID("key"))
	if err != nil {
		return err
	}
	for rows.Next() {
		id, name := rows.Int(0), rows.Value(1)
		price := guest.Null(abi.Decimal)
		if !rows.Null(1) {
			name = guest.Text(prefix + " " + rows.Text(1))
			price = guest.Decimal("1.25")
		}
		if err := out.Row(guest.Int(id), name, price, guest.Texts("a", "b"), in.Value("at"), guest.Bool(id%2 == 0), guest.UUID([16]byte{15: byte(id)})); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return out.Close()
}

// change tries something that fails, goes on, and hands over what it has
// written with parameters of all types.
func change(in *guest.Input) error {
	var e *guest.Error
	if _, err := guest.Exec("INSERT INTO nowhere VALUES (1)"); !errors.As(err, &e) || e.Errno != abi.DB || e.Retryable() {
		return errors.New("a wrong statement did not fail")
	}
	guest.Log(guest.Warn, e.Info.Message)
	rows, err := guest.Query("SELECT id FROM people")
	if err != nil {
		return err
	}
	if !rows.NextBatch() {
		return rows.Err()
	}
	if err := rows.Close(); err != nil {
		return err
	}
	n, err := guest.Exec("INSERT INTO everything VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		guest.Int(7), guest.Float(0.5), guest.Text("tëxt"), guest.Bool(true), in.Value("at"), guest.Date(guest.Day(2026, 2, 28)),
		guest.Time(3_600_000_000), guest.Timedelta(90), guest.Decimal("12.50"), guest.Bytes([]byte{0, 255}), guest.JSON("[1]"), guest.Null(abi.Str))
	if err != nil || n != 1 {
		return errors.New("no row was inserted")
	}
	rows, err = guest.Query("SELECT * FROM everything")
	if err != nil {
		return err
	}
	_, err = rows.Output()
	return err
}
