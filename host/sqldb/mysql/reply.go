package mysql

import (
	"encoding/binary"
	"unicode/utf8"
)

// Commands of the protocol.
const (
	commandQuit    = 0x01
	commandQuery   = 0x03
	commandPing    = 0x0e
	commandPrepare = 0x16
	commandExecute = 0x17
	commandForget  = 0x19 // COM_STMT_CLOSE
	commandReset   = 0x1f // COM_RESET_CONNECTION
)

// First bytes of a reply.
const (
	replyOK    = 0x00
	replyFile  = 0xfb // the server asks for a file of ours
	replyEnd   = 0xfe
	replyError = 0xff
)

// status is the server's account of the session, which ends every reply but
// an error.
type status uint16

const (
	inTransaction status = 1 << 0
	autocommits   status = 1 << 1
	moreResults   status = 1 << 3
	inReadOnly    status = 1 << 13
)

// outcome is what a statement came to.
type outcome struct {
	changed  uint64
	status   status
	warnings uint16
}

// serverError is an error as the server tells it.
type serverError struct {
	number  uint16
	state   string
	message string
}

func (e *serverError) Error() string { return e.message }

// parseError reads an error packet.
//
//	0xff, number 2 bytes, '#', SQLSTATE 5 bytes, message
func parseError(p []byte) error {
	if len(p) < 3 || p[0] != replyError {
		return errMalformed
	}
	e := &serverError{number: binary.LittleEndian.Uint16(p[1:])}
	rest := p[3:]
	if len(rest) >= 6 && rest[0] == '#' {
		e.state, rest = stateText(rest[1:6]), rest[6:]
	}
	e.message = validText(rest[:min(len(rest), 4096)])
	return e
}

// stateText returns a SQLSTATE, or nothing if it is none.
func stateText(p []byte) string {
	for _, c := range p {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return ""
		}
	}
	return string(p)
}

// parseOK reads what an OK packet says after its first byte. The end of rows
// has the same form, where the connection has no EOF packets.
//
//	changed rows, last id: length-encoded; status, warnings: 2 bytes each
func parseOK(p []byte) (outcome, error) {
	var o outcome
	at := 1
	for i := range 2 {
		v, n := lengthInt(p[at:])
		if n == 0 {
			return o, errMalformed
		}
		if i == 0 {
			o.changed = v
		}
		at += n
	}
	if len(p) < at+4 {
		return o, errMalformed
	}
	o.status = status(binary.LittleEndian.Uint16(p[at:]))
	o.warnings = binary.LittleEndian.Uint16(p[at+2:])
	return o, nil
}

// parseEnd reads the end of rows: an OK packet, or an EOF packet of older
// servers.
//
//	0xfe, warnings, status: 2 bytes each
func parseEnd(p []byte, eof bool) (outcome, error) {
	if !eof {
		return parseOK(p)
	}
	if len(p) < 5 {
		return outcome{}, errMalformed
	}
	return outcome{warnings: binary.LittleEndian.Uint16(p[1:]), status: status(binary.LittleEndian.Uint16(p[3:]))}, nil
}

// validText returns p as text, with U+FFFD for what is no UTF-8.
func validText(p []byte) string {
	if utf8.Valid(p) {
		return string(p)
	}
	return string([]rune(string(p)))
}
