package host_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// victim is a database with what hostile statements may try to use.
type victim struct {
	sqldbtest.Database
	tmp     string   // a folder that everyone may write
	names   []string // $NAME and what it stands for, for Attack.With
	session string   // a query of what a session is
	changes []string // statements that change what sum returns
	sums    *host.Program
	mysql   bool // of MySQL: what is said of MariaDB below holds, but for sequences and names
}

// sum returns all that the server keeps of the database: its tables, rows and
// sequences, its roles and settings, and what its sessions hold.
func (v *victim) sum(t *testing.T) string { return asked(t, v.sums) }

// settled is sum, after some time if it is not as before: a session is made clean,
// or ends, behind the execution's back.
func (v *victim) settled(t *testing.T, before string) string {
	now := v.sum(t)
	for wait := time.Now(); now != before && time.Since(wait) < sqldbtest.Patience; now = v.sum(t) {
		time.Sleep(10 * time.Millisecond)
	}
	return now
}

func newVictim(t *testing.T, s server) *victim {
	t.Helper()
	v := &victim{Database: s.database(t), tmp: t.TempDir()}
	if err := os.Chmod(v.tmp, 0o777); err != nil {
		t.Fatal(err)
	}
	name := v.URI[strings.LastIndexByte(v.URI, '/')+1:]
	v.names = []string{"$TMP", v.tmp, "$DB", name, "$OTHER", name + "_other"}
	replace := strings.NewReplacer(v.names...).Replace
	all := func(statements []string) []string {
		var list []string
		for _, sql := range statements {
			if sql = replace(sql); v.mysql {
				sql = withoutMariaDB(sql)
			}
			if sql != "" {
				list = append(list, sql)
			}
		}
		return list
	}
	sums := mysqlSums
	if s.name == "postgres" {
		sums = postgresSums
		execute(t, v.AdminURI, replace("CREATE ROLE $OTHER"), replace("GRANT $OTHER TO $DB_owner"))
		t.Cleanup(func() { execute(t, v.AdminURI, replace("DROP ROLE $OTHER")) })
		execute(t, v.URI, all(postgresVictim)...)
		v.session, v.changes = postgresSession, all(postgresChanges)
	} else {
		if isMySQL(t, s, v.URI) {
			v.mysql = true
			// Its sums would be of yesterday.
			execute(t, v.AdminURI, "SET GLOBAL information_schema_stats_expiry = 0")
			v.names = append(v.names, mysqlNames...)
			replace = strings.NewReplacer(v.names...).Replace
			sums = withoutMariaDB(sums)
		}
		execute(t, v.URI, all(mysqlVictim)...)
		v.session, v.changes = replace(mysqlSession), all(mysqlChanges)
	}
	h := openServer(t, v.AdminURI, abi.ReadOnly)
	v.sums = loadOn(t, h, host.Task{Name: "sums", Query: "{% raw %}" + replace(sums) + "{% endraw %}"})
	return v
}

// postgresVictim is what the owner of a PostgreSQL database has made.
var postgresVictim = []string{
	"CREATE TABLE kept (id int PRIMARY KEY, name text)",
	"INSERT INTO kept VALUES (1, 'a'), (2, 'b'), (3, 'c')",
	"CREATE SEQUENCE counter",
	"CREATE MATERIALIZED VIEW summed AS SELECT sum(id) FROM kept",
	"SELECT lo_from_bytea(4711, 'kept')",
	"CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM kept; RETURN 1; END $$",
	"CREATE FUNCTION says(q text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE q; RETURN 1; END $$",
	"CREATE FUNCTION raises(q text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', q; END $$",
	"CREATE FUNCTION settles(n text, v text) RETURNS text LANGUAGE sql AS $$ SELECT set_config(n, v, false) $$",
	"CREATE FUNCTION bumps() RETURNS bigint LANGUAGE sql AS $$ SELECT nextval('counter') $$",
	"CREATE FUNCTION as_owner() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN DELETE FROM kept; RETURN 1; END $$",
	"CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN COMMIT; DELETE FROM kept; COMMIT; END $$",
	"CREATE VIEW sly AS SELECT writes() AS a",
	"CREATE FUNCTION alike(int, int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN DELETE FROM kept; RETURN true; END $$",
	"CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = alike)",
	"CREATE DOMAIN sneaky AS text CHECK (writes() > 0)",
}

