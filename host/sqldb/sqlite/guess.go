package sqlite

import (
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// guessDecoder decodes a column without a declared type: the first value that
// is not null decides. While the rows that are read ahead last, integers
// become floats when a real comes; settle ends that.
type guessDecoder struct {
	decoder       // what the values decided, or nil
	store   int32 // of the first value
	nulls   int   // before it
	settled bool
	limit   int64
	float   bool         // the task wants floats: integers are some from the start
	spare   declaredKind // what a column without any value is taken for, or declaredNothing
}

// settle fixes the column's type. A column without any value has the type null.
func (g *guessDecoder) settle() { g.settled = true }

// fallBack takes the spare type for a column that had no value in all rows that
// were read ahead, if it has one.
func (g *guessDecoder) fallBack() {
	stores := map[declaredKind]int32{declaredInt: storeInt, declaredFloat: storeReal, declaredText: storeText, declaredBlob: storeBlob}
	if store, ok := stores[g.spare]; ok && g.decoder == nil {
		g.decide(store)
	}
}

// open reports whether more rows could tell the column's type.
func (g *guessDecoder) open() bool { return g.decoder == nil }

// Null implements decoder.
func (g *guessDecoder) Null() {
	if g.decoder == nil {
		g.nulls++
	} else {
		g.decoder.Null()
	}
}

// Start implements decoder.
func (g *guessDecoder) Start(rows int) {
	if g.decoder != nil {
		g.decoder.Start(rows)
	}
}

// Take implements decoder.
func (g *guessDecoder) Take() arrow.Array {
	if g.decoder == nil {
		n := g.nulls
		g.nulls = 0
		return array.NewNull(n)
	}
	return g.decoder.Take()
}

func (g *guessDecoder) add(c cell, store int32) (int64, *misfit) {
	switch {
	case g.decoder == nil && g.settled:
		return 0, &misfit{
			what: storeNames[store] + " in a column that had nulls only so far",
			hint: "its type was to be told by its first rows: order the rows so that one with a value comes first",
		}
	case g.decoder == nil:
		g.decide(store)
	case g.store == storeInt && store == storeReal && !g.settled:
		if m := g.widen(); m != nil {
			return 0, m
		}
	case g.store == storeReal && store == storeInt:
	case store != g.store:
		return 0, g.mixed(store)
	}
	return g.decoder.add(c, store)
}

func (g *guessDecoder) mixed(store int32) *misfit {
	hint := "the expression has values of several types: CAST it to one, for instance CAST(… AS TEXT)"
	if g.store == storeInt && store == storeReal {
		hint = "rows before it were integers and are gone: write CAST(… AS REAL)"
	}
	return wrong(store, kinds[g.store], hint)
}

var kinds = [...]string{storeInt: "integers", storeReal: "reals", storeText: "texts", storeBlob: "blobs"}

// decide takes the type of the first value.
func (g *guessDecoder) decide(store int32) {
	if g.float && store == storeInt {
		store = storeReal
	}
	kind := [...]declaredKind{storeInt: declaredInt, storeReal: declaredFloat, storeText: declaredText, storeBlob: declaredBlob}[store]
	g.store, g.decoder = store, newDecoder(declared{kind: kind}, g.limit)
	for ; g.nulls > 0; g.nulls-- {
		g.decoder.Null()
	}
}

// widen turns the integers so far into floats.
func (g *guessDecoder) widen() *misfit {
	old := g.decoder.Take().(*array.Int64)
	defer old.Release()
	to := newDecoder(declared{kind: declaredFloat}, g.limit).(*floatDecoder)
	to.Start(old.Len())
	for i := range old.Len() {
		if old.IsNull(i) {
			to.Null()
			continue
		}
		x, ok := exactFloat(old.Value(i))
		if !ok {
			return &misfit{
				what: "a real in a column with the integer " + strconv.FormatInt(old.Value(i), 10) + ", which has no equal float",
				hint: "write CAST(… AS TEXT)",
			}
		}
		to.Push(x)
	}
	g.store, g.decoder = storeReal, to
	return nil
}
