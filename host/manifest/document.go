package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const (
	// maxDepth is how deep maps and lists may be nested.
	maxDepth = 100
	// maxAliased is how many nodes the aliases of a document may stand for.
	maxAliased = 100_000
)

// documents returns the top nodes of the documents in data, without those that
// are empty. Those that cannot be read are faults.
func (r *reader) documents(data []byte, limit int) []*yaml.Node {
	if len(data) > limit {
		r.faultAt(0, 0, "", "the file is larger than %s", sizeText(int64(limit)))
		return nil
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	if !r.readable(text) {
		return nil
	}
	r.text = text
	if r.json = isJSON(text); r.json {
		root := jsonNode(text)
		if !r.structure(root) {
			return nil
		}
		return []*yaml.Node{root}
	}
	if strings.EqualFold(filepath.Ext(r.file), ".json") && strings.TrimSpace(text) != "" {
		r.badJSON(text)
		return nil
	}
	if !r.printable(text) {
		return nil
	}
	return r.yamlDocuments(text)
}

func (r *reader) yamlDocuments(text string) []*yaml.Node {
	var roots []*yaml.Node
	text, mark := hideQuestions(versioned(text))
	for dec := yaml.NewDecoder(strings.NewReader(text)); ; {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return roots
		}
		if err != nil {
			r.badYAML(text, err)
			return roots
		}
		if len(doc.Content) != 1 || isNull(doc.Content[0]) {
			continue
		}
		if mark != "" {
			showQuestions(doc.Content[0], mark)
		}
		if r.structure(doc.Content[0]) {
			roots = append(roots, doc.Content[0])
		}
	}
}

// versioned has a document say that it is of YAML 1.1, the only version that
// the parser lets one say, where it says 1.2, which it is read as.
func versioned(text string) string {
	if !strings.HasPrefix(text, "%YAML 1.2") && !strings.Contains(text, "\n%YAML 1.2") {
		return text
	}
	lines := strings.SplitAfter(text, "\n")
	for i, l := range lines {
		if strings.TrimRight(l, " \t\r\n") == "%YAML 1.2" {
			lines[i] = "%YAML 1.1" + l[len("%YAML 1.2"):]
		}
	}
	return strings.Join(lines, "")
}

// hideQuestions replaces each ? that follows a letter, a digit or a bracket by
// a character that the text does not have, which it returns too: the parser
// ends a plain scalar of { } and [ ] at any ?, as YAML 1.1 did, and would not
// read {a: int?}. Nowhere is such a ? an indicator.
func hideQuestions(text string) (hidden, mark string) {
	if !strings.Contains(text, "?") {
		return text, ""
	}
	c := '\ue000'
	for c < '\uf8ff' && strings.ContainsRune(text, c) {
		c++
	}
	mark = string(c)
	var b strings.Builder
	var before rune
	for _, c := range text {
		if c == '?' && (before == '?' || before == ']' || before == ')' || before == '_' || unicode.IsLetter(before) || unicode.IsDigit(before)) {
			b.WriteString(mark)
		} else {
			b.WriteRune(c)
		}
		before = c
	}
	return b.String(), mark
}

// showQuestions undoes hideQuestions in what was parsed.
func showQuestions(n *yaml.Node, mark string) {
	n.Value = strings.ReplaceAll(n.Value, mark, "?")
	for _, c := range n.Content {
		showQuestions(c, mark)
	}
}

// readable checks the encoding.
func (r *reader) readable(text string) bool {
	if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
		r.faultAt(1, 1, "save the file as UTF-8", "the file is UTF-16")
		return false
	}
	if utf8.ValidString(text) {
		return true
	}
	at := strings.IndexFunc(text, func(c rune) bool { return c == utf8.RuneError })
	for strings.HasPrefix(text[at:], "\uFFFD") { // this one is in the file
		at += 3 + strings.IndexFunc(text[at+3:], func(c rune) bool { return c == utf8.RuneError })
	}
	line, column := position(text, at)
	r.faultAt(line, column, "save the file as UTF-8", "the file is not UTF-8")
	return false
}

