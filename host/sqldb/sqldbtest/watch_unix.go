//go:build unix

package sqldbtest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// watched is a server under a shell that ends it when this process is gone:
// the shell's standard input is a pipe that only this process holds open.
type watched struct {
	pipe   io.Closer
	output *os.File // of the server; it stays readable when its name is gone
	done   chan struct{}
	kill   func()
}

// script runs $3 and what follows, ends it by the signal $2 when standard
// input ends, and removes the folder $1 when it has ended.
const script = `
dir=$1 signal=$2
shift 2
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ read -r _; kill -s "$signal" "$server"; } <&3 2>/dev/null &
guard=$!
wait "$server"
kill "$guard" 2>/dev/null
cd / && rm -rf "$dir"
`

// watch starts the command of a server.
func watch(dir string, k *kind, command []string) (*watched, error) {
	output, err := os.CreateTemp("", "wasmsql-test-log-")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(output.Name())
	cmd := exec.Command("/bin/sh", append([]string{"-c", script, "sh", dir, k.signal}, command...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "TMPDIR="+dir, "LC_ALL=C")
	cmd.Stdout, cmd.Stderr = output, output
	cmd.SysProcAttr = k.process()
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	w := &watched{pipe: pipe, output: output, done: make(chan struct{})}
	w.kill = func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	go func() {
		_ = cmd.Wait()
		close(w.done)
	}()
	return w, nil
}

// process is how the programs of a server run: in a session of their own, out
// of reach of a terminal's interrupts, and not as root, which they refuse.
func (k *kind) process() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setsid: true}
	if uid, gid, ok := k.login(); ok {
		a.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return a
}

// login finds the user to run as, where that is not who we are.
func (k *kind) login() (uid, gid uint32, ok bool) {
	if os.Getuid() != 0 {
		return 0, 0, false
	}
	for _, name := range k.users {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			return uint32(uid), uint32(gid), true
		}
	}
	return 0, 0, false
}

// folder makes the folder of a server, which belongs to the user it runs as.
func (s *Server) folder() (string, error) {
	dir, err := os.MkdirTemp("", "wasmsql-test-")
	if err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	return dir, s.own(dir)
}

// write writes a file that belongs to the user that the server runs as.
func (s *Server) write(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	return s.own(path)
}

func (s *Server) own(path string) error {
	if uid, gid, ok := s.kind.login(); ok {
		return os.Chown(path, int(uid), int(gid))
	}
	return nil
}

// ended reports whether the server is gone. That of the environment never is.
func (w *watched) ended() bool {
	if w == nil {
		return false
	}
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// log returns what the server wrote, to be put behind an error.
func (w *watched) log() string {
	if w == nil {
		return ""
	}
	text, err := io.ReadAll(io.NewSectionReader(w.output, 0, 64<<10))
	if err != nil {
		return fmt.Sprintf("\nits log cannot be read: %v", err)
	}
	return "\nits log:\n" + string(text)
}

// stop ends the server and waits until it is gone.
func (w *watched) stop() {
	if w == nil {
		return
	}
	_ = w.pipe.Close()
	select {
	case <-w.done:
	case <-time.After(10 * time.Second):
		w.kill()
		<-w.done
	}
}
