package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/host"
)

// parameters are those of a request's address, each once.
type parameters map[string]string

// parametersOf returns the parameters of a request, of which there are the
// known ones: with a name that is mistyped, a list would be of everything.
func parametersOf(r *http.Request, known ...string) (parameters, error) {
	bad := func(detail string, args ...any) error {
		return refuse(http.StatusBadRequest, host.CodeUsage, fmt.Sprintf(detail, args...), "accepted are "+strings.Join(known, ", "))
	}
	given, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, bad("the query of the address is not well formed")
	}
	all := parameters{}
	for name, values := range given {
		switch {
		case !slices.Contains(known, name):
			return nil, bad("there is no parameter %q", name)
		case len(values) > 1:
			return nil, bad("the parameter %q is given %d times", name, len(values))
		case values[0] == "":
			return nil, bad("the parameter %q is empty", name)
		case !isText(values[0]):
			return nil, bad("the parameter %q is not text", name)
		}
		all[name] = values[0]
	}
	return all, nil
}

// isText reports whether every database can keep it as a text.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// number returns a parameter that is a whole number.
func (all parameters) number(name string, otherwise, least, most int64) (int64, error) {
	text, given := all[name]
	if !given {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, refuse(http.StatusBadRequest, host.CodeUsage, fmt.Sprintf("%s is to be a number from %d to %d", name, least, most), "")
	}
	return n, nil
}
