package result

import (
	"bufio"
	"bytes"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/mattn/go-runewidth"
)

const (
	// sampleRows and sampleBytes bound what is read before the widths of a
	// table's columns are fixed. It is also what a terminal of unknown height
	// is shown at most.
	sampleRows  = 1000
	sampleBytes = 4 << 20
	// widest is the width up to which columns are padded. A value that is
	// wider than its column is still written whole where nothing is cut.
	widest = 120
	gap    = "  "
)

// tableEncoder writes aligned text. To a file or a pipe it writes every row,
// in widths that fit the first ones. To a terminal it writes what fits and
// counts the rest.
type tableEncoder struct {
	buf     *bufio.Writer
	o       Options
	cond    runewidth.Condition
	fields  []arrow.Field
	cells   []cell
	cols    []tableColumn
	rows    [][]tableCell // the sample, until it is written
	bytes   int
	limit   int   // of rows that are shown; 0 is all
	count   int64 // of rows that came
	shown   int64
	dropped int // columns
	started bool
	line    []byte
	scratch []byte
}

type tableColumn struct {
	name  tableCell
	right bool // aligned right
	text  bool // of texts
	rigid bool // has values that should not be cut
	width int  // of the widest value of the sample, then of the column
}

// tableCell is a value that is fit to be shown.
type tableCell struct {
	text  string
	width int
	null  bool
}

func newTable(out *output, o Options) *tableEncoder {
	e := &tableEncoder{
		buf:  bufio.NewWriterSize(out, 64<<10),
		o:    o,
		cond: runewidth.Condition{StrictEmojiNeutral: true},
	}
	if o.Terminal {
		e.limit = sampleRows
		if o.Height > 0 {
			// Two lines of header, two of footer, and one for the prompt.
			e.limit = max(5, o.Height-5)
		}
	}
	return e
}

func (e *tableEncoder) open(s *arrow.Schema) error {
	e.fields = s.Fields()
	var err error
	if e.cells, err = newCells(Table, e.fields); err != nil {
		return err
	}
	for _, f := range e.fields {
		name := e.visible([]byte(f.Name), true)
		e.cols = append(e.cols, tableColumn{name: name, right: isNumber(f), text: isText(f), rigid: isRigid(f), width: name.width})
	}
	return nil
}

// isRigid reports whether a value that was cut would be taken for another.
func isRigid(f arrow.Field) bool {
	id := f.Type.ID()
	return isNumber(f) || arrow.IsPrimitive(id) || id == arrow.BOOL
}

func (e *tableEncoder) write(rec arrow.Record) error {
	for i, c := range e.cells {
		c.bind(rec.Column(i))
	}
	for row := range int(rec.NumRows()) {
		if e.limit > 0 && e.count >= int64(e.limit) {
			e.count += rec.NumRows() - int64(row)
			break
		}
		e.count++
		cells, err := e.values(row)
		if err != nil {
			return err
		}
		if !e.started {
			e.sample(cells)
			continue
		}
		if err := e.row(cells); err != nil {
			return err
		}
	}
	return e.buf.Flush()
}

// sample keeps a row until the widths are fixed.
func (e *tableEncoder) sample(cells []tableCell) {
	e.rows = append(e.rows, cells)
	for i, c := range cells {
		e.cols[i].width = max(e.cols[i].width, c.width)
		e.bytes += len(c.text)
	}
	if len(e.rows) == e.limit || len(e.rows) == sampleRows || e.bytes > sampleBytes {
		e.start()
	}
}

// values returns the cells of a row.
func (e *tableEncoder) values(row int) ([]tableCell, error) {
	cells := make([]tableCell, len(e.cells))
	for i, c := range e.cells {
		if c.null(row) {
			cells[i] = tableCell{text: "NULL", width: 4, null: true}
			continue
		}
		var err error
		if e.scratch, err = c.text(e.scratch[:0], row); err != nil {
			return nil, cellError(Table, e.fields[i], e.count, err)
		}
		if string(e.scratch) == "NULL" {
			cells[i] = tableCell{text: `"NULL"`, width: 6}
			continue
		}
		if e.o.Terminal {
			e.scratch = cutBytes(e.scratch, e.o.Width)
		}
		cells[i] = e.visible(e.scratch, e.cols[i].text)
	}
	e.scratch = shrink(e.scratch)
	return cells, nil
}

