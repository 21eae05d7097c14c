package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// allSpecs is one spec for each decoder.
func allSpecs() []spec {
	var out []spec
	for k := kindOther; k <= kindJSONB; k++ {
		for _, mod := range []int32{-1, 4 + 10<<16 + 2, 5} {
			for _, b := range []builtin{{kind: k}, {kind: k, array: true, elem: 23}} {
				if k != kindBit || mod > 0 && mod < 100 && !b.array {
					out = append(out, spec{builtin: b, mod: mod})
				}
			}
		}
	}
	return out
}

// FuzzD5Column: no bytes make a decoder panic or build an array that is not
// valid, and what it took comes back out as many times as it went in.
func FuzzD5Column(f *testing.F) {
	f.Add([]byte{1})
	f.Add([]byte{0, 0, 0, 5, 0xa8})
	f.Add([]byte{0, 2, 0, 0, 0, 0, 0, 2, 0, 1, 0x13, 0x88})
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 23, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, s := range allSpecs() {
			c := s.column()
			c.Null()
			kept := bytes.Clone(b)
			bad := c.add(b)
			if !bytes.Equal(kept, b) {
				t.Fatalf("kind %d: the cell was changed", s.kind)
			}
			if bad != nil {
				continue
			}
			c.Null()
			for range 9 {
				if c.add(b) != nil {
					t.Fatalf("kind %d: not taken twice", s.kind)
				}
			}
			a := c.Take()
			if a.Len() != 12 || a.NullN() != 2 || a.IsValid(0) || !a.IsValid(1) || a.IsValid(2) || !a.IsValid(11) {
				t.Fatalf("kind %d: %v", s.kind, a)
			}
			if a.ValueStr(1) != a.ValueStr(11) {
				t.Fatalf("kind %d: %s, %s", s.kind, a.ValueStr(1), a.ValueStr(11))
			}
			if text, ok := a.(*array.String); ok && !utf8.ValidString(text.Value(1)) {
				t.Fatalf("kind %d: not UTF-8", s.kind)
			}
			if !arrow.TypeEqual(a.DataType(), s.field("").Type) {
				t.Fatalf("kind %d: %v, the field is %v", s.kind, a.DataType(), s.field("").Type)
			}
			c.Start(3)
			if c.add(b) != nil || c.Take().Len() != 1 {
				t.Fatalf("kind %d: not taken by another batch", s.kind)
			}
		}
	})
}

// FuzzD5Numeric: a decimal survives its binary form, and a decimal128 of it is
// the same number.
func FuzzD5Numeric(f *testing.F) {
	for _, s := range []string{"0", "-0.000", "1", "-12.3400", "99999999.0001", "0.00001", "10000", "123456789012345678901234567890.12345678", "0.1000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		digits := strings.TrimPrefix(s, "-")
		whole, fraction, point := strings.Cut(digits, ".")
		isDigits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
		if !isDigits(whole) || point && !isDigits(fraction) {
			return
		}
		b, ok := appendNumeric(nil, s)
		if !ok {
			return
		}
		n, ok := readNumeric(b)
		if !ok {
			t.Fatalf("%q: % x is not a numeric", s, b)
		}
		want, _ := new(big.Rat).SetString(s)
		text := string(n.appendText(nil))
		got, ok := new(big.Rat).SetString(text)
		if !ok || got.Cmp(want) != 0 || len(fraction) > 0 && !strings.HasSuffix(text, "."+fraction) {
			t.Fatalf("%q: prints %q", s, text)
		}
		if num, ok := n.decimal(38, min(len(fraction), 38)); ok {
			if got, _ := new(big.Rat).SetString(num.ToString(int32(len(fraction)))); got == nil || got.Cmp(want) != 0 {
				t.Fatalf("%q: decimal %s", s, num.ToString(int32(len(fraction))))
			}
		} else if len(strings.TrimLeft(whole, "0"))+len(fraction) <= 38 {
			t.Fatalf("%q: no decimal", s)
		}
	})
}

// fakeConn is a server that says the same whatever it is told.
type fakeConn struct {
	net.Conn
	says io.Reader
}

