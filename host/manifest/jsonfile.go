package manifest

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// JSON is read here and not by the YAML parser, which knows no surrogate pairs
// (how JSON writes characters beyond U+FFFF in ASCII). The nodes are the same:
// strings are double-quoted scalars, numbers and words plain ones.

// isJSON reports whether text is one JSON object or array.
func isJSON(text string) bool {
	t := strings.TrimLeft(text, " \t\r\n")
	return t != "" && (t[0] == '{' || t[0] == '[') && json.Valid([]byte(text))
}

// halfCharacter returns where valid JSON has an escape that is half of a
// surrogate pair without the other, or -1.
func halfCharacter(text string) int {
	unit := func(at int) rune {
		if !strings.HasPrefix(text[at:], `\u`) {
			return 0
		}
		n, _ := strconv.ParseUint(text[at+2:at+6], 16, 16) // the text is valid
		return rune(n)
	}
	for at := strings.IndexByte(text, '\\'); at >= 0 && at < len(text); at++ {
		switch c := unit(at); {
		case text[at] != '\\':
		case !utf16.IsSurrogate(c):
			at++
		case utf16.DecodeRune(c, unit(at+6)) == utf8.RuneError:
			return at
		default:
			at += 11
		}
	}
	return -1
}

// jsonNode returns the nodes of text, which is valid JSON.
func jsonNode(text string) *yaml.Node {
	s := jsonScan{text: text, line: 1, column: 1}
	s.blank()
	return s.value()
}

type jsonScan struct {
	text         string
	pos          int
	line, column int
}

// position returns the line and column of a byte of text.
func position(text string, at int) (line, column int) {
	s := jsonScan{text: text, line: 1, column: 1}
	s.advance(at)
	return s.line, s.column
}

// advance passes n bytes.
func (s *jsonScan) advance(n int) {
	for end := s.pos + n; s.pos < end; {
		c, size := utf8.DecodeRuneInString(s.text[s.pos:])
		s.pos += size
		if c == '\n' || c == '\r' && !strings.HasPrefix(s.text[s.pos:], "\n") {
			s.line, s.column = s.line+1, 1
		} else if c != '\r' {
			s.column++
		}
	}
}

// blank passes white space and the punctuation between values.
func (s *jsonScan) blank() {
	for s.pos < len(s.text) && strings.IndexByte(" \t\r\n,:", s.text[s.pos]) >= 0 {
		s.advance(1)
	}
}

func (s *jsonScan) value() *yaml.Node {
	n := &yaml.Node{Line: s.line, Column: s.column}
	switch s.text[s.pos] {
	case '{':
		n.Kind, n.Tag, n.Style = yaml.MappingNode, "!!map", yaml.FlowStyle
		s.items(n, '}')
	case '[':
		n.Kind, n.Tag, n.Style = yaml.SequenceNode, "!!seq", yaml.FlowStyle
		s.items(n, ']')
	case '"':
		end := s.pos + 1
		for s.text[end] != '"' {
			if s.text[end] == '\\' {
				end++
			}
			end++
		}
		n.Kind, n.Tag, n.Style = yaml.ScalarNode, "!!str", yaml.DoubleQuotedStyle
		// The text is valid, so its strings are.
		_ = json.Unmarshal([]byte(s.text[s.pos:end+1]), &n.Value)
		s.advance(end + 1 - s.pos)
	default:
		end := s.pos
		for end < len(s.text) && strings.IndexByte(" \t\r\n,:]}", s.text[end]) < 0 {
			end++
		}
		n.Kind, n.Value = yaml.ScalarNode, s.text[s.pos:end]
		s.advance(end - s.pos)
	}
	return n
}

// items reads the content of an object or an array, whose bracket is next.
func (s *jsonScan) items(n *yaml.Node, end byte) {
	s.advance(1)
	for s.blank(); s.text[s.pos] != end; s.blank() {
		n.Content = append(n.Content, s.value())
	}
	s.advance(1)
}
