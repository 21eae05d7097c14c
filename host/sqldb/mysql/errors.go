package mysql

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	driver "github.com/go-sql-driver/mysql"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// describe turns an error of a statement into one for its author.
func describe(err error, sql string) *sqldb.Error {
	var done *sqldb.Error
	if errors.As(err, &done) {
		copied := *done
		return &copied
	}
	var told *serverError
	if errors.As(err, &told) {
		return told.describe(sql)
	}
	out := &sqldb.Error{Code: abi.Conn, Message: "the connection to the server was lost", Cause: err}
	var large tooLarge
	switch {
	case errors.Is(err, errFile):
		out.Code, out.Message = abi.Denied, "the server asked for a file, which it may not have"
		out.Hint = "LOAD DATA LOCAL cannot be used: insert rows with parameters"
	case errors.Is(err, errMalformed):
		out.Message = "the server sent what is not its protocol"
	case errors.As(err, &large):
		out.Code, out.Message = abi.Limit, "the server sent a message over the limit"
	case errors.Is(err, os.ErrDeadlineExceeded):
		out.Message = "the server does not answer"
		out.Hint = "read_timeout and write_timeout bound the wait"
	}
	return out
}

// rowError is the error for a row of more than limit bytes.
func rowError(row, limit int64) *sqldb.Error {
	return &sqldb.Error{
		Code:    abi.Limit,
		Message: "row " + strconv.FormatInt(row, 10) + ": over the limit of " + strconv.FormatInt(limit, 10) + " bytes",
		Hint:    "select less of it",
	}
}

// describe returns the error for the author of the statement sql.
//
// Source of the numbers: MySQL, "Server Error Message Reference"; MariaDB,
// "Error Codes".
func (e *serverError) describe(sql string) *sqldb.Error {
	out := &sqldb.Error{
		Code: abi.DB, SQLState: e.state, Message: e.shown(), Detail: "error " + strconv.Itoa(int(e.number)),
		Position: e.position(sql), Cause: e,
	}
	switch e.number {
	case 1213, 3101, 1614, 1020: // deadlock; a conflict with another server's transaction, or with what was read
		out.Retryable = true
		out.Hint = "another transaction held or changed what this one needed; retries run it again"
	case 1205:
		out.Retryable = true
		out.Hint = "another transaction kept a lock for longer than innodb_lock_wait_timeout"
	case 3572: // MySQL; MariaDB's NOWAIT ends with 1205
		out.Retryable = true
		out.Hint = "another transaction holds a lock"
	case 1055:
		if strings.Contains(sql, "?") {
			out.Hint = "each parameter is a value of its own, also one that stands twice: name the column with AS, and GROUP BY that name"
		}
	case 1253:
		if strings.Contains(sql, "?") {
			out.Hint = "a parameter with a COLLATE of its own is CONVERT({{ … }} USING utf8mb4) COLLATE …"
		}
	case 1064:
		if m := nearText.FindStringSubmatch(e.message); m != nil && strings.HasPrefix(m[1], "?") {
			out.Hint = "the server takes no parameter there: it stands for a value in an expression"
		}
	case 1792:
		out.Code, out.Hint = abi.Denied, "the connection needs access: read-write"
	case 1290, 1836:
		out.Hint = "the server's options do not let it"
	case 1044, 1142, 1143, 1227, 1370, 1698, 1045, 1410, 1419, 1449:
		out.Hint = "the connection's login lacks the right"
	case 1317:
		out.Code, out.Message = abi.Canceled, "the statement was interrupted"
	case 1969, 3024:
		out.Code, out.Message = abi.Timeout, "the server's time limit for statements passed"
	case 1053, 1077, 1079, 1927, 4031:
		out.Code, out.Message = abi.Conn, "the server ended the connection"
	case 1153, 1301:
		out.Code, out.Hint = abi.Limit, "the server's max_allowed_packet bounds it"
	case 1295:
		out.Code, out.Hint = abi.Unsupported, "the server cannot prepare the statement: write it without parameters"
	case 1390:
		out.Code, out.Hint = abi.Limit, "pass at most 65535 parameters"
	case 1835, 1243:
		out.Code = abi.Internal
	}
	return out
}

