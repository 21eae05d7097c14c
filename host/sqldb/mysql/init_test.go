package mysql

import "testing"

func TestInitCommand(t *testing.T) {
	for _, c := range []struct{ text, set, message string }{
		{"set lock_wait_timeout=5", ", lock_wait_timeout=5", ""},
		{" SET SESSION sql_safe_updates = ON, @a := 1;", ", sql_safe_updates=ON, @a=1", ""},
		{"set @@session.transaction_isolation='READ-COMMITTED'", ", transaction_isolation='READ-COMMITTED'", ""},
		{"set @@wait_timeout=-1.5", ", wait_timeout=-1.5", ""},
		{"SET NAMES utf8mb4", "", ""},
		{"set names 'utf8', lock_wait_timeout=5, SESSION time_zone = '+00:00', autocommit = 0", ", lock_wait_timeout=5", ""},
		{"set names utf8 collate utf8_bin", "", "assignment 1 is not of the form name = value"},
		{"set time_zone = 'UTC', autocommit=1", "", "assignment 2 is of a variable that it may not set"},
		{"select 1", "", "is not SET with variables of the session"},
		{"setx=1", "", "is not SET with variables of the session"},
		{"set", "", "is not SET with variables of the session"},
		{"set sql_mode=''", "", "assignment 1 is of a variable that it may not set"},
		{"set @a=1, time_zone='+01:00'", "", "assignment 2 is of a variable that it may not set"},
		{"set global wait_timeout=1", "", "assignment 1 is not of the form name = value"},
		{"set @@global.wait_timeout=1", "", "assignment 1 is not of the form name = value"},
		{"set wait_timeout=(select 1)", "", "assignment 1 is not of the form name = value"},
		{"set wait_timeout=1; drop table t", "", "assignment 1 is not of the form name = value"},
		{"set @a='it''s'", "", "assignment 1 is not of the form name = value"},
		{"set @a='x\\', @b=1", "", "assignment 1 is not of the form name = value"},
		{"set names latin1", "", "assignment 1 is not of the form name = value"},
		{"set @a='a,b'", "", "assignment 1 is not of the form name = value"},
		{"set @a=1 -- x", "", "assignment 1 is not of the form name = value"},
	} {
		if set, message, _ := initCommand(c.text); set != c.set || message != c.message {
			t.Errorf("%q: %q, %q", c.text, set, message)
		}
	}
}