// postgresSums has a row for all there is of the database $DB, but for the
// estimates of sizes, which an ANALYZE within a function writes past its
// transaction.
const postgresSums = `
SELECT 'class', (to_jsonb(c) - 'relpages' - 'reltuples' - 'relallvisible')::text FROM pg_class c WHERE oid >= 16384
UNION ALL SELECT 'attribute', a::text FROM pg_attribute a WHERE attrelid >= 16384
UNION ALL SELECT 'default', d::text FROM pg_attrdef d
UNION ALL SELECT 'constraint', c::text FROM pg_constraint c WHERE oid >= 16384
UNION ALL SELECT 'index', i::text FROM pg_index i WHERE indexrelid >= 16384
UNION ALL SELECT 'trigger', t::text FROM pg_trigger t
UNION ALL SELECT 'rewrite', ev_class::text || rulename || is_instead FROM pg_rewrite WHERE oid >= 16384
UNION ALL SELECT 'proc', p::text FROM pg_proc p WHERE oid >= 16384
UNION ALL SELECT 'type', t::text FROM pg_type t WHERE oid >= 16384
UNION ALL SELECT 'operator', o::text FROM pg_operator o WHERE oid >= 16384
UNION ALL SELECT 'cast', c::text FROM pg_cast c WHERE oid >= 16384
UNION ALL SELECT 'namespace', n::text FROM pg_namespace n
UNION ALL SELECT 'sequence', s::text FROM pg_sequence s
UNION ALL SELECT 'description', d::text FROM pg_description d WHERE objoid >= 16384
UNION ALL SELECT 'label', l::text FROM pg_seclabel l
UNION ALL SELECT 'statistic', s::text FROM pg_statistic s WHERE starelid >= 16384
UNION ALL SELECT 'default acl', d::text FROM pg_default_acl d
UNION ALL SELECT 'extension', e::text FROM pg_extension e
UNION ALL SELECT 'foreign', w::text FROM pg_foreign_data_wrapper w
UNION ALL SELECT 'server', s::text FROM pg_foreign_server s
UNION ALL SELECT 'event trigger', e::text FROM pg_event_trigger e
UNION ALL SELECT 'policy', p::text FROM pg_policy p
UNION ALL SELECT 'publication', p::text FROM pg_publication p
UNION ALL SELECT 'subscription', subname FROM pg_subscription
UNION ALL SELECT 'large object', o::text FROM pg_largeobject_metadata o
UNION ALL SELECT 'large object', o::text FROM pg_largeobject o
UNION ALL SELECT 'role', r::text FROM pg_authid r WHERE rolname LIKE '$DB%' OR rolname = 'made'
UNION ALL SELECT 'member', m::text FROM pg_auth_members m WHERE member::regrole::text LIKE '$DB%' OR roleid::regrole::text LIKE '$DB%'
UNION ALL SELECT 'setting', s::text FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = setrole LEFT JOIN pg_database d ON d.oid = setdatabase WHERE rolname LIKE '$DB%' OR datname LIKE '$DB%'
UNION ALL SELECT 'database', concat_ws(' ', datname, datdba, datallowconn, datconnlimit, datacl) FROM pg_database WHERE datname IN ('$DB', 'made', 'more')
UNION ALL SELECT 'tablespace', t::text FROM pg_tablespace t
UNION ALL SELECT 'slot', slot_name FROM pg_replication_slots WHERE slot_name = 'left'
UNION ALL SELECT 'prepared', gid FROM pg_prepared_xacts WHERE database = current_database()
UNION ALL SELECT 'advisory', objid::text FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION ALL SELECT 'kept', concat_ws(' ', xmin, ctid, k::text) FROM kept k
UNION ALL SELECT 'counter', concat_ws(' ', last_value, is_called, log_cnt) FROM counter
UNION ALL SELECT 'summed', concat_ws(' ', xmin, s::text) FROM summed s
ORDER BY 1, 2`

const postgresSession = `SELECT concat_ws('|', current_user = session_user, current_setting('search_path'), current_setting('statement_timeout'),
  current_setting('standard_conforming_strings'), current_setting('client_encoding'), current_setting('transaction_read_only'),
  current_setting('default_transaction_read_only'), coalesce(current_setting('app.left', true), ''), current_setting('TimeZone'),
  (SELECT count(*) FROM pg_listening_channels()), (SELECT count(*) FROM pg_prepared_statements WHERE name <> ''), (SELECT count(*) FROM pg_cursors WHERE name <> ''),
  (SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()), (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory')) AS s`

var postgresChanges = []string{
	"INSERT INTO kept VALUES (9, 'x')", "UPDATE kept SET name = name", "SELECT nextval('counter')", "SELECT setval('counter', 1, false)",
	"CREATE TABLE made (a int)", "ALTER TABLE kept ADD COLUMN more int", "COMMENT ON TABLE kept IS 'x'", "GRANT SELECT ON kept TO PUBLIC", "ALTER ROLE CURRENT_USER SET search_path = public",
	"ALTER DATABASE $DB SET work_mem = 1024", "SELECT lo_create(4712)", "SELECT lo_put(4711, 0, 'y')", "ANALYZE kept", "REFRESH MATERIALIZED VIEW summed",
	"CREATE OR REPLACE FUNCTION writes() RETURNS int LANGUAGE sql AS 'SELECT 1'", "ALTER FUNCTION writes() SECURITY DEFINER", "CREATE SCHEMA made", "CREATE RULE made AS ON INSERT TO kept DO INSTEAD NOTHING",
	"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC", "TRUNCATE kept",
}

