// Command pivot is a plugin that turns rows of (key, column, value) into one
// wide row a key: see README.md.
package main

import (
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/arrow"
)

func init() { guest.Register(newTask()) }

func main() {}

// pivot is what is configured: the query, ordered by its first column, and the
// columns that its second column names.
type pivot struct {
	query   string
	columns []string
	at      map[string]int
}

func newTask() guest.Task {
	var p pivot
	return guest.Task{Configure: p.configure, Run: p.run}
}

func (p *pivot) configure(c *guest.Config) error {
	s := c.Settings()
	p.query, p.columns = s.Text("query"), s.Texts("columns")
	p.at = map[string]int{}
	for i, name := range p.columns {
		p.at[name] = i
	}
	if len(p.columns) == 0 || len(p.at) < len(p.columns) {
		return guest.Fail("config.columns: want at least one name, and none twice", "")
	}
	return nil
}

func (p *pivot) run(*guest.Input) error {
	rows, err := guest.Query(p.query)
	if err != nil {
		return err
	}
	schema, err := rows.Schema()
	if err != nil {
		return err
	}
	if f := schema.Fields; len(f) != 3 || f[1].Kind != arrow.Text || f[2].Kind != arrow.Float64 && f[2].Kind != arrow.Int64 {
		return guest.Fail("the query must return a key, a text, and an integer or a float", "cast the columns in the query")
	}
	fields := []arrow.Field{schema.Fields[0]}
	for _, name := range p.columns {
		fields = append(fields, arrow.Field{Name: name, Kind: schema.Fields[2].Kind, Nullable: true})
	}
	out, err := guest.NewResult(fields...)
	if err != nil {
		return err
	}
	w := &wide{pivot: p, out: out, cells: make([]cell, len(p.columns))}
	for rows.NextBatch() {
		if err := w.batch(rows.Batch()); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if err := w.end(); err != nil {
		return err
	}
	return out.Close()
}

// cell is a value of the row that is being made, or none.
type cell struct {
	value float64
	whole int64
	given bool
}

// wide makes the wide rows, of which one is under way.
type wide struct {
	*pivot
	out   *guest.Result
	key   guest.Value
	begun bool
	cells []cell
}

// batch takes the values of a batch, column by column.
func (w *wide) batch(b *arrow.Batch) error {
	keys, names, values := b.Column(0), b.Column(1), b.Column(2)
	floats, ints := values.Float64s(), values.Int64s()
	for row := range b.Rows() {
		if key := guest.ValueOf(keys, row); !w.begun || !same(key, w.key) {
			if err := w.end(); err != nil {
				return err
			}
			w.key, w.begun = key, true
		}
		i, known := w.at[string(names.Bytes(row))]
		switch {
		case !known:
			return guest.Fail("the query returns the column \""+names.Text(row)+"\", which config.columns does not have", "add it, or leave its rows out in the query")
		case w.cells[i].given:
			return guest.Fail("the query returns the column \""+names.Text(row)+"\" twice for one key", "order the rows by the key, and add up what belongs together")
		case values.Null(row):
		case floats != nil:
			w.cells[i] = cell{value: floats[row], given: true}
		default:
			w.cells[i] = cell{whole: ints[row], given: true}
		}
	}
	return nil
}

func same(a, b guest.Value) bool {
	return a.Null == b.Null && a.Int == b.Int && a.Float == b.Float && a.Str == b.Str
}

// end writes the row that is under way, if there is one.
func (w *wide) end() error {
	if !w.begun {
		return nil
	}
	guest.AppendValue(w.out.Column(0), w.key)
	for i := range w.cells {
		a, c := w.out.Column(i+1), &w.cells[i]
		switch {
		case !c.given:
			a.Null()
		case a.Field().Kind == arrow.Float64:
			a.Float(c.value)
		default:
			a.Int(c.whole)
		}
		*c = cell{}
	}
	return w.out.End()
}
