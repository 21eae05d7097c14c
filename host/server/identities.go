package server

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"

	"github.com/wasmsql/wasmsql/host/manifest"
)

// identities are what one reading of the operator's file made. They are not
// changed afterwards: another reading makes others.
type identities struct {
	text         []byte
	issuers      map[string]*issuer // by URL
	certificates []manifest.Certificate

	stop    context.CancelFunc
	tending sync.WaitGroup
}

// maxIdentities is the size of the operator's file, in bytes.
const maxIdentities = 4 << 20

// readIdentities reads the operator's file. An issuer's keys are fetched when
// tend is called.
func readIdentities(file string, text []byte) (*identities, error) {
	var names []string
	for _, r := range Roles() {
		names = append(names, string(r))
	}
	read, err := manifest.ReadIdentities(file, text, names)
	if err != nil {
		return nil, err
	}
	out := &identities{text: text, issuers: map[string]*issuer{}, certificates: read.Certificates, stop: func() {}}
	for name, entry := range read.Issuers {
		i, ierr := newIssuer(name, entry)
		if ierr != nil {
			err = errors.Join(err, ierr)
			continue
		}
		out.issuers[entry.URL] = i
	}
	return out, err
}

// inherit takes over the keys that others have fetched.
func (d *identities) inherit(from *identities) {
	for url, i := range d.issuers {
		if old := from.issuers[url]; old != nil && old.entry.CA == i.entry.CA {
			old.keys.mu.Lock()
			i.keys.keys, i.keys.fetched = old.keys.keys, old.keys.fetched
			old.keys.mu.Unlock()
		}
	}
}

// tend fetches the keys of issuers again and again, until close.
func (d *identities) tend(s *Server) {
	ctx, stop := context.WithCancel(context.Background())
	d.stop = stop
	for _, i := range d.issuers {
		d.tending.Go(func() {
			i.keys.tend(ctx, func(err error) {
				if err == nil {
					s.log.InfoContext(ctx, "the keys of an issuer are fetched again", "issuer", i.name)
					return
				}
				s.log.WarnContext(ctx, "the keys of an issuer cannot be fetched: what is known of them is used", "issuer", i.name, "error", firstLine(err))
			})
		})
	}
}

func (d *identities) close() {
	d.stop()
	d.tending.Wait()
}

// firstLine is what an error says, without the pages that issuers answer with.
func firstLine(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	if len(text) > 300 {
		text = text[:300] + "…"
	}
	return text
}

// failing returns how many issuers could not be asked for their keys.
func (d *identities) failing() (n int) {
	for _, i := range d.issuers {
		i.keys.mu.Lock()
		if i.keys.err != nil || i.keys.fetched.IsZero() {
			n++
		}
		i.keys.mu.Unlock()
	}
	return n
}

// reloadIdentities takes over what has changed in the operator's file, whole
// or not at all.
func (s *Server) reloadIdentities(ctx context.Context) error {
	if s.cfg.Identities == "" {
		return nil
	}
	f, err := os.Open(s.cfg.Identities)
	if err != nil {
		return err
	}
	text, err := readAtMost(f, maxIdentities)
	_ = f.Close()
	if err != nil {
		return err
	}
	s.mu.RLock()
	old := s.identities
	s.mu.RUnlock()
	if old != nil && bytes.Equal(old.text, text) {
		return nil
	}
	d, err := readIdentities(s.cfg.Identities, text)
	if err != nil {
		return err
	}
	if old != nil {
		d.inherit(old)
	}
	d.tend(s)
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		d.close()
		return nil
	}
	s.identities = d
	s.mu.Unlock()
	s.log.InfoContext(ctx, "the file of identities is used", "issuers", len(d.issuers), "certificates", len(d.certificates))
	if old != nil {
		old.close()
	}
	return nil
}

// refreshIdentities is reloadIdentities; it keeps why the file is not what is
// used, and logs it once.
func (s *Server) refreshIdentities(ctx context.Context) {
	err := s.reloadIdentities(ctx)
	s.mu.Lock()
	before := s.identityFault
	s.identityFault = err
	s.mu.Unlock()
	if err != nil && (before == nil || before.Error() != err.Error()) {
		s.log.ErrorContext(ctx, "the file of identities is broken: what was read before goes on", "error", err)
	}
}

// claimed finds whom an OIDC token names.
func (s *Server) claimed(ctx context.Context, d *identities, text string) (identity, bool) {
	i := d.issuers[issuerOf(text)]
	if i == nil {
		return identity{}, false
	}
	who, err := i.identify(ctx, text)
	if err != nil {
		if i.mayTell() {
			s.log.InfoContext(ctx, "a token is refused", "issuer", i.name, "error", firstLine(err))
		}
		return identity{}, false
	}
	return who, true
}
