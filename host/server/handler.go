package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
)

// Bounds of a request, beside those of the http.Server.
const (
	maxBody  = 16 << 20 // bytes
	maxDepth = 64       // of JSON
)

// route is a method on a path, and who may use it.
type route struct {
	method, path string
	role         Role // "" is for everyone, without a token
	serve        func(s *Server, w *response, r *http.Request, who principal) error
}

const metricsPath = "/metrics"

var routes = []route{
	{http.MethodGet, "/livez", "", (*Server).live},
	{http.MethodGet, "/readyz", "", (*Server).ready},
	{http.MethodGet, metricsPath, "", (*Server).getMetrics},
	{http.MethodGet, "/openapi.json", "", (*Server).openAPI},
	{http.MethodGet, "/console", "", (*Server).getConsole},
	{http.MethodGet, "/console/{$}", "", (*Server).getConsole},
	{http.MethodGet, "/console/{file}", "", (*Server).getConsole},
	{http.MethodGet, "/v1/tenant", Read, (*Server).getTenant},
	{http.MethodGet, "/v1/tasks", Read, (*Server).listTasks},
	{http.MethodGet, "/v1/tasks/{task}", Read, (*Server).getTask},
	{http.MethodPost, "/v1/tasks/{task}/render", Run, (*Server).renderTask},
	{http.MethodPost, "/v1/tasks/{task}/run", Run, (*Server).runTask},
	{http.MethodPost, "/v1/executions", Run, (*Server).submit},
	{http.MethodGet, "/v1/executions", Read, (*Server).listExecutions},
	{http.MethodGet, "/v1/executions/{id}", Read, (*Server).getExecution},
	{http.MethodDelete, "/v1/executions/{id}", Run, (*Server).cancelExecution},
	{http.MethodGet, "/v1/executions/{id}/result", Read, (*Server).getResult},
	{http.MethodGet, "/v1/executions/{id}/rows", Read, (*Server).getRows},
	{http.MethodGet, "/v1/audit", Operate, (*Server).getAudit},
}

// Handler returns the HTTP API. It is for one http.Server or several.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	byPath := map[string]map[string]route{}
	for _, r := range routes {
		if r.path == metricsPath && s.cfg.MetricsApart {
			continue
		}
		if byPath[r.path] == nil {
			byPath[r.path] = map[string]route{}
		}
		byPath[r.path][r.method] = r
	}
	for path, methods := range byPath {
		mux.Handle(path, s.handle(func(w *response, r *http.Request) error { return s.dispatch(w, r, methods) }))
	}
	nothing := s.handle(func(*response, *http.Request) error { return errNothing })
	mux.Handle("/", nothing)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.bound(w, r); !isClean(r) {
			nothing.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

var errNothing = refuse(http.StatusNotFound, codeNotFound, "there is nothing at this path", "see /openapi.json")

// dispatch serves a request to a path by its method.
func (s *Server) dispatch(w *response, r *http.Request, methods map[string]route) error {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	to, ok := methods[method]
	if !ok {
		accepted := slices.Collect(maps.Keys(methods))
		if _, ok := methods[http.MethodGet]; ok {
			accepted = append(accepted, http.MethodHead)
		}
		slices.Sort(accepted)
		w.Header().Set("Allow", strings.Join(accepted, ", "))
		return refuse(http.StatusMethodNotAllowed, host.CodeUsage, fmt.Sprintf("the method %q is not accepted here", r.Method),
			"accepted are "+strings.Join(accepted, ", "))
	}
	var who principal
	if to.role != "" {
		var p *problem
		if who, p = s.authenticate(r); p != nil {
			return p
		}
		w.origin.tenant = who.tenant.name
		if p := who.allow(to.role); p != nil {
			return p
		}
	}
	return to.serve(s, w, r, who)
}

// response is the answer to one request. It knows whether it has begun.
type response struct {
	http.ResponseWriter
	begun     bool
	execution string // for problems; empty: none began
	status    int    // 0: none was written
	fault     string // the code of the problem that it ended in, or empty
	origin    *origin
}

// WriteHeader implements http.ResponseWriter.
func (w *response) WriteHeader(status int) {
	w.begun = true
	w.status = cmp.Or(w.status, status)
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *response) Write(b []byte) (int, error) {
	w.begun = true
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// handle answers with the problem that serve returns, or that its panic is.
func (s *Server) handle(serve func(*response, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := &response{ResponseWriter: w}
		r, end := s.observe(to, r)
		defer end()
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		err := s.contain(to, r, serve)
		if err == nil {
			return
		}
		s.tellFault(r, err)
		p := problemOf(err)
		p.Execution, to.fault = to.execution, p.Code
		if to.begun {
			cut(w, r, p)
			return
		}
		p.write(to)
	})
}

// contain runs serve, and makes an error of its panic.
func (s *Server) contain(w *response, r *http.Request, serve func(*response, *http.Request) error) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler { //nolint:errorlint // it is compared so in net/http
			panic(p)
		}
		err = s.panicked(r.Context(), "a request panicked", r.Pattern, p)
	}()
	return serve(w, r)
}

