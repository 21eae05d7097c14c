package policy

import (
	"strings"

	"github.com/wasmsql/wasmsql/abi"
)

// class is what a first keyword means for the policy.
type class uint8

const (
	unknown class = iota
	query         // allowed
	write         // allowed where the access is read-write
	special       // more than the first keyword decides
	transaction
	session
	cursor
	bulk
	files
	server
	commits // MySQL commits before it
	code
	vacuum
)

const writeHint = "it needs a connection with access: read-write"

// verdicts are the reasons and hints of the classes that are never allowed.
func (k class) verdict() (reason, hint string) {
	switch k {
	case transaction:
		return "the host begins and ends the transaction", "leave it out: an execution is one transaction, committed when it succeeds"
	case session:
		return "it changes the session, which the host relies on", ""
	case cursor:
		return "it keeps a statement in the session", "run the statement itself: its rows are streamed"
	case bulk:
		return "its rows pass the host by, or reach files and programs of the server", "use SELECT, or INSERT with parameters"
	case files:
		return "it reaches files outside the database", ""
	case server:
		return "it acts on the database server", ""
	case commits:
		return "the database ends the transaction for it", ""
	case code:
		return "it runs code that cannot be checked", "run its statements one by one"
	case vacuum:
		return "it cannot run in a transaction", ""
	}
	return "", ""
}

// statement looks at the beginning of a statement, up to where rest goes on.
func (c *checker) statement() *Denied {
	for c.tok.is(punct, "(") {
		c.parens++
		c.advance()
	}
	switch c.tok.kind {
	case eof:
		if c.parens > 0 {
			return c.refuse(c.tok, "", "the statement is not complete")
		}
		return c.refuse(c.tok, "", "there is no statement")
	case word:
	default:
		return c.refuse(c.tok, c.allowedHint(), "a statement cannot begin with %q", c.original(c.tok))
	}
	c.verb = c.tok.text
	k := verbClass(c.dialect, c.verb)
	switch {
	case k == unknown:
		return c.unknownVerb()
	case k == query:
		return nil
	case k == special:
		return c.special()
	case k == write && c.readOnly():
		return c.refuse(c.tok, writeHint, "%s is not allowed on a read-only connection", c.verb)
	case k == write:
		return c.ddl()
	}
	return c.never(k)
}

// never refuses a statement that no access allows.
func (c *checker) never(k class) *Denied {
	reason, hint := k.verdict()
	return c.refuse(c.tok, hint, "%s is not allowed: %s", c.verb, reason)
}

func (c *checker) unknownVerb() *Denied {
	text := c.original(c.tok)
	if !ascii(text) {
		return c.refuse(c.tok, "to the database every character beyond ASCII is a letter, also an unusual space: type it again", "a statement cannot begin with %q", text)
	}
	return c.refuse(c.tok, c.allowedHint(), "a statement cannot begin with %q", text)
}

func (c *checker) allowedHint() string {
	s := map[abi.Dialect]string{
		abi.SQLite:   "SELECT, WITH, VALUES, EXPLAIN and reading PRAGMAs",
		abi.Postgres: "SELECT, WITH, VALUES, TABLE, SHOW and EXPLAIN",
		abi.MySQL:    "SELECT, WITH, VALUES, TABLE, SHOW, DESCRIBE and EXPLAIN",
	}[c.dialect]
	return "queries are " + s + "; a read-write connection takes DML and DDL too"
}

// verbClass is the table of the first keywords.
func verbClass(d abi.Dialect, verb string) class {
	switch verb {
	case "SELECT", "WITH", "VALUES":
		return query
	case "EXPLAIN":
		return special
	case "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP":
		return write
	case "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "END", "START", "ABORT":
		return transaction
	case "VACUUM":
		return vacuum
	}
	switch d {
	case abi.SQLite:
		return sqliteVerb(verb)
	case abi.Postgres:
		return postgresVerb(verb)
	}
	return mysqlVerb(verb)
}

