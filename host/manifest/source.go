package manifest

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/host"
)

// source implements host.Source for one document. It is not changed after it
// was made.
type source struct {
	file   string
	places map[string]host.Place
	text   string     // of the file
	query  *yaml.Node // or nil
}

var _ host.Source = (*source)(nil)

// Key implements host.Source.
func (s *source) Key(path string) host.Place {
	for {
		if p, ok := s.places[path]; ok || path == "" {
			p.File = s.file
			return p
		}
		path = path[:max(0, strings.LastIndexByte(path, '.'))]
	}
}

// Query implements host.Source. The text of the query is read again from the
// file, character by character; if that does not give the query that was
// parsed, its beginning is the answer.
func (s *source) Query(line, column int) host.Place {
	if s.query == nil {
		return s.Key("query")
	}
	at := host.Place{File: s.file, Line: s.query.Line, Column: s.query.Column}
	chars := scanScalar(s.text, s.query)
	if len(chars) == 0 || line < 1 {
		return at
	}
	i := 0
	for l := 1; l < line && i < len(chars); i++ {
		if chars[i].c == '\n' {
			l++
		}
	}
	for c := 1; c < column && i < len(chars) && chars[i].c != '\n'; c++ {
		i++
	}
	if i == len(chars) {
		last := chars[len(chars)-1]
		at.Line, at.Column = last.line, last.column+1
		return at
	}
	at.Line, at.Column = chars[i].line, chars[i].column
	return at
}
