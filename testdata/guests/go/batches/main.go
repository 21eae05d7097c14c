// Command batches is a guest that works on every row of a query: make bench
// measures it beside the same work done natively. With the input "write" it
// makes a result of its own, else it adds up.
package main

import (
	"strconv"

	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/arrow"
)

func init() { guest.Register(guest.Task{Run: run}) }

func main() {}

func run(in *guest.Input) error {
	rows, err := guest.Query(in.Text("sql"))
	if err != nil {
		return err
	}
	if in.Bool("write") {
		return write(rows)
	}
	var sums sums
	for rows.NextBatch() {
		sums.add(rows.Batch())
	}
	guest.Log(guest.Info, strconv.FormatInt(sums.id, 10)+" "+strconv.FormatFloat(sums.value, 'g', -1, 64)+" "+strconv.FormatInt(sums.text, 10)+" "+strconv.FormatInt(sums.pieces, 10))
	return rows.Err()
}

// sums are of the columns id, value, label (its letters), pieces.
type sums struct {
	id, text, pieces int64
	value            float64
}

func (s *sums) add(b *arrow.Batch) {
	for _, v := range b.Column(0).Int64s() {
		s.id += v
	}
	for _, v := range b.Column(1).Float64s() {
		s.value += v
	}
	label := b.Column(2)
	data := label.Data()
	offsets := label.Offsets()
	for i := range b.Rows() {
		for _, c := range data[offsets[i]:offsets[i+1]] {
			if c >= 'a' {
				s.text++
			}
		}
	}
	for _, v := range b.Column(3).Int64s() {
		s.pieces += v
	}
}

// write makes a result of the same columns: value times pieces, and a label of
// capital letters.
func write(rows *guest.Rows) error {
	out, err := guest.NewResult(
		arrow.Field{Name: "id", Kind: arrow.Int64}, arrow.Field{Name: "value", Kind: arrow.Float64},
		arrow.Field{Name: "label", Kind: arrow.Text}, arrow.Field{Name: "pieces", Kind: arrow.Int64})
	if err != nil {
		return err
	}
	var values []float64
	var upper []byte
	for rows.NextBatch() {
		b := rows.Batch()
		pieces := b.Column(3).Int64s()
		values = append(values[:0], b.Column(1).Float64s()...)
		for i := range values {
			values[i] *= float64(pieces[i])
		}
		label := b.Column(2)
		upper = append(upper[:0], label.Data()...)
		for i, c := range upper {
			if c >= 'a' && c <= 'z' {
				upper[i] = c - 'a' + 'A'
			}
		}
		out.Column(0).Column(b.Column(0))
		out.Column(1).Float64s(values)
		out.Column(2).Spans(upper, label.Offsets())
		out.Column(3).Int64s(pieces)
		if err := out.End(); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return out.Close()
}
