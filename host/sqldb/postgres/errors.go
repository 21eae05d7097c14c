package postgres

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

var (
	errOver = &sqldb.Error{Code: abi.State, Message: "the transaction is over"}
	errDown = &sqldb.Error{Code: abi.Canceled, Message: "the connection was closed"}
)

// failure is an error as the server tells it. Its fields name what is in the
// statement and the schema; the place in the server's source and the text of
// functions are not kept.
//
// Source: the PostgreSQL documentation, "Error and Notice Message Fields".
type failure struct {
	severity, state, message, detail, hint string
	position                               int
}

func (f *failure) Error() string { return f.message }

// fatal reports that the server closes the connection.
func (f *failure) fatal() bool { return f.severity == "FATAL" || f.severity == "PANIC" }

// readFailure reads the body of an ErrorResponse.
func readFailure(b []byte) *failure {
	f := &failure{}
	r := body{b: b}
	for !r.bad && len(r.b) > 0 && r.b[0] != 0 {
		c := r.b[0]
		r.b = r.b[1:]
		v := strings.ToValidUTF8(r.text(), "\uFFFD")
		switch c {
		case 'V':
			f.severity = v
		case 'S': // in the server's language; poolers have no other
			f.severity = orElse(f.severity, v)
		case 'C':
			f.state = v
		case 'M':
			f.message = v
		case 'D':
			f.detail = v
		case 'H':
			f.hint = v
		case 'P':
			for _, d := range []byte(v) {
				if d < '0' || d > '9' || f.position > 1<<30 {
					f.position = 0
					break
				}
				f.position = f.position*10 + int(d-'0')
			}
		}
	}
	return f
}

// describe turns an error of a statement into one for its author.
func describe(err error) *sqldb.Error {
	var done *sqldb.Error
	if errors.As(err, &done) {
		return done
	}
	var f *failure
	if errors.As(err, &f) {
		return f.describe()
	}
	out := &sqldb.Error{Code: abi.Conn, Message: "the connection to the server broke", Cause: err}
	switch {
	case errors.Is(err, errProtocol):
		out.Message = errProtocol.Error()
	case errors.Is(err, os.ErrDeadlineExceeded):
		out.Message = "the server does not answer"
	case errors.Is(err, io.EOF):
		out.Message = "the server closed the connection"
	}
	return out
}

func (f *failure) describe() *sqldb.Error {
	out := &sqldb.Error{
		Code: abi.DB, SQLState: f.state, Message: f.message, Detail: f.detail, Hint: f.hint, Position: f.position, Cause: f,
	}
	switch f.state {
	case "40001", "40P01": // serialization_failure, deadlock_detected: the whole transaction is undone
		out.Retryable = true
	case "55P03": // lock_not_available
		out.Retryable = true
	case "25006": // read_only_sql_transaction
		out.Code = abi.Denied
		if out.Hint == "" {
			out.Hint = "the connection needs access: read-write"
		}
	case "25001", "2D000": // active_sql_transaction, invalid_transaction_termination
		out.Hint = orElse(out.Hint, "an execution is always one transaction")
	case "25P02": // in_failed_sql_transaction
		out.Code = abi.State
		out.Hint = orElse(out.Hint, "after an error nothing more can be done in a transaction")
	case "42P18", "42804", "42725": // indeterminate_datatype and what follows from it
		out.Hint = orElse(out.Hint, "a text parameter has no type of its own: write CAST({{ … }} AS text)")
	case "22021": // character_not_in_repertoire
		out.Hint = orElse(out.Hint, bytesHint)
	case "42P02": // undefined_parameter: those of a view's query, for instance
		out.Hint = orElse(out.Hint, valueHint)
	case "42601": // syntax_error
		switch {
		case strings.HasPrefix(f.message, "cannot insert multiple commands"):
			out.Code, out.Message, out.SQLState = abi.InvalidArg, "more than one statement in one call", ""
		case strings.Contains(f.message, `"$`):
			out.Hint = orElse(out.Hint, valueHint)
		}
	}
	if f.fatal() {
		out.Code = abi.Conn
	}
	switch {
	case f.state == "57014" && strings.Contains(f.message, "statement timeout"): // query_canceled; an interrupt is no limit
		out.Code, out.Hint = abi.Timeout, orElse(out.Hint, "statement_timeout, of the connection's options or of its login, bounds it")
	case f.state == "25P03", f.state == "25P04": // idle_in_transaction_session_timeout, transaction_timeout
		out.Code = abi.Timeout
	}
	return out
}