// printable refuses what YAML does not allow as it is, and the line breaks that
// editors do not count as such.
func (r *reader) printable(text string) bool {
	at := strings.IndexFunc(text, func(c rune) bool {
		switch c {
		case '\n', '\r', '\t':
			return false
		case '\u2028', '\u2029', '\ufeff', '\ufffe', '\uffff':
			return true
		}
		return c < ' ' || c >= 0x7f && c <= 0x9f
	})
	if at < 0 {
		return true
	}
	line, column := position(text, at)
	c, _ := utf8.DecodeRuneInString(text[at:])
	hint := fmt.Sprintf(`write it as \u%04x in double quotes`, c)
	r.faultAt(line, column, hint, "character U+%04X cannot stand in a file as it is", c)
	return false
}

// badJSON reports where text stops being JSON.
func (r *reader) badJSON(text string) {
	var v any
	err := json.Unmarshal([]byte(text), &v)
	var se *json.SyntaxError
	if !errors.As(err, &se) {
		r.faultAt(1, 1, "a JSON file holds one object", "the file does not hold a JSON object")
		return
	}
	line, column := position(text, max(0, min(int(se.Offset)-1, len(text))))
	hint := ""
	if strings.Contains(se.Error(), "beginning of object key") || strings.Contains(se.Error(), "']' looking") {
		hint = "JSON has no comma after the last item, and keys in double quotes"
	}
	r.faultAt(line, column, hint, "not valid JSON: %s", strings.ReplaceAll(se.Error(), "invalid character", "unexpected"))
}

// structure checks what is independent of meaning: depth, aliases, tags and
// keys. It returns false if the document cannot be walked safely.
func (r *reader) structure(root *yaml.Node) bool {
	a := aliases{known: map[*yaml.Node]extent{}}
	if _, bad, why := a.measure(root, 0); bad != nil {
		r.fault(bad, "", "%s", why)
		return false
	}
	r.keys(root)
	return true
}

// aliases bounds what a document holds when its aliases are followed.
type aliases struct {
	known map[*yaml.Node]extent // of what has an anchor
	total int                   // nodes that aliases stand for
}

// extent is the size of a node with all that is below it.
type extent struct{ nodes, height int }

// measure returns the extent of n, or the node that is too much, and why.
func (a *aliases) measure(n *yaml.Node, depth int) (extent, *yaml.Node, string) {
	e := extent{nodes: 1}
	if n.Kind == yaml.AliasNode {
		var done bool
		if e, done = a.known[n.Alias]; !done {
			return e, n, "an alias stands within what it names"
		}
		if a.total += e.nodes; a.total > maxAliased {
			return e, n, "the aliases of this document stand for more than " + strconv.Itoa(maxAliased) + " values"
		}
	}
	if depth+e.height > maxDepth {
		return e, n, "maps and lists are nested more than " + strconv.Itoa(maxDepth) + " deep"
	}
	for _, c := range n.Content {
		below, bad, why := a.measure(c, depth+1)
		if bad != nil {
			return e, bad, why
		}
		e.nodes += below.nodes
		e.height = max(e.height, below.height+1)
	}
	if n.Anchor != "" {
		a.known[n] = e
	}
	return e, nil, ""
}

// keys checks the tags and the keys of maps.
func (r *reader) keys(n *yaml.Node) {
	r.tag(n)
	if n.Kind == yaml.MappingNode {
		seen := make(map[string]int, len(n.Content)/2)
		for i := 0; i < len(n.Content); i += 2 {
			r.key(n.Content[i], seen)
		}
	}
	for _, c := range n.Content {
		r.keys(c)
	}
}

func (r *reader) key(k *yaml.Node, seen map[string]int) {
	switch {
	case k.Kind != yaml.ScalarNode:
		r.fault(k, templateHint(k), "a key must be a name, not %s", kindOf(k))
	case k.Tag == "!!merge" && isPlain(k):
		r.fault(k, "write the keys out, or give the whole value as an alias", "merge keys (<<) are not part of YAML 1.2 and not supported")
	case seen[k.Value] > 0:
		r.fault(k, "", "duplicate key %s: it stands already at line %d", quote(label(k.Value)), seen[k.Value])
	default:
		seen[k.Value] = k.Line
	}
}

// templateHint helps where {{ was read as a map in a map.
func templateHint(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle != 0 {
		return "put a text that starts with {{ in quotes"
	}
	return ""
}

func (r *reader) tag(n *yaml.Node) {
	if n.Style&yaml.TaggedStyle == 0 {
		return
	}
	switch n.ShortTag() {
	case "!!str", "!!binary":
	default:
		r.fault(n, "quote a value that starts with !", "tags (!) other than !!str and !!binary are not supported")
	}
}
