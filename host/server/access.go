package server

import (
	"net/http"
	"strings"
)

// principal is who asks: a token, and the tenant that it belongs to.
type principal struct {
	tenant *tenant
	token  Token
}

// errUnauthorized is one answer for no token, one that is not well formed, one
// that does not exist, is revoked, or has another secret.
var errUnauthorized = refuse(http.StatusUnauthorized, codeUnauthorized, "there is no valid token in the request",
	"send a token in the header: Authorization: Bearer wsql_…")

// authenticate finds who asks.
func (s *Server) authenticate(r *http.Request) (principal, *problem) {
	id, secret, ok := splitToken(bearer(r))
	s.mu.RLock()
	t := s.tokens[id]
	s.mu.RUnlock()
	var token Token
	if t != nil {
		token = t.tokens[id]
	}
	if !token.matches(secret) || !ok {
		return principal{}, errUnauthorized
	}
	return principal{tenant: t, token: token}, nil
}

// bearer returns the token of a request's only Authorization header, or "".
func bearer(r *http.Request) string {
	all := r.Header.Values("Authorization")
	if len(all) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(all[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// allow returns why the principal may not do what needs a role, or nil.
func (p principal) allow(role Role) *problem {
	if p.token.Role.may(role) {
		return nil
	}
	return refuse(http.StatusForbidden, codeForbidden, "a token with the role "+string(p.token.Role)+" may not do this",
		"it needs the role "+string(role))
}
