package server

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/host"
)

// Status is where an execution stands.
type Status string

// The statuses. The last four are final.
const (
	Queued     Status = "queued"
	Running    Status = "running"
	Committing Status = "committing" // the commit is under way: from here on nothing is tried again
	Succeeded  Status = "succeeded"
	Failed     Status = "failed"   // and had no effect
	Canceled   Status = "canceled" // and had no effect
	Unknown    Status = "unknown"  // a commit was sent, and whether it took place is not known
)

// statuses are all of them.
var statuses = []Status{Queued, Running, Committing, Succeeded, Failed, Canceled, Unknown}

// final reports whether the status will not change.
func (s Status) final() bool {
	return s == Succeeded || s == Failed || s == Canceled || s == Unknown
}

// execution is an execution as the state keeps it.
type execution struct {
	id, tenant, task, token  string
	kind                     string // empty: a task of the tenant's folder
	key, hash                string // of the request that asked for it; key may be empty
	inputs                   string // JSON as it was sent; dropped at the end
	status                   Status
	attempts                 int
	cancel                   bool
	accepted, started, ended time.Time // zero: not yet
	result                   string    // its name in the bucket, or empty
	report                   string    // JSON of a host.Report, or empty
	problem                  string    // JSON of a problem, or empty
	trace                    string    // the traceparent of the request that asked for it, or empty
	outcome                  string    // what a Kind keeps of it
}

// newExecution is what a request for an execution asks for. Its inputs are a
// JSON object.
func newExecution(ctx context.Context, who principal, task, inputs, key string) execution {
	return execution{id: newExecutionID(), tenant: who.tenant.name, task: task, token: who.token.ID, key: key, hash: hashRequest(task, inputs),
		inputs: inputs, status: Queued, accepted: time.Now().UTC().Truncate(time.Millisecond), trace: traceParent(ctx)}
}

// hashRequest says whether two requests ask for the same: the order of members
// and white space are nothing that a client has to repeat.
func hashRequest(task, inputs string) string {
	var values any
	d := json.NewDecoder(strings.NewReader(inputs))
	d.UseNumber()
	text := []byte(inputs)
	if d.Decode(&values) == nil {
		text, _ = json.Marshal(values) // it was read from JSON
	}
	sum := sha256.Sum256(append([]byte(task+"\x00"), text...))
	return hex.EncodeToString(sum[:])
}

const executionColumns = "id, tenant, task, token, COALESCE(request_key, ''), request_hash, inputs, status, attempts, cancel, accepted, started, ended, result, report, problem, trace, kind, outcome"

// scan reads a row of executionColumns.
func (e *execution) scan(row interface{ Scan(...any) error }) error {
	var accepted, started, ended int64
	var cancel int
	err := row.Scan(&e.id, &e.tenant, &e.task, &e.token, &e.key, &e.hash, &e.inputs, &e.status, &e.attempts, &cancel,
		&accepted, &started, &ended, &e.result, &e.report, &e.problem, &e.trace, &e.kind, &e.outcome)
	e.cancel = cancel != 0
	e.accepted, e.started, e.ended = fromMillis(accepted), fromMillis(started), fromMillis(ended)
	return err
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// errNoExecution is returned when there is no such execution of the tenant.
var errNoExecution = errors.New("there is no such execution")

// find returns an execution of a tenant. What is no id is not looked for: not
// every database takes every text.
func (s *state) find(ctx context.Context, tenant, id string) (execution, error) {
	if !isExecutionID(id) {
		return execution{}, errNoExecution
	}
	return s.one(ctx, "tenant = $1 AND id = $2", tenant, id)
}

// findKey returns the execution that a request with a key asked for.
func (s *state) findKey(ctx context.Context, tenant, key string) (execution, error) {
	return s.one(ctx, "tenant = $1 AND request_key = $2", tenant, key)
}

// wanted says which executions are listed: those of a task and a status, where
// one is named, and before an id.
type wanted struct {
	task   string
	status Status
	before string
}

// list returns a tenant's executions, the newest first.
func (s *state) list(ctx context.Context, tenant string, w wanted, limit int64) ([]execution, error) {
	if w.before == "" {
		w.before = "z" // after every id, however the database sorts: in most languages a ~ is before letters and digits
	}
	return s.all(ctx, "tenant = $1 AND id < $2 AND ($3 = '' OR task = $3) AND ($4 = '' OR status = $4) ORDER BY id DESC LIMIT $5",
		tenant, w.before, w.task, string(w.status), limit)
}

// all returns the executions that a condition is true of.
func (s *state) all(ctx context.Context, where string, args ...any) (all []execution, err error) {
	rows, err := s.QueryContext(ctx, s.q("SELECT "+executionColumns+" FROM wasmsql_executions WHERE "+where), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var e execution
		if err := e.scan(rows); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

// one returns the first execution that a condition is true of, or
// errNoExecution.
func (s *state) one(ctx context.Context, where string, args ...any) (execution, error) {
	all, err := s.all(ctx, where+" LIMIT 1", args...)
	if err != nil {
		return execution{}, err
	}
	if len(all) == 0 {
		return execution{}, errNoExecution
	}
	return all[0], nil
}

// add keeps a new execution, within the transaction that queues it, or returns
// that there is no room for it: what was counted before may have changed.
func (e execution) add(ctx context.Context, s *state, tx *sql.Tx, r room) error {
	if r.nearly && s.postgres { // where others may have added what cannot be seen yet
		if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1, hashtext($2))", roomLock, e.tenant); err != nil {
			return err
		}
	}
	key := sql.NullString{String: e.key, Valid: e.key != ""}
	res, err := tx.ExecContext(ctx, s.q(`INSERT INTO wasmsql_executions
		(id, tenant, task, token, request_key, request_hash, inputs, status, attempts, owner, beat, cancel, accepted, started, ended, result, report, problem, trace, kind, outcome)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, 0, '', 0, 0, CAST($9 AS BIGINT), 0, 0, '', '', '', $10, $11, '' WHERE $12 OR `+roomLeft),
		e.id, e.tenant, e.task, e.token, key, e.hash, e.inputs, string(Queued), e.accepted.UnixMilli(), e.trace, e.kind, !r.nearly, r.waiting, r.places)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return cmp.Or(err, error(r.full()))
	}
	return nil
}

