package host

import (
	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/host/internal/columns"
)

// TypeOf returns the type that a task file would declare for a column of a
// result: "int", "datetime", "list[str]".
func TypeOf(f arrow.Field) string { return columns.Nearest(f) }
