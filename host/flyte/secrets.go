package flyte

import (
	"context"
	"errors"

	"github.com/wasmsql/wasmsql/host/secret"
)

// Secrets returns where a container of Flyte finds secrets: see secret.Flyte.
//
// What mounts them leaves group_version out of their names, and so does
// flytekit when it looks for them. A version counts here where something is
// mounted under it; where nothing is, the name without it is taken.
func Secrets(env secret.Getenv) secret.Provider {
	return versions{secret.Flyte(secret.FlyteOptions{Env: env})}
}

type versions struct{ secret.Provider }

// Lookup implements secret.Provider.
func (p versions) Lookup(ctx context.Context, ref secret.Ref) (secret.Value, error) {
	v, err := p.Provider.Lookup(ctx, ref)
	if ref.Version != "" && errors.Is(err, secret.ErrNotFound) {
		without := ref
		without.Version = ""
		if v, other := p.Provider.Lookup(ctx, without); other == nil {
			return v, nil
		}
	}
	return v, err
}