func sqliteVerb(verb string) class {
	switch verb {
	case "REPLACE", "REINDEX", "ANALYZE":
		return write
	case "PRAGMA":
		return special
	case "ATTACH", "DETACH":
		return files
	}
	return unknown
}

func postgresVerb(verb string) class {
	switch verb {
	case "TABLE", "SHOW":
		return query
	case "MERGE", "TRUNCATE", "COMMENT", "GRANT", "REVOKE", "CALL", "REFRESH",
		"ANALYZE", "ANALYSE", "LOCK", "NOTIFY", "REINDEX", "CLUSTER":
		return write
	case "SET", "PREPARE":
		return special
	case "RESET", "DISCARD", "LISTEN", "UNLISTEN":
		return session
	case "EXECUTE", "DEALLOCATE", "DECLARE", "FETCH", "MOVE", "CLOSE":
		return cursor
	case "COPY":
		return bulk
	case "LOAD", "CHECKPOINT", "IMPORT", "SECURITY", "REASSIGN":
		return server
	case "DO":
		return code
	}
	return unknown
}

func mysqlVerb(verb string) class {
	switch verb {
	case "TABLE":
		return query
	case "REPLACE", "TRUNCATE", "RENAME", "CALL":
		return write
	case "DESCRIBE", "DESC", "SET", "SHOW":
		return special
	case "XA":
		return transaction
	case "LOCK", "UNLOCK", "GRANT", "REVOKE", "ANALYZE", "CHECK", "OPTIMIZE", "REPAIR", "CACHE":
		return commits
	case "USE":
		return session
	case "PREPARE", "EXECUTE", "DEALLOCATE", "HANDLER":
		return cursor
	case "LOAD", "IMPORT":
		return files
	case "INSTALL", "UNINSTALL", "SHUTDOWN", "RESTART", "KILL", "BINLOG", "CHANGE", "STOP", "PURGE",
		"CLONE", "FLUSH", "RESET", "BACKUP":
		return server
	case "DO":
		return code
	}
	return unknown
}

// special decides where the first keyword alone does not.
func (c *checker) special() *Denied {
	switch c.verb {
	case "EXPLAIN", "DESCRIBE", "DESC":
		return c.explain()
	case "PREPARE":
		if c.next.is(word, "TRANSACTION") {
			return c.never(transaction)
		}
		return c.never(cursor)
	case "PRAGMA":
		return c.pragma()
	case "SHOW":
		return c.show()
	}
	return c.set()
}

// show refuses what tells more than what is in MySQL's databases.
func (c *checker) show() *Denied {
	at := c.tok
	c.advance()
	switch {
	case c.tok.is(word, "GRANTS"), c.tok.is(word, "CREATE") && c.next.is(word, "USER"):
		return c.refuse(at, "", "SHOW GRANTS and SHOW CREATE USER are not allowed: they show the hash of a password")
	case c.tok.is(word, "EXPLAIN"), c.tok.is(word, "ANALYZE"):
		return c.refuse(at, "explain a statement", "SHOW %s is not allowed: it shows what others run", c.tok.text)
	}
	return nil
}

// explain goes to the statement inside, which must be one that could be run:
// with ANALYZE it is. MySQL's grammar lets no other in than queries and DML,
// and DML is found wherever it stands.
func (c *checker) explain() *Denied {
	at := c.tok
	c.explained = true
	c.advance()
	switch c.dialect {
	case abi.MySQL:
		return nil
	case abi.SQLite:
		if c.tok.is(word, "QUERY") && c.next.is(word, "PLAN") {
			c.advance()
			c.advance()
		}
	case abi.Postgres:
		for c.tok.kind == word && (c.tok.text == "ANALYZE" || c.tok.text == "ANALYSE" || c.tok.text == "VERBOSE") {
			c.advance()
		}
		if c.tok.is(punct, "(") && !c.next.is(punct, "(") && verbClass(c.dialect, c.next.text) != query {
			for c.tok.kind != eof && !c.tok.is(punct, ")") {
				c.advance()
			}
			c.advance()
		}
	}
	if c.tok.is(word, "EXPLAIN") {
		return c.refuse(c.tok, "", "EXPLAIN cannot be explained")
	}
	if c.tok.kind == eof || c.tok.is(punct, ";") {
		return c.refuse(at, "", "EXPLAIN is not complete")
	}
	return c.statement()
}

