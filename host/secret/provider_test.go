package secret_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/secret"
)

func env(pairs ...string) secret.Getenv {
	m := map[string]string{}
	for _, p := range pairs {
		k, v, _ := strings.Cut(p, "=")
		m[k] = v
	}
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

// folder writes files below a new folder.
func folder(t *testing.T, files map[string]string) string {
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// expect looks a secret up and compares its value, or the whole error with its
// hint: "! message | hint".
func expect(t *testing.T, p secret.Provider, ref secret.Ref, want string) {
	t.Helper()
	v, err := p.Lookup(context.Background(), ref)
	got := v.Reveal()
	if err != nil {
		got = "! " + err.Error()
		var e *secret.Error
		if errors.As(err, &e) {
			got += " | " + e.Hint
		}
	}
	if got != want {
		t.Errorf("%+v:\ngot  %q\nwant %q", ref, got, want)
	}
	if none := strings.Contains(want, ": not found"); errors.Is(err, secret.ErrNotFound) != none {
		t.Errorf("%+v: errors.Is(%v, ErrNotFound) is %v", ref, err, !none)
	}
}

func TestFlyteOrder(t *testing.T) {
	dir := folder(t, map[string]string{
		"warehouse/password": "file\n", "warehouse/v2/password": "file v2", "only/key": " \u3000two\r\nlines\r\x1c\u0085\n", "lone": "lone", "empty/key": "",
		"latin/key": "\xe9",
	})
	vars := env("_FSEC_WAREHOUSE_PASSWORD= variable \t", "_FSEC_WAREHOUSE_V2_PASSWORD=variable v2", "WAREHOUSE_LOCAL=local",
		"_FSEC_EMPTY_SET=", "_FSEC_DB-1.X_KEY=dashes", "_FSEC_A_B_C=joined", "LONE=bare", "_FSEC_UNI_KEY=\u00a0\u2003\x1fx\u200b\u2028")
	cluster := secret.Flyte(secret.FlyteOptions{Env: vars, Dir: dir})
	local := secret.Flyte(secret.FlyteOptions{Env: vars, Dir: dir, Local: true})

	for _, p := range []secret.Provider{cluster, local} {
		expect(t, p, secret.Ref{Group: "warehouse", Key: "password"}, "variable")
		expect(t, p, secret.Ref{Group: "Warehouse", Key: "PassWord"}, "variable")
		expect(t, p, secret.Ref{Group: "warehouse", Key: "password", Version: "v2"}, "variable v2")
		expect(t, p, secret.Ref{Group: "warehouse", Key: "password", Mount: secret.File}, "file")
		expect(t, p, secret.Ref{Group: "WAREHOUSE", Key: "PASSWORD", Version: "V2", Mount: secret.File}, "file v2")
		expect(t, p, secret.Ref{Group: "only", Key: "key"}, "two\nlines")
		expect(t, p, secret.Ref{Group: "empty", Key: "set"}, "")
		expect(t, p, secret.Ref{Group: "empty", Key: "key"}, "")
		expect(t, p, secret.Ref{Group: "db-1.x", Key: "key"}, "dashes")
		expect(t, p, secret.Ref{Group: "a", Version: "b", Key: "c"}, "joined")
		expect(t, p, secret.Ref{Group: "uni", Key: "key"}, "x\u200b")
		expect(t, p, secret.Ref{}, `! secret "": it has neither group nor key | name a key`)
		expect(t, p, secret.Ref{Group: "latin", Key: "key"}, `! secret "latin/key": file "latin/key" is not UTF-8 text | `)
		expect(t, p, secret.Ref{Group: "empty", Key: "set", Mount: secret.File}, `! secret "empty/set": not found: no file "empty/set" | it must come from a file: provide file "empty/set"`)
	}

	expect(t, cluster, secret.Ref{Key: "lone"}, "lone")
	expect(t, local, secret.Ref{Key: "lone"}, "bare")
	expect(t, local, secret.Ref{Group: "warehouse", Key: "local"}, "local")
	expect(t, cluster, secret.Ref{Group: "warehouse", Key: "local"},
		`! secret "warehouse/local": not found: no variable "_FSEC_WAREHOUSE_LOCAL", no file "warehouse/local"`+
			` | provide variable "_FSEC_WAREHOUSE_LOCAL" or file "warehouse/local"`)
	expect(t, local, secret.Ref{Group: "none", Version: "v1", Key: "Key"},
		`! secret "none/v1/Key": not found: no variable "_FSEC_NONE_V1_KEY", no variable "NONE_V1_KEY", no file "none/v1/key"`+
			` | provide variable "_FSEC_NONE_V1_KEY" or variable "NONE_V1_KEY" or file "none/v1/key"`)
	expect(t, cluster, secret.Ref{Group: "only", Key: "key", Mount: secret.Env},
		`! secret "only/key": not found: no variable "_FSEC_ONLY_KEY" | it must come from the environment: provide variable "_FSEC_ONLY_KEY"`)
}

func TestFlyteVariables(t *testing.T) {
	dir := folder(t, map[string]string{"g/pre-k": "prefixed", "g/k": "plain"})
	p := secret.Flyte(secret.FlyteOptions{Env: env("FLYTE_SECRETS_ENV_PREFIX=_UNION_ ", "FLYTE_SECRETS_DEFAULT_DIR="+dir, "FLYTE_SECRETS_FILE_PREFIX=pre-", "_UNION_G_V=u", "_FSEC_G_V=f")})
	expect(t, p, secret.Ref{Group: "g", Key: "v"}, "u")
	expect(t, p, secret.Ref{Group: "g", Key: "k"}, "prefixed")

	p = secret.Flyte(secret.FlyteOptions{Env: env("FLYTE_SECRETS_ENV_PREFIX=", "FLYTE_SECRETS_FILE_PREFIX=pre-", "_FSEC_G_V=f"), Dir: dir, FilePrefix: " "})
	expect(t, p, secret.Ref{Group: "g", Key: "v"}, "f")
	expect(t, p, secret.Ref{Group: "g", Key: "k"}, "plain")

	p = secret.Flyte(secret.FlyteOptions{Env: env("MINE_G_V=m", "FLYTE_SECRETS_ENV_PREFIX=_UNION_"), EnvPrefix: "MINE_", Dir: dir})
	expect(t, p, secret.Ref{Group: "g", Key: "v"}, "m")

	expect(t, secret.Flyte(secret.FlyteOptions{Dir: dir}), secret.Ref{Group: "g", Key: "k"}, "plain")
}

func TestT5EnvironmentNeedsPrefix(t *testing.T) {
	for _, prefix := range []string{"", " ", "\t\u00a0"} {
		if _, err := secret.Environment(env("PATH=/bin"), prefix); err == nil || err.Error() != "secrets from the environment need a prefix" {
			t.Errorf("%q: %v", prefix, err)
		}
	}
	p, err := secret.Environment(env("PATH=/bin", "ACME_PATH=mine"), "ACME_")
	if err != nil {
		t.Fatal(err)
	}
	expect(t, p, secret.Ref{Key: "path"}, "mine")
	expect(t, p, secret.Ref{Key: "home"}, `! secret "home": not found: no variable "ACME_HOME" | provide variable "ACME_HOME"`)
	expect(t, p, secret.Ref{Key: "path", Mount: secret.File}, `! secret "path": not found | it must come from a file: this host looks for secrets elsewhere`)
}

// TestT5FilesStayInside: neither a name nor a link leaves the folder.
func TestT5FilesStayInside(t *testing.T) {
	outside := folder(t, map[string]string{"x": canary})
	dir := folder(t, map[string]string{"group/key": "in", "data/real": "linked"})
	for link, target := range map[string]string{
		"out": filepath.Join(outside, "x"), "proc": "/proc/self/environ", "up": "../" + filepath.Base(filepath.Dir(outside)) + "/001/x",
		"dirout": outside, "group/link": "../data/real", "group/current": "link", "gone": "nowhere", "loop": "loop",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	p := secret.Files(dir, "")
	expect(t, p, secret.Ref{Group: "group", Key: "key"}, "in")
	expect(t, p, secret.Ref{Group: "group", Key: "link"}, "linked")
	expect(t, p, secret.Ref{Group: "group", Key: "current"}, "linked") // as Kubernetes mounts them
	expect(t, p, secret.Ref{Key: "group/key"}, "in")
	for _, key := range []string{"../x", "..", "/etc/passwd", "/proc/self/environ", "group/../../x", "group/../group/key", "group//key", "a\x00b", "./group/key", "group/key/"} {
		v, err := p.Lookup(context.Background(), secret.Ref{Key: key})
		if err == nil || !strings.HasSuffix(err.Error(), "is no path below the folder of the secrets") {
			t.Errorf("%q: %v, %v", key, v, err)
		}
	}
	for _, key := range []string{"out", "proc", "up", "dirout/x"} {
		_, err := p.Lookup(context.Background(), secret.Ref{Key: key})
		want := `secret "` + key + `": file "` + key + `" leads out of the folder of the secrets`
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v", key, err)
		}
	}
	for ref, want := range map[secret.Ref]string{
		{Key: "gone"}:                   `! secret "gone": not found: no file "gone" | provide file "gone"`,
		{Group: "group/key", Key: "x"}:  `! secret "group/key/x": not found: no file "group/key/x" | provide file "group/key/x"`,
		{Key: "loop"}:                   `! secret "loop": file "loop" cannot be read: too many levels of symbolic links | it must be a plain file below the folder of the secrets that this process may read`,
		{Key: "group"}:                  `! secret "group": file "group" is no plain file | it must be a plain file below the folder of the secrets that this process may read`,
		{Key: "."}:                      `! secret ".": file "." is no plain file | it must be a plain file below the folder of the secrets that this process may read`,
		{Key: "key", Mount: secret.Env}: `! secret "key": not found | it must come from the environment: this host looks for secrets elsewhere`,
	} {
		expect(t, p, ref, want)
	}
	expect(t, secret.Files(filepath.Join(dir, "none"), ""), secret.Ref{Key: "k"}, `! secret "k": not found: no file "k" | provide file "k"`)
}

func TestFilesBounds(t *testing.T) {
	dir := folder(t, map[string]string{"most": strings.Repeat("x", secret.MaxFile), "more": strings.Repeat("x", secret.MaxFile+1)})
	p := secret.Files(dir, "")
	expect(t, p, secret.Ref{Key: "most"}, strings.Repeat("x", secret.MaxFile))
	expect(t, p, secret.Ref{Key: "more"}, `! secret "more": file "more" is larger than 1048576 bytes | it must be a plain file below the folder of the secrets that this process may read`)

	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Skip(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := p.Lookup(context.Background(), secret.Ref{Key: "pipe"})
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil || err.Error() != `secret "pipe": file "pipe" is no plain file` {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("a lookup waits for a pipe")
	}
}

func TestChain(t *testing.T) {
	first, err := secret.Environment(env("A_K=a", "A_EMPTY="), "A_")
	if err != nil {
		t.Fatal(err)
	}
	second, err := secret.Environment(env("B_K=b", "B_L=b", "B_EMPTY=b", "B_DIR=b"), "B_")
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t, map[string]string{"dir/x": ""})
	p := secret.Chain(first, secret.Files(dir, ""), second)
	expect(t, p, secret.Ref{Key: "k"}, "a")
	expect(t, p, secret.Ref{Key: "l"}, "b")
	expect(t, p, secret.Ref{Key: "empty"}, "")
	expect(t, p, secret.Ref{Key: "m"}, `! secret "m": not found: no variable "A_M", no file "m", no variable "B_M" | provide variable "A_M" or file "m" or variable "B_M"`)
	expect(t, p, secret.Ref{Key: "dir"}, `! secret "dir": file "dir" is no plain file | it must be a plain file below the folder of the secrets that this process may read`)
	expect(t, secret.Chain(), secret.Ref{Key: "k"}, `! secret "k": not found | this host looks for secrets elsewhere`)
}

// TestT2ErrorsHoldNoValue: neither what a secret is nor where it lies reaches
// an error.
func TestT2ErrorsHoldNoValue(t *testing.T) {
	dir := folder(t, map[string]string{"bad": canary + "\xff", "large": strings.Repeat(canary, secret.MaxFile/len(canary)+1), "dir/" + "x": canary})
	p := secret.Flyte(secret.FlyteOptions{Env: env("_FSEC_OTHER=" + canary), Dir: dir})
	for _, key := range []string{"bad", "large", "dir", "dir/x/y", "none", "/" + dir, "../x"} {
		_, err := p.Lookup(context.Background(), secret.Ref{Key: key})
		if err == nil {
			t.Errorf("%q is found", key)
			continue
		}
		quiet(t, key, err.Error())
		if !strings.HasPrefix(key, "/") && strings.Contains(err.Error(), dir) {
			t.Errorf("%q: the folder is in %v", key, err)
		}
	}
}
