// Command curl stands in for curl where that is missing: for the commands of
// the documentation, with the flags that they use.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		os.Exit(7)
	}
}

func run(args []string) error {
	method, url, data, out := "GET", "", "", os.Stdout
	header := http.Header{}
	for len(args) > 0 {
		flag := args[0]
		args = args[1:]
		if flag == "-s" {
			continue
		}
		if !strings.HasPrefix(flag, "-") {
			url = flag
			continue
		}
		if len(args) == 0 {
			return fmt.Errorf("%s needs a value", flag)
		}
		value := args[0]
		args = args[1:]
		switch flag {
		case "-H":
			name, text, _ := strings.Cut(value, ":")
			header.Set(name, strings.TrimSpace(text))
		case "-d":
			method, data = "POST", value
		case "-X":
			method = value
		case "-o":
			f, err := os.Create(value)
			if err != nil {
				return err
			}
			out = f
		default:
			return fmt.Errorf("unknown flag %s", flag)
		}
	}
	r, err := http.NewRequest(method, url, strings.NewReader(data))
	if err != nil {
		return err
	}
	r.Header = header
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(out, res.Body)
	return err
}