// set lets PostgreSQL's SET LOCAL change what concerns the task's own
// transaction alone, and SET CONSTRAINTS.
func (c *checker) set() *Denied {
	if c.dialect == abi.MySQL {
		if c.next.kind == word && c.next.text == "TRANSACTION" {
			return c.refuse(c.tok, "leave it out", "SET TRANSACTION is not allowed: the host begins and ends the transaction")
		}
		return c.refuse(c.tok, "a user variable can be set by SELECT … INTO @name on a read-write connection", "SET is not allowed: it changes the session, which the host relies on")
	}
	at := c.tok
	c.advance()
	what := c.original(c.tok)
	if c.tok.is(word, "SESSION") {
		what += " " + c.original(c.next)
	}
	switch {
	case c.tok.is(word, "TRANSACTION"), c.tok.is(word, "SESSION") && c.next.is(word, "CHARACTERISTICS"):
		return c.refuse(at, "leave it out", "SET %s is not allowed: the host begins and ends the transaction", what)
	case c.tok.is(word, "CONSTRAINTS") && !c.readOnly():
		return nil
	case c.tok.is(word, "CONSTRAINTS"):
		return c.refuse(at, writeHint, "SET CONSTRAINTS is not allowed on a read-only connection")
	case c.tok.is(word, "LOCAL"):
		c.advance()
		if c.next.is(word, "TO") || c.next.is(punct, "=") {
			switch c.tok.text {
			case "SEARCH_PATH":
				return nil
			case "WORK_MEM", "MAINTENANCE_WORK_MEM":
				if !c.readOnly() {
					return nil
				}
			}
		}
		what += " " + c.original(c.tok)
	}
	return c.refuse(at, "SET LOCAL search_path is what may be set", "SET %s is not allowed: it changes the session, which the host relies on", what)
}

// pragma lets SQLite's PRAGMAs read, and set what is stored in the database.
func (c *checker) pragma() *Denied {
	at := c.tok
	c.advance()
	if c.next.is(punct, ".") {
		c.advance()
		c.advance()
	}
	if c.tok.kind != word && c.tok.kind != name {
		return c.refuse(at, "", "PRAGMA is not complete")
	}
	pragma := strings.ToLower(c.tok.text)
	given := c.next.is(punct, "=") || c.next.is(punct, "(")
	switch use := pragmaUse(c.tok.text); {
	case use == noPragma:
		return c.refuse(c.tok, "", "PRAGMA %s is not allowed", shorten(pragma))
	case !given, use == takesArgument && c.next.is(punct, "("):
		return nil
	case use == settable && !c.readOnly():
		return nil
	case use == settable:
		return c.refuse(c.tok, writeHint, "setting PRAGMA %s is not allowed on a read-only connection", pragma)
	}
	return c.refuse(c.tok, "leave out the value: it may be read", "setting PRAGMA %s is not allowed", pragma)
}

const (
	noPragma      = iota
	readable      // without a value
	takesArgument // pragma(argument) reads
	settable      // pragma = value is part of the transaction
)

// pragmaUse is the table of the PRAGMAs. database_list is none of them: it
// shows file paths.
func pragmaUse(text string) int {
	switch text {
	case "TABLE_INFO", "TABLE_XINFO", "TABLE_LIST", "INDEX_LIST", "INDEX_INFO", "INDEX_XINFO",
		"FOREIGN_KEY_LIST", "FOREIGN_KEY_CHECK", "INTEGRITY_CHECK", "QUICK_CHECK":
		return takesArgument
	case "APPLICATION_ID", "USER_VERSION", "DEFER_FOREIGN_KEYS":
		return settable
	case "COLLATION_LIST", "COMPILE_OPTIONS", "DATA_VERSION", "ENCODING", "FOREIGN_KEYS", "FREELIST_COUNT",
		"FUNCTION_LIST", "JOURNAL_MODE", "MODULE_LIST", "PAGE_COUNT", "PAGE_SIZE", "PRAGMA_LIST", "SCHEMA_VERSION":
		return readable
	}
	return noPragma
}

