package server

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

// AuditFile adds a line of JSON for each record to a file. It is safe for
// concurrent use, by other processes too. Where the file is moved away or
// removed, as what rotates logs does it, another one of its name is begun.
type AuditFile struct {
	name string

	mu   sync.Mutex
	file *os.File
	is   os.FileInfo // of file, when it was opened
	torn bool        // the last line has no end: the disk was full, or a process was killed
}

// OpenAudit opens or makes the file of an audit, for its owner alone.
func OpenAudit(name string) (*AuditFile, error) {
	a := &AuditFile{name: name}
	return a, a.open()
}

// open takes the file of that name in place of the one that there was, which is
// closed when nobody reads it any more.
func (a *AuditFile) open() error {
	f, err := os.OpenFile(a.name, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	is, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return err
	}
	last := []byte("\n")
	if is.Mode().IsRegular() && is.Size() > 0 {
		_, err = f.ReadAt(last, is.Size()-1)
	}
	a.file, a.is, a.torn = f, is, err == nil && last[0] != '\n'
	return nil
}

// Audit implements Auditor.
func (a *AuditFile) Audit(_ context.Context, r Record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if now, err := os.Stat(a.name); a.is.Mode().IsRegular() && (err != nil || !os.SameFile(now, a.is)) {
		if err := a.open(); err != nil {
			return fmt.Errorf("its file was moved away, and another cannot be begun: %w", err)
		}
	}
	line := append(text, '\n')
	if a.torn {
		line = append([]byte("\n"), line...)
	}
	n, err := a.file.Write(line) // one write: lines of several processes do not mix
	if n > 0 {
		a.torn = n < len(line)
	}
	return err
}

// now returns the file that records are added to.
func (a *AuditFile) now() *os.File {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.file
}

// Close closes the file.
func (a *AuditFile) Close() error { return a.now().Close() }
