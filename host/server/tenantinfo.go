package server

import "net/http"

// tenantJSON is what a client learns of its tenant.
type tenantJSON struct {
	Name    string     `json:"name"`
	Role    Role       `json:"role"`    // of the token
	Token   string     `json:"token"`   // its id
	Running int64      `json:"running"` // in this process
	Waiting int64      `json:"waiting"` // in this process
	Queued  int64      `json:"queued"`  // kept, and not begun anywhere
	Today   usedJSON   `json:"today"`
	Quotas  quotasJSON `json:"quotas"`
	Keeps   keepsJSON  `json:"keeps"`
}

// keepsJSON is what the server keeps: without, its paths answer 501.
type keepsJSON struct {
	Executions bool `json:"executions"`
	Audit      bool `json:"audit"`
}

// usedJSON is what was used in a day of UTC: by this process, or with a state
// by all that have it.
type usedJSON struct {
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
	Fuel  int64 `json:"fuel"`
}

func (u usedJSON) plus(o usedJSON) usedJSON {
	return usedJSON{u.Rows + o.Rows, u.Bytes + o.Bytes, u.Fuel + o.Fuel}
}

// quotasJSON are quotas; 0 is none.
type quotasJSON struct {
	Running    int64 `json:"running"`
	Waiting    int64 `json:"waiting"`
	PerMinute  int64 `json:"per_minute"`
	DailyRows  int64 `json:"daily_rows"`
	DailyBytes int64 `json:"daily_bytes"`
	DailyFuel  int64 `json:"daily_fuel"`
}

// getTenant is GET /v1/tenant.
func (s *Server) getTenant(w *response, r *http.Request, who principal) error {
	g := s.gate.of(who.tenant.name)
	out := tenantJSON{Name: who.tenant.name, Role: who.token.Role, Token: who.token.ID, Today: g.today(), Quotas: quotasJSON(who.tenant.quotas.Within(s.cfg.Quotas))}
	out.Running, out.Waiting = g.standing()
	out.Keeps.Executions = s.queue != nil
	_, out.Keeps.Audit = s.cfg.Audit.(AuditReader)
	if s.queue != nil {
		var err error
		if out.Queued, _, err = s.queue.state.stand(r.Context(), who.tenant.name); err != nil {
			return err
		}
	}
	return respond(w, http.StatusOK, out)
}
