package hostcall

import (
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
		return 0, errOf(abi.InvalidArg, "a log level is 0 to 3")
	}
	c.x.logText(level, c.bytes(1))
	return 0, nil
}

// fail implements abi.FuncFail.
func (c *call) fail() (int64, error) {
	b := c.bytes(0)
	c.x.failure = string(b[:min(len(b), maxFailure)])
	return 0, nil
}

// logText hands text to the log, as far as the limit allows.
func (x *Execution) logText(level abi.Level, b []byte) {
	room := int(max(0, x.o.Limits.Log-x.logged))
	if x.o.Limits.Log == 0 {
		room = len(b)
	}
	if len(b) > room {
		x.Used.LogDropped += int64(len(b) - room)
		b = b[:room]
		for len(b) > 0 && !utf8.Valid(b[max(0, len(b)-utf8.UTFMax):]) && !utf8.RuneStart(b[len(b)-1]) {
			b = b[:len(b)-1]
		}
	}
	x.logged += int64(len(b))
	if len(b) > 0 && x.o.Log != nil {
		x.o.Log(level, plain(b))
	}
}

// plain returns a line of text with what could steer a terminal or break the
// line written out.
func plain(b []byte) string { return strings.ReplaceAll(Printable(string(b)), "\n", `\n`) }

// Printable returns text with what could steer a terminal written out; only
// line ends stay. Invalid UTF-8 becomes U+FFFD.
func Printable(text string) string {
	var s strings.Builder
	for _, r := range strings.ToValidUTF8(text, "\uFFFD") {
		switch {
		case r == '\n':
			s.WriteRune(r)
		case r == '\t':
			s.WriteByte(' ')
		case r < 0x20, r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
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
