package server

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
)

// consoleFiles are the console as it is served: nothing builds them, and they
// ask nothing of anywhere else.
//
//go:embed console
var consoleFiles embed.FS

// consolePolicy is the content security policy of the console.
const consolePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

var consoleTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

// getConsole is GET /console and the files below it.
func (s *Server) getConsole(w *response, r *http.Request, _ principal) error {
	name := r.PathValue("file")
	if name == "" {
		name = "index.html"
	}
	text, err := consoleFiles.ReadFile("console/" + name)
	if err != nil {
		return errNothing
	}
	sum := sha256.Sum256(text)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	h.Set("Content-Security-Policy", consolePolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-cache") // a browser asks whether it has the newest
	h.Set("ETag", tag)
	h.Set("Content-Type", consoleTypes[path.Ext(name)])
	if holds(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	_, _ = w.Write(text)
	return nil
}

// holds reports whether a client has what a tag names. A proxy that compresses
// makes it weak.
func holds(tags []string, tag string) bool {
	for one := range strings.SplitSeq(strings.Join(tags, ","), ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
			return true
		}
	}
	return false
}
