package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/result"
)

// Bounds of a page of rows.
const (
	maxRows  = 1000
	pageRows = 100 // where nothing is said
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
	offset, err := number(r, "offset", 0, 0, 1<<53)
	if err != nil {
		return err
	}
	limit, err := number(r, "limit", pageRows, 1, maxRows)
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
		return err
	}
	if p.Total, err = rowsOf(e); err != nil {
		return err
	}
	return respond(w, http.StatusOK, p)
}

// number returns a parameter of a request's query that is a whole number.
func number(r *http.Request, name string, otherwise, least, most int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, refuse(http.StatusBadRequest, host.CodeUsage, fmt.Sprintf("%s is to be a number from %d to %d", name, least, most), "")
	}
	return n, nil
}

// rowsOf returns how many rows an execution that succeeded has returned.
func rowsOf(e execution) (int64, error) {
	var report struct {
		Rows int64 `json:"rows"`
	}
	err := json.Unmarshal([]byte(e.report), &report)
	return report.Rows, err
}

// readPage reads up to limit rows of an Arrow stream, from one on. It reads no
// further than those.
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
	for at := int64(0); at < offset+limit && from.Next(); {
		rec := from.Record()
		if err := writePart(to, rec, offset-at, offset+limit-at); err != nil {
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
// there are any.
func writePart(to *result.Writer, rec arrow.Record, from, end int64) error {
	from, end = max(from, 0), min(end, rec.NumRows())
	if from >= end {
		return nil
	}
	part := rec.NewSlice(from, end)
	defer part.Release()
	return to.Write(part)
}
