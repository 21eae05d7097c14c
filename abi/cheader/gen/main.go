// Command gen writes wasmsql.h.
//
//	go run ./abi/cheader/gen -o examples/guest-c/wasmsql.h
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/wasmsql/wasmsql/abi/cheader"
)

func main() {
	out := flag.String("o", cheader.Name, "the file to write")
	flag.Parse()
	if err := os.WriteFile(*out, cheader.Header(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
