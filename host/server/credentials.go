package server

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/secret"
)

// credentials are the secrets that a tenant's connections name. With one of
// them another, the connections that were made with it are drained.
type credentials struct {
	refs []secret.Ref
	from secret.Provider
	key  [sha256.Size]byte // of version: it tells nothing of the secrets
}

// credentialsOf collects the names of secrets.
func credentialsOf(connections map[string]host.Connection, from secret.Provider) credentials {
	c := credentials{from: from}
	_, _ = rand.Read(c.key[:]) // it never fails
	for _, name := range slices.Sorted(maps.Keys(connections)) {
		args := connections[name].SecretArgs
		for _, arg := range slices.Sorted(maps.Keys(args)) {
			c.refs = append(c.refs, args[arg])
		}
	}
	return c
}

// version returns a digest of the secrets as they are now. One that cannot be
// found has a version too: who needs it is told then.
func (c credentials) version(ctx context.Context) (out [sha256.Size]byte) {
	sum := hmac.New(sha256.New, c.key[:])
	for _, ref := range c.refs {
		v, err := c.from.Lookup(ctx, ref)
		text := v.Reveal()
		fmt.Fprintf(sum, "%v %d ", err == nil, len(text))
		sum.Write([]byte(text))
	}
	copy(out[:], sum.Sum(nil))
	return out
}