// panicked counts and logs a panic that was recovered from, and returns what a
// client learns of it.
func (s *Server) panicked(ctx context.Context, message, where string, p any) *problem {
	s.log.ErrorContext(ctx, message, "at", where, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	s.metrics.panics.Inc()
	return refuse(http.StatusInternalServerError, host.CodeInternal, "a fault of the server", "")
}

// respond answers with JSON.
func respond(w http.ResponseWriter, status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
	return nil
}

// readBody reads a request's JSON body.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, refuse(http.StatusUnsupportedMediaType, host.CodeUsage, fmt.Sprintf("a body with the encoding %q is not accepted", e), "send it as it is")
	}
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return nil, refuse(http.StatusUnsupportedMediaType, host.CodeUsage, "the body is not said to be JSON", "send the header Content-Type: application/json")
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, refuse(http.StatusRequestTimeout, host.CodeLimit, "the body did not arrive in time", "")
	case errors.As(err, &large):
		return nil, refuse(http.StatusRequestEntityTooLarge, host.CodeLimit, fmt.Sprintf("the body is larger than %d bytes", maxBody), "")
	case err != nil:
		return nil, refuse(http.StatusBadRequest, host.CodeUsage, "the body could not be read to its end", "")
	}
	if deepest, _ := shape(data); deepest > maxDepth {
		return nil, refuse(http.StatusBadRequest, host.CodeUsage, fmt.Sprintf("the body is JSON that is deeper than %d", maxDepth), "")
	}
	return data, nil
}

// shape returns how deep the brackets of JSON text are nested, and how many
// members its object has, or elements its list: not those of what is in it.
func shape(text []byte) (deepest, members int) {
	at, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			at++
			deepest = max(deepest, at)
		case c == '}' || c == ']':
			at--
		case c == ',' && at == 1:
			members++
		}
	}
	return deepest, members + 1
}

// maxUnknown is how many inputs that a task does not have are told one by one.
const maxUnknown = 100

// readInputs reads the inputs of a task from a request's body, and checks
// them.
func readInputs(w http.ResponseWriter, r *http.Request, p *host.Program) (host.Inputs, error) {
	data, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	body, err := members(data, `write {"inputs": {"name": value}}`, "inputs")
	if err != nil {
		return nil, err
	}
	return parseInputs(body["inputs"], p)
}

// members takes a body apart that is one JSON object with known members. One
// that is null is as if it were not there. Names are compared as they are
// written, and none stands twice: which of two is meant, two readers would see
// differently.
func members(data []byte, hint string, known ...string) (map[string]json.RawMessage, error) {
	bad := func(why string) error {
		return refuse(http.StatusBadRequest, host.CodeUsage, strings.TrimSuffix("the body is not one JSON object: "+why, ": "), hint)
	}
	cut := func(err error) error {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return bad(err.Error())
	}
	d := json.NewDecoder(bytes.NewReader(data))
	switch open, err := d.Token(); {
	case err != nil:
		return nil, bad(err.Error())
	case open != json.Delim('{'):
		return nil, bad("")
	}
	all := map[string]json.RawMessage{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, cut(err)
		}
		key, _ := name.(string)
		if !slices.Contains(known, key) {
			return nil, bad(fmt.Sprintf("unknown field %q", key))
		}
		if _, twice := all[key]; twice {
			return nil, bad(fmt.Sprintf("the field %q stands there twice", key))
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, cut(err)
		}
		all[key] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, cut(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, bad("")
	}
	maps.DeleteFunc(all, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
	return all, nil
}

// parseInputs reads the inputs of a task from JSON, and checks them. No text
// is no inputs.
func parseInputs(data []byte, p *host.Program) (host.Inputs, error) {
	in, decls := host.Inputs{}, p.Task().Inputs
	if _, n := shape(data); n > len(decls)+maxUnknown {
		return nil, refuse(http.StatusBadRequest, host.CodeConfig, fmt.Sprintf("there are %d inputs, and the task has %d", n, len(decls)), "")
	}
	var err error
	if len(data) > 0 {
		if in, err = manifest.ReadInputs("inputs", data, decls); err != nil {
			return nil, badInputs(err)
		}
	}
	var missing host.Errors
	for _, d := range decls {
		if _, given := in[d.Name]; !given && d.Default == nil {
			missing = append(missing, &host.Error{Code: host.CodeConfig, Task: p.Task().Name, Input: d.Name,
				Message: fmt.Sprintf("input %q (%s) is missing", d.Name, d.Type), Hint: `add it to "inputs"`})
		}
	}
	if len(missing) > 0 {
		return nil, badInputs(missing)
	}
	if err := p.Check(in); err != nil {
		return nil, badInputs(err)
	}
	return in, nil
}

// badInputs is the answer to inputs that are not those of the task.
func badInputs(err error) error {
	p := problemOf(err)
	p.Status, p.Title = http.StatusBadRequest, http.StatusText(http.StatusBadRequest)
	return p
}

// task finds the task of a request's path.
func (p principal) task(r *http.Request) (*host.Program, error) {
	name := r.PathValue("task")
	if program, ok := p.tenant.programs[name]; ok {
		return program, nil
	}
	return nil, refuse(http.StatusNotFound, codeNotFound, fmt.Sprintf("there is no task %q", name), "see GET /v1/tasks")
}

// canceled reports whether a request's client has gone.
func canceled(ctx context.Context) bool { return ctx.Err() != nil }
