package server

import (
	_ "embed"
	"net/http"
)

// openAPIDocument describes the API, as OpenAPI 3.1 has it. The tests hold
// requests and answers against it.
//
//go:embed openapi.json
var openAPIDocument []byte

// openAPI is GET /openapi.json.
func (s *Server) openAPI(w *response, _ *http.Request, _ principal) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPIDocument)
	return nil
}
