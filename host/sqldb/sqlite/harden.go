package sqlite

import (
	lib "modernc.org/sqlite/lib"
)

// The bounds of SQLITE_LIMIT_LENGTH, which bounds every text, blob and row, also
// those that are never returned. Between them it is Batch.Cell.
const (
	leastLength = 16 << 20
	mostLength  = 1_000_000_000
)

// switches are set on every connection. Double quotes name columns only: by
// SQLite's old default a mistyped "colunm" would silently be a text.
//
// Source: https://sqlite.org/c3ref/c_dbconfig_defensive.html and
// https://sqlite.org/security.html.
var switches = []struct {
	op int32
	on bool
}{
	{lib.SQLITE_DBCONFIG_DEFENSIVE, true},
	{lib.SQLITE_DBCONFIG_TRUSTED_SCHEMA, false},
	{lib.SQLITE_DBCONFIG_WRITABLE_SCHEMA, false},
	{lib.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, false},
	{lib.SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false},
	{lib.SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false},
	{lib.SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false},
	{lib.SQLITE_DBCONFIG_DQS_DDL, false},
	{lib.SQLITE_DBCONFIG_DQS_DML, false},
}

// limits are set on every connection, SQLITE_LIMIT_LENGTH apart.
//
// Source: https://sqlite.org/c3ref/c_limit_attached.html.
var limits = []struct{ id, value int32 }{
	{lib.SQLITE_LIMIT_SQL_LENGTH, 4 << 20},
	{lib.SQLITE_LIMIT_COLUMN, 2000},
	{lib.SQLITE_LIMIT_EXPR_DEPTH, 1000},
	{lib.SQLITE_LIMIT_COMPOUND_SELECT, 500},
	{lib.SQLITE_LIMIT_VDBE_OP, 1 << 20},
	{lib.SQLITE_LIMIT_FUNCTION_ARG, 127},
	{lib.SQLITE_LIMIT_ATTACHED, 0},
	{lib.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50_000},
	{lib.SQLITE_LIMIT_VARIABLE_NUMBER, 32_766},
	{lib.SQLITE_LIMIT_TRIGGER_DEPTH, 100},
	{lib.SQLITE_LIMIT_WORKER_THREADS, 0},
}

// harden shuts what a statement must not reach. It comes before anything else
// is asked of the connection.
func (e *engine) harden(cell int64) error {
	for _, s := range switches {
		if err := e.configure(s.op, s.on); err != nil {
			return err
		}
	}
	e.limit(lib.SQLITE_LIMIT_LENGTH, int32(min(max(cell, leastLength), mostLength)))
	for _, l := range limits {
		e.limit(l.id, l.value)
	}
	return nil
}