// cutBytes shortens a value to what a terminal could show at most, so that a
// huge one is not measured.
func cutBytes(s []byte, width int) []byte {
	const perCell = 64 // bytes of a cell, with all that combines with it
	if limit := perCell * max(width, widest); len(s) > limit {
		return append(s[:limit:limit], "…"...)
	}
	return s
}

func (e *tableEncoder) visible(s []byte, isText bool) tableCell {
	e.line = appendVisible(e.line[:0], s, isText)
	text := string(e.line)
	return tableCell{text: text, width: e.cond.StringWidth(text)}
}

// start fixes the widths and writes the header and the sample.
func (e *tableEncoder) start() {
	e.started = true
	e.fit()
	names := make([]tableCell, len(e.cols))
	for i, c := range e.cols {
		names[i] = c.name
	}
	e.styled(names, "\x1b[1m")
	for i, c := range e.cols {
		if i > 0 {
			_, _ = e.buf.WriteString(gap)
		}
		for range c.width {
			_ = e.buf.WriteByte('-')
		}
	}
	if len(e.cols) > 0 {
		_ = e.buf.WriteByte('\n')
	}
	for _, r := range e.rows {
		_ = e.row(r)
	}
	e.rows = nil
}

func (e *tableEncoder) row(cells []tableCell) error {
	if len(e.cols) == 0 {
		return nil
	}
	e.shown++
	return e.styled(cells, "")
}

// styled writes a line. An error of the buffer stays in it.
func (e *tableEncoder) styled(cells []tableCell, style string) error {
	if len(e.cols) == 0 {
		return nil
	}
	line := e.line[:0]
	for i, col := range e.cols {
		c := cells[i]
		if e.o.Terminal && c.width > col.width {
			c.text = e.cond.Truncate(c.text, col.width, "…")
			c.width = e.cond.StringWidth(c.text)
		}
		if i > 0 {
			line = append(line, gap...)
		}
		pad := col.width - c.width
		if col.right {
			line = appendSpaces(line, pad)
		}
		line = e.paint(line, c, style)
		if !col.right && i < len(e.cols)-1 {
			line = appendSpaces(line, pad)
		}
	}
	line = append(bytes.TrimRight(line, " "), '\n')
	e.line = shrink(line)
	_, err := e.buf.Write(line)
	return err
}

func (e *tableEncoder) paint(line []byte, c tableCell, style string) []byte {
	if c.null {
		style = "\x1b[2m"
	}
	if !e.o.Color || style == "" {
		return append(line, c.text...)
	}
	line = append(append(line, style...), c.text...)
	return append(line, "\x1b[0m"...)
}

func appendSpaces(dst []byte, n int) []byte {
	for ; n > 0; n-- {
		dst = append(dst, ' ')
	}
	return dst
}

func (e *tableEncoder) close() error {
	if !e.started {
		e.start()
	}
	more, hidden := e.count-e.shown, e.dropped
	if len(e.cols) == 0 {
		more = 0
	}
	if note := e.note(more, hidden); note != "" {
		_, _ = e.buf.WriteString(note)
	}
	_, _ = e.buf.WriteString("(" + plural(e.count, "row") + ")\n")
	return e.buf.Flush()
}

// note says what is not shown and how to get it.
func (e *tableEncoder) note(rows int64, columns int) string {
	s := ""
	if rows > 0 {
		s = "… " + thousands(rows) + " more"
		if rows == 1 {
			s += " row"
		} else {
			s += " rows"
		}
	}
	if columns > 0 {
		if s != "" {
			s += ", "
		}
		s += "+" + plural(int64(columns), "column")
	}
	if s == "" {
		return ""
	}
	return s + "; --output csv or --output-file has all\n"
}

func plural(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return thousands(n) + " " + unit + "s"
}

// thousands writes a number that is not negative with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
