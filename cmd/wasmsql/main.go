// Command wasmsql runs SQL tasks whose logic is a WebAssembly guest.
package main

import (
	"context"
	"os"
)

func main() {
	ctx, stop := interruptible(context.Background(), os.Stderr)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ())
	stop()
	os.Exit(code)
}
