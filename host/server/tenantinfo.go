package server

import "net/http"

// tenantJSON is what a client learns of its tenant.
type tenantJSON struct {
	Name    string     `json:"name"`
	Role    Role       `json:"role"` // of the token
	Running int64      `json:"running"`
	Waiting int64      `json:"waiting"`
	Today   usedJSON   `json:"today"`
	Quotas  quotasJSON `json:"quotas"`
}

// usedJSON is what was used in a day of UTC, by this process.
type usedJSON struct {
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
	Fuel  int64 `json:"fuel"`
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
func (s *Server) getTenant(w *response, _ *http.Request, who principal) error {
	g := s.gate.of(who.tenant.name)
	out := tenantJSON{Name: who.tenant.name, Role: who.token.Role, Today: g.today(), Quotas: quotasJSON(who.tenant.quotas.Within(s.cfg.Quotas))}
	out.Running, out.Waiting = g.standing()
	return respond(w, http.StatusOK, out)
}
