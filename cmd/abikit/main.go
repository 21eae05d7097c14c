// Command abikit probes a guest: it plays the host by scripts and says what
// the guest does otherwise. It is for whoever writes an SDK in another
// language; testdata/kit has the scripts and says what the guest must do.
//
//	go run ./cmd/abikit guest.wasm testdata/kit/scripts/*.txt
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

// run probes the guest of args[0] by the scripts of the others. It returns the
// exit status: 0 for a guest that did as they say, 1 for one that did not.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) < 2 {
		fmt.Fprintln(stderr, "abikit: usage: abikit GUEST.wasm SCRIPT...")
		return 2
	}
	wasm, err := os.ReadFile(args[0])
	if err != nil {
		fmt.Fprintln(stderr, "abikit:", err)
		return 2
	}
	status := 0
	for _, file := range args[1:] {
		text, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(stderr, "abikit:", err)
			return 2
		}
		s, err := parse(string(text))
		if err != nil {
			fmt.Fprintf(stderr, "abikit: %s:%v\n", file, err)
			return 2
		}
		if err := s.play(ctx, wasm); err != nil {
			fmt.Fprintf(stdout, "%s: %v\n", filepath.Base(file), err)
			status = 1
			continue
		}
		fmt.Fprintf(stdout, "%s: ok\n", filepath.Base(file))
	}
	return status
}
