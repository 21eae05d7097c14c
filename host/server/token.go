package server

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Role is what the bearer of a token may do. Each role may do what those
// before it may: Read, Run, Operate.
type Role string

// The roles.
const (
	Read    Role = "read"    // see tasks, executions and their results
	Run     Role = "run"     // run tasks, and cancel what the same token began
	Operate Role = "operate" // cancel any execution of the tenant, and read its audit
)

// Roles returns the roles, the least first.
func Roles() []Role { return []Role{Read, Run, Operate} }

// ParseRole returns the role of that name.
func ParseRole(name string) (Role, error) {
	if r := Role(name); slices.Contains(Roles(), r) {
		return r, nil
	}
	return "", fmt.Errorf("there is no role %q: accepted are read, run and operate", name)
}

// may reports whether the role includes another.
func (r Role) may(other Role) bool {
	return slices.Index(Roles(), r) >= slices.Index(Roles(), other)
}

// Token is a bearer token as a tenant's folder keeps it: its secret only as a
// hash. A secret has 256 random bits, so that a plain SHA-256 of it tells
// nothing.
type Token struct {
	ID      string    `yaml:"id"`
	Role    Role      `yaml:"role"`
	Hash    string    `yaml:"hash"` // SHA-256 of the secret, in hex
	Created time.Time `yaml:"created"`
	Expires time.Time `yaml:"expires,omitempty"` // zero: never
	Note    string    `yaml:"note,omitempty"`
}

// tokensFile holds a tenant's tokens, in its folder.
const tokensFile = "tokens.yaml"

// Bounds of tokens.
const (
	maxTokens     = 10_000
	maxTokensFile = 4 << 20 // bytes
	maxNote       = 200     // characters
)

// A token is wsql_ID_SECRET: 10 and 52 characters of base32 in lower case. The
// prefix lets scanners for leaked secrets find it.
const (
	tokenPrefix   = "wsql"
	tokenIDBytes  = 6
	tokenKeyBytes = 32
)

var tokenText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewToken makes a token that does not expire and adds it to the folder of a
// tenant. The text that it returns is the only copy of its secret.
func NewToken(dir string, role Role, note string) (text string, t Token, err error) {
	return NewTokenFor(dir, role, note, 0)
}

// NewTokenFor is NewToken with how long the token is accepted; 0 is forever.
func NewTokenFor(dir string, role Role, note string, age time.Duration) (text string, t Token, err error) {
	if n := len([]rune(note)); n > maxNote {
		return "", Token{}, fmt.Errorf("the note has %d characters, at most %d are accepted", n, maxNote)
	}
	random := make([]byte, tokenIDBytes+tokenKeyBytes)
	_, _ = rand.Read(random) // it never fails
	secret := tokenText.EncodeToString(random[tokenIDBytes:])
	t = Token{
		ID: tokenText.EncodeToString(random[:tokenIDBytes]), Role: role, Hash: hashToken(secret),
		Created: time.Now().UTC().Truncate(time.Second), Note: note,
	}
	if age > 0 {
		t.Expires = t.Created.Add(age)
	}
	err = changeTokens(dir, func(all []Token) ([]Token, error) {
		if len(all) >= maxTokens {
			return nil, fmt.Errorf("the tenant has %d tokens, which is the limit: revoke some", len(all))
		}
		return append(all, t), nil
	})
	return strings.Join([]string{tokenPrefix, t.ID, secret}, "_"), t, err
}

// RevokeToken removes a token, by its id or its text, from the folder of a
// tenant. Its error does not hold what was given: it may be a secret.
func RevokeToken(dir, id string) error {
	if of, _, ok := splitToken(id); ok {
		id = of
	}
	return changeTokens(dir, func(all []Token) ([]Token, error) {
		i := slices.IndexFunc(all, func(t Token) bool { return t.ID == id })
		if i < 0 {
			return nil, errors.New("the tenant has no such token")
		}
		return slices.Delete(all, i, i+1), nil
	})
}

// Tokens returns the tokens of a tenant, the oldest first.
func Tokens(dir string) ([]Token, error) {
	text, err := readTokens(dir)
	if err != nil {
		return nil, err
	}
	return parseTokens(text)
}

// readAtMost reads a file of at most so many bytes.
func readAtMost(f *os.File, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s is larger than %d bytes", filepath.Base(f.Name()), most)
	}
	return data, err
}

// parseTokens reads the content of tokensFile.
func parseTokens(data []byte) ([]Token, error) {
	var all []Token
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&all); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", tokensFile, err)
	}
	for i, t := range all {
		if _, err := ParseRole(string(t.Role)); err != nil {
			return nil, fmt.Errorf("%s: token %d: %w", tokensFile, i+1, err)
		}
		if b, err := hex.DecodeString(t.Hash); err != nil || len(b) != sha256.Size {
			return nil, fmt.Errorf("%s: token %d: hash is no SHA-256 in hex", tokensFile, i+1)
		}
		all[i].Hash = strings.ToLower(t.Hash)
		if b, err := tokenText.DecodeString(t.ID); err != nil || len(b) != tokenIDBytes {
			return nil, fmt.Errorf("%s: token %d: id is not that of a token", tokensFile, i+1)
		}
	}
	slices.SortStableFunc(all, func(a, b Token) int { return a.Created.Compare(b.Created) })
	return all, nil
}

// changeTokens replaces a tenant's tokens, whole or not at all. Of two who
// change them at the same time, one gets an error.
func changeTokens(dir string, change func([]Token) ([]Token, error)) (err error) {
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return fmt.Errorf("there is no tenant folder %q", dir)
	}
	name := filepath.Join(dir, tokensFile)
	mode := fs.FileMode(0o644) // root makes it, the server reads it, and it holds no secret
	if st, err := os.Stat(name); err == nil {
		mode = st.Mode().Perm()
	}
	f, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is being changed by someone else: if not, remove it", name+".new")
	}
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err == nil {
			err = os.Rename(f.Name(), name)
		}
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	all, err := Tokens(dir)
	if err != nil {
		return err
	}
	if all, err = change(all); err != nil {
		return err
	}
	text, err := yaml.Marshal(all)
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Sync()
}

func hashToken(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// splitToken takes the text of a token apart.
func splitToken(text string) (id, secret string, ok bool) {
	parts := strings.Split(text, "_")
	if len(parts) != 3 || parts[0] != tokenPrefix {
		return "", "", false
	}
	return parts[1], parts[2], true
}

// matches compares a secret with the token's, in a time that does not depend
// on where they differ. The zero Token matches none and takes as long.
func (t Token) matches(secret string) bool {
	want := cmp.Or(t.Hash, strings.Repeat("0", 2*sha256.Size))
	return subtle.ConstantTimeCompare([]byte(hashToken(secret)), []byte(want)) == 1 && t.Hash != "" && !t.Expired(time.Now())
}

// Expired reports whether the token is not accepted any more at a time.
func (t Token) Expired(now time.Time) bool { return !t.Expires.IsZero() && !now.Before(t.Expires) }