// valueHint is about a statement of another kind, or a place in one, that takes no
// parameters.
const valueHint = "a value cannot stand here: SELECT, VALUES, INSERT, UPDATE, DELETE, MERGE and CALL take some, other statements none"

func orElse(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// cannotConnect describes an error on the way to a connection. Those of pgconn
// hold the host, the user and the database, and so do the server's own. The
// mode is of sslModes.
func cannotConnect(ctx context.Context, err error, mode string) *sqldb.Error {
	var done *sqldb.Error
	if errors.As(err, &done) {
		return done
	}
	out := &sqldb.Error{Code: abi.Conn, Cause: err}
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		out.SQLState = refused.Code
		out.Message, out.Hint, out.Retryable = loginRefused(refused.Code)
		return out
	}
	if e := sqldb.Ended(ctx); e != nil {
		e.Cause = err
		return e
	}
	out.Retryable = true
	out.Message, out.Hint = unreachable(err)
	if m, h, ok := untrusted(err, mode); ok {
		out.Message, out.Hint, out.Retryable = m, h, false
	}
	return out
}

// loginRefused explains a server's refusal by its SQLSTATE.
//
// Source: the PostgreSQL documentation, "PostgreSQL Error Codes".
func loginRefused(state string) (message, hint string, retryable bool) {
	switch state {
	case "28P01":
		return "the server refuses the password", "check the user, and the password or its secret", false
	case "28000":
		return "the server refuses the login", "the user does not exist or may not log in from here, or not without TLS: check the user, sslmode, and the server's pg_hba.conf", false
	case "3D000":
		return "the database does not exist on the server", "check the name behind the host in the uri", false
	case "42501":
		return "the user may not connect to the database", "it needs the right CONNECT", false
	case "53300":
		return "the server has no connection left", "lower pool.max, or try again later", true
	case "57P03":
		return "the server is starting up, shutting down or recovering", "try again later", true
	case "08P01", "42704", "22023":
		return "the server refuses a parameter of the session", "check options in connect_args; a connection pooler must pass the parameters of a session on", false
	}
	return "the server refuses the connection", "", strings.HasPrefix(state, "53") || strings.HasPrefix(state, "57")
}

// unreachable explains a connection that could not be made.
func unreachable(err error) (message, hint string) {
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &dns):
		return "the server's host is not found", "check the host in the uri"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the server cannot be reached: nothing listens there", "check the host and port in the uri, and that the server runs"
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.EACCES):
		return "the server's socket cannot be opened", "check the folder that host names, and the port"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "the server cannot be reached: there is no route to it", "check the host in the uri, and the network"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "the server does not answer", "check the host and port in the uri, and the network; connect_args.connect_timeout is how long to wait"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the server closed the connection during the login", "check that a PostgreSQL server listens at the port"
	}
	return "the connection cannot be made", "check that a PostgreSQL server listens at the port"
}

// untrusted explains a server that cannot be trusted as sslmode wants it.
func untrusted(err error, mode string) (message, hint string, ok bool) {
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &authority):
		return "the server's certificate is not signed by a trusted authority", "check sslrootcert", true
	case errors.As(err, &name):
		return "the server's certificate is for another host", "check the host in the uri", true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the server's certificate has expired, or is not valid yet", "", true
	case errors.As(err, &invalid):
		return "the server's certificate is not valid", "", true
	case strings.Contains(err.Error(), "SCRAM"), strings.Contains(err.Error(), "SASL"), strings.Contains(err.Error(), "require_auth"),
		strings.Contains(err.Error(), "channel binding"):
		return "the server's way to log in is not acceptable", "check require_auth and channel_binding, and that the password is not empty", true
	case mode == "prefer" || mode == "allow":
		return "", "", false // what went wrong was without TLS too
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return "the server does not offer TLS, which sslmode asks for", "sslmode=prefer takes a connection without TLS", true
	case strings.Contains(err.Error(), "tls: "), strings.Contains(err.Error(), "tls error"):
		return "the TLS connection could not be made", "check sslmode, sslcert and sslkey", true
	}
	return "", "", false
}
