package flyte

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Settings are an execution's choices that are variables of its container.
type Settings struct {
	// Interpolation is how values get into the query: WASMSQL_INTERPOLATION,
	// bind or text, where bind is the default. text:HOST/DATABASE,HOST,… is text
	// for these servers, or databases of them, and bind for any other.
	Interpolation Interpolation
	// FlytekitErrors makes every error one of the system that may be tried
	// again, as flytekit does: WASMSQL_FLYTE_ERRORS, flytekit or wasmsql, where
	// wasmsql is the default.
	FlytekitErrors bool
	// FailOnError makes the process fail where an error document was written:
	// FLYTE_FAIL_ON_ERROR.
	FailOnError bool
	// ErrorFile is the name of an error document, and Worker who wrote it:
	// where FLYTE_INTERNAL_DIST_ERROR_STRATEGY or _F_DES is set, a name of the
	// execution's own and FLYTE_INTERNAL_WORKER_NAME or _F_WN.
	ErrorFile string
	Worker    string
}

// Interpolation says which tasks get their values as text, as flytekit does it,
// and not bound. The zero Interpolation is none.
type Interpolation struct {
	Text bool // all
	// Databases are those whose tasks do: HOST, or HOST/DATABASE, as the URI of
	// the task has them. SQLite's have no host: /DATABASE.
	Databases []string
}

// of returns how a task on a database gets its values.
func (i Interpolation) of(u sqldb.URI) abi.Interpolation {
	if i.Text || slices.ContainsFunc(i.Databases, func(d string) bool {
		host, database, some := strings.Cut(d, "/")
		return strings.EqualFold(host, u.Host) && (some && database == u.Database || !some && host != "")
	}) {
		return abi.Text
	}
	return abi.Bind
}

// ReadSettings reads the variables. Its error is a *UsageError.
func ReadSettings(env secret.Getenv) (Settings, error) {
	s := Settings{ErrorFile: "error.pb"}
	first := func(names ...string) string {
		for _, n := range names {
			if v, set := env(n); set && v != "" {
				return v
			}
		}
		return ""
	}
	switch v := first("WASMSQL_INTERPOLATION"); v {
	case "", "bind":
	case "text":
		s.Interpolation.Text = true
	default:
		list, ok := strings.CutPrefix(v, "text:")
		if !ok || strings.Trim(list, ", ") == "" {
			return s, &UsageError{fmt.Sprintf("WASMSQL_INTERPOLATION is %q", v), "accepted are bind, text, and text:HOST/DATABASE,… for some databases"}
		}
		for _, name := range strings.Split(list, ",") {
			s.Interpolation.Databases = append(s.Interpolation.Databases, strings.TrimSpace(name))
		}
	}
	switch v := first("WASMSQL_FLYTE_ERRORS"); v {
	case "", "wasmsql":
	case "flytekit":
		s.FlytekitErrors = true
	default:
		return s, &UsageError{fmt.Sprintf("WASMSQL_FLYTE_ERRORS is %q", v), "accepted are wasmsql and flytekit"}
	}
	switch strings.ToLower(first("FLYTE_FAIL_ON_ERROR")) {
	case "true", "t", "1":
		s.FailOnError = true
	}
	if first("FLYTE_INTERNAL_DIST_ERROR_STRATEGY", "_F_DES") != "" {
		var id [16]byte
		_, _ = rand.Read(id[:]) // it never fails
		s.ErrorFile = "error-" + hex.EncodeToString(id[:]) + ".pb"
		s.Worker = first("FLYTE_INTERNAL_WORKER_NAME", "_F_WN")
	}
	return s, nil
}
