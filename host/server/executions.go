package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v15/arrow/ipc"
	"gocloud.dev/gcerrors"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/result"
)

// Bounds of requests about executions.
const (
	maxKey   = 200 // characters of an Idempotency-Key
	maxWait  = 60 * time.Second
	maxPage  = 200
	someRows = 50 // executions of a page where nothing is said
)

// executionJSON is what a client learns of an execution.
type executionJSON struct {
	ID       string          `json:"id"`
	Task     string          `json:"task"`
	Status   Status          `json:"status"`
	Accepted time.Time       `json:"accepted"`
	Started  *time.Time      `json:"started,omitempty"`
	Ended    *time.Time      `json:"ended,omitempty"`
	Attempts int             `json:"attempts"`
	Token    string          `json:"token"` // the id of the token that asked for it
	Result   string          `json:"result,omitempty"`
	Report   json.RawMessage `json:"report,omitempty"`
	Problem  json.RawMessage `json:"problem,omitempty"`
}

func (e execution) json() executionJSON {
	out := executionJSON{ID: e.id, Task: e.task, Status: e.status, Accepted: e.accepted, Attempts: e.attempts, Token: e.token}
	if !e.started.IsZero() {
		out.Started = &e.started
	}
	if !e.ended.IsZero() {
		out.Ended = &e.ended
	}
	if e.status == Succeeded && e.result != "" {
		out.Result = "/v1/executions/" + e.id + "/result"
	}
	if e.report != "" {
		out.Report = json.RawMessage(e.report)
	}
	if e.problem != "" {
		out.Problem = json.RawMessage(e.problem)
	}
	return out
}

// errNoState is the answer of a server that keeps no executions.
var errNoState = refuse(http.StatusNotImplemented, host.CodeUsage, "this server keeps no executions", "it was started without --state; run the task with POST /v1/tasks/{task}/run")

// errNotThere is one answer for what does not exist and what is another
// tenant's.
var errNotThere = refuse(http.StatusNotFound, codeNotFound, errNoExecution.Error(), "see GET /v1/executions")

// submit is POST /v1/executions.
func (s *Server) submit(w *response, r *http.Request, who principal) error {
	if s.queue == nil {
		return errNoState
	}
	key, err := requestKey(r)
	if err != nil {
		return err
	}
	data, err := readBody(w, r)
	if err != nil {
		return err
	}
	task, inputs, err := readSubmitted(data)
	if err != nil {
		return err
	}
	e := newExecution(r.Context(), who, task, inputs, key)
	known, err := s.queue.known(r.Context(), e)
	if err != nil {
		return err
	}
	if known.id == "" { // else it was accepted, whatever has changed since
		if known, err = s.acceptNew(r.Context(), who, e); err != nil {
			return err
		}
	}
	w.execution = known.id
	w.Header().Set("Location", "/v1/executions/"+known.id)
	return respond(w, http.StatusAccepted, known.json())
}

// acceptNew accepts an execution that no earlier request has asked for.
func (s *Server) acceptNew(ctx context.Context, who principal, e execution) (execution, error) {
	program, ok := who.tenant.programs[e.task]
	if !ok {
		return e, refuse(http.StatusNotFound, codeNotFound, fmt.Sprintf("there is no task %q", e.task), "see GET /v1/tasks")
	}
	if _, err := parseInputs([]byte(e.inputs), program); err != nil {
		return e, err
	}
	room, err := s.roomFor(ctx, who)
	if err != nil {
		return e, err
	}
	e, err = s.queue.enqueue(ctx, e, room)
	if err == nil {
		s.log.InfoContext(ctx, "an execution is accepted", "task", e.task, "execution", e.id)
	}
	return e, err
}

// requestKey returns the Idempotency-Key of a request, or "".
func requestKey(r *http.Request) (string, error) {
	all := r.Header.Values("Idempotency-Key")
	detail := ""
	switch {
	case len(all) == 0:
		return "", nil
	case len(all) > 1:
		detail = "the request has more than one Idempotency-Key"
	case len(all[0]) > maxKey:
		detail = fmt.Sprintf("the Idempotency-Key has more than %d characters", maxKey)
	case !isText(all[0]):
		detail = "the Idempotency-Key is not text"
	default:
		return all[0], nil
	}
	return "", refuse(http.StatusBadRequest, host.CodeUsage, detail, "")
}

