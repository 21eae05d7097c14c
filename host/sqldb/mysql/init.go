package mysql

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

// initVariables are the variables of a session that init_command may set: how
// long it waits, how much it takes, and how strict it is with the statements
// of the task. What changes the meaning of a text or a time is the host's.
var initVariables = []string{
	"lock_wait_timeout", "innodb_lock_wait_timeout", "max_statement_time", "max_execution_time", "net_read_timeout", "net_write_timeout", "wait_timeout",
	"sql_safe_updates", "sql_select_limit", "max_join_size", "sql_big_selects", "group_concat_max_len", "div_precision_increment",
	"foreign_key_checks", "unique_checks", "transaction_isolation", "tx_isolation",
	"sort_buffer_size", "join_buffer_size", "tmp_table_size", "max_heap_table_size", "optimizer_search_depth",
}

// assignment is [SESSION] name = value, or @name = value. The value is a number,
// a word, or a text without quotes and backslashes.
var assignment = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\s*(?:(?i:session|local)\s+|@@(?i:session|local)\.|@@)?(@?[A-Za-z_][A-Za-z0-9_]*)\s*:?=\s*(-?[0-9]+(?:\.[0-9]+)?|[A-Za-z_-]+|'[^'"\\]*'|"[^'"\\]*")\s*$`)
})

// needless is an assignment of what the session is given anyway.
var needless = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?i)\s*(?:names\s+'?utf8(?:mb[34])?'?|(?:session\s+|@@session\.|@@)?(?:time_zone\s*=\s*'(?:\+00?:00|utc)'|autocommit\s*=\s*0))\s*$`)
})

// initCommand reads an init_command, which is SET with assignments, and returns
// them for another SET. What it refuses it does not name: it may be a secret.
func initCommand(text string) (set, message, hint string) {
	rest := strings.TrimRight(strings.TrimSpace(text), "; \t\n")
	if len(rest) < 4 || !strings.EqualFold(rest[:3], "set") || !strings.Contains(" \t\n", rest[3:4]) {
		return "", "is not SET with variables of the session", "any other statement stands in the task"
	}
	for i, part := range strings.Split(rest[4:], ",") {
		if needless().MatchString(part) {
			continue
		}
		m := assignment().FindStringSubmatch(part)
		if m == nil {
			return "", "assignment " + strconv.Itoa(i+1) + " is not of the form name = value", "for instance SET lock_wait_timeout = 10, tx_isolation = 'READ-COMMITTED'"
		}
		name := strings.ToLower(m[1])
		if !strings.HasPrefix(name, "@") && !slices.Contains(initVariables, name) {
			return "", "assignment " + strconv.Itoa(i+1) + " is of a variable that it may not set", "accepted are " + strings.Join(initVariables, ", ") + ", and variables of the user"
		}
		set += ", " + m[1] + "=" + m[2]
	}
	return set, "", ""
}

// initArg reads the argument init_command.
func (s *settings) initArg(a *sqldb.Args) {
	var text string
	if !a.Text("init_command", &text) || strings.TrimSpace(text) == "" {
		return
	}
	set, message, hint := initCommand(text)
	if message != "" {
		a.Refuse("init_command", message, hint)
	}
	s.init = set
}
