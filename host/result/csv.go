package result

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
)

// csvEncoder writes CSV.
type csvEncoder struct {
	buf     *buffer
	o       Options
	cells   []cell
	formula []bool // which columns a spreadsheet could take for formulas
	texts   []bool // which columns have texts
	line    []byte
	scratch []byte
	fields  []arrow.Field
	row     int64
}

func newCSV(out *output, o Options) *csvEncoder {
	return &csvEncoder{buf: newBuffer(out, 64<<10), o: o}
}

func (e *csvEncoder) open(s *arrow.Schema) error {
	e.fields = s.Fields()
	var err error
	if e.cells, err = newCells(CSV, e.fields); err != nil {
		return err
	}
	for i, f := range e.fields {
		e.formula = append(e.formula, e.o.CSVSafe && (!isNumber(f) || isNumericText(f)))
		e.texts = append(e.texts, isText(f))
		e.comma(i)
		e.field([]byte(f.Name), e.o.CSVSafe, true)
	}
	return e.flushLine()
}

func (e *csvEncoder) write(rec arrow.Record) error {
	for i, c := range e.cells {
		c.bind(rec.Column(i))
	}
	for row := range int(rec.NumRows()) {
		e.row++
		for i, c := range e.cells {
			e.comma(i)
			if c.null(row) {
				e.null()
				continue
			}
			var err error
			if e.scratch, err = c.text(e.scratch[:0], row); err != nil {
				return cellError(CSV, e.fields[i], e.row, err)
			}
			e.field(e.scratch, e.formula[i] && !isNumberText(e.scratch), e.texts[i])
		}
		if err := e.flushLine(); err != nil {
			return err
		}
	}
	e.scratch = shrink(e.scratch)
	return e.buf.Flush()
}

func (e *csvEncoder) close() error { return e.buf.Flush() }

// null appends nothing, unless the line would be blank, which readers skip.
func (e *csvEncoder) null() {
	if len(e.fields) == 1 {
		e.line = append(e.line, csvNull...)
	}
}

// csvNull is NULL in a result of one column. It is not in quotes, as the same
// text is there.
const csvNull = "NULL"

// quoted reports whether a field must be in quotes: also where the line would
// be taken for a blank one or for NULL without them.
func (e *csvEncoder) quoted(s []byte) bool {
	if bytes.ContainsAny(s, ",\"\r\n") {
		return true
	}
	return len(e.fields) == 1 && (string(s) == csvNull || len(bytes.TrimSpace(s)) == 0)
}

func (e *csvEncoder) comma(i int) {
	if i > 0 {
		e.line = append(e.line, ',')
	}
}

func (e *csvEncoder) flushLine() error {
	e.line = append(e.line, '\n')
	_, err := e.buf.Write(e.line)
	e.line = shrink(e.line)[:0]
	return err
}

// field appends a field that is not NULL.
func (e *csvEncoder) field(s []byte, formula, text bool) {
	if len(s) == 0 {
		e.line = append(e.line, `""`...)
		return
	}
	formula = formula && beginsFormula(s)
	if e.quoted(s) {
		e.line = append(e.line, '"')
		if formula {
			e.line = append(e.line, '\'')
		}
		e.visible(bytes.ReplaceAll(s, []byte(`"`), []byte(`""`)), text)
		e.line = append(e.line, '"')
		return
	}
	if formula {
		e.line = append(e.line, '\'')
	}
	e.visible(s, text)
}

// visible appends s, on a terminal with control characters written out.
func (e *csvEncoder) visible(s []byte, text bool) {
	if e.o.Terminal {
		e.line = appendVisible(e.line, s, text)
		return
	}
	e.line = append(e.line, s...)
}

// beginsFormula reports whether a spreadsheet could take a text for a formula.
// NUL and line breaks are dropped by some, and the wide forms are what Japanese
// ones take too.
//
// Source: OWASP, "CSV Injection"; OWASP ASVS 5.0, 1.2.10.
func beginsFormula(s []byte) bool {
	r, _ := utf8.DecodeRune(s)
	return strings.ContainsRune("=+-@＝＋－＠\t\r\n\x00", r)
}

// isNumberText reports whether a text is made of what numbers are made of, so
// that a spreadsheet takes it for one: -12.5e+3.
func isNumberText(s []byte) bool { return isJSONNumber(string(s)) }

// shrink drops a buffer that one large value has made large.
func shrink(b []byte) []byte {
	if cap(b) > 1<<20 {
		return nil
	}
	return b
}
