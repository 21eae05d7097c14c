package server

import (
	"crypto/rand"
	"path/filepath"
	"time"
)

// Dev is one folder with task files that is served to one tenant, whose owner
// sits at the terminal: its connections reach what the owner does.
type Dev struct {
	dir   string
	text  string
	token Token
}

// devTenant is the name of Dev's tenant.
const devTenant = "dev"

// NewDev returns a Dev of a folder, with a token of its own.
func NewDev(dir string) (*Dev, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	random := make([]byte, tokenIDBytes+tokenKeyBytes)
	_, _ = rand.Read(random) // it never fails
	id, secret := tokenText.EncodeToString(random[:tokenIDBytes]), tokenText.EncodeToString(random[tokenIDBytes:])
	return &Dev{dir: abs, text: tokenPrefix + "_" + id + "_" + secret,
		token: Token{ID: id, Role: Operate, Hash: hashToken(secret), Created: time.Now().UTC(), Note: "of wasmsql serve --dev"}}, nil
}

// Token returns the text of the token.
func (d *Dev) Token() string { return d.text }