var (
	account  = regexp.MustCompile("(?s)(?:user )?(?:['\"`].*['\"`]|[^'\"`\\s]*)@['\"`][^'\"`]*['\"`]") // a name may hold anything
	filePath = regexp.MustCompile(`(^|['"\s(])(/|\./|[A-Za-z]:[\\/])[^'"\s)]+`)
	nearText = regexp.MustCompile(`(?s)near '(.*)' at line ([0-9]+)$`)
)

// shown returns the message without the names of users and hosts, and without
// paths of the server.
func (e *serverError) shown() string {
	m := e.message
	if nearText.MatchString(m) || !strings.ContainsAny(m, `@/\`) {
		return m
	}
	switch e.number {
	case 1044, 1045, 1130, 1142, 1143, 1227, 1370, 1396, 1410, 1449, 1698, 1133, 1141, 1147, 1269:
		m = account.ReplaceAllString(m, "the login")
	case 1, 2, 3, 4, 5, 6, 7, 13, 21, 22, 23, 24, 26, 29, 1004, 1005, 1006, 1010, 1011, 1013, 1014, 1015, 1016, 1017, 1018,
		1019, 1020, 1021, 1023, 1024, 1025, 1026, 1030, 1034, 1035, 1085, 1086, 1105, 1114, 1126, 1194, 1195, 1290, 1296, 1372, 1548, 1812, 1813:
		m = filePath.ReplaceAllString(m, "${1}a file of the server")
	}
	return m
}

// position finds the place in characters of sql that a syntax error tells: the
// text from there on, or its beginning, and the line. It is 0 unless there is
// just one.
func (e *serverError) position(sql string) int {
	if e.number != 1064 {
		return 0
	}
	m := nearText.FindStringSubmatch(e.message)
	if m == nil || m[1] == "" {
		return 0
	}
	line, err := strconv.Atoi(m[2])
	if err != nil {
		return 0
	}
	at := -1
	for from := 0; ; {
		i := strings.Index(sql[from:], m[1])
		if i < 0 {
			break
		}
		i += from
		from = i + 1
		if 1+strings.Count(sql[:i], "\n") != line {
			continue
		}
		if at >= 0 {
			return 0
		}
		at = i
	}
	if at < 0 {
		return 0
	}
	return utf8.RuneCountInString(sql[:at]) + 1
}

func cannotLogIn(message string) *sqldb.Error {
	return &sqldb.Error{Code: abi.Conn, Message: message, Hint: "check secret_connect_args"}
}

// cannotConnect describes an error on the way to the first statement of a
// connection. It names neither the server nor the login.
func cannotConnect(err error) error {
	var done *sqldb.Error
	if errors.As(err, &done) {
		return done
	}
	out := &sqldb.Error{Code: abi.Conn, Cause: err}
	var told *serverError
	var theirs *driver.MySQLError
	switch {
	case errors.As(err, &told):
		out.SQLState, out.Detail = told.state, "error "+strconv.Itoa(int(told.number))
		out.Message, out.Hint, out.Retryable = refusal(told.number)
	case errors.As(err, &theirs):
		if s := stateText(theirs.SQLState[:]); len(s) == 5 {
			out.SQLState = s
		}
		out.Detail = "error " + strconv.Itoa(int(theirs.Number))
		out.Message, out.Hint, out.Retryable = refusal(theirs.Number)
	default:
		out.Message, out.Hint, out.Retryable = unreachable(err)
	}
	return out
}

// refusal tells why a server did not log us in.
func refusal(number uint16) (message, hint string, retryable bool) {
	switch number {
	case 1045:
		return "the server refused the login: wrong user or password", "check user and password, and that the user may come from this host", false
	case 1698: // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
		return "the server refused the login: wrong user or password", "check user and password; a user of the server's own machine, without a password, needs unix_socket", false
	case 1044:
		return "the login has no right to the database", "check the database in the uri, and the login's grants", false
	case 1049:
		return "the database does not exist on the server", "check the database in the uri", false
	case 1130:
		return "the server does not let this host connect", "the login must be allowed from here", false
	case 1040, 1203, 1226:
		return "the server has too many connections", "try again later, or lower pool.max", true
	case 1129:
		return "the server has blocked this host after too many errors", "its administrator has to run FLUSH HOSTS", false
	case 1820, 1862:
		return "the password of the login has expired", "it has to be changed on the server", false
	case 3118, 4151:
		return "the login is locked", "its administrator has to unlock it", false
	case 3159:
		return "the server demands TLS", "leave ssl_disabled out", false
	case 1053, 1079:
		return "the server is shutting down", "", true
	case 1115, 1273:
		return "the server does not know the charset or collation", "check collation; utf8mb4 needs MySQL 5.5 or later", false
	case 1193, 1231, 1232: // ER_UNKNOWN_SYSTEM_VARIABLE, ER_WRONG_VALUE_FOR_VAR, ER_WRONG_TYPE_FOR_VAR
		return "the server does not know a variable of the session, or its value", "check init_command", false
	case 1251, 1524, 1156:
		return "the server and wasmsql share no way to log in", "let the login use mysql_native_password, caching_sha2_password or ed25519", false
	}
	return "the server refused the connection", "", false
}

// unreachable tells why there was no connection.
func unreachable(err error) (message, hint string, retryable bool) {
	var dns *net.DNSError
	switch {
	case errors.Is(err, errNoTLS):
		return "TLS is asked for, and the server does not offer it", "leave the ssl arguments out, or set TLS up on the server", false
	case isTLS(err):
		message, hint = untrusted(err)
		return message, hint, false
	case errors.As(err, &dns):
		return "the server's host is not found", "check the host in the uri", dns.IsTemporary
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the server cannot be reached: nothing listens there", "check the host and port in the uri, and that the server runs", true
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTSOCK):
		return "the unix_socket does not exist", "check its path, and that the server runs", false
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return "connecting is not permitted on this machine", "", false
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return "the server does not answer", "connect_timeout bounds the wait", true
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "the server cannot be reached: there is no route to it", "check the host in the uri, and the network", true
	case errors.Is(err, driver.ErrCleartextPassword):
		return "the server wants the password in the clear", "give ssl_ca and ssl_verify_identity, so that only the server gets it", false
	case errors.Is(err, driver.ErrUnknownPlugin), errors.Is(err, driver.ErrOldPassword), errors.Is(err, driver.ErrNativePassword):
		return "the server and wasmsql share no way to log in", "let the login use mysql_native_password, caching_sha2_password or ed25519", false
	case errors.Is(err, errOldProtocol), errors.Is(err, driver.ErrOldProtocol):
		return "the server is too old", "MySQL 5.7 and MariaDB 10.2 are the oldest", false
	case errors.Is(err, errNoStatus):
		return "the server does not tell the state of the transaction", "connect to the server itself, not over a proxy", false
	case errors.Is(err, errMalformed), errors.Is(err, driver.ErrMalformPkt), errors.Is(err, driver.ErrPktSync):
		return "what answers is no MySQL or MariaDB server", "check host and port in the uri", false
	case alerted(err):
		return "TLS with the server failed", "", false
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, driver.ErrInvalidConn), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the server closed the connection", "", true
	}
	return "the server cannot be reached", "check host and port in the uri", false
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func isTLS(err error) bool {
	var t *tlsError
	return errors.As(err, &t) && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, context.DeadlineExceeded)
}

// alerted reports whether the server ended TLS: crypto/tls has a type of its own
// for that, and it is in a *net.OpError.
func alerted(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// untrusted tells why there was no TLS.
func untrusted(err error) (message, hint string) {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return "the server's certificate is from an unknown authority", "give the authority's certificate as ssl_ca"
	case errors.As(err, &host):
		return "the server's certificate is for another host", "use the host that the certificate names"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the server's certificate has expired or is not valid yet", ""
	case errors.As(err, &invalid):
		return "the server's certificate is not valid", ""
	case alerted(err):
		return "the server refused TLS", "it may want a client certificate, ssl_cert and ssl_key, or have no cipher of today: ssl_disabled leaves TLS out"
	}
	return "TLS with the server failed", ""
}
