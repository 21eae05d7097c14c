package manifest

import (
	"strconv"

	"go.yaml.in/yaml/v3"
)

// char is a character of a scalar's value and where it stands in the file. A
// space or line feed that folding made stands at the end of its line.
type char struct {
	c            rune
	line, column int
}

// scanScalar returns the characters of the scalar n with their places in text,
// or nil if they cannot be told.
func scanScalar(text string, n *yaml.Node) []char {
	s := scalarScan{lines: splitLines(text), want: []rune(n.Value)}
	if n.Line < 1 || n.Line > len(s.lines) {
		return nil
	}
	s.line, s.at = n.Line-1, n.Column-1
	s.properties()
	if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return s.block(n.Style&yaml.FoldedStyle != 0)
	}
	var quote rune
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		quote = '"'
	case n.Style&yaml.SingleQuotedStyle != 0:
		quote = '\''
	}
	return s.flow(quote)
}

// scalarScan reads a scalar again. Line and at count from 0.
type scalarScan struct {
	lines    [][]rune
	want     []rune
	line, at int
	out      []char
}

func (s *scalarScan) emit(c rune, line, at int) {
	s.out = append(s.out, char{c, line + 1, at + 1})
}

// rest returns what is left of the line.
func (s *scalarScan) rest() []rune {
	if s.line >= len(s.lines) || s.at >= len(s.lines[s.line]) {
		return nil
	}
	return s.lines[s.line][s.at:]
}

// properties passes an anchor and a tag, and the comments and line breaks that
// may follow them.
func (s *scalarScan) properties() {
	passed := false
	for s.line < len(s.lines) {
		rest := s.rest()
		switch {
		case len(rest) == 0 || passed && rest[0] == '#':
			if !passed {
				return
			}
			s.line, s.at = s.line+1, 0
		case blank(rest[0]):
			s.at++
		case rest[0] == '&' || rest[0] == '!':
			for passed = true; len(s.rest()) > 0 && !blank(s.rest()[0]); {
				s.at++
			}
		default:
			return
		}
	}
}

func blank(c rune) bool { return c == ' ' || c == '\t' }

// indent returns how many spaces a line begins with, and whether there is
// nothing else in it.
func indent(line []rune) (int, bool) {
	n := 0
	for n < len(line) && line[n] == ' ' {
		n++
	}
	return n, n == len(line)
}

// block reads a block scalar, whose | or > is next. The indentation of its
// text is that of its first line, or less if an indicator says so.
func (s *scalarScan) block(folded bool) []char {
	first, most := s.line+1, 0
	for i := first; i < len(s.lines); i++ {
		n, empty := indent(s.lines[i])
		if most = max(most, n); !empty {
			most = n
			break
		}
	}
	for by := most; by >= 0; by-- {
		s.out, s.line = nil, first
		if folded {
			s.folded(by)
		} else {
			s.literal(by)
		}
		if s.matches() {
			return s.out
		}
	}
	return nil
}

// matches compares what was read with the value, but for the line feeds at the
// end, which chomping decides on.
func (s *scalarScan) matches() bool {
	if len(s.out) < len(s.want) {
		return false
	}
	for i, c := range s.out {
		if i < len(s.want) && c.c != s.want[i] || i >= len(s.want) && c.c != '\n' {
			return false
		}
	}
	s.out = s.out[:len(s.want)]
	return true
}

// content returns the text of a line of a block scalar; ok is false after its
// end.
func (s *scalarScan) content(by int) (text []rune, ok bool) {
	if s.line >= len(s.lines) {
		return nil, false
	}
	line := s.lines[s.line]
	n, empty := indent(line)
	if n >= by {
		return line[by:], true
	}
	return nil, empty
}

func (s *scalarScan) literal(by int) {
	for ; len(s.out) <= len(s.want); s.line++ {
		text, ok := s.content(by)
		if !ok {
			return
		}
		for i, c := range text {
			s.emit(c, s.line, by+i)
		}
		s.emit('\n', s.line, len(s.lines[s.line]))
	}
}

