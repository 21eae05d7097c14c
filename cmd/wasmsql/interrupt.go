package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// interruptible returns a context that ends with the first SIGINT, SIGTERM or
// SIGHUP, and a channel that is closed by the second one: to end the process
// at once. A SIGHUP that is ignored, as under nohup, stays so. A pipe that
// nobody reads any more becomes an error of the write instead of a signal, so
// that the transaction is rolled back.
func interruptible(parent context.Context, stderr *os.File) (context.Context, <-chan struct{}) {
	ctx, cancel := context.WithCancel(parent)
	signals, second := make(chan os.Signal, 2), make(chan struct{})
	signal.Ignore(syscall.SIGPIPE)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		<-signals
		erase := ""
		if isTerminal(stderr) {
			erase = eraseLine
		}
		fmt.Fprintln(stderr, erase+"wasmsql: interrupted, rolling back; press again to exit at once")
		cancel()
		<-signals
		close(second)
	}()
	return ctx, second
}