// readSubmitted reads the body of a request for an execution: the task, and its
// inputs as they were sent.
func readSubmitted(data []byte) (task, inputs string, err error) {
	const hint = `write {"task": "name", "inputs": {"name": value}}`
	body, err := members(data, hint, "task", "inputs")
	if err != nil {
		return "", "", err
	}
	if name := body["task"]; name != nil && json.Unmarshal(name, &task) != nil {
		return "", "", refuse(http.StatusBadRequest, host.CodeUsage, `"task" is to be a text`, hint)
	}
	return task, cmp.Or(string(body["inputs"]), "{}"), nil
}

// room is where a tenant's next execution finds a place: in a queue, or among
// those that run, which leave the queue in a moment. The zero room has no end.
type room struct {
	waiting, places int64
	nearly          bool // full: who asks at the same moment is waited for
}

// nearlyFull is how many executions may be accepted at one moment.
const nearlyFull = 100

// roomFor holds an execution that is to be accepted against the quotas.
func (s *Server) roomFor(ctx context.Context, who principal) (r room, err error) {
	q, g := who.tenant.quotas.Within(s.cfg.Quotas), s.gate.of(who.tenant.name)
	if q.Waiting > 0 {
		queued, running, err := s.queue.state.stand(ctx, who.tenant.name)
		if err != nil {
			return r, err
		}
		r.waiting, r.places = min(q.Waiting, math.MaxInt32), min(max(0, cmp.Or(q.Running, defaultAtOnce)-g.answering.Load()), math.MaxInt32)
		most := r.waiting + max(0, r.places-running)
		if r.nearly = queued+nearlyFull >= most; queued >= most {
			return r, r.full()
		}
	}
	if p := g.admit(q); p != nil {
		return r, p
	}
	return r, nil
}

// full is the answer where there is no room.
func (r room) full() *problem {
	return busy(time.Second, fmt.Sprintf("%d executions of the tenant wait, which is its quota", r.waiting))
}

// list is GET /v1/executions.
func (s *Server) listExecutions(w *response, r *http.Request, who principal) error {
	if s.queue == nil {
		return errNoState
	}
	of, err := parametersOf(r, "limit", "before", "task", "status")
	if err != nil {
		return err
	}
	limit, err := of.number("limit", someRows, 1, maxPage)
	if err != nil {
		return err
	}
	want := wanted{task: of["task"], status: Status(of["status"]), before: of["before"]}
	if want.before != "" && !isExecutionID(want.before) {
		return refuse(http.StatusBadRequest, host.CodeUsage, "before is to be the id of an execution", "the address of the next page is in the one before it")
	}
	if want.status != "" && !slices.Contains(statuses, want.status) {
		return refuse(http.StatusBadRequest, host.CodeUsage, fmt.Sprintf("there is no status %q", string(want.status)), fmt.Sprintf("accepted are %v", statuses))
	}
	all, err := s.queue.state.list(r.Context(), who.tenant.name, want, limit+1)
	if err != nil {
		return err
	}
	body := struct {
		Executions []executionJSON `json:"executions"`
		Next       string          `json:"next,omitempty"` // the page after this one
	}{Executions: []executionJSON{}}
	for i, e := range all {
		if int64(i) == limit {
			query := r.URL.Query()
			query.Set("limit", strconv.FormatInt(limit, 10))
			query.Set("before", all[i-1].id)
			body.Next = "/v1/executions?" + query.Encode()
			break
		}
		body.Executions = append(body.Executions, e.json())
	}
	return respond(w, http.StatusOK, body)
}