// ddl looks at what a DDL statement makes, changes or drops.
func (c *checker) ddl() *Denied {
	switch c.verb {
	case "CREATE", "ALTER", "DROP":
	case "RENAME":
		if !c.next.is(word, "TABLE") && !c.next.is(word, "TABLES") {
			return c.refuse(c.tok, "", "RENAME %s is not allowed: it acts on the database server", shorten(c.next.text))
		}
		return nil
	default:
		return nil
	}
	at := c.tok
	c.advance()
	for c.tok.kind == word && modifier(c.dialect, c.tok.text) {
		if c.tok.text == "ALGORITHM" || c.tok.text == "SECURITY" {
			c.value()
		}
		c.advance()
	}
	c.object = c.tok.text
	if c.tok.kind == word && object(c.dialect, c.verb, c.object) {
		return c.module()
	}
	if c.dialect == abi.MySQL && c.object == "DEFINER" {
		return c.refuse(c.tok, "leave it out: the definer is the connection's user", "DEFINER is not allowed: it makes code run as another user")
	}
	if c.tok.kind != word {
		return c.refuse(at, "", "%s is not complete", c.verb)
	}
	return c.refuse(at, "", "%s %s is not allowed: it is the administrator's", c.verb, shorten(c.object))
}

// value skips the value of ALGORITHM = UNDEFINED and SECURITY INVOKER.
func (c *checker) value() {
	if c.next.is(punct, "=") {
		c.advance()
	}
	c.advance()
}

// modifier reports whether a word stands between CREATE and the kind of thing.
func modifier(d abi.Dialect, text string) bool {
	switch text {
	case "OR", "REPLACE", "TEMP", "TEMPORARY", "UNIQUE":
		return true
	case "UNLOGGED", "GLOBAL", "LOCAL", "RECURSIVE", "MATERIALIZED", "CONSTRAINT", "DEFAULT":
		return d == abi.Postgres
	case "FULLTEXT", "SPATIAL", "ALGORITHM", "SQL", "SECURITY", "ONLINE", "OFFLINE", "IGNORE":
		return d == abi.MySQL
	case "VIRTUAL":
		return d == abi.SQLite
	}
	return false
}

// object reports whether DDL may concern a kind of thing. Users, roles,
// extensions, foreign servers, subscriptions, events and the like are the
// administrator's.
func object(d abi.Dialect, verb, text string) bool {
	switch text {
	case "TABLE", "VIEW", "INDEX", "TRIGGER":
		return true
	}
	switch d {
	case abi.Postgres:
		switch text {
		case "SEQUENCE", "SCHEMA", "TYPE", "DOMAIN", "FUNCTION", "PROCEDURE", "ROUTINE", "AGGREGATE", "RULE",
			"POLICY", "COLLATION", "OPERATOR", "CAST", "STATISTICS", "TEXT", "CONVERSION":
			return true
		case "PRIVILEGES":
			return verb == "ALTER"
		}
	case abi.MySQL:
		switch text {
		case "PROCEDURE", "FUNCTION", "DATABASE", "SCHEMA", "SEQUENCE":
			return true
		case "TABLES":
			return verb == "DROP"
		}
	}
	return false
}

// module refuses SQLite's virtual tables other than those of indexes: others
// may read files.
func (c *checker) module() *Denied {
	if c.dialect != abi.SQLite || !c.prev.is(word, "VIRTUAL") || c.verb != "CREATE" {
		return nil
	}
	for c.tok.kind != eof && !c.tok.is(word, "USING") {
		c.advance()
	}
	switch c.next.text {
	case "FTS5", "RTREE", "RTREE_I32":
		return nil
	}
	return c.refuse(c.next, "fts5, rtree and rtree_i32 are allowed", "virtual table module %q is not allowed", strings.ToLower(shorten(c.next.text)))
}
