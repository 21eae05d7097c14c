package server

import (
	"net/http"
	"strings"
)

// principal is who asks, and the tenant that they belong to. Of someone who
// came with an OIDC token or a certificate, the token has an ID, which begins
// with oidc: or cert:, and a role.
type principal struct {
	tenant *tenant
	token  Token
}

// errUnauthorized is one answer for no token, one that is not well formed, one
// that does not exist, is revoked, has another secret or another signature, or
// is for a tenant that is not there.
var errUnauthorized = refuse(http.StatusUnauthorized, codeUnauthorized, "there is no valid token in the request",
	"send a token in the header: Authorization: Bearer wsql_…")

// errBroken is the answer to the tokens of a tenant whose folder was broken
// from the start: who has one learns that it is not the token.
var errBroken = func() *problem {
	p := refuse(statusOf[codeBroken], codeBroken, "the tenant is not served, since its folder has a fault", "who runs this server finds it in its log")
	p.after, p.Retryable = 30, true
	return p
}()

// authenticate finds who asks.
func (s *Server) authenticate(r *http.Request) (principal, *problem) {
	who, ok := s.identify(r)
	if !ok {
		return principal{}, errUnauthorized
	}
	s.mu.RLock()
	t, broken, closing := s.tenants[who.tenant], s.broken[who.tenant] != nil, s.closing
	s.mu.RUnlock()
	switch {
	case t != nil:
		return principal{tenant: t, token: who.token}, nil
	case closing:
		return principal{}, errGone
	case broken:
		return principal{}, errBroken
	}
	return principal{}, errUnauthorized
}

// identify finds what a request proves: by its token, or where it has none by
// the certificate of its connection.
func (s *Server) identify(r *http.Request) (identity, bool) {
	s.mu.RLock()
	d := s.identities
	s.mu.RUnlock()
	if len(r.Header.Values("Authorization")) == 0 && d != nil {
		return certified(r.TLS, d.certificates)
	}
	text := bearer(r)
	if d != nil && !strings.HasPrefix(text, tokenPrefix+"_") {
		return s.claimed(r.Context(), d, text)
	}
	return s.tokens.find(text)
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