// roomLeft is whether one more execution of tenant $2 may wait, of which $13 may,
// or will not, of which $14 may run.
const roomLeft = `(SELECT COUNT(*) FROM wasmsql_executions WHERE tenant = $2 AND status = 'queued') < CAST($13 AS BIGINT)
	OR (SELECT COUNT(*) FROM wasmsql_executions WHERE tenant = $2 AND status IN ('queued', 'running', 'committing')) < CAST($13 AS BIGINT) + CAST($14 AS BIGINT)`

// claim makes a queued execution owner's, and running. It returns false where
// it is not queued any more.
func (s *state) claim(ctx context.Context, id, owner string) (e execution, ok bool, err error) {
	now := time.Now().UnixMilli()
	err = e.scan(s.QueryRowContext(ctx, s.q(`UPDATE wasmsql_executions SET status = 'running', owner = $1, attempts = attempts + 1, beat = $2, started = $2
		WHERE id = $3 AND status = 'queued' RETURNING `+executionColumns), owner, now, id))
	if errors.Is(err, sql.ErrNoRows) {
		return e, false, nil
	}
	return e, err == nil, err
}

// errLost is returned when an execution is not the owner's any more: someone
// else took this process for dead, or the execution was cancelled.
var errLost = errors.New("the execution was taken over")

// one returns errLost where a statement has not changed the one execution that
// it was for.
func changedOne(res sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(errLost, err)
	}
	return nil
}

// commits moves a running execution of owner to Committing, with an outcome.
func (s *state) commits(ctx context.Context, e execution, owner, outcome string) error {
	return changedOne(s.ExecContext(ctx, s.q(`UPDATE wasmsql_executions SET status = 'committing', beat = $1, outcome = $2
		WHERE id = $3 AND owner = $4 AND attempts = $5 AND status = 'running' AND cancel = 0`), time.Now().UnixMilli(), outcome, e.id, owner, e.attempts))
}

// ending is what an execution came to.
type ending struct {
	status  Status
	result  string // its name in the bucket, or empty
	outcome string // in place of what is kept, if it is not empty
	report  host.Report
	problem *problem // or nil
}

// end gives an execution of owner its final status. Its inputs are dropped.
func (s *state) end(ctx context.Context, e execution, owner string, came ending) error {
	reported, err := json.Marshal(came.report)
	if err != nil {
		return err
	}
	told := ""
	if came.problem != nil {
		text, err := json.Marshal(came.problem)
		if err != nil {
			return err
		}
		told = string(text)
	}
	_, err = s.ExecContext(ctx, s.q(`UPDATE wasmsql_executions SET status = $1, ended = $2, result = $3, report = $4, problem = $5, inputs = '',
		outcome = CASE WHEN $9 = '' THEN outcome ELSE $9 END
		WHERE id = $6 AND owner = $7 AND attempts = $8 AND status IN ('running', 'committing')`),
		string(came.status), time.Now().UnixMilli(), came.result, string(reported), told, e.id, owner, e.attempts, came.outcome)
	return err
}

