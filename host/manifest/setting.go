package manifest

import (
	"math"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/host/near"
)

// The scalars of a file that are not values of inputs: numbers, sizes,
// durations and words.

// maxDuration is the longest duration of a setting.
const maxDuration = 366 * 24 * time.Hour

// str reads a text that is not empty; a number is one too.
func (r *reader) str(n *yaml.Node, path string) (string, bool) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		r.fault(n, "", "%s must be a text, not %s", quote(path), kindOf(n))
		return "", false
	}
	if n.Value == "" {
		r.fault(n, "", "%s is empty", quote(path))
		return "", false
	}
	return n.Value, true
}

// word reads one of a few words.
func (r *reader) word(n *yaml.Node, path string, words ...string) string {
	if n.Kind == yaml.ScalarNode {
		for _, w := range words {
			if n.Value == w {
				return w
			}
		}
	}
	mean := ""
	if n.Kind == yaml.ScalarNode {
		mean = near.Question(n.Value, words)
	}
	r.fault(n, accepted(words), "%s must be %s, not %s%s", quote(path), oneOf(words), shown(n), mean)
	return ""
}

func (r *reader) flag(n *yaml.Node, path string) bool {
	if isPlain(n) && resolve(n.Value) == plainBool {
		return strings.EqualFold(n.Value, "true")
	}
	r.fault(n, "", "%s must be true or false, not %s", quote(path), shown(n))
	return false
}

// whole reads a whole number from lo to hi.
func (r *reader) whole(n *yaml.Node, path string, lo, hi int64) int64 {
	must := "a whole number from " + strconv.FormatInt(lo, 10)
	if hi < math.MaxInt64 {
		must += " to " + strconv.FormatInt(hi, 10)
	}
	if isPlain(n) {
		if i, err := parseInt(n.Value); err == nil && i >= lo && i <= hi {
			return i
		}
	}
	hint := ""
	if lo > 0 && n.Value == "0" {
		hint = "leave the key out for the default"
	}
	r.fault(n, hint, "%s must be %s, not %s", quote(path), must, shown(n))
	return 0
}

// duration reads 30s, 1m30s or a number of seconds.
func (r *reader) duration(n *yaml.Node, path string) time.Duration {
	const must = "a duration such as 30s, 1m30s or a number of seconds"
	var d time.Duration
	ok := false
	if isPlain(n) && resolve(n.Value) == plainInt {
		seconds, err := parseInt(n.Value)
		ok = err == nil && seconds <= int64(maxDuration/time.Second) && seconds >= -1
		d = time.Duration(seconds) * time.Second
	} else if n.Kind == yaml.ScalarNode {
		var err error
		d, err = time.ParseDuration(n.Value)
		ok = err == nil
	}
	switch {
	case !ok:
		r.fault(n, "units: ms s m h", "%s must be %s, not %s", quote(path), must, shown(n))
	case d <= 0:
		r.fault(n, "leave the key out for the default", "%s must be longer than 0, not %s", quote(path), shown(n))
	case d > maxDuration:
		r.fault(n, "", "%s must be at most 366 days, not %s", quote(path), shown(n))
	default:
		return d
	}
	return 0
}

var sizeUnits = [...]struct {
	name string
	size int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1},
}

// size reads 64MiB, 8GB or a number of bytes.
func (r *reader) size(n *yaml.Node, path string, lo, hi int64) int64 {
	bytes, ok := int64(0), false
	if n.Kind == yaml.ScalarNode {
		bytes, ok = parseSize(n.Value)
	}
	switch {
	case !ok:
		r.fault(n, "units: B KB MB GB TB, and KiB MiB GiB TiB of 1024",
			"%s must be a size such as 64MiB or a number of bytes, not %s", quote(path), shown(n))
	case bytes < lo:
		r.fault(n, "", "%s must be at least %s, not %s", quote(path), sizeText(lo), shown(n))
	case bytes > hi:
		r.fault(n, "", "%s must be at most %s, not %s", quote(path), sizeText(hi), shown(n))
	default:
		return bytes
	}
	return 0
}

func parseSize(s string) (int64, bool) {
	number, unit := s, int64(1)
	for _, u := range sizeUnits {
		if t, ok := strings.CutSuffix(s, u.name); ok {
			number, unit = strings.TrimSuffix(t, " "), u.size
			break
		}
	}
	if digits(number) != len(number) || leadingZero(number) {
		return 0, false
	}
	n, err := strconv.ParseInt(number, 10, 64)
	return n * unit, err == nil && n <= math.MaxInt64/unit
}

// isName reports whether s can name a task or a connection.
func isName(s string) bool {
	for i, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_':
		case i > 0 && (c == '.' || c == '-'):
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

const nameHint = "letters, digits, _ . and -, the first a letter, a digit or _, at most 200"

func (r *reader) name(n *yaml.Node, what, name string) bool {
	if isName(name) {
		return true
	}
	r.fault(n, nameHint, "%s cannot be the name of a %s", quote(label(name)), what)
	return false
}

// maxName is the length of the name of a task, a connection or an input.
const maxName = 200
