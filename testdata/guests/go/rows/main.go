// Command rows is a guest that reads the rows of a query itself and writes
// them as its result: the Arrow bytes go in and out of its memory. The query
// is its input "sql". With the input "batches" it stops after as many.
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o rows.wasm ./testdata/guests/go/rows
package main

import (
	"strconv"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
)

func init() { guest.Register(guest.Task{Run: run}) }

func main() {}

func run(in *guest.Input) error {
	sql, most := in.Text("sql"), in.Int("batches")
	if sql == "" {
		return guest.Fail(`no input "sql"`, "")
	}
	cursor, err := guest.Start(abi.QueryRequest{SQL: sql})
	if err != nil {
		return err
	}
	// The schema is a message as well, and the result needs it.
	var messages, size int64
	buf := make([]byte, 4<<10)
	for messages <= most {
		message, err := cursor.Next(buf)
		if err != nil {
			return err
		}
		if len(message) == 0 {
			break
		}
		if err := guest.Write(message); err != nil {
			return err
		}
		messages, size = messages+1, size+int64(len(message))
		buf = message
	}
	guest.Log(guest.Info, strconv.FormatInt(messages, 10)+" messages, "+strconv.FormatInt(size, 10)+" bytes")
	return cursor.Close()
}
