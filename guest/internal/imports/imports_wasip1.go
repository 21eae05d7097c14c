//go:build wasip1

package imports

import (
	"unsafe"

	"github.com/wasmsql/wasmsql/guest/internal/mem"
)

//go:wasmimport wasmsql_v1 config_read
func configRead(buf unsafe.Pointer, room uint32) int64

//go:wasmimport wasmsql_v1 input_read
func inputRead(buf unsafe.Pointer, room uint32) int64

//go:wasmimport wasmsql_v1 query
func query(req unsafe.Pointer, size uint32) int64

//go:wasmimport wasmsql_v1 exec
func exec(req unsafe.Pointer, size uint32) int64

//go:wasmimport wasmsql_v1 cursor_next
func cursorNext(handle int64, buf unsafe.Pointer, room uint32) int64

//go:wasmimport wasmsql_v1 output_cursor
func outputCursor(handle int64) int64

//go:wasmimport wasmsql_v1 output_write
func outputWrite(buf unsafe.Pointer, size uint32) int64

//go:wasmimport wasmsql_v1 close
func closeHandle(handle int64) int64

//go:wasmimport wasmsql_v1 error_read
func errorRead(buf unsafe.Pointer, room uint32) int64

//go:wasmimport wasmsql_v1 log
func log(level int32, text unsafe.Pointer, size uint32) int64

//go:wasmimport wasmsql_v1 fail
func fail(text unsafe.Pointer, size uint32) int64

// ConfigRead is abi.FuncConfigRead.
func ConfigRead(buf []byte) int64 { return configRead(mem.Pointer(buf), uint32(len(buf))) }

// InputRead is abi.FuncInputRead.
func InputRead(buf []byte) int64 { return inputRead(mem.Pointer(buf), uint32(len(buf))) }

// Query is abi.FuncQuery.
func Query(req []byte) int64 { return query(mem.Pointer(req), uint32(len(req))) }

// Exec is abi.FuncExec.
func Exec(req []byte) int64 { return exec(mem.Pointer(req), uint32(len(req))) }

// CursorNext is abi.FuncCursorNext.
func CursorNext(handle int64, buf []byte) int64 {
	return cursorNext(handle, mem.Pointer(buf), uint32(len(buf)))
}

// OutputCursor is abi.FuncOutputCursor.
func OutputCursor(handle int64) int64 { return outputCursor(handle) }

// OutputWrite is abi.FuncOutputWrite.
func OutputWrite(b []byte) int64 { return outputWrite(mem.Pointer(b), uint32(len(b))) }

// Close is abi.FuncClose.
func Close(handle int64) int64 { return closeHandle(handle) }

// ErrorRead is abi.FuncErrorRead.
func ErrorRead(buf []byte) int64 { return errorRead(mem.Pointer(buf), uint32(len(buf))) }

// Log is abi.FuncLog.
func Log(level int32, text []byte) int64 { return log(level, mem.Pointer(text), uint32(len(text))) }

// Fail is abi.FuncFail.
func Fail(text []byte) int64 { return fail(mem.Pointer(text), uint32(len(text))) }