func (c *fakeConn) Read(p []byte) (int, error)  { return c.says.Read(p) }
func (c *fakeConn) Write(p []byte) (int, error) { return len(p), nil }
func (c *fakeConn) Close() error                { return nil }
func (c *fakeConn) SetDeadline(time.Time) error { return nil }
func (c *fakeConn) RemoteAddr() net.Addr        { return &net.TCPAddr{} }

// hostile returns a transaction with a server that says what it says.
func hostile(says []byte, chunk int) *tx {
	c := &conn{status: 'I', major: 15, params: map[string]string{"client_encoding": "UTF8", "standard_conforming_strings": "on"}}
	c.conn = &fakeConn{says: &chunked{says, chunk}}
	p := newPool(sqldb.Pool{}, func(context.Context) (*conn, error) { return nil, errOver })
	p.slots <- struct{}{}
	d := &db{access: abi.ReadWrite, pool: p, types: &types{known: map[uint32]spec{}}, plans: &plans{m: map[string]*plan{}}}
	return &tx{db: d, c: c, access: abi.ReadWrite, batch: sqldb.Batch{Cell: 1 << 16}.OrDefault()}
}

// chunked gives out its bytes in pieces.
type chunked struct {
	b     []byte
	chunk int
}

func (r *chunked) Read(p []byte) (int, error) {
	if len(r.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), max(r.chunk, 1))], r.b)
	r.b = r.b[n:]
	return n, nil
}

func message(kind byte, body string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4)), body...)
}

// dialogue is a whole exchange: a transaction begins, and a statement returns a
// row.
func dialogue() []byte {
	column := "a\x00" + strings.Repeat("\x00", 6) + "\x00\x00\x00\x17" + "\x00\x04" + "\xff\xff\xff\xff" + "\x00\x01"
	var b []byte
	for _, m := range [][]byte{
		message('1', ""), message('2', ""), message('C', "BEGIN\x00"), message('1', ""), message('t', "\x00\x00"), message('T', "\x00\x01"+column), message('Z', "T"),
		message('2', ""), message('D', "\x00\x01\x00\x00\x00\x04\x00\x00\x00\x07"), message('C', "SELECT 1\x00"), message('Z', "T"), message('C', "COMMIT\x00"), message('Z', "I"), message('Z', "I"),
	} {
		b = append(b, m...)
	}
	return b
}

// FuzzC8Server: a server that says anything gets errors, at worst: no panic,
// and no memory for what it only claims.
func FuzzC8Server(f *testing.F) {
	f.Add(dialogue(), 7)
	f.Add(append(dialogue()[:60], message('E', "SERROR\x00VERROR\x00C42601\x00Mx\x00P99\x00\x00")...), 1000)
	f.Add(append(dialogue()[:60], 'D', 0x7f, 0xff, 0xff, 0xff), 3)
	f.Add(append(dialogue()[:60], message('G', "\x00\x00\x00")...), 3)
	f.Add(append(dialogue()[:60], message('S', "client_encoding\x00LATIN1\x00")...), 3)
	f.Fuzz(func(t *testing.T, says []byte, chunk int) {
		tx := hostile(says, chunk)
		rows, err := tx.Query(t.Context(), "SELECT", nil)
		for err == nil {
			_, err = rows.Next(t.Context())
		}
		if rows != nil {
			_ = rows.Close()
		}
		var ours *sqldb.Error
		if err != io.EOF && !errors.As(err, &ours) {
			t.Fatalf("%T: %v", err, err)
		}
		if cap(tx.c.in) > 4*readBuffer+2*len(says) {
			t.Fatalf("%d bytes for %d", cap(tx.c.in), len(says))
		}
		if err := tx.Commit(t.Context()); err != nil && !errors.As(err, &ours) {
			t.Fatal(err)
		}
		_ = tx.Rollback(t.Context())
	})
}

