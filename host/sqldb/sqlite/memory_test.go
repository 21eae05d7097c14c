package sqlite_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// TestD1Memory: no statement holds more memory than one may, in many values at a
// time or in one that is never returned, and the next one has it all again.
func TestD1Memory(t *testing.T) {
	d := open(t, ":memory:", abi.ReadWrite)
	var blobs, names []string
	for i := range 30 {
		blobs, names = append(blobs, fmt.Sprintf("zeroblob(90000000 + %d) AS c%d", i, i)), append(names, fmt.Sprintf("max(c%d)", i))
	}
	wide := "SELECT " + strings.Join(names, ", ") + " FROM (SELECT " + strings.Join(blobs, ", ") + ")"
	for _, sql := range []string{
		wide,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) SELECT json_group_array(hex(zeroblob(1000000))) FROM n",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200) SELECT i FROM n ORDER BY zeroblob(8000000 + i)",
	} {
		tx := beginOn(t, d, sqldb.TxOptions{Access: abi.ReadWrite})
		_, err := tx.Exec(t.Context(), sql, nil, true)
		if e := fault(t, err); e.Code != abi.Limit || e.Message != "the statement needs more than 1073741824 bytes of memory" {
			t.Errorf("%.100s: %+v", sql, e)
		}
		_ = tx.Rollback(t.Context())
	}
	tx := beginOn(t, d, sqldb.TxOptions{})
	if n, err := tx.Exec(t.Context(), "SELECT length(zeroblob(90000000))", nil, true); n != 0 || err != nil {
		t.Error(n, err)
	}
}
