package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/wasmsql/wasmsql/host/secret"
)

// credentials are the files that systemd hands to a service with LoadCredential,
// all in one folder: that of the state's URL, state, and those of a folder of
// secrets, secrets_TENANT_GROUP_KEY. The zero value has none.
type credentials struct{ dir string }

func (a *app) credentials() credentials {
	dir, _ := a.env("CREDENTIALS_DIRECTORY")
	return credentials{dir}
}

// state returns the URL of the state, or "".
func (c credentials) state() (string, error) {
	if c.dir == "" {
		return "", nil
	}
	text, err := os.ReadFile(filepath.Join(c.dir, "state"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(text)), err
}

// of returns the secrets of a tenant. No tenant's name has an underscore: the
// names of no tenant's files begin another's.
func (c credentials) of(tenant string) secret.Provider {
	if c.dir == "" {
		return secret.Chain()
	}
	return flat{secret.Files(c.dir, "secrets_"+tenant+"_")}
}

// flat finds GROUP/VERSION/KEY as GROUP_VERSION_KEY.
type flat struct{ secret.Provider }

// Lookup implements secret.Provider.
func (f flat) Lookup(ctx context.Context, ref secret.Ref) (secret.Value, error) {
	name := ""
	for _, part := range []string{ref.Group, ref.Version, ref.Key} {
		if part != "" {
			name += "_" + part
		}
	}
	return f.Provider.Lookup(ctx, secret.Ref{Key: strings.TrimPrefix(name, "_"), Mount: ref.Mount})
}
