package template

import (
	"strings"

	"github.com/wasmsql/wasmsql/abi"
)

// checkDraft makes the checks of SQL that both Parse and Render make, and
// returns the draft's statements as tokens.
func checkDraft(r *faults, sql *dialect, d *draft) []span {
	t := sqlTokens(r, sql, d)
	if len(r.list) > 0 {
		return nil
	}
	out := split(sql, d, t)
	for _, s := range out {
		c := &checker{faults: r, sql: sql, d: d, t: s.tokens}
		for k := range s.tokens {
			c.token(k)
		}
		checkNames(r, sql, d, s.tokens)
	}
	return out
}

// checker checks what is printed in one statement, whatever its value is.
type checker struct {
	*faults
	sql *dialect
	d   *draft
	t   []sqlToken
}

func (c *checker) token(k int) {
	t := c.t[k]
	switch {
	case k == 0 && t.word == "DELIMITER" && c.sql.name == abi.MySQL:
		c.add(c.d.source(int(t.start)), "DELIMITER is a command of the mysql client, not SQL", "remove it: the semicolons of a BEGIN … END body do not end the statement")
	case t.kind == sHole:
		c.glue(k)
	case t.kind == sString && t.holes > 0:
		c.literal(k)
	}
}

// glue reports a hole that touches a word, and one behind the name of a type.
func (c *checker) glue(k int) {
	t, p := c.t[k], c.d.holes[c.t[k].hole]
	start, end := int(t.start), int(t.end)
	before := start > 0 && sqlWordByte(c.d.text[start-1]) && !p.node.spaceBefore && !c.keyword(k-1)
	behind := end < len(c.d.text) && sqlWordByte(c.d.text[end]) && !p.node.spaceBehind && !c.keyword(k+1)
	if start > 0 && c.d.text[start-1] == hole && !p.node.spaceBefore {
		c.add(int(p.node.pos), "an expression that touches another", "join them into one with ~, or put a space or a comma between")
	}
	if before || behind {
		c.add(int(p.node.pos), "an expression that touches a word", "put a space between; a name is built as in {{ ('t_' ~ .inputs.name) | ident }}")
	}
	if p.node.form == asValue && k > 0 && c.sql.name != abi.SQLite && c.bareType(k) {
		name := strings.ToLower(c.t[k-1].word)
		c.add(int(p.node.pos), name+" before an expression that is not quoted", "write "+name+" '{{ … }}', or cast({{ … }} as "+name+")")
	}
}

// keyword reports whether a token is a word that is kept apart from what
// touches it, as in LIMIT{{ n }}.
func (c *checker) keyword(k int) bool {
	return k >= 0 && k < len(c.t) && (expecting.has(c.t[k].word) || clauseWords.has(c.t[k].word))
}

// bareType reports whether the type of a typed literal stands before a value.
func (c *checker) bareType(k int) bool {
	if k > 1 && (c.t[k-2].word == "AS" || c.t[k-2].word == "OF" || c.d.text[c.t[k-2].start] == '.') {
		return false
	}
	types := mysqlTypes
	if c.sql.name == abi.Postgres {
		types = clockTypes
	}
	return types.has(c.t[k-1].word)
}

// literal checks a quoted literal with expressions.
func (c *checker) literal(k int) {
	t := c.t[k]
	for i := t.hole; i < t.hole+t.holes; i++ {
		p := c.d.holes[i]
		switch {
		case p.node.form == asIdent:
			c.add(int(p.node.pos), "| ident inside quotes", "remove the quotes: | ident brings its own")
		case p.node.form == asInclause:
			c.add(int(p.node.pos), "| inclause inside quotes", "remove the quotes: | inclause makes parameters")
		case p.list:
			c.add(int(p.node.pos), "a list inside quotes", "use | join, or remove the quotes")
		}
	}
	at := c.d.source(int(t.start))
	switch t.prefix {
	case 'B', 'X', 'N', '_':
		c.add(at, "an expression inside a literal with a prefix", "remove the prefix, or convert a plain literal in SQL")
	case 'U':
		c.add(at, "an expression inside U&'…'", "use a plain literal: the text is Unicode anyway")
	}
	if t.prefix == 0 && k > 0 && c.sql.name == abi.MySQL && strings.HasPrefix(c.t[k-1].word, "_") {
		c.add(at, "an expression inside a literal with a prefix", "remove the prefix, or convert a plain literal in SQL")
	}
	c.typed(k)
}

// typed reports typed literals that a dialect does not have.
func (c *checker) typed(k int) {
	if k == 0 {
		return
	}
	at := c.d.source(int(c.t[k-1].start))
	switch first := typeBefore(c.sql, c.d, c.t, k); {
	case c.sql.name == abi.SQLite && first != k:
		name := strings.ToLower(c.t[first].word)
		hint := "write '{{ … }}' alone, or date('{{ … }}')"
		switch name {
		case "time":
			hint = "write '{{ … }}' alone, or time('{{ … }}')"
		case "timestamp":
			hint = "write '{{ … }}' alone, or datetime('{{ … }}')"
		case "interval":
			hint = "write datetime(column, '{{ … }} days')"
		}
		c.add(at, "SQLite has no "+name+" literal", hint)
	case c.sql.name == abi.MySQL && c.t[k-1].word == "INTERVAL" && (k+1 >= len(c.t) || c.t[k+1].kind != sWord):
		c.add(at, "MySQL's INTERVAL has its unit behind the quotes", "write INTERVAL {{ … }} DAY")
	}
}
