package server

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/result"
)

// Bounds of a page of rows.
const (
	maxRows   = 1000
	pageRows  = 100     // where nothing is said
	pageBytes = 4 << 20 // of JSON: a page that is larger ends, after one row at least
)

// page is some rows of a stored result, for who shows them: a program that
// wants them all asks for the result.
type page struct {
	Columns []columnJSON    `json:"columns"`
	Offset  int64           `json:"offset"`
	Total   int64           `json:"total"` // rows of the whole result
	Rows    json.RawMessage `json:"rows"`  // an array of values each, as there may be two columns of one name
}

// getRows is GET /v1/executions/{id}/rows.
func (s *Server) getRows(w *response, r *http.Request, who principal) error {
	of, err := parametersOf(r, "offset", "limit")
	if err != nil {
		return err
	}
	offset, err := of.number("offset", 0, 0, 1<<53)
	if err != nil {
		return err
	}
	limit, err := of.number("limit", pageRows, 1, maxRows)
	if err != nil {
		return err
	}
	e, object, err := s.stored(r, who)
	if err != nil {
		return err
	}
	defer object.Close()
	w.execution = e.id
	p, err := readPage(object, offset, limit)
	if err != nil {
		return unwritable(err)
	}
	if p.Total, err = rowsOf(e); err != nil {
		return err
	}
	return respond(w, http.StatusOK, p)
}

// rowsOf returns how many rows an execution that succeeded has returned.
func rowsOf(e execution) (int64, error) {
	var report struct {
		Rows int64 `json:"rows"`
	}
	err := json.Unmarshal([]byte(e.report), &report)
	return report.Rows, err
}

// readPage reads up to limit rows of an Arrow stream, from one on: fewer where
// they are large. It reads no further than those.
func readPage(stored io.Reader, offset, limit int64) (page, error) {
	p := page{Columns: []columnJSON{}, Offset: offset}
	from, err := ipc.NewReader(stored)
	if err != nil {
		return p, err
	}
	defer from.Release()
	for _, f := range from.Schema().Fields() {
		p.Columns = append(p.Columns, columnJSON{f.Name, host.TypeOf(f)})
	}
	var text bytes.Buffer
	to := result.New(result.JSON, &text, result.Options{Arrays: true})
	defer to.Abort(nil)
	if err := to.Open(from.Schema()); err != nil {
		return p, err
	}
	for at := int64(0); at < offset+limit && text.Len() < pageBytes && from.Next(); {
		rec := from.Record()
		full := func() bool { return text.Len() >= pageBytes }
		if err := writePart(to, rec, offset-at, offset+limit-at, full); err != nil {
			return p, err
		}
		at += rec.NumRows()
	}
	if err := from.Err(); err != nil {
		return p, err
	}
	err = to.Finish()
	p.Rows = text.Bytes()
	return p, err
}

// writePart writes the rows of a record between two of its numbers, as far as
// there are any, until the page is full.
func writePart(to *result.Writer, rec arrow.Record, from, end int64, full func() bool) error {
	from, end = max(from, 0), min(end, rec.NumRows())
	for ; from < end && !full(); from++ {
		row := rec.NewSlice(from, from+1)
		err := to.Write(row)
		row.Release()
		if err != nil {
			return err
		}
	}
	return nil
}
