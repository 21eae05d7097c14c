package flyte

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/wasmsql/wasmsql/host/secret"
)

// TestSecrets: a version counts where something is mounted under it, and
// mount_requirement always; only prefixed variables are looked at.
func TestSecrets(t *testing.T) {
	dir := t.TempDir()
	for name, value := range map[string]string{"g/k": "file\n", "g/v2/k": "file of v2", "g/only-file": "x"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"FLYTE_SECRETS_DEFAULT_DIR": " " + dir + " ", "FLYTE_SECRETS_ENV_PREFIX": "_UNION_",
		"_UNION_G_K": " env ", "_UNION_G_V1_K": "env of v1", "_UNION_G_EMPTY": "", "G_BARE": "x", "_FSEC_G_OTHER": "x"}
	p := Secrets(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	for _, c := range []struct {
		ref  secret.Ref
		want string // "-": it is not found
	}{
		{secret.Ref{Group: "g", Key: "k"}, "env"},
		{secret.Ref{Group: "G", Key: "K", Mount: secret.Env}, "env"},
		{secret.Ref{Group: "g", Key: "k", Mount: secret.File}, "file"},
		{secret.Ref{Group: "g", Key: "k", Version: "v1"}, "env of v1"},
		{secret.Ref{Group: "g", Key: "k", Version: "v2"}, "file of v2"},
		{secret.Ref{Group: "g", Key: "k", Version: "v3"}, "env"},
		{secret.Ref{Group: "g", Key: "k", Version: "v1", Mount: secret.File}, "file"},
		{secret.Ref{Group: "g", Key: "empty"}, ""},
		{secret.Ref{Group: "g", Key: "only-file", Mount: secret.Env}, "-"},
		{secret.Ref{Group: "g", Key: "bare"}, "-"},
		{secret.Ref{Group: "g", Key: "other"}, "-"},
	} {
		v, err := p.Lookup(context.Background(), c.ref)
		switch {
		case c.want == "-":
			if !errors.Is(err, secret.ErrNotFound) {
				t.Errorf("%+v: %v", c.ref, err)
			}
		case err != nil || v.Reveal() != c.want:
			t.Errorf("%+v: %q, %v", c.ref, v.Reveal(), err)
		}
	}
}