// folded joins lines as YAML 1.2.2, section 8.1.3 says: a line break between
// two lines that do not begin with white space is a space, or goes away if
// empty lines follow it.
func (s *scalarScan) folded(by int) {
	begun, before := false, false // a line was read; it began with white space
	brk := 0
	var empty []int
	for ; len(s.out) <= len(s.want)+1; s.line++ {
		text, ok := s.content(by)
		if !ok {
			break
		}
		if len(text) == 0 {
			empty = append(empty, s.line)
			continue
		}
		spaced := blank(text[0])
		switch {
		case begun && (before || spaced):
			s.emit('\n', brk, len(s.lines[brk]))
		case begun && len(empty) == 0:
			s.emit(' ', brk, len(s.lines[brk]))
		}
		for _, l := range empty {
			s.emit('\n', l, len(s.lines[l]))
		}
		for i, c := range text {
			s.emit(c, s.line, by+i)
		}
		begun, before, brk, empty = true, spaced, s.line, nil
	}
	if begun {
		s.emit('\n', brk, len(s.lines[brk]))
	}
	for _, l := range empty {
		s.emit('\n', l, len(s.lines[l]))
	}
}

// flow reads a plain or quoted scalar until it has the whole value.
func (s *scalarScan) flow(quote rune) []char {
	if quote != 0 {
		s.at++
	}
	for len(s.out) < len(s.want) && s.line < len(s.lines) {
		rest := s.rest()
		switch {
		case allBlank(rest):
			s.fold()
		case quote == '"' && rest[0] == '\\' && len(rest) == 1:
			s.line, s.at = s.line+1, 0
			s.breaks(s.line)
		case quote == '"' && rest[0] == '\\':
			c, n := unescape(rest)
			s.emit(c, s.line, s.at)
			s.at += n
		case quote == '\'' && rest[0] == '\'':
			s.emit('\'', s.line, s.at)
			s.at += 2
		default:
			s.emit(rest[0], s.line, s.at)
			s.at++
		}
	}
	if !s.matches() {
		return nil
	}
	return s.out
}

func allBlank(rest []rune) bool {
	for _, c := range rest {
		if !blank(c) {
			return false
		}
	}
	return true
}

// fold reads a line break of a flow scalar: a space, or a line feed for each
// empty line after it.
func (s *scalarScan) fold() {
	line, at := s.line, s.at
	s.line, s.at = s.line+1, 0
	if s.breaks(s.line) == 0 {
		s.emit(' ', line, at)
	}
}

// breaks reads empty lines, and the white space that the next one begins with.
func (s *scalarScan) breaks(from int) int {
	for s.line < len(s.lines) && allBlank(s.lines[s.line]) {
		s.emit('\n', s.line, len(s.lines[s.line]))
		s.line++
	}
	for s.at = 0; len(s.rest()) > 0 && blank(s.rest()[0]); {
		s.at++
	}
	return s.line - from
}

// unescape returns the character that an escape sequence stands for, and how
// many characters it has.
func unescape(rest []rune) (rune, int) {
	const letters, values = `0abt	nvfre "/\N_LP'`, "\x00\a\b\t\t\n\v\f\r\x1b \"/\\\u0085\u00a0\u2028\u2029'"
	width := map[rune]int{'x': 2, 'u': 4, 'U': 8}[rest[1]]
	if width == 0 {
		for i, c := range []rune(letters) {
			if c == rest[1] {
				return []rune(values)[i], 2
			}
		}
		return rest[1], 2
	}
	c := hexRune(rest, 2, width)
	if c >= 0xd800 && c < 0xdc00 && len(rest) >= 12 && rest[6] == '\\' && rest[7] == 'u' {
		if low := hexRune(rest, 8, 4); low >= 0xdc00 && low < 0xe000 {
			return (c-0xd800)<<10 + (low - 0xdc00) + 0x10000, 12
		}
	}
	if c >= 0xd800 && c < 0xe000 {
		c = '\uFFFD' // as encoding/json reads half a pair
	}
	return c, 2 + width
}

func hexRune(rest []rune, at, width int) rune {
	if at+width > len(rest) {
		return -1
	}
	n, err := strconv.ParseInt(string(rest[at:at+width]), 16, 32)
	if err != nil {
		return -1
	}
	return rune(n)
}
