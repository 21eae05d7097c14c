package server

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"syscall"

	"github.com/wasmsql/wasmsql/host"
)

// tokenBook has the tokens of all tenants. They are read apart from the rest
// of a tenant's folder: a token that is revoked is gone, whatever else is
// broken, and a new one changes nothing of what runs. It is safe for
// concurrent use.
type tokenBook struct {
	mu   sync.RWMutex
	read map[string][sha256.Size]byte // what was read of a tenant
	byID map[string][]identity        // several where a tenant has another's token id in its file
}

// take makes the tokens of a tenant those of its folder. A file that is broken
// changes nothing, and is told as a fault of the folder.
func (b *tokenBook) take(tenant, dir string) error {
	text, err := readTokens(dir)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	b.mu.RLock()
	same := b.read[tenant] == sum
	b.mu.RUnlock()
	if same {
		return nil
	}
	all, err := parseTokens(text)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(tenant, all)
	b.read[tenant] = sum
	return nil
}

// readTokens reads the tokens of a folder, and nothing outside of it.
func readTokens(dir string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(tokensFile, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe is not waited for
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, cmp.Or(err, errors.New(tokensFile+" is not a file"))
	}
	return readAtMost(f, maxTokensFile)
}

// set makes the tokens of a tenant those given.
func (b *tokenBook) set(tenant string, all ...Token) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(tenant, all)
	delete(b.read, tenant)
}

// keep drops the tokens of tenants that are not there.
func (b *tokenBook) keep(there map[string]string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for tenant := range b.read {
		if there[tenant] == "" {
			b.put(tenant, nil)
			delete(b.read, tenant)
		}
	}
}

func (b *tokenBook) put(tenant string, all []Token) {
	if b.byID == nil {
		b.read, b.byID = map[string][sha256.Size]byte{}, map[string][]identity{}
	}
	for id, holders := range b.byID {
		holders = slices.DeleteFunc(slices.Clone(holders), func(i identity) bool { return i.tenant == tenant })
		if b.byID[id] = holders; len(holders) == 0 {
			delete(b.byID, id)
		}
	}
	for _, t := range all {
		b.byID[t.ID] = append(b.byID[t.ID], identity{tenant, t})
	}
}

// shared returns why the tokens of tenants are not accepted, by tenant, where
// another tenant has the same ones: with a folder that was copied, or a hash.
// Whose they are is not known then.
func (b *tokenBook) shared() map[string]error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	faults := map[string]error{}
	for id, holders := range b.byID {
		for i, one := range holders {
			for _, other := range holders[:i] {
				if one.token.Hash == other.token.Hash && one.tenant != other.tenant {
					faults[one.tenant], faults[other.tenant] = errShared(id, other.tenant), errShared(id, one.tenant)
				}
			}
		}
	}
	return faults
}

func errShared(id, with string) error {
	return &host.Error{Code: host.CodeConfig, Place: host.Place{File: tokensFile},
		Message: fmt.Sprintf("token %q is one of tenant %q too, and is accepted for neither", id, with), Hint: "revoke it for one of them"}
}

// find returns whose token it is: nobody's, if it is that of several tenants.
// It takes as long for one that does not exist as for one with another secret.
func (b *tokenBook) find(text string) (identity, bool) {
	id, secret, ok := splitToken(text)
	b.mu.RLock()
	holders := b.byID[id]
	b.mu.RUnlock()
	if len(holders) == 0 {
		holders = []identity{{}}
	}
	var found []identity
	for _, i := range holders {
		if i.token.matches(secret) && ok {
			found = append(found, i)
		}
	}
	if len(found) == 0 || found[0].tenant != found[len(found)-1].tenant {
		return identity{}, false
	}
	return found[0], true
}
