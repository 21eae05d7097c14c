package server

import (
	"context"
	"time"
)

// How often an execution is looked at that may run in another process: soon at
// first, as most are short, then half as often each time.
const (
	lookFirst = 20 * time.Millisecond
	lookLast  = time.Second
)

// wait returns when an execution has ended, its end was told elsewhere, or d is
// over.
func (q *queue) wait(ctx context.Context, tenant, id string, d time.Duration) (execution, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for pause := lookFirst; ; pause = min(2*pause, lookLast) {
		q.mu.Lock()
		told := q.ended[id]
		if told == nil {
			told = make(chan struct{})
			q.ended[id] = told
		}
		q.mu.Unlock()
		e, err := q.state.find(context.WithoutCancel(ctx), tenant, id)
		if err != nil || e.status.final() {
			q.tell(id)
			return e, err
		}
		select {
		case <-told:
		case <-time.After(pause):
		case <-ctx.Done():
			q.tell(id)
			return e, nil
		}
	}
}

// tell wakes who waits for the end of an execution.
func (q *queue) tell(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if told := q.ended[id]; told != nil {
		close(told)
		delete(q.ended, id)
	}
}
