package vector

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
)

// column is what all vectors have.
type column interface {
	Null()
	Start(rows int)
	Take() arrow.Array
}

func uuid(i int) []byte { return append(make([]byte, 15), byte(i)) }

// TestVectors pushes values and nulls at every place of some rows, with and
// without room for them, into two batches one after the other.
func TestVectors(t *testing.T) {
	ints := &Fixed[int32]{Type: arrow.PrimitiveTypes.Int32}
	bools, uuids, nothing := &Bools{}, &UUIDs{}, &Nothing{}
	texts := &Varied{Type: arrow.BinaryTypes.String}
	for _, v := range []struct {
		column
		push func(i int)
		want func(i int) string
	}{
		{ints, func(i int) { ints.Push(int32(i)) }, func(i int) string { return fmt.Sprint(i) }},
		{bools, func(i int) { bools.Push(i%3 == 0) }, func(i int) string { return fmt.Sprint(i%3 == 0) }},
		{uuids, func(i int) { uuids.Push(uuid(i)) }, func(i int) string { return base64.StdEncoding.EncodeToString(uuid(i)) }},
		{texts, func(i int) { texts.Push([]byte(fmt.Sprint("v", i))) }, func(i int) string { return fmt.Sprint("v", i) }},
		{nothing, func(int) { nothing.Null() }, func(int) string { return "(null)" }},
	} {
		for _, rows := range []int{0, 1, 7, 8, 9, 40} {
			for from := -1; from < rows; from++ { // the first null, or none
				if from%2 == 0 {
					v.Start(rows)
				}
				nulls := 0
				for i := range rows {
					if from >= 0 && i >= from && i%2 == from%2 {
						v.Null()
						nulls++
					} else {
						v.push(i)
					}
				}
				a := v.Take()
				if v.column == nothing {
					nulls = rows
				}
				if a.Len() != rows || a.NullN() != nulls {
					t.Fatalf("%T: %d rows, %d null, not %d and %d", v.column, a.Len(), a.NullN(), rows, nulls)
				}
				for i := range rows {
					want := v.want(i)
					if from >= 0 && i >= from && i%2 == from%2 {
						want = "(null)"
					}
					if a.ValueStr(i) != want {
						t.Fatalf("%T, first null %d, row %d of %d: %s", v.column, from, i, rows, a.ValueStr(i))
					}
				}
				a.Release()
			}
		}
	}
}
