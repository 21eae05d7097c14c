package host_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
)

// heap returns how large the heap has become until now.
func heap() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapSys)
}

// billion are 10^9 rows, by dialect.
var billion = map[abi.Dialect]string{
	abi.SQLite:   "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s LIMIT 1000000000) SELECT n, 'some text' AS t FROM s",
	abi.Postgres: "SELECT generate_series(1, 1000000000) AS n, 'some text' AS t",
	abi.MySQL:    "SELECT seq AS n, 'some text' AS t FROM seq_1_to_1000000000",
}

// TestD1LargeResults: values, columns and rows beyond their limits end the
// execution before there is memory for them.
func TestD1LargeResults(t *testing.T) {
	large := map[abi.Dialect][]string{
		abi.SQLite: {
			"SELECT zeroblob(300000000) AS v", "SELECT hex(zeroblob(150000000)) AS v", `SELECT '"' || hex(zeroblob(500000000)) || '"' AS v`, "SELECT json_array(hex(zeroblob(500000000))) AS v",
			"SELECT printf('%.*c', 2000000000, 'x') AS v",
		},
		abi.Postgres: {
			"SELECT repeat('x', 270000000) AS v", `SELECT ('"' || repeat('x', 270000000) || '"')::json AS v`, "SELECT 1 AS n, repeat('x', 270000000)::bytea AS v",
		},
		abi.MySQL: {}, // a server never sends a value that is larger than max_allowed_packet: TestC8HostileServer has one that does
	}
	eachTarget(t, nil, func(t *testing.T, at target) {
		h := at.open(t, abi.ReadOnly, func(c *host.Config) { c.Limits.Statement = 32 << 20 })
		for _, query := range large[at.dialect] {
			before := heap()
			rows, failed, message := h.try(t, attempted{query: query})
			if failed != host.CodeLimit || !strings.Contains(message, "over the limit") && !strings.Contains(message, "too big") {
				t.Errorf("%s: %.100s%s %s", query, rows, failed, message)
			}
			if grown := heap() - before; grown > 100<<20 {
				t.Errorf("%s: the heap has grown by %d MB: %s", query, grown>>20, message)
			}
		}
		// A million columns are more than any server has.
		query := "SELECT " + strings.Repeat("1, ", 999_999) + "1"
		if _, failed, message := h.try(t, attempted{query: query}); failed != host.CodeTask && failed != host.CodeLimit {
			t.Errorf("a million columns: %s %s", failed, message)
		}
		query = "SELECT 1 AS c1"
		for i := 2; i <= 1600; i++ {
			query += fmt.Sprintf(", %d AS c%d", i, i)
		}
		if rows, failed, message := h.try(t, attempted{query: query}); !strings.HasSuffix(rows, "\"1599\",\"1600\"]\n") {
			t.Errorf("1600 columns: %s %s", failed, message)
		}
		for name, limit := range map[string]host.ResultLimits{"rows": {Rows: 200_000}, "bytes": {Bytes: 8 << 20}} {
			h := at.open(t, abi.ReadOnly, func(c *host.Config) {
				db := c.Connections["db"]
				db.Limits = limit
				c.Connections["db"] = db
			})
			p := loadOn(t, h.Host, host.Task{Query: billion[at.dialect]})
			before := heap()
			report, err := p.Run(context.Background(), nil, host.Discard())
			if got, message := code(err); got != host.CodeLimit || !strings.Contains(message, name) {
				t.Errorf("limit of %s: %s %s", name, got, message)
			}
			if report.Rows > 1_000_000 || heap()-before > 100<<20 {
				t.Errorf("limit of %s: %d rows, %d MB", name, report.Rows, (heap()-before)>>20)
			}
		}
		at.idle(t)
	})
}

// idle fails the test if a server still runs a query of a target.
func (at target) idle(t *testing.T) {
	t.Helper()
	for _, s := range servers {
		if s.dialect == at.dialect {
			if got := ask(t, openServer(t, at.uri, abi.ReadOnly), s.queries); got != "no rows\n" {
				t.Errorf("the server still runs %s", got)
			}
		}
	}
}

// stuck is a Sink that takes nothing for a while, and then goes away.
type stuck struct {
	host.Sink
	writes int
	grown  int64 // of the heap, while nothing was taken
}

var errGone = errors.New("the reader has gone")

func (s *stuck) Write(arrow.Record) error {
	s.writes++
	before := heap()
	time.Sleep(time.Second)
	s.grown = heap() - before
	return errGone
}

// TestD2SlowReader: a reader that takes nothing holds the database back, in
// constant memory; when it goes away the query ends on the server.
func TestD2SlowReader(t *testing.T) {
	eachTarget(t, nil, func(t *testing.T, at target) {
		h := at.open(t, abi.ReadOnly)
		p := loadOn(t, h.Host, host.Task{Query: billion[at.dialect]})
		reader := &stuck{Sink: host.Discard()}
		_, err := p.Run(context.Background(), nil, reader)
		if got, message := code(err); got != host.CodeOutput {
			t.Errorf("ended in %s: %s", got, message)
		}
		if reader.writes != 1 || reader.grown > 100<<20 {
			t.Errorf("%d writes, %d MB", reader.writes, reader.grown>>20)
		}
		at.idle(t)
	})
}
