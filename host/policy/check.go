package policy

import (
	"fmt"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
)

// checker walks once over a statement, one token ahead.
type checker struct {
	lexer
	access          abi.Access
	prev, tok, next token
	before          token // the one before prev

	verb      string // the first keyword
	object    string // what is created: TABLE, FUNCTION, …
	parens    int    // open ones
	blocks    int    // open BEGIN and CASE of a created routine's body
	bodied    bool   // there was such a body
	updating  bool   // between UPDATE and SET
	explained bool   // inside EXPLAIN
}

func (c *checker) advance() {
	c.before, c.prev, c.tok, c.next = c.prev, c.tok, c.next, c.lexer.next()
}

func (c *checker) readOnly() bool { return c.access != abi.ReadWrite }

// refuse refuses the statement at a token.
func (c *checker) refuse(t token, hint, format string, args ...any) *Denied {
	return c.deny(t.start, fmt.Sprintf(format, args...), hint)
}

// original returns a token as it was written, cut to what a message can hold.
func (c *checker) original(t token) string { return shorten(c.sql[t.start:t.end]) }

// check goes over the whole text. A fault of the lexer ends the tokens early
// and goes before what that end would mean.
func (c *checker) check() *Denied {
	c.advance()
	c.advance()
	d := c.statement()
	if d == nil {
		d = c.rest()
	}
	if c.fault != nil && (d == nil || d.Position >= c.fault.Position) {
		return c.fault
	}
	return d
}

// rest goes over all that follows the first keyword.
func (c *checker) rest() *Denied {
	for ; c.tok.kind != eof; c.advance() {
		var d *Denied
		switch {
		case c.tok.kind == punct:
			d = c.punctuation()
		case c.tok.kind == word && !c.prev.is(punct, "."):
			d = c.keyword()
		}
		if d == nil && c.tok.kind != punct {
			d = c.named()
		}
		if d != nil {
			return d
		}
	}
	if c.blocks > 0 {
		return c.refuse(c.tok, "close each BEGIN and CASE with END, and quote columns of those names", "the body of the %s is not closed", strings.ToLower(c.object))
	}
	return nil
}

func (c *checker) punctuation() *Denied {
	switch c.tok.text {
	case "(":
		c.parens++
	case ")":
		c.parens--
	case ";":
		switch {
		case c.next.kind == eof, c.blocks > 0:
		case c.object == "RULE" && c.parens > 0: // DO (this; that)
		default:
			return c.refuse(c.next, c.separateHint(), "there is more than one statement")
		}
	case ":":
		if c.dialect == abi.MySQL && c.readOnly() && c.next.is(punct, "=") && c.next.start == c.tok.end {
			return c.refuse(c.tok, "user variables need a read-write connection", ":= is not allowed on a read-only connection")
		}
	}
	return nil
}

func (c *checker) separateHint() string {
	if c.createsRoutine() && !c.bodied {
		return "put the statements of a body between BEGIN and END"
	}
	return "pass one statement in each call"
}

// keyword looks at a word that is not part of a dotted name.
func (c *checker) keyword() *Denied {
	c.block()
	switch c.tok.text {
	case "UPDATE":
		c.updating = c.dml()
	case "SET":
		c.updating = false
	case "INTO":
		if c.dialect == abi.MySQL && c.next.kind == word && (c.next.text == "OUTFILE" || c.next.text == "DUMPFILE") {
			return c.refuse(c.tok, "the result of a query is the task's output", "INTO %s is not allowed: it writes a file of the database server", c.next.text)
		}
	case "FOR":
		if c.explained && c.dialect == abi.MySQL && c.next.is(word, "CONNECTION") {
			return c.refuse(c.tok, "explain a statement", "EXPLAIN FOR CONNECTION is not allowed: it shows what others run")
		}
	case "GRANTS", "USER":
		if c.dialect == abi.MySQL && c.verb == "SHOW" && (c.prev.is(word, "SHOW") || c.prev.is(word, "CREATE")) {
			return c.refuse(c.prev, "", "SHOW %s is not allowed: it shows the login, and what its password is kept as", strings.TrimPrefix(c.prev.text+" "+c.tok.text, "SHOW "))
		}
	case "SONAME":
		if c.dialect == abi.MySQL && c.verb == "CREATE" {
			return c.refuse(c.tok, "", "SONAME is not allowed: it loads code into the database server")
		}
	case "DIRECTORY":
		if c.dialect == abi.MySQL && (c.prev.is(word, "DATA") || c.prev.is(word, "INDEX")) {
			return c.refuse(c.prev, "leave it out", "%s DIRECTORY is not allowed: it names files of the database server", c.prev.text)
		}
	}
	if c.readOnly() {
		return c.readKeyword()
	}
	return nil
}

// readKeyword refuses what would write or lock in the middle of a query.
func (c *checker) readKeyword() *Denied {
	t := c.tok.text
	switch t {
	case "INTO":
		return c.refuse(c.tok, "the result of a query is the task's output", "INTO is not allowed on a read-only connection")
	case "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE":
		if c.dml() {
			return c.refuse(c.tok, writeHint+"; quote the word if it is a name", "%s is not allowed on a read-only connection", t)
		}
	case "FOR":
		if c.next.kind == word {
			switch c.next.text {
			case "UPDATE", "SHARE", "NO", "KEY":
				return c.refuse(c.tok, writeHint, "FOR %s is not allowed on a read-only connection: it locks rows", c.next.text)
			}
		}
	}
	if c.dialect != abi.MySQL {
		return nil
	}
	switch {
	case t == "LOCK":
		return c.refuse(c.tok, writeHint, "LOCK IN SHARE MODE is not allowed on a read-only connection: it locks rows")
	case t == "PROCEDURE" && c.next.is(word, "ANALYSE"):
		return c.refuse(c.tok, "", "PROCEDURE ANALYSE is not allowed on a read-only connection")
	case t == "NEXT" && c.next.is(word, "VALUE"):
		return c.refuse(c.tok, writeHint, "NEXT VALUE is not allowed on a read-only connection: it moves a sequence")
	}
	return nil
}

