package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// interruptible returns a context that ends with the first SIGINT or SIGTERM.
// The second one ends the process at once, as it does by default. A pipe that
// nobody reads any more becomes an error of the write instead of a signal, so
// that the transaction is rolled back.
//
// The function that it returns gives the signals back.
func interruptible(parent context.Context, stderr *os.File) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 1)
	signal.Ignore(syscall.SIGPIPE)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			signal.Reset(os.Interrupt, syscall.SIGTERM)
			erase := ""
			if isTerminal(stderr) {
				erase = eraseLine
			}
			fmt.Fprintln(stderr, erase+"wasmsql: interrupted, rolling back; press again to exit at once")
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel()
		signal.Stop(signals)
	}
}
