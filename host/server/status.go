package server

import "net/http"

// live is GET /livez: the process answers.
func (s *Server) live(w *response, _ *http.Request, _ principal) error {
	return respond(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"ok"})
}

// ready is GET /readyz: whether executions are accepted, and how many folders
// and files are not what runs. Which, and why, is in the log: here anyone asks.
func (s *Server) ready(w *response, _ *http.Request, _ principal) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	body := struct {
		Status     string `json:"status"`               // ok, degraded or closing
		Broken     int    `json:"broken"`               // tenants
		Identities int    `json:"identities,omitempty"` // issuers without keys that are fresh, and their file if it is broken
		Kinds      int    `json:"kinds,omitempty"`      // that are Faulty and have a fault
	}{"ok", len(s.broken), 0, 0}
	if s.identities != nil {
		body.Identities = s.identities.failing()
	}
	if s.identityFault != nil {
		body.Identities++
	}
	for _, k := range s.cfg.Kinds {
		if f, ok := k.(Faulty); ok && f.Fault() != nil {
			body.Kinds++
		}
	}
	status := http.StatusOK
	switch {
	case s.closing:
		body.Status, status = "closing", http.StatusServiceUnavailable
	case len(s.broken)+body.Identities+body.Kinds > 0 || s.unread != nil:
		body.Status = "degraded"
	}
	return respond(w, status, body)
}