// release makes a running execution of owner queued again, within the
// transaction that queues it.
func (s *state) release(ctx context.Context, tx *sql.Tx, e execution, owner string) error {
	return changedOne(tx.ExecContext(ctx, s.q("UPDATE wasmsql_executions SET status = 'queued', owner = '' WHERE id = $1 AND owner = $2 AND attempts = $3 AND status = 'running' AND cancel = 0"),
		e.id, owner, e.attempts))
}

// stand returns how many executions of a tenant are queued, and how many run.
func (s *state) stand(ctx context.Context, tenant string) (queued, running int64, err error) {
	err = s.QueryRowContext(ctx, s.q(`SELECT COUNT(CASE status WHEN 'queued' THEN 1 END), COUNT(CASE status WHEN 'queued' THEN NULL ELSE 1 END)
		FROM wasmsql_executions WHERE tenant = $1 AND status IN ('queued', 'running', 'committing')`), tenant).Scan(&queued, &running)
	return queued, running, err
}

// beat says that owner is alive, and returns which of its executions someone
// wants to end.
func (s *state) beat(ctx context.Context, owner string) (cancel []string, err error) {
	rows, err := s.QueryContext(ctx, s.q(`UPDATE wasmsql_executions SET beat = $1
		WHERE owner = $2 AND status IN ('running', 'committing') RETURNING id, cancel`), time.Now().UnixMilli(), owner)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var asked int
		if err := rows.Scan(&id, &asked); err != nil {
			return nil, err
		}
		if asked != 0 {
			cancel = append(cancel, id)
		}
	}
	return cancel, rows.Err()
}

// cancelExecution ends a queued execution, and asks for the end of a running one. It
// returns how the execution stands then, and whether it ended now.
func (s *state) cancelExecution(ctx context.Context, tenant, id string, p *problem) (status Status, now bool, err error) {
	told, err := json.Marshal(p)
	if err != nil {
		return "", false, err
	}
	var owner string
	mine := "canceled by " + newExecutionID() // of two who cancel at once it is one who ends it
	err = s.QueryRowContext(ctx, s.q(`UPDATE wasmsql_executions SET
		owner = CASE WHEN status = 'queued' THEN $5 ELSE owner END,
		ended = CASE WHEN status = 'queued' THEN $1 ELSE ended END,
		problem = CASE WHEN status = 'queued' THEN $2 ELSE problem END,
		inputs = CASE WHEN status = 'queued' THEN '' ELSE inputs END,
		cancel = CASE WHEN status = 'running' THEN 1 ELSE cancel END,
		status = CASE WHEN status = 'queued' THEN 'canceled' ELSE status END
		WHERE tenant = $3 AND id = $4 RETURNING status, owner`), time.Now().UnixMilli(), string(told), tenant, id, mine).Scan(&status, &owner)
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoExecution
	}
	return status, err == nil && owner == mine, err
}

// orphans returns the executions whose owner has not been heard of since.
func (s *state) orphans(ctx context.Context, since time.Time) ([]execution, error) {
	return s.all(ctx, "status IN ('running', 'committing') AND beat < $1 LIMIT 1000", since.UnixMilli())
}

// requeue makes an orphan queued again, within the transaction that queues it.
// Its former owner cannot commit it any more. It returns false where it is not
// that orphan any more.
func (e execution) requeue(ctx context.Context, s *state, tx *sql.Tx, since time.Time) (bool, error) {
	res, err := tx.ExecContext(ctx, s.q(`UPDATE wasmsql_executions SET status = 'queued', owner = '' WHERE id = $1 AND attempts = $2 AND status = 'running' AND beat < $3`),
		e.id, e.attempts, since.UnixMilli())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// lose makes an orphan that was being committed unknown. It returns false where
// it is not that orphan any more.
func (s *state) lose(ctx context.Context, e execution, since time.Time, p *problem) (bool, error) {
	told, err := json.Marshal(p)
	if err != nil {
		return false, err
	}
	res, err := s.ExecContext(ctx, s.q(`UPDATE wasmsql_executions SET status = 'unknown', ended = $1, problem = $2, inputs = ''
		WHERE id = $3 AND attempts = $4 AND status = 'committing' AND beat < $5`), time.Now().UnixMilli(), string(told), e.id, e.attempts, since.UnixMilli())
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// expired returns executions that ended before a time.
func (s *state) expired(ctx context.Context, before time.Time) ([]execution, error) {
	return s.all(ctx, "ended > 0 AND ended < $1 LIMIT 1000", before.UnixMilli())
}

// forget drops an execution that ended.
func (s *state) forget(ctx context.Context, id string) error {
	_, err := s.ExecContext(ctx, s.q("DELETE FROM wasmsql_executions WHERE id = $1 AND ended > 0"), id)
	return err
}
