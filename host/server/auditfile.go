package server

import (
	"context"
	"encoding/json"
	"os"
	"sync"
)

// AuditFile adds a line of JSON for each record to a file. It is safe for
// concurrent use, by other processes too.
type AuditFile struct {
	mu   sync.Mutex
	file *os.File
}

// OpenAudit opens or makes the file of an audit, for its owner alone.
func OpenAudit(name string) (*AuditFile, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &AuditFile{file: f}, nil
}

// Audit implements Auditor.
func (a *AuditFile) Audit(_ context.Context, r Record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	_, err = a.file.Write(append(text, '\n')) // one write: lines of several processes do not mix
	return err
}

// Close closes the file.
func (a *AuditFile) Close() error { return a.file.Close() }
