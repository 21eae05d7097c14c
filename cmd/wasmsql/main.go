// Command wasmsql runs SQL tasks whose logic is a WebAssembly guest.
package main

import (
	"context"
	"os"
)

func main() {
	var left partials
	ctx, second := interruptible(context.Background(), os.Stderr)
	done := make(chan int, 1)
	go func() { done <- run(ctx, &left, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()) }()
	code := exitInterrupted
	select {
	case code = <-done:
	case <-second:
		left.end(os.Stderr)
	}
	os.Exit(code)
}
