//go:build !unix

package sqldbtest

import (
	"errors"
	"os"
	"syscall"
)

// watched is a running server, of which there are none here.
type watched struct{}

var errNotUnix = errors.New("private servers need a Unix system")

func watch(string, *kind, []string) (*watched, error) { return nil, errNotUnix }

func (k *kind) process() *syscall.SysProcAttr   { return nil }
func (s *Server) folder() (string, error)       { return "", errNotUnix }
func (s *Server) write(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }
func (w *watched) ended() bool                  { return false }
func (w *watched) log() string                  { return "" }
func (w *watched) stop()                        {}
