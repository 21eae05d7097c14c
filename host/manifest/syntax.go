package manifest

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The YAML parser's errors have a line at best, often that where a block began.
// The place is found by parsing less and less of the text: the fault is at the
// end of the shortest piece that has it.

// maxSearch is the size of text that a syntax error's place is searched in.
const maxSearch = 64 << 10

// syntaxErrors are what the parser says, and what is said here. The parser's
// own text is not passed on: it can hold parts of the file.
var syntaxErrors = [...]struct{ parser, message, hint string }{
	{"cannot start any token", "a value cannot start with this character", "put the value in quotes"},
	{"tab character", "a tab cannot indent", "indent with spaces"},
	{"mapping values are not allowed", "a colon stands where no key can be", "quote a text that holds a colon and a space, and check the indentation"},
	{"did not find expected key", "a key was expected here", "check the indentation, and quote a text that goes on after a quote"},
	{"did not find expected '-' indicator", "a list item (-) was expected here", "check the indentation"},
	{"could not find expected ':'", "a key without a colon", "write key: value, and indent the lines of a text"},
	{"did not find expected node content", "a value was expected here", "close the list or map that was begun"},
	{"did not find expected ',' or ']'", "a list in [ ] is not closed, or a text in it ends too early", `quote texts with , [ ] { } or : in them`},
	{"did not find expected ',' or '}'", "a map in { } is not closed, or a text in it ends too early", `quote texts with , [ ] { } or : in them, such as "list[int]"`},
	{"unexpected end of stream", "a quote is not closed", ""},
	{"unexpected document indicator", "a quote is not closed", ""},
	{"unknown escape character", "an unknown escape in double quotes", `write \\ for a backslash, or use single quotes`},
	{"invalid Unicode character escape", "an escape that is no character", ""},
	{"expected hexdecimal number", `\x, \u and \U need 2, 4 and 8 hexadecimal digits`, ""},
	{"unknown anchor", "an alias (*) without its anchor (&)", "put a text that starts with * in quotes"},
	{"incompatible YAML document", "a %YAML line other than 1.1", "leave the line out"},
	{"did not find expected <document start>", "the document does not begin where it should", "separate documents with ---"},
	{"anchor or alias", "& and * need a name of letters and digits", "put a text that starts with & or * in quotes"},
	{"invalid indentation indicator", "an indentation indicator is 1 to 9", ""},
	{"expected comment or line break", "only a comment can follow | or >", ""},
	{"exceeded", "maps and lists are nested too deep", ""},
}

// badYAML reports a syntax error.
func (r *reader) badYAML(text string, err error) {
	kind, line := splitYAML(err)
	message, hint := "not valid YAML", ""
	for _, e := range syntaxErrors {
		if strings.Contains(kind, e.parser) {
			message, hint = e.message, e.hint
			break
		}
	}
	column := 1
	if len(text) <= maxSearch {
		line, column = shortest(text, kind, line)
	}
	if lines := splitLines(text); strings.Contains(kind, "start any token") && column <= len(lines[line-1]) {
		switch c := lines[line-1][column-1]; c {
		case '\t':
			message, hint = "a tab cannot indent", "indent with spaces"
		default:
			message = "a value cannot start with " + string(c)
		}
	}
	r.faultAt(line, column, hint, "%s", message)
}

// splitYAML returns the parser's message without its line, and the line.
func splitYAML(err error) (string, int) {
	s := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if rest, ok := strings.CutPrefix(s, "line "); ok {
		number, message, _ := strings.Cut(rest, ": ")
		if n, err := strconv.Atoi(number); err == nil {
			s, line = message, max(n, 1)
		}
		if strings.HasPrefix(s, "did not find expected") {
			line++ // the parser counts from 0 here, unlike its scanner
		}
	}
	return s, line
}

// shortest returns where the shortest beginning of text ends that fails in
// this way. Where what is begun must be closed, that is the line said: a
// beginning of it is always unclosed.
func shortest(text, kind string, said int) (line, column int) {
	lines := splitLines(text)
	upTo := func(line, column int) bool {
		var b strings.Builder
		for i := range line - 1 {
			b.WriteString(string(lines[i]))
			b.WriteByte('\n')
		}
		b.WriteString(string(lines[line-1][:column]))
		return failsAs(b.String(), kind)
	}
	line = min(said, len(lines))
	if strings.Contains(kind, "end of stream") {
		return openQuote(text, kind, line)
	}
	if !unclosed(kind) {
		line = first(1, len(lines), func(n int) bool { return upTo(n, len(lines[n-1])) })
	}
	width := len(lines[line-1])
	if byCharacter(kind) {
		return line, max(1, first(1, max(1, width), func(n int) bool { return n > width || upTo(line, n) }))
	}
	if i := strings.LastIndexByte(kind, '\''); i > 0 && strings.Contains(kind, "',' or") {
		open := rune('[')
		if kind[i-1] == '}' {
			open = '{'
		}
		if column = slices.Index(lines[line-1], open); column >= 0 {
			return line, column + 1
		}
	}
	for column = 0; column < width && lines[line-1][column] == ' '; column++ {
	}
	return line, column + 1
}

// openQuote returns where the quote stands that is not closed: the last one
// before which the text does not fail in this way.
func openQuote(text, kind string, line int) (int, int) {
	at := len(text)
	for range 100 {
		if at = strings.LastIndexAny(text[:at], `"'`); at < 0 {
			break
		}
		if !failsAs(text[:at], kind) {
			lines := splitLines(text[:at])
			return len(lines), len(lines[len(lines)-1]) + 1
		}
	}
	return line, 1
}

// first returns the smallest number from lo to hi for which ok, which stays so
// once it is, is true; hi if there is none.
func first(lo, hi int, ok func(int) bool) int {
	for lo < hi {
		if mid := lo + (hi-lo)/2; ok(mid) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// unclosed reports whether a part of a right text fails in this way too.
func unclosed(kind string) bool {
	for _, s := range []string{"',' or", "node content", "end of stream"} {
		if strings.Contains(kind, s) {
			return true
		}
	}
	return false
}

// byCharacter reports whether the fault is one character.
func byCharacter(kind string) bool {
	for _, s := range []string{"start any token", "mapping values", "escape character", "unknown anchor"} {
		if strings.Contains(kind, s) {
			return true
		}
	}
	return false
}

func failsAs(text, kind string) bool {
	for dec := yaml.NewDecoder(strings.NewReader(text)); ; {
		var n yaml.Node
		err := dec.Decode(&n)
		if errors.Is(err, io.EOF) {
			return false
		}
		if err != nil {
			got, _ := splitYAML(err)
			return got == kind
		}
	}
}

// splitLines returns the lines of text without their ends.
func splitLines(text string) [][]rune {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	var lines [][]rune
	for l := range strings.SplitSeq(text, "\n") {
		lines = append(lines, []rune(l))
	}
	return lines
}
