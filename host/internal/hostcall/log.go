package hostcall

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
)

// maxFailure bounds the guest's own error message, in bytes.
const maxFailure = 16 << 10

// log implements abi.FuncLog.
func (c *call) log() (int64, error) {
	level := abi.Level(int32(c.args[0]))
	if level < abi.LevelDebug || level > abi.LevelError {
		return 0, c.x.fails(abi.InvalidArg, "a log level is 0 to 3")
	}
	return 0, c.x.logText(level, c.bytes(1))
}

// fail implements abi.FuncFail.
func (c *call) fail() (int64, error) {
	b := c.bytes(0)
	c.x.failure = append(c.x.failure[:0], b[:min(len(b), maxFailure)]...)
	return 0, nil
}

// logText hands text to the log, as far as the limit allows: what goes beyond
// ends the execution.
func (x *Execution) logText(level abi.Level, b []byte) error {
	var over error
	if l := x.o.Limits.Log; l > 0 && int64(len(b)) > l-x.logged {
		over = x.overLog(len(b))
		b = b[:max(0, l-x.logged)]
		for len(b) > 0 && !utf8.Valid(b[max(0, len(b)-utf8.UTFMax):]) && !utf8.RuneStart(b[len(b)-1]) {
			b = b[:len(b)-1]
		}
	}
	if len(b) == 0 {
		return over
	}
	if l := x.o.Limits.Log; l > 0 && x.lines >= mostLines(l) {
		x.Used.LogDropped += int64(len(b))
		return errLimit("log", fmt.Sprintf("the guest has logged %d lines, the limit of %d bytes is one of %d lines", x.lines+1, l, mostLines(l)))
	}
	x.logged += int64(len(b))
	x.lines++
	if x.o.Log != nil {
		x.o.Log(level, plain(b))
	}
	return over
}

// mostLines returns how many lines a limit of bytes allows: a line costs who
// keeps the log more than what is in it.
func mostLines(limit int64) int64 { return max(100, limit/100) }

// overLog counts bytes that are not logged, or not all of them, and returns the
// error of that.
func (x *Execution) overLog(n int) *Error {
	l := x.o.Limits.Log
	x.Used.LogDropped += int64(n) - max(0, l-x.logged)
	return errLimit("log", fmt.Sprintf("the guest has logged %d bytes, the limit is %d", x.logged+int64(n), l))
}

// plain returns a line of text with what could steer a terminal or break the
// line written out.
func plain(b []byte) string { return strings.ReplaceAll(Printable(string(b)), "\n", `\n`) }

// Printable returns text with what could steer a terminal written out; only
// line ends stay. Invalid UTF-8 becomes U+FFFD.
func Printable(text string) string {
	if !strings.ContainsFunc(text, odd) {
		return text
	}
	var s strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		switch {
		case r == '\t':
			s.WriteByte(' ')
		case r != utf8.RuneError && odd(r):
			const hex = "0123456789abcdef"
			s.WriteString(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				s.WriteByte(hex[r>>shift&15])
			}
		default:
			s.WriteRune(r)
		}
	}
	return s.String()
}

// odd reports whether a character is not printed as it is. utf8.RuneError is
// one, as it also stands for what is no UTF-8.
func odd(r rune) bool {
	return r < 0x20 && r != '\n' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == utf8.RuneError
}
