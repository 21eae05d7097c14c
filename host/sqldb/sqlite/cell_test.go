package sqlite

import (
	"bytes"
	"math"
	"path/filepath"
	"strconv"
	"testing"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	lib "modernc.org/sqlite/lib"
)

// rowOf steps a statement of a new database to its first row.
func rowOf(t *testing.T, setUp, sql string) *stmt {
	t.Helper()
	e, err := openEngine(filepath.Join(t.TempDir(), "cells.db"), lib.SQLITE_OPEN_READWRITE|lib.SQLITE_OPEN_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.close)
	for _, s := range []string{setUp, "CREATE TABLE t (i INT, r REAL, s TEXT, b BLOB, n, whole REAL)",
		"INSERT INTO t VALUES (-7, 2.5, 'é' || char(0) || 'x', x'00ff', NULL, 3), (1, 1, '', x'', 0, 0)"} {
		if err := e.run(s); err != nil {
			t.Fatal(err)
		}
	}
	s, _, err := e.prepare(sql)
	if err != nil {
		t.Fatal(err)
	}
	if row := s.row(); row != nil {
		t.Fatalf("%d values before the first step", len(row))
	}
	if more, err := s.step(); !more || err != nil {
		t.Fatal(more, err)
	}
	return s
}

// TestRowLayout holds what is read from the library's memory against what its
// functions return, for the values of tables and of expressions.
func TestRowLayout(t *testing.T) {
	for name, sql := range map[string]string{
		"table":       "SELECT i, r, s, b, n, whole FROM t",
		"expressions": "SELECT i + 1, r * 2, s || s, zeroblob(5), NULL, CAST(i AS REAL), upper('abc'), 9223372036854775807, x'31', '', x'' FROM t",
		"sorted":      "SELECT i, r, s, b, n, whole FROM t ORDER BY s DESC",
		"union":       "SELECT i, s FROM t UNION SELECT r, b FROM t",
		"aggregate":   "SELECT sum(i), avg(r), group_concat(s), count(*), max(b) FROM t",
		"explain":     "EXPLAIN SELECT i FROM t",
	} {
		for _, encoding := range []string{"PRAGMA encoding='UTF-8'", "PRAGMA encoding='UTF-16'"} {
			s := rowOf(t, encoding, sql)
			tls, row := s.e.tls, s.row()
			if len(row) != s.columns() {
				t.Fatalf("%s: %d values, %d columns", name, len(row), s.columns())
			}
			for i := range row {
				c := cell{tls, &row[i]}
				p := lib.Xsqlite3_column_value(tls, s.p, int32(i))
				if p != uintptr(unsafe.Pointer(&row[i])) {
					t.Fatalf("%s, column %d is not where it should be", name, i)
				}
				if c.store() != lib.Xsqlite3_value_type(tls, p) {
					t.Errorf("%s, column %d: store %d, not %d", name, i, c.store(), lib.Xsqlite3_value_type(tls, p))
				}
				same := true
				switch c.store() {
				case storeInt:
					same = c.int() == lib.Xsqlite3_value_int64(tls, p)
				case storeReal:
					same = math.Float64bits(c.real()) == math.Float64bits(lib.Xsqlite3_value_double(tls, p))
				case storeText:
					same = bytes.Equal(c.text(), libc.GoBytes(lib.Xsqlite3_value_text(tls, p), int(lib.Xsqlite3_value_bytes(tls, p))))
				case storeBlob:
					same = bytes.Equal(c.blob(), libc.GoBytes(lib.Xsqlite3_value_blob(tls, p), int(lib.Xsqlite3_value_bytes(tls, p))))
				}
				if !same {
					t.Errorf("%s, column %d, %s: another value than the library's", name, i, encoding)
				}
			}
		}
	}
}

// TestStoreOfFlags holds the storage class of every combination of flags
// against the library's.
func TestStoreOfFlags(t *testing.T) {
	tls := libc.NewTLS()
	defer tls.Close()
	p := libc.Xcalloc(tls, 1, types.Size_t(unsafe.Sizeof(lib.Tsqlite3_value{})))
	defer libc.Xfree(tls, p)
	v := (*lib.Tsqlite3_value)(address(p))
	for flags := range uint16(lib.MEM_AffMask + 1) {
		for _, more := range []uint16{0, lib.MEM_Term, lib.MEM_Static, lib.MEM_Zero} {
			v.Fflags = flags | more
			if got, want := (cell{tls, v}).store(), lib.Xsqlite3_value_type(tls, p); got != want {
				t.Errorf("flags %#x: %d, not %d", v.Fflags, got, want)
			}
		}
	}
}

// TestSmallDecimals holds the short ways of numbers into decimals against the
// long one, by their digits.
func TestSmallDecimals(t *testing.T) {
	reals := []float64{0, math.Copysign(0, -1), 0.25, -0.25, 0.1, 0.3, 0.1 + 0.2, 1.005, 2.675, 99.99, 999999999999.99, 1e14, 1e15, 1e16, -1e15,
		123456789.125, 0.005, 4503599627370496.5, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), math.NaN()}
	for i := range 2000 {
		reals = append(reals, float64(i)*0.37, float64(i*i)/100, math.Sqrt(float64(i)), float64(i)*1e9+0.01)
	}
	seen := 0
	for _, d := range []struct{ precision, scale int }{{12, 2}, {5, 2}, {2, 2}, {15, 0}, {18, 6}, {38, 10}, {38, 20}} {
		for _, v := range reals {
			long, longOK := parseDecimal(strconv.AppendFloat(nil, v, 'g', -1, 64), d.precision, d.scale)
			if num, ok := smallReal(v, d.precision, d.scale); ok {
				if seen++; !longOK || num != long {
					t.Errorf("%v as decimal(%d,%d): %v, not %v, %v", v, d.precision, d.scale, num, long, longOK)
				}
			}
			if i := int64(v); float64(i) == v {
				long, longOK := parseDecimal(strconv.AppendInt(nil, i, 10), d.precision, d.scale)
				if num, ok := smallInt(i, d.precision, d.scale); ok && (!longOK || num != long) {
					t.Errorf("%d as decimal(%d,%d): %v, not %v, %v", i, d.precision, d.scale, num, long, longOK)
				}
			}
		}
	}
	if seen < 5000 {
		t.Errorf("only %d floats took the short way", seen)
	}
}
