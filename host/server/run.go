package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/result"
	"github.com/wasmsql/wasmsql/host/secret"
)

// Header fields of an answer with rows. The last four are trailers where the
// rows are more than what the server holds back.
const (
	headExecution = "Wasmsql-Execution"
	headStatus    = "Wasmsql-Status" // complete, or the code of what ended it
	headRows      = "Wasmsql-Rows"
	headReport    = "Wasmsql-Report" // JSON, as that of an execution
	headError     = "Wasmsql-Error"
)

// held is how much of a result is kept back until the transaction is
// committed: what fits gets its error as a problem, with a status of its own.
const held = 64 << 10

// runTask is POST /v1/tasks/{task}/run.
func (s *Server) runTask(w *response, r *http.Request, who principal) error {
	program, err := who.task(r)
	if err != nil {
		return err
	}
	media, format, err := negotiate(r.Header.Values("Accept"))
	if err != nil {
		return err
	}
	in, err := readInputs(w, r, program)
	if err != nil {
		return err
	}
	w.execution = newExecutionID()
	w.Header().Set(headExecution, w.execution)
	rows := &rowsBody{to: w, media: media, patience: s.patience(), most: program.Limits().Timeout}
	report, err := s.execute(r.Context(), who, w.execution, program, in, result.New(format, rows, result.Options{}))
	if err != nil {
		return unwritable(err)
	}
	if told, err := json.Marshal(report); err == nil {
		w.Header().Set(headReport, headerText(string(told)))
	}
	if program.Task().Outputs.Mode == abi.OutputNone {
		return respond(w, http.StatusOK, struct {
			RowsAffected int64 `json:"rows_affected"`
		}{report.RowsAffected})
	}
	return rows.finish(report)
}

// unwritable is the answer to rows that are not to be had as the client wants
// them, and may be in another format.
func unwritable(err error) error {
	why := unwritten(err)
	if why == nil {
		return err
	}
	p := problemOf(err)
	if p.Code != string(host.CodeOutput) {
		p = refuse(0, host.CodeOutput, why.Error(), why.Hint)
	}
	p.Status, p.Title = http.StatusUnprocessableEntity, http.StatusText(http.StatusUnprocessableEntity)
	return p
}

// rowsBody is the body of an answer with rows.
type rowsBody struct {
	to        *response
	media     string
	kept      bytes.Buffer
	streaming bool

	patience time.Duration // for a client that takes nothing
	most     time.Duration // for all of it; 0: as long as it goes on
	until    time.Time     // the end of that
}

// atOnce is how much is written before the server's patience begins again: a
// client that takes a kilobyte a second is slow, one that takes none is gone.
const atOnce = 16 << 10

// Write implements io.Writer. The first bytes are kept back; with more than
// that the answer begins.
func (r *rowsBody) Write(b []byte) (int, error) {
	if !r.streaming {
		if r.kept.Len()+len(b) <= held {
			return r.kept.Write(b)
		}
		r.streaming = true
		h := r.to.Header()
		h.Set("Content-Type", r.media)
		h.Set("Cache-Control", "no-store")
		h.Set("Trailer", strings.Join([]string{headStatus, headRows, headReport, headError}, ", "))
		r.to.WriteHeader(http.StatusOK)
		if r.most > 0 {
			r.until = time.Now().Add(r.most)
		}
		if _, err := r.send(r.kept.Bytes()); err != nil {
			return 0, err
		}
		r.kept = bytes.Buffer{}
	}
	return r.send(b)
}

// send writes what a client takes in time. The database waits for it, so that
// an execution whose time is over does not wait for its client.
func (r *rowsBody) send(b []byte) (sent int, err error) {
	control := http.NewResponseController(r.to)
	for sent < len(b) && err == nil {
		end := time.Now().Add(r.patience)
		if !r.until.IsZero() && r.until.Before(end) {
			end = r.until
		}
		_ = control.SetWriteDeadline(end) // an error is that of a test's writer
		var n int
		n, err = r.to.Write(b[sent:min(len(b), sent+atOnce)])
		sent += n
	}
	return sent, err
}

// finish ends the answer, after the commit.
func (r *rowsBody) finish(report host.Report) error {
	h := r.to.Header()
	h.Set(headStatus, "complete")
	h.Set(headRows, strconv.FormatInt(report.Rows, 10))
	if r.streaming {
		return nil
	}
	h.Set("Content-Type", r.media)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(r.kept.Len()))
	r.to.WriteHeader(http.StatusOK)
	_, _ = r.to.Write(r.kept.Bytes())
	return nil
}

// renderTask is POST /v1/tasks/{task}/render.
func (s *Server) renderTask(w *response, r *http.Request, who principal) error {
	program, err := who.task(r)
	if err != nil {
		return err
	}
	in, err := readInputs(w, r, program)
	if err != nil {
		return err
	}
	statements, err := program.Render(r.Context(), in)
	if err != nil {
		return forClients(err)
	}
	type param struct {
		Type  string `json:"type"`
		Value any    `json:"value"`
	}
	type statement struct {
		Connection string  `json:"connection"`
		Dialect    string  `json:"dialect"`
		SQL        string  `json:"sql"`
		Parameters []param `json:"parameters"`
		Returns    bool    `json:"returns_rows"`
	}
	body := struct {
		Statements []statement `json:"statements"`
	}{[]statement{}}
	for _, st := range statements {
		out := statement{Connection: st.Connection, Dialect: string(st.Dialect), SQL: st.SQL, Parameters: []param{}, Returns: st.Returns}
		for _, v := range st.Params {
			out.Parameters = append(out.Parameters, param{v.Type.String(), jsonValue(v)})
		}
		body.Statements = append(body.Statements, out)
	}
	return respond(w, http.StatusOK, body)
}

// forClients returns what a client learns of an error: of a secret that
// cannot be found no more than that.
func forClients(err error) error {
	var one *host.Error
	var missing *secret.Error
	if errors.As(err, &one) && errors.As(one.Cause, &missing) {
		return refuse(http.StatusInternalServerError, host.CodeConfig, "a secret of the task's connection cannot be found", "who runs this server finds more in its log")
	}
	return err
}
