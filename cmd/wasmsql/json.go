package main

import (
	"bytes"
	"encoding/json"

	"github.com/wasmsql/wasmsql/host"
)

// encode returns v as JSON with a line end, on one line or laid out.
func encode(v any, layOut bool) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if layOut {
		e.SetIndent("", "  ")
	}
	if err := e.Encode(v); err != nil {
		return nil, &host.Error{Code: host.CodeInternal, Message: "this cannot be written as JSON", Cause: err}
	}
	return b.Bytes(), nil
}
