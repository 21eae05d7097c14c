// Command wasmsql runs SQL tasks whose logic is a WebAssembly guest.
package main

import (
	"context"
	"os"
	"runtime/debug"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
)

func main() {
	if os.Getenv("GOGC") == "" {
		// What streams through makes garbage all the time and keeps little: half
		// the heap for it costs no time that can be measured, and saves 10 MB.
		debug.SetGCPercent(50)
	}
	var left partials
	ctx, second := interruptible(context.Background(), os.Stderr)
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, &left, flyteArgs(os.Args[0], os.Args[1:]), os.Stdin, os.Stdout, os.Stderr, os.Environ())
	}()
	code := fault.Interrupted
	select {
	case code = <-done:
	case <-second:
		left.end(os.Stderr)
	}
	os.Exit(code)
}
