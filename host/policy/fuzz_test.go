package policy_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/policy"
)

// flip changes the case of every ASCII letter.
func flip(s string) string {
	b := bytes.Clone([]byte(s))
	for i, c := range b {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			b[i] = c ^ 0x20
		}
	}
	return string(b)
}

// FuzzCheck: no panic; a comment before or behind a statement and the case of
// its letters never change the verdict; a read-write connection takes what a
// read-only one does; a position is inside the text.
func FuzzCheck(f *testing.F) {
	for i, d := range dialects {
		for _, file := range []string{"allowed.txt", "refused.txt"} {
			for _, b := range blocks(f, fixture(d, file)) {
				f.Add(uint8(i), b.sql)
			}
		}
	}
	f.Fuzz(func(t *testing.T, dialect uint8, sql string) {
		d := dialects[int(dialect)%len(dialects)]
		for _, a := range []abi.Access{abi.ReadOnly, abi.ReadWrite} {
			err := policy.Check(d, a, sql)
			if err == nil && a == abi.ReadOnly {
				if err := policy.Check(d, abi.ReadWrite, sql); err != nil {
					t.Errorf("%s: read-only takes %q, read-write does not: %v", d, sql, err)
				}
			}
			var den *policy.Denied
			if errors.As(err, &den) && (den.Position < 1 || den.Position > len(sql)+1 || den.Message == "") {
				t.Errorf("%s: %q: %+v", d, sql, den)
			}
			same := []string{flip(sql), "/* x */" + sql, "-- x\n" + sql}
			if den == nil || !strings.HasSuffix(den.Message, "is not closed") {
				same = append(same, sql+"\n/* x */", sql+"\n-- x")
			}
			for _, same := range same {
				if got := policy.Check(d, a, same); (got == nil) != (err == nil) {
					t.Errorf("%s, %s: %q: %v, but %q: %v", d, a, sql, err, same, got)
				}
			}
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	short := `SELECT "TrackId", "Name" FROM tracks WHERE "TrackId" > $1 AND "Name" LIKE $2 ORDER BY 1 LIMIT $3`
	long := `WITH x AS (` + short + `) SELECT x.*, coalesce(sum(a.b), 0) AS total, 'it''s' FROM x JOIN a USING (id) /* why */ WHERE x.c IN (` +
		string(bytes.Repeat([]byte("$1, "), 1000)) + `$1) GROUP BY 1, 2`
	for _, c := range []struct{ name, sql string }{{"short", short}, {"4KiB", long}} {
		for _, d := range dialects {
			sql := c.sql
			if d == abi.MySQL {
				sql = string(bytes.ReplaceAll([]byte(sql), []byte("$"), []byte("?")))
			}
			b.Run(c.name+"/"+string(d), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(sql)))
				for b.Loop() {
					if err := policy.Check(d, abi.ReadOnly, sql); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
