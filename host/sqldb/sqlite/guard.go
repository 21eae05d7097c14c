package sqlite

import (
	"strings"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"

	"github.com/wasmsql/wasmsql/abi"
)

// guard decides what a statement may do, while the library compiles it. It
// keeps the first refusal in plain words.
//
// Source of the actions: https://sqlite.org/c3ref/c_alter_table.html.
type guard struct {
	access  abi.Access
	host    bool   // the statement is ours
	refused string // what was refused, or ""
}

// allows reports whether the action may be done. The arguments are C strings
// that mean what the action says.
func (g *guard) allows(action int32, arg1, arg2, _ uintptr) bool {
	if g.host {
		return true
	}
	switch action {
	case lib.SQLITE_SELECT, lib.SQLITE_RECURSIVE:
		return true
	case lib.SQLITE_READ: // of pages, too, there is what was deleted
		return !strings.EqualFold(libc.GoString(arg1), "sqlite_dbpage") || g.refuse("a read of the file's pages")
	case lib.SQLITE_FUNCTION:
		name := strings.ToLower(libc.GoString(arg2))
		return !refusedFunctions[name] || g.refuse("the function "+name+"()")
	case lib.SQLITE_PRAGMA:
		name := strings.ToLower(libc.GoString(arg1))
		return g.allowsPragma(name, arg2 != 0) || g.refuse("PRAGMA "+name)
	case lib.SQLITE_TRANSACTION, lib.SQLITE_SAVEPOINT:
		return g.refuse("a statement that begins or ends a transaction")
	case lib.SQLITE_ATTACH:
		return g.refuse("ATTACH")
	case lib.SQLITE_DETACH:
		return g.refuse("DETACH")
	case lib.SQLITE_CREATE_VTABLE, lib.SQLITE_DROP_VTABLE:
		module := strings.ToLower(libc.GoString(arg2))
		if !allowedModules[module] {
			return g.refuse("a virtual table of the module " + module)
		}
	}
	words, ok := writes[action]
	switch {
	case !ok:
		return g.refuse("what the statement does")
	case g.access == abi.ReadWrite:
		return true
	}
	if table := libc.GoString(arg1); table == "sqlite_master" || table == "sqlite_temp_master" {
		words = "a change of the schema" // which every CREATE and DROP begins with
	}
	return g.refuse(words + onReadOnly)
}

// onReadOnly ends what is refused only for want of access.
const onReadOnly = " on a read-only connection"

func (g *guard) refuse(what string) bool {
	if g.refused == "" {
		g.refused = what
	}
	return false
}

// writes are the actions that change something, in plain words.
var writes = map[int32]string{
	lib.SQLITE_INSERT: "INSERT", lib.SQLITE_UPDATE: "UPDATE", lib.SQLITE_DELETE: "DELETE",
	lib.SQLITE_CREATE_TABLE: "CREATE TABLE", lib.SQLITE_CREATE_TEMP_TABLE: "CREATE TEMP TABLE",
	lib.SQLITE_CREATE_INDEX: "CREATE INDEX", lib.SQLITE_CREATE_TEMP_INDEX: "CREATE INDEX",
	lib.SQLITE_CREATE_VIEW: "CREATE VIEW", lib.SQLITE_CREATE_TEMP_VIEW: "CREATE TEMP VIEW",
	lib.SQLITE_CREATE_TRIGGER: "CREATE TRIGGER", lib.SQLITE_CREATE_TEMP_TRIGGER: "CREATE TEMP TRIGGER",
	lib.SQLITE_CREATE_VTABLE: "CREATE VIRTUAL TABLE", lib.SQLITE_DROP_VTABLE: "DROP TABLE",
	lib.SQLITE_DROP_TABLE: "DROP TABLE", lib.SQLITE_DROP_TEMP_TABLE: "DROP TABLE",
	lib.SQLITE_DROP_INDEX: "DROP INDEX", lib.SQLITE_DROP_TEMP_INDEX: "DROP INDEX",
	lib.SQLITE_DROP_VIEW: "DROP VIEW", lib.SQLITE_DROP_TEMP_VIEW: "DROP VIEW",
	lib.SQLITE_DROP_TRIGGER: "DROP TRIGGER", lib.SQLITE_DROP_TEMP_TRIGGER: "DROP TRIGGER",
	lib.SQLITE_ALTER_TABLE: "ALTER TABLE", lib.SQLITE_REINDEX: "REINDEX", lib.SQLITE_ANALYZE: "ANALYZE",
}

// allowedModules are the virtual tables that keep their content in tables of
// the database.
var allowedModules = map[string]bool{
	"fts5": true, "fts5vocab": true, "rtree": true, "rtree_i32": true, "geopoly": true,
}

// refusedFunctions reach files, the library's memory or its extensions. Most
// are not compiled in; they stay refused if that changes.
var refusedFunctions = map[string]bool{
	"load_extension": true, "fts3_tokenizer": true, "readfile": true, "writefile": true, "edit": true,
	"lsmode": true, "fsdir": true, "zipfile": true, "zipfile_cds": true, "sqlite_attach": true,
	"sqlite_detach": true, "sqlite_log": true, "eval": true, "fts5_source_id": false,
}

// allowsPragma reports whether a pragma may be asked. Those that take an
// argument to set something may be asked without one only.
func (g *guard) allowsPragma(name string, hasArg bool) bool {
	switch name {
	case "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo",
		"foreign_key_list", "foreign_key_check", "integrity_check", "quick_check",
		"collation_list", "function_list", "module_list", "pragma_list", "compile_options":
		return true
	case "user_version", "application_id", "defer_foreign_keys":
		return !hasArg || g.access == abi.ReadWrite
	case "schema_version", "encoding", "page_count", "page_size", "freelist_count", "foreign_keys",
		"data_version", "journal_mode", "query_only":
		return !hasArg
	}
	return false
}
