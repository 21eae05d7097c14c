package policy

import (
	"strings"

	"github.com/wasmsql/wasmsql/abi"
)

// ban says where a function must not be called.
type ban uint8

const (
	free    ban = iota
	writing     // not under abi.ReadOnly: it has effects, or runs a text that cannot be checked
	always
)

// forbiddenCall looks a function up by its name in upper case, without schema.
// The names are those of the servers' own functions and of the extensions that
// come with them. User-defined functions are the login's.
func forbiddenCall(d abi.Dialect, fn string) ban {
	switch d {
	case abi.Postgres:
		return postgresCall(fn)
	case abi.MySQL:
		return mysqlCall(fn)
	}
	return sqliteCall(fn)
}

func callHint(fn string) string {
	switch fn {
	case "SET_CONFIG":
		return "SET LOCAL search_path is what may be set"
	case "PG_ADVISORY_LOCK", "PG_ADVISORY_LOCK_SHARED", "PG_TRY_ADVISORY_LOCK", "PG_TRY_ADVISORY_LOCK_SHARED",
		"PG_ADVISORY_UNLOCK", "PG_ADVISORY_UNLOCK_SHARED", "PG_ADVISORY_UNLOCK_ALL":
		return "pg_advisory_xact_lock ends with the transaction"
	}
	return ""
}

func postgresCall(fn string) ban {
	switch fn {
	case "SET_CONFIG", // undoes roles, time limits and what this lexer relies on
		"LO_IMPORT", "LO_EXPORT",
		"DBLINK", "DBLINK_CONNECT", "DBLINK_CONNECT_U", "DBLINK_DISCONNECT", "DBLINK_EXEC", "DBLINK_OPEN",
		"DBLINK_FETCH", "DBLINK_CLOSE", "DBLINK_SEND_QUERY", "DBLINK_GET_RESULT", "DBLINK_CANCEL_QUERY":
		return always
	case "NEXTVAL", "SETVAL",
		"LO_CREAT", "LO_CREATE", "LO_OPEN", "LO_UNLINK", "LO_PUT", "LO_FROM_BYTEA", "LO_TRUNCATE", "LO_TRUNCATE64", "LOWRITE",
		"QUERY_TO_XML", "QUERY_TO_XMLSCHEMA", "QUERY_TO_XML_AND_XMLSCHEMA", "CURSOR_TO_XML", "CURSOR_TO_XMLSCHEMA",
		"TS_STAT", "TS_REWRITE", "CROSSTAB", "CROSSTAB2", "CROSSTAB3", "CROSSTAB4", "CONNECTBY", "XPATH_TABLE",
		"BRIN_SUMMARIZE_NEW_VALUES", "BRIN_SUMMARIZE_RANGE", "BRIN_DESUMMARIZE_RANGE", "GIN_CLEAN_PENDING_LIST",
		"HEAP_FORCE_FREEZE", "HEAP_FORCE_KILL", "AUTOPREWARM_DUMP_NOW", "AUTOPREWARM_START_WORKER":
		return writing
	}
	if !strings.HasPrefix(fn, "PG_") {
		return free
	}
	return postgresAdmin(fn[len("PG_"):])
}