// mysqlVictim is what the owner of a MariaDB database has made.
var mysqlVictim = []string{
	"CREATE TABLE kept (id int PRIMARY KEY AUTO_INCREMENT, name varchar(20)) ENGINE=InnoDB",
	"INSERT INTO kept VALUES (1, 'a'), (2, 'b'), (3, 'c')",
	"CREATE TABLE loose (id int) ENGINE=MyISAM",
	"INSERT INTO loose VALUES (1)",
	"CREATE SEQUENCE counter",
	"CREATE FUNCTION writes() RETURNS int MODIFIES SQL DATA BEGIN DELETE FROM kept; RETURN 1; END",
	"CREATE FUNCTION touches_plain() RETURNS int MODIFIES SQL DATA BEGIN DELETE FROM loose; RETURN 1; END",
	"CREATE FUNCTION makes() RETURNS int MODIFIES SQL DATA BEGIN CREATE TEMPORARY TABLE made (a int); RETURN 1; END",
	"CREATE FUNCTION settles() RETURNS int BEGIN SET SESSION tx_read_only = 0; RETURN 1; END",
	"CREATE FUNCTION stains() RETURNS int BEGIN SET @left = 1; SET SESSION sql_select_limit = 1; SET SESSION time_zone = '+09:00'; SET SESSION sql_mode = 'ANSI_QUOTES'; RETURN 1; END",
	"CREATE FUNCTION keeps_lock() RETURNS int RETURN GET_LOCK('left_$DB', 0)",
	"CREATE FUNCTION bumps() RETURNS bigint RETURN NEXTVAL(counter)",
	"CREATE FUNCTION counts() RETURNS int READS SQL DATA RETURN (SELECT COUNT(*) FROM kept)",
	"CREATE PROCEDURE commits() BEGIN COMMIT; DELETE FROM kept; COMMIT; END",
	"CREATE PROCEDURE writes_too() DELETE FROM kept",
	"CREATE PROCEDURE hides() BEGIN COMMIT; START TRANSACTION READ WRITE; DELETE FROM kept; COMMIT; START TRANSACTION READ ONLY; END",
	"CREATE PROCEDURE prepares() BEGIN PREPARE p FROM 'DELETE FROM kept'; EXECUTE p; END",
	"CREATE VIEW sly AS SELECT writes() AS a",
}