// TestC8Sound makes sure that the fuzzed exchange is one.
func TestC8Sound(t *testing.T) {
	tx := hostile(dialogue(), 5)
	rows, err := tx.Query(t.Context(), "SELECT", nil)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := rows.Next(t.Context())
	if err != nil || fmt.Sprint(rec.Column(0)) != "[7]" {
		t.Fatal(rec, err)
	}
	if _, err := rows.Next(t.Context()); err != io.EOF {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestC8Cells: what a server claims is compared with the limits before there is
// memory for it, and with what it said of the columns.
func TestC8Cells(t *testing.T) {
	start := dialogue()
	start = start[:bytes.Index(start, message('D', "\x00\x01\x00\x00\x00\x04\x00\x00\x00\x07"))]
	for name, c := range map[string]struct{ says, want string }{
		"huge cell":        {"D\x3f\xff\xff\xff\x00\x01\x3f\xff\xff\xf0", `row 1, column "a": a value of 1073741808 bytes is over the limit of 65536`},
		"too many columns": {string(message('D', "\x00\x02\xff\xff\xff\xff\xff\xff\xff\xff")), "the server breaks the protocol"},
		"no column":        {string(message('D', "\x00\x00")), "the server breaks the protocol"},
		"negative length":  {string(message('D', "\x00\x01\xff\xff\xff\xfe")), "the server breaks the protocol"},
		"beyond the row":   {string(message('D', "\x00\x01\x00\x00\x00\x05abcd")), "the server breaks the protocol"},
		"behind the row":   {string(message('D', "\x00\x01\xff\xff\xff\xffx")), "the server breaks the protocol"},
		"wrong size":       {string(message('D', "\x00\x01\x00\x00\x00\x03abc")), `row 1, column "a": the server sent a value that is not of the column's type`},
		"negative message": {"D\xff\xff\xff\xff", "the server breaks the protocol"},
		"no length":        {"D\x00\x00\x00\x03", "the server breaks the protocol"},
		"huge error":       {"E\x3f\xff\xff\xff", "the server breaks the protocol"},
		"an end":           {"", "the server closed the connection"},
	} {
		tx := hostile(append(bytes.Clone(start), c.says...), 1<<20)
		rows, err := tx.Query(t.Context(), "SELECT", nil)
		if err == nil {
			_, err = rows.Next(t.Context())
		}
		var e *sqldb.Error
		if !errors.As(err, &e) || e.Message != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if cap(tx.c.in) > 2*readBuffer {
			t.Errorf("%s: %d bytes", name, cap(tx.c.in))
		}
		_ = tx.Rollback(t.Context())
	}
}

// FuzzFirstWord: what is refused is found behind whatever may stand before a
// statement.
func FuzzFirstWord(f *testing.F) {
	f.Add("/* a /* b */ c */ -- x\n;; COMMIT")
	f.Fuzz(func(t *testing.T, s string) {
		w := firstWord(s)
		if w == "" {
			return
		}
		if got := firstWord(" ;/*/**/*/--\n" + s); got != w {
			t.Fatalf("%q: %q, behind a comment %q", s, w, got)
		}
		if !strings.Contains(strings.ToUpper(s), w) {
			t.Fatalf("%q: %q", s, w)
		}
	})
}

// TestC12Unclean: nothing of a session that could not be cleaned reaches
// anyone.
func TestC12Unclean(t *testing.T) {
	for name, says := range map[string][]byte{
		"an error":    append(message('E', "SERROR\x00VERROR\x00C57014\x00Mx\x00\x00"), message('Z', "I")...),
		"still open":  message('Z', "T"),
		"another way": append(message('S', "standard_conforming_strings\x00off\x00"), message('Z', "I")...),
		"nothing":     nil,
	} {
		tx := hostile(append(bytes.Clone(says), dialogue()...), 100)
		if name == "nothing" {
			tx = hostile(nil, 100)
		}
		tx.c.cleaning, tx.reused = true, true
		if rows, err := tx.Query(t.Context(), "SELECT", nil); err == nil || !errors.Is(err, errOver) { // of the new connection
			t.Errorf("%s: %v %v", name, rows, err)
		}
		if tx.begun {
			t.Errorf("%s: begun", name)
		}
	}
	tx := hostile(append(message('Z', "I"), dialogue()...), 100)
	tx.c.cleaning, tx.reused = true, true
	if _, err := tx.Query(t.Context(), "SELECT", nil); err != nil {
		t.Error(err)
	}
}