// dml reports whether a DML keyword begins a statement here, whatever stands
// before it: in PostgreSQL that may be a CTE's body, and a CYCLE or SEARCH
// clause with names of the author's. What follows tells: a table, or a word.
func (c *checker) dml() bool {
	if c.prev.is(punct, ",") || c.prev.is(word, "AS") || c.prev.is(word, "SELECT") {
		return false
	}
	switch c.next.kind {
	case word, name, literal:
		return true
	}
	return c.dialect == abi.MySQL && c.tok.text == "UPDATE" && c.next.is(punct, "(")
}

// block counts the blocks of a created routine's body, inside which semicolons
// stand.
func (c *checker) block() {
	if !c.createsRoutine() {
		return
	}
	switch c.tok.text {
	case "BEGIN":
		switch c.dialect {
		case abi.Postgres:
			if c.blocks == 0 && !c.bodied && c.next.is(word, "ATOMIC") {
				c.blocks, c.bodied = 1, true
			}
		case abi.SQLite:
			if !c.bodied {
				c.blocks, c.bodied = 1, true
			}
		case abi.MySQL:
			if c.blocks > 0 || !c.bodied {
				c.blocks++
				c.bodied = true
			}
		}
	case "CASE":
		if c.blocks > 0 && c.dialect == abi.MySQL && !c.prev.is(word, "END") {
			c.blocks++
		}
	case "END":
		c.end()
	}
}

func (c *checker) end() {
	switch {
	case c.blocks == 0:
	case c.dialect != abi.MySQL && !c.prev.is(punct, ";") && !(c.prev.is(word, "ATOMIC") && c.before.is(word, "BEGIN")): // of a CASE, or a name
	case c.dialect == abi.MySQL && c.next.kind == word && compound(c.next.text):
	default:
		c.blocks--
	}
}

// compound reports whether END text ends a block that is not counted.
func compound(text string) bool {
	switch text {
	case "IF", "LOOP", "WHILE", "REPEAT", "FOR":
		return true
	}
	return false
}

func (c *checker) createsRoutine() bool {
	switch c.object {
	case "FUNCTION", "PROCEDURE":
		return c.verb == "CREATE" && c.dialect != abi.SQLite
	case "TRIGGER":
		return c.verb == "CREATE" && c.dialect != abi.Postgres
	}
	return false
}

// named looks at a word or at what stands in quotes for what it may be the
// name of.
func (c *checker) named() *Denied {
	switch {
	case c.dialect == abi.SQLite && c.tok.text == "PRAGMA_DATABASE_LIST":
		return c.refuse(c.tok, "", "pragma_database_list is not allowed: it shows file paths")
	case c.dialect == abi.Postgres && c.updating && c.tok.text == "PG_SETTINGS":
		return c.refuse(c.tok, "", "an update of pg_settings is not allowed: it changes the session")
	case c.dialect == abi.MySQL && c.engine() && remoteEngine(c.tok.text):
		return c.refuse(c.tok, "", "engine %q is not allowed: it reaches other servers or files", strings.ToLower(c.tok.text))
	case c.tok.kind != word && c.tok.kind != name:
	case c.next.is(punct, "("):
		return c.call()
	case c.dialect == abi.Postgres && c.prev.is(punct, ".") && !postgresRelation(c.tok.text):
		return c.attribute()
	}
	return nil
}

// attribute refuses x.f where PostgreSQL would take it for f(x): if there is no
// column f.
//
// Source: src/backend/parser/parse_func.c, ParseFuncOrColumn.
func (c *checker) attribute() *Denied {
	if b := forbiddenCall(c.dialect, c.tok.text); b == free || b == writing && !c.readOnly() {
		return nil
	}
	return c.refuse(c.tok, "if it is a column, leave out what stands before the point", "function %q is not allowed, also behind a point", strings.ToLower(c.tok.text))
}

// engine reports whether the token is the value of ENGINE.
func (c *checker) engine() bool {
	return c.prev.is(word, "ENGINE") || c.prev.is(punct, "=") && c.before.is(word, "ENGINE")
}

func (c *checker) call() *Denied {
	switch forbiddenCall(c.dialect, c.tok.text) {
	case always:
		return c.refuse(c.tok, callHint(c.tok.text), "function %q is not allowed", strings.ToLower(c.tok.text))
	case writing:
		if c.readOnly() {
			return c.refuse(c.tok, writeHint, "function %q is not allowed on a read-only connection", strings.ToLower(c.tok.text))
		}
	}
	if c.dialect == abi.MySQL && c.readOnly() && !ascii(c.tok.text) {
		return c.refuse(c.tok, "call it over a view, or use a read-write connection", "function %q is not allowed on a read-only connection: MySQL may take its letters for plain ones", c.original(c.tok))
	}
	return nil
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