// mysqlSums has a row for all there is of the database $DB.
const mysqlSums = `
SELECT 'table' AS what, CONVERT(CONCAT_WS(' ', TABLE_NAME, TABLE_TYPE, ENGINE, AUTO_INCREMENT, CREATE_TIME, UPDATE_TIME, TABLE_COLLATION, TABLE_COMMENT) USING utf8mb4) AS text FROM information_schema.TABLES WHERE TABLE_SCHEMA = '$DB'
UNION ALL SELECT 'column', CONVERT(CONCAT_WS(' ', TABLE_NAME, ORDINAL_POSITION, COLUMN_NAME, COLUMN_TYPE, COLUMN_DEFAULT, IS_NULLABLE, EXTRA) USING utf8mb4) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '$DB'
UNION ALL SELECT 'index', CONVERT(CONCAT_WS(' ', TABLE_NAME, INDEX_NAME, COLUMN_NAME, NON_UNIQUE) USING utf8mb4) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = '$DB'
UNION ALL SELECT 'view', CONVERT(CONCAT_WS(' ', TABLE_NAME, VIEW_DEFINITION, SECURITY_TYPE) USING utf8mb4) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = '$DB'
UNION ALL SELECT 'routine', CONVERT(CONCAT_WS(' ', ROUTINE_TYPE, ROUTINE_NAME, ROUTINE_DEFINITION, DEFINER, SECURITY_TYPE, LAST_ALTERED) USING utf8mb4) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = '$DB'
UNION ALL SELECT 'trigger', CONVERT(CONCAT_WS(' ', TRIGGER_NAME, ACTION_STATEMENT) USING utf8mb4) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = '$DB'
UNION ALL SELECT 'event', CONVERT(CONCAT_WS(' ', EVENT_NAME, EVENT_DEFINITION) USING utf8mb4) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = '$DB'
UNION ALL SELECT 'schema', CONVERT(CONCAT_WS(' ', SCHEMA_NAME, DEFAULT_COLLATION_NAME) USING utf8mb4) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN ('$DB', 'made')
UNION ALL SELECT 'user', CONVERT(CONCAT_WS(' ', User, Host, Priv) USING utf8mb4) FROM mysql.global_priv WHERE User LIKE '$DB%' OR User IN ('made', 'PUBLIC')
UNION ALL SELECT 'right', CONVERT(CONCAT_WS(' ', GRANTEE, PRIVILEGE_TYPE, IS_GRANTABLE) USING utf8mb4) FROM information_schema.SCHEMA_PRIVILEGES WHERE TABLE_SCHEMA = '$DB'
UNION ALL SELECT 'right', CONVERT(CONCAT_WS(' ', GRANTEE, TABLE_NAME, PRIVILEGE_TYPE) USING utf8mb4) FROM information_schema.TABLE_PRIVILEGES WHERE TABLE_SCHEMA = '$DB'
UNION ALL SELECT 'role', CONVERT(CONCAT_WS(' ', User, Role) USING utf8mb4) FROM mysql.roles_mapping WHERE User LIKE '$DB%' OR Role = 'made'
UNION ALL SELECT 'function', CONVERT(name USING utf8mb4) FROM mysql.func
UNION ALL SELECT 'server', CONVERT(Server_name USING utf8mb4) FROM mysql.servers
UNION ALL SELECT 'plugin', CONVERT(name USING utf8mb4) FROM mysql.plugin
UNION ALL SELECT 'variable', CONVERT(CONCAT_WS(' ', @@GLOBAL.general_log, @@GLOBAL.read_only, @@GLOBAL.sql_mode, @@GLOBAL.event_scheduler, @@GLOBAL.local_infile, @@GLOBAL.max_statement_time, @@GLOBAL.tx_read_only) USING utf8mb4)
UNION ALL SELECT 'lock', CONVERT(IS_FREE_LOCK('left_$DB') USING utf8mb4)
UNION ALL SELECT 'counter', CONVERT(CONCAT_WS(' ', next_not_cached_value, start_value, cycle_count) USING utf8mb4) FROM counter
UNION ALL SELECT 'kept', CONVERT(CONCAT_WS(' ', id, name) USING utf8mb4) FROM kept
UNION ALL SELECT 'loose', CONVERT(id USING utf8mb4) FROM loose
ORDER BY 1, 2`

// mysqlNames are MySQL's names for what MariaDB calls otherwise.
var mysqlNames = []string{
	"tx_read_only", "transaction_read_only", "tx_isolation", "transaction_isolation", "max_statement_time", "max_execution_time",
	"CONCAT_WS(' ', User, Host, Priv) USING utf8mb4) FROM mysql.global_priv", "CONCAT_WS(' ', User, Host, authentication_string, account_locked, Super_priv, File_priv, Insert_priv) USING utf8mb4) FROM mysql.user",
	"CONCAT_WS(' ', User, Role) USING utf8mb4) FROM mysql.roles_mapping WHERE User LIKE '$DB%' OR Role = 'made'", "CONCAT_WS(' ', TO_USER, FROM_USER) USING utf8mb4) FROM mysql.role_edges",
}

// withoutMariaDB returns the lines of SQL that are not about a sequence.
func withoutMariaDB(sql string) string {
	var b strings.Builder
	for line := range strings.Lines(sql) {
		if !strings.Contains(line, "counter") {
			b.WriteString(line)
		}
	}
	return b.String()
}

const mysqlSession = `SELECT CONVERT(CONCAT_WS('|', IFNULL(@left, 'none'), @@time_zone, @@sql_mode, DATABASE(), @@max_statement_time, @@tx_isolation, @@autocommit, @@tx_read_only,
  @@sql_select_limit, @@character_set_client, IFNULL(CURRENT_ROLE(), 'none'), LAST_INSERT_ID(), FOUND_ROWS() < 2) USING utf8mb4) AS s`

var mysqlChanges = []string{
	"INSERT INTO kept VALUES (9, 'x')", "DELETE FROM loose", "SELECT NEXTVAL(counter)", "ALTER TABLE kept ADD COLUMN more int", "ALTER TABLE kept AUTO_INCREMENT = 1000", "CREATE TABLE made (a int)",
	"CREATE INDEX made ON kept (name)", "CREATE VIEW made_too AS SELECT 1", "CREATE FUNCTION made() RETURNS int RETURN 1", "CREATE TRIGGER made BEFORE INSERT ON kept FOR EACH ROW SET NEW.id = 1",
	"CREATE EVENT made ON SCHEDULE EVERY 1 YEAR DO DELETE FROM kept", "ALTER DATABASE $DB CHARACTER SET latin1",
}
