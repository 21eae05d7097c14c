//go:build !wasip1

package imports

import (
	"sync/atomic"

	"github.com/wasmsql/wasmsql/abi"
)

// Host stands in for the host functions in a native program. Its methods are
// those of the ABI: they fill buf by the fill rule and answer as the
// specifications in package abi say.
type Host interface {
	ConfigRead(buf []byte) int64
	InputRead(buf []byte) int64
	Query(req []byte) int64
	Exec(req []byte) int64
	CursorNext(handle int64, buf []byte) int64
	OutputCursor(handle int64) int64
	OutputWrite(b []byte) int64
	Close(handle int64) int64
	ErrorRead(buf []byte) int64
	Log(level int32, text []byte) int64
	Fail(text []byte) int64
}

// current is the Host of this process. A module's imports are its own; a
// native program has one set of them, and this is the place of the difference.
var current atomic.Pointer[Host]

// Use makes h the host of this process until restore is called. It panics if
// another one is in use: a guest has one host.
func Use(h Host) (restore func()) {
	if !current.CompareAndSwap(nil, &h) {
		panic("imports: a host is in use already")
	}
	return func() { current.CompareAndSwap(&h, nil) }
}

func host() Host {
	if h := current.Load(); h != nil {
		return *h
	}
	return absent{}
}

// absent answers every call with UNSUPPORTED.
type absent struct{}

func (absent) ConfigRead([]byte) int64        { return int64(abi.Unsupported) }
func (absent) InputRead([]byte) int64         { return int64(abi.Unsupported) }
func (absent) Query([]byte) int64             { return int64(abi.Unsupported) }
func (absent) Exec([]byte) int64              { return int64(abi.Unsupported) }
func (absent) CursorNext(int64, []byte) int64 { return int64(abi.Unsupported) }
func (absent) OutputCursor(int64) int64       { return int64(abi.Unsupported) }
func (absent) OutputWrite([]byte) int64       { return int64(abi.Unsupported) }
func (absent) Close(int64) int64              { return int64(abi.Unsupported) }
func (absent) ErrorRead([]byte) int64         { return int64(abi.Unsupported) }
func (absent) Log(int32, []byte) int64        { return int64(abi.Unsupported) }
func (absent) Fail([]byte) int64              { return int64(abi.Unsupported) }

// ConfigRead is abi.FuncConfigRead.
func ConfigRead(buf []byte) int64 { return host().ConfigRead(buf) }

// InputRead is abi.FuncInputRead.
func InputRead(buf []byte) int64 { return host().InputRead(buf) }

// Query is abi.FuncQuery.
func Query(req []byte) int64 { return host().Query(req) }

// Exec is abi.FuncExec.
func Exec(req []byte) int64 { return host().Exec(req) }

// CursorNext is abi.FuncCursorNext.
func CursorNext(handle int64, buf []byte) int64 { return host().CursorNext(handle, buf) }

// OutputCursor is abi.FuncOutputCursor.
func OutputCursor(handle int64) int64 { return host().OutputCursor(handle) }

// OutputWrite is abi.FuncOutputWrite.
func OutputWrite(b []byte) int64 { return host().OutputWrite(b) }

// Close is abi.FuncClose.
func Close(handle int64) int64 { return host().Close(handle) }

// ErrorRead is abi.FuncErrorRead.
func ErrorRead(buf []byte) int64 { return host().ErrorRead(buf) }

// Log is abi.FuncLog.
func Log(level int32, text []byte) int64 { return host().Log(level, text) }

// Fail is abi.FuncFail.
func Fail(text []byte) int64 { return host().Fail(text) }