// getExecution is GET /v1/executions/{id}.
func (s *Server) getExecution(w *response, r *http.Request, who principal) error {
	if s.queue == nil {
		return errNoState
	}
	of, err := parametersOf(r, "wait")
	if err != nil {
		return err
	}
	wait := time.Duration(0)
	if text, given := of["wait"]; given {
		if wait, err = time.ParseDuration(text); err != nil || wait < 0 || wait > maxWait {
			return refuse(http.StatusBadRequest, host.CodeUsage, fmt.Sprintf("wait is to be a duration of at most %s", maxWait), "write wait=30s")
		}
	}
	e, err := s.queue.wait(r.Context(), who.tenant.name, r.PathValue("id"), wait)
	if err != nil {
		return absent(err)
	}
	return respond(w, http.StatusOK, e.json())
}

// absent is the answer to an error of looking for an execution.
func absent(err error) error {
	if errors.Is(err, errNoExecution) {
		return errNotThere
	}
	return err
}

// cancelExecution is DELETE /v1/executions/{id}.
func (s *Server) cancelExecution(w *response, r *http.Request, who principal) error {
	if s.queue == nil {
		return errNoState
	}
	e, err := s.queue.state.find(r.Context(), who.tenant.name, r.PathValue("id"))
	if err != nil {
		return absent(err)
	}
	if e.token != who.token.ID {
		if p := who.allow(Operate); p != nil {
			return p
		}
	}
	if err := s.queue.cancel(r.Context(), e); err != nil {
		return absent(err)
	}
	if e, err = s.queue.state.find(r.Context(), who.tenant.name, e.id); err != nil {
		return absent(err)
	}
	return respond(w, http.StatusAccepted, e.json())
}

// getResult is GET /v1/executions/{id}/result.
func (s *Server) getResult(w *response, r *http.Request, who principal) error {
	media, format, err := negotiate(r.Header.Values("Accept"))
	if err != nil {
		return err
	}
	e, object, err := s.stored(r, who)
	if err != nil {
		return err
	}
	defer object.Close()
	w.execution = e.id
	w.Header().Set(headExecution, e.id)
	rows := &rowsBody{to: w, media: media, patience: s.patience()}
	n, err := convert(object, result.New(format, rows, result.Options{}))
	if err != nil {
		return unwritable(err)
	}
	return rows.finish(host.Report{Rows: n})
}

// stored opens the result of the execution that a request names.
func (s *Server) stored(r *http.Request, who principal) (e execution, object io.ReadCloser, err error) {
	if s.queue == nil {
		return e, nil, errNoState
	}
	if e, err = s.queue.state.find(r.Context(), who.tenant.name, r.PathValue("id")); err != nil {
		return e, nil, absent(err)
	}
	switch {
	case !e.status.final():
		return e, nil, refuse(http.StatusConflict, codeConflict, "the execution has not ended", "wait for it: GET /v1/executions/"+e.id+"?wait=30s")
	case e.status != Succeeded:
		return e, nil, refuse(http.StatusConflict, codeConflict, "the execution has no result: its status is "+string(e.status), "why is in GET /v1/executions/"+e.id)
	case e.kind != "":
		return e, nil, refuse(http.StatusNotFound, codeNotFound, "the rows are not here", "they are where who asked for the execution wants them")
	case e.result == "":
		return e, nil, refuse(http.StatusNotFound, codeNotFound, "the task returns no rows", "how many it changed is in GET /v1/executions/"+e.id)
	}
	object, err = s.queue.bucket.NewReader(r.Context(), e.result, nil)
	if gcerrors.Code(err) == gcerrors.NotFound { // it has just expired, or someone else has removed it
		err = refuse(http.StatusNotFound, codeNotFound, "the rows are not there any more", "run the task again")
	}
	return e, object, err
}

// convert writes a stored result in another format, and returns its rows.
func convert(stored io.Reader, to *result.Writer) (int64, error) {
	from, err := ipc.NewReader(stored)
	if err != nil {
		return 0, err
	}
	defer from.Release()
	defer to.Abort(nil)
	if err := to.Open(from.Schema()); err != nil {
		return 0, err
	}
	for from.Next() {
		if err := to.Write(from.Record()); err != nil {
			return 0, err
		}
	}
	if err := from.Err(); err != nil {
		return 0, err
	}
	return to.Rows(), to.Finish()
}