// postgresAdmin looks up a function pg_….
func postgresAdmin(fn string) ban {
	switch fn {
	case "ADVISORY_XACT_LOCK", "ADVISORY_XACT_LOCK_SHARED", "TRY_ADVISORY_XACT_LOCK", "TRY_ADVISORY_XACT_LOCK_SHARED",
		"NOTIFY", "PREWARM", "TRUNCATE_VISIBILITY_MAP",
		"IMPORT_SYSTEM_COLLATIONS", "EXTENSION_CONFIG_DUMP", "NEXTOID":
		return writing
	case "TERMINATE_BACKEND", "CANCEL_BACKEND", "RELOAD_CONF", "ROTATE_LOGFILE", "ROTATE_LOGFILE_OLD", "LOGFILE_ROTATE", "PROMOTE",
		"SWITCH_WAL", "SWITCH_XLOG", "EXPORT_SNAPSHOT", "STAT_FILE", "CURRENT_LOGFILE", "LOGDIR_LS",
		"LOG_STANDBY_SNAPSHOT", "SYNC_REPLICATION_SLOTS", "START_BACKUP", "STOP_BACKUP", "SHOW_ALL_FILE_SETTINGS",
		"HBA_FILE_RULES", "IDENT_FILE_MAPPINGS":
		return always
	}
	for _, p := range [...]string{
		"ADVISORY_", "TRY_ADVISORY_", "READ_", "LS_", "FILE_", "BACKUP_", "CREATE_", "DROP_", "COPY_", "REPLICATION_",
		"LOGICAL_", "WAL_REPLAY_", "LOG_BACKEND_", "BUFFERCACHE_EVICT", "BUFFERCACHE_MARK",
	} {
		if strings.HasPrefix(fn, p) {
			return always
		}
	}
	if strings.HasPrefix(fn, "STAT_RESET") || strings.HasPrefix(fn, "STAT_STATEMENTS_RESET") ||
		strings.HasPrefix(fn, "RESTORE_") || strings.HasPrefix(fn, "CLEAR_") || strings.HasPrefix(fn, "STAT_FORCE_") {
		return writing
	}
	return free
}

// postgresRelation reports whether a relation of PostgreSQL's is called as
// postgresAdmin takes functions to be. None of that name takes an argument.
func postgresRelation(text string) bool {
	switch text {
	case "PG_FILE_SETTINGS", "PG_HBA_FILE_RULES", "PG_IDENT_FILE_MAPPINGS", "PG_REPLICATION_ORIGIN", "PG_REPLICATION_ORIGIN_STATUS", "PG_REPLICATION_SLOTS":
		return true
	}
	return false
}

func mysqlCall(fn string) ban {
	switch fn {
	case "LOAD_FILE", "SYS_EXEC", "SYS_EVAL", "SYS_GET", "SYS_SET", "SYSEXEC", "SYSEVAL",
		"SPIDER_DIRECT_SQL", "SPIDER_BG_DIRECT_SQL", "SPIDER_COPY_TABLES", "SPIDER_FLUSH_TABLE_MON_CACHE", "MROONGA_COMMAND":
		return always
	case "GET_LOCK", "RELEASE_LOCK", "RELEASE_ALL_LOCKS", "NEXTVAL", "SETVAL",
		"MASTER_POS_WAIT", "SOURCE_POS_WAIT", "MASTER_GTID_WAIT", "WAIT_FOR_EXECUTED_GTID_SET",
		"WAIT_UNTIL_SQL_THREAD_AFTER_GTIDS", "SERVICE_GET_READ_LOCKS", "SERVICE_GET_WRITE_LOCKS",
		"SERVICE_RELEASE_LOCKS", "SET_FIREWALL_MODE":
		return writing
	}
	for _, p := range [...]string{
		"ASYNCHRONOUS_CONNECTION_FAILOVER_", "GROUP_REPLICATION_", "KEYRING_", "AUDIT_LOG_", "VERSION_TOKENS_",
		"MYSQL_FIREWALL_", "MASKING_DICTIONARY_",
	} {
		if strings.HasPrefix(fn, p) {
			return always
		}
	}
	return free
}

// remoteEngine reports whether a storage engine keeps its rows elsewhere.
func remoteEngine(text string) bool {
	switch text {
	case "FEDERATED", "FEDERATEDX", "CONNECT", "SPIDER", "S3", "SPHINX":
		return true
	}
	return false
}

func sqliteCall(fn string) ban {
	switch fn {
	case "LOAD_EXTENSION", "READFILE", "WRITEFILE", "EDIT", "FSDIR", "LSDIR", "LSMODE", "FTS3_TOKENIZER", "ZIPFILE":
		return always
	}
	return free
}
