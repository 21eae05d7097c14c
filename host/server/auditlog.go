package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/wasmsql/wasmsql/host"
)

// AuditReader is an Auditor that can be asked for what it keeps.
type AuditReader interface {
	Auditor
	// Last returns up to n records of a tenant, the newest first.
	Last(tenant string, n int) ([]Record, error)
}

// readBack is how much of an audit's end is looked through for records.
const readBack = 8 << 20 // bytes

// Last implements AuditReader. It looks through the end of the file only.
func (a *AuditFile) Last(tenant string, n int) ([]Record, error) {
	f := a.now() // whatever has its name by now
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data := make([]byte, min(st.Size(), readBack))
	if _, err := f.ReadAt(data, st.Size()-int64(len(data))); err != nil {
		return nil, err
	}
	if int64(len(data)) < st.Size() { // the first line is not whole
		_, data, _ = bytes.Cut(data, []byte("\n"))
	}
	var all []Record
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, readBack)
	for lines.Scan() {
		var r Record
		if json.Unmarshal(lines.Bytes(), &r) == nil && r.Tenant == tenant {
			all = append(all, r)
		}
	}
	out := make([]Record, 0, min(n, len(all)))
	for i := len(all) - 1; i >= 0 && len(out) < n; i-- {
		out = append(out, all[i])
	}
	return out, lines.Err()
}

// getAudit is GET /v1/audit.
func (s *Server) getAudit(w *response, r *http.Request, who principal) error {
	kept, ok := s.cfg.Audit.(AuditReader)
	if !ok {
		return refuse(http.StatusNotImplemented, host.CodeUsage, "this server keeps no audit", "it was started without --audit")
	}
	of, err := parametersOf(r, "limit")
	if err != nil {
		return err
	}
	limit, err := of.number("limit", someRows, 1, maxPage)
	if err != nil {
		return err
	}
	all, err := kept.Last(who.tenant.name, int(limit))
	if err != nil {
		return err
	}
	return respond(w, http.StatusOK, struct {
		Records []Record `json:"records"`
	}{all})
}
