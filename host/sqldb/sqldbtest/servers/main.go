//go:build unix

// Command servers runs a command, as a rule go test, with a private PostgreSQL
// and a private MariaDB server, which it stops afterwards whatever happens:
//
//	go run ./host/sqldb/sqldbtest/servers go test ./...
//
// The servers start while the command begins its work. It finds them by the
// environment, as WASMSQL_TEST_POSTGRES and WASMSQL_TEST_MARIADB; one that is
// set already is kept, and no server is started for it. Programs that are
// missing are installed where that can be done: by root on Debian and its like.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

func main() { os.Exit(run(os.Args[1:])) }

func run(command []string) int {
	if len(command) == 0 {
		fmt.Fprintln(os.Stderr, "usage: servers COMMAND [ARGUMENT...]")
		return 2
	}
	parents := ancestors()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)

	all := plan()
	defer all.stop()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), all.env()...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "servers:", err)
		return 1
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	failed := all.start()

	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err != nil && cmd.ProcessState == nil {
				fmt.Fprintln(os.Stderr, "servers:", err)
			}
			return max(cmd.ProcessState.ExitCode(), -1) & 0xff
		case err := <-failed:
			fmt.Fprintln(os.Stderr, "servers:", err)
			end(cmd, done, syscall.SIGTERM)
			return 1
		case s := <-signals:
			end(cmd, done, s.(syscall.Signal))
			return 130
		case <-tick.C:
			if !parents.live() {
				end(cmd, done, syscall.SIGTERM)
				return 130
			}
		}
	}
}

// end ends the command and all that it has started.
func end(cmd *exec.Cmd, done <-chan error, s syscall.Signal) {
	_ = syscall.Kill(-cmd.Process.Pid, s)
	select {
	case <-done:
	case <-time.After(5 * time.Second):
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}
