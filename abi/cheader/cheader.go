// Package cheader makes wasmsql.h, the SDK of plugins in C, from package abi
// and from wasmsql.h.in, which holds what is not in a table there. Its function
// is safe for concurrent use.
package cheader

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
)

//go:generate go run ./gen -o ../../examples/guest-c/wasmsql.h

//go:embed wasmsql.h.in
var source string

// Name is what the header is called.
const Name = "wasmsql.h"

// Header returns the header.
func Header() []byte {
	return []byte(strings.NewReplacer(
		"@CONSTANTS@", constants(), "@IMPORTS@", imports(), "@CONFIGURE@", abi.ExportConfigure, "@RUN@", abi.ExportRun,
	).Replace(source))
}

// constants returns the numbers of the ABI as enums.
func constants() string {
	var b strings.Builder
	fmt.Fprintf(&b, "#define WASMSQL_MODULE %q\n#define WASMSQL_MINOR %d\n\n", abi.Module, abi.Minor)
	b.WriteString("/* The errnos. */\nenum {\n")
	for e := abi.OK; e.String() != "UNKNOWN"; e-- {
		fmt.Fprintf(&b, "\tWASMSQL_%s = %d,\n", errnoName(e), e)
	}
	b.WriteString("};\n\n/* The levels of a log line. */\nenum {\n")
	for i, name := range []string{"DEBUG", "INFO", "WARN", "ERROR"} {
		fmt.Fprintf(&b, "\tWASMSQL_%s = %d,\n", name, i)
	}
	b.WriteString("};\n\n/* The kinds of a value. */\nenum {\n")
	for k := abi.Int; k <= abi.List; k++ {
		fmt.Fprintf(&b, "\tWASMSQL_%s = %d,\n", strings.ToUpper(k.String()), k)
	}
	fmt.Fprintf(&b, "};\n\n/* How a connection may be used. */\nenum { WASMSQL_READ_ONLY = %d, WASMSQL_READ_WRITE = %d };\n", abi.ReadOnly, abi.ReadWrite)
	return b.String()
}

// errnoName returns an errno's name. Two would be those of log levels and of
// the flags that systems have.
func errnoName(e abi.Errno) string {
	if e == abi.OK {
		return "OK"
	}
	return "E_" + e.String()
}

// parameters are those of the host functions for C, by their letters in abi: a
// pointer and a length are what two i32 are that stand together.
var parameters = map[string]string{
	"ii":  "%s *buf, uint32_t n",
	"Iii": "int64_t handle, %s *buf, uint32_t n",
	"I":   "int64_t handle",
	"iii": "int32_t level, %s *buf, uint32_t n",
}

// imports returns the host functions. A name that the header has for what
// stands on the function gets _raw behind it.
func imports() string {
	var b strings.Builder
	for _, f := range abi.Funcs {
		name, pointer := "wasmsql_"+f.Name, "const void"
		if strings.HasSuffix(f.Name, "_read") || f == abi.FuncCursorNext {
			pointer = "void" // it is filled
		}
		if f == abi.FuncQuery || f == abi.FuncExec {
			name += "_raw"
		}
		params := parameters[f.Params]
		if strings.Contains(params, "%s") {
			params = fmt.Sprintf(params, pointer)
		}
		fmt.Fprintf(&b, "__attribute__((import_module(%q), import_name(%q))) int64_t %s(%s);\n", abi.Module, f.Name, name, params)
	}
	return b.String()
}
