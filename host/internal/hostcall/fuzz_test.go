package hostcall_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/internal/hostcall"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// memory is a guest's memory of one page.
type memory []byte

func (m memory) Size() uint32 { return uint32(len(m)) }

func (m memory) Read(ptr, n uint32) ([]byte, bool) {
	if uint64(ptr)+uint64(n) > uint64(len(m)) {
		return nil, false
	}
	return m[ptr : ptr+n : ptr+n], true
}

func (m memory) Write(ptr uint32, b []byte) bool {
	at, ok := m.Read(ptr, uint32(len(b)))
	copy(at, b)
	return ok
}

// drain is an Output that reads what it is given to the end.
type drain struct{}

func (drain) Cursor(ctx context.Context, rows sqldb.Rows) (n int64, err error) {
	for {
		rec, err := rows.Next(ctx)
		if err != nil {
			return n, nil
		}
		n += rec.NumRows()
		rec.Release()
	}
}

func (drain) Write(context.Context, []byte) error { return nil }

func openDatabase(t testing.TB) sqldb.DB {
	t.Helper()
	uri, err := sqldb.ParseURI("sqlite:///:memory:")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Driver{}.Open(sqldb.Config{Name: "db", URI: uri, Access: abi.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execution(db sqldb.DB) *hostcall.Execution {
	return hostcall.New(hostcall.Options{
		Config: (&abi.Config{Task: "t"}).Marshal(), Input: (&abi.Input{}).Marshal(),
		Connections: []hostcall.Connection{{Name: "db", Dialect: abi.SQLite, Access: abi.ReadWrite,
			Begin: func(ctx context.Context, _ bool) (sqldb.Tx, error) {
				return db.Begin(ctx, sqldb.TxOptions{Access: abi.ReadWrite})
			}}},
		Output:   drain{},
		Limits:   hostcall.Limits{HostCalls: 1000, Statement: 4096, Parameters: 4096, Log: 4096},
		Now:      time.Unix(1700000000, 0),
		Blocking: func(_ context.Context, f func()) error { f(); return nil },
		Log:      func(abi.Level, string) {},
	})
}

// request puts an encoded request into a guest's memory, which goes before.
func request(sql string, params ...abi.Value) []byte {
	q := abi.QueryRequest{SQL: sql, Params: params}
	return q.Marshal()
}

const page = 64 << 10

// calls encodes host calls for FuzzCalls: the number of the function, then its
// arguments, 8 bytes each.
func calls(list ...[]uint64) []byte {
	var b []byte
	for _, c := range list {
		b = append(b, byte(c[0]))
		for i := 1; i <= 9; i++ {
			arg := uint64(0)
			if i < len(c) {
				arg = c[i]
			}
			b = binary.LittleEndian.AppendUint64(b, arg)
		}
	}
	return b
}

// FuzzCalls makes arbitrary host calls on an arbitrary memory. They answer
// with a value or an errno of the contract, or end the guest; what they write
// stays within the buffer that they were given; nothing stays open.
func FuzzCalls(f *testing.F) {
	index := map[string]uint64{}
	for i, fn := range hostcall.Functions() {
		index[fn.Name] = uint64(i)
	}
	query := request("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 100) SELECT i, 'x' FROM n")
	size := uint64(len(query))
	f.Add(query, calls([]uint64{index["query"], 0, size}, []uint64{index["cursor_next"], 1, 1024, 4096}, []uint64{index["cursor_next"], 1, 1024, 8}, []uint64{index["cursor_next"], 1, 1024, 60000}, []uint64{index["close"], 1}))
	f.Add(query, calls([]uint64{index["query"], 0, size}, []uint64{index["output_cursor"], 1}, []uint64{index["output_cursor"], 1}))
	f.Add(query, calls([]uint64{index["query"], 0, size}, []uint64{index["cursor_next"], 1, 0, 0}, []uint64{index["output_cursor"], 1}, []uint64{index["query"], 0, size}))
	f.Add(query, calls([]uint64{index["exec"], 0, size}, []uint64{index["error_read"], 512, 512}, []uint64{index["fail"], 512, 64}))
	f.Add([]byte("text"), calls([]uint64{index["log"], 1, 0, 4}, []uint64{index["log"], 9, 0, 4}, []uint64{index["config_read"], 8, 1 << 20}))
	f.Add([]byte{8, 0, 0, 0, 4, 0, 0, 0, 'h', 'i', '\n', 0}, calls([]uint64{index["fd_write"], 1, 0, 1, 64}, []uint64{index["random_get"], 65530, 10}, []uint64{index["poll_oneoff"], 0, 200, 4, 100}))
	f.Add(query, calls([]uint64{index["query"], 1 << 32, size}, []uint64{index["config_read"], 0xffffffff, 0xffffffff}))
	functions := hostcall.Functions()
	db := openDatabase(f)
	f.Fuzz(func(t *testing.T, start, program []byte) {
		mem := make(memory, page)
		copy(mem, start)
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		x := execution(db)
		defer func() {
			if err := x.Rollback(context.Background(), time.Second); err != nil {
				t.Error(err)
			}
		}()
		for len(program) > 9*8 {
			fn := functions[int(program[0])%len(functions)]
			stack := make([]uint64, 9)
			for i := range stack {
				stack[i] = binary.LittleEndian.Uint64(program[1+8*i:])
			}
			program = program[1+9*8:]
			if ended := invoke(t, x.Context(ctx), fn, mem, stack); ended {
				return
			}
		}
	})
}

// invoke makes one call and checks what it does.
func invoke(t *testing.T, ctx context.Context, fn hostcall.Function, mem memory, stack []uint64) (ended bool) {
	t.Helper()
	args := append([]uint64(nil), stack...)
	before := bytes.Clone(mem)
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *hostcall.Fault, hostcall.Exit, *hostcall.Error:
			ended = true
		default:
			panic(r)
		}
	}()
	fn.Call(ctx, mem, stack)
	if fn.Module != abi.Module {
		return false
	}
	if n := int64(stack[0]); n < 0 && (n < int64(abi.Internal) || abi.Errno(n).String() == "") {
		t.Errorf("%s returned %d", fn.Name, n)
	}
	from, to := written(fn.Name, args)
	if !bytes.Equal(before[:from], mem[:from]) || !bytes.Equal(before[to:], mem[to:]) {
		t.Errorf("%s%v wrote outside of its buffer", fn.Name, args)
	}
	return false
}

// written is what a function may write: the buffer that it is given.
func written(name string, args []uint64) (from, to uint64) {
	i := 0
	switch name {
	case abi.FuncConfigRead.Name, abi.FuncInputRead.Name, abi.FuncErrorRead.Name:
	case abi.FuncCursorNext.Name:
		i = 1
	default:
		return 0, 0
	}
	from = uint64(uint32(args[i]))
	return min(from, page), min(from+uint64(uint32(args[i+1])), page)
}

// TestCursorOnce: a cursor of which rows were read is no result, and stays
// open and readable.
func TestCursorOnce(t *testing.T) {
	functions := map[string]hostcall.Function{}
	for _, fn := range hostcall.Functions() {
		functions[fn.Name] = fn
	}
	x := execution(openDatabase(t))
	defer func() { _ = x.Rollback(context.Background(), time.Second) }()
	mem := make(memory, page)
	sql := request("SELECT 1 AS n")
	copy(mem, sql)
	do := func(name string, args ...uint64) int64 {
		stack := make([]uint64, 9)
		copy(stack, args)
		functions[name].Call(x.Context(t.Context()), mem, stack)
		return int64(stack[0])
	}
	h := uint64(do("query", 0, uint64(len(sql))))
	if n := do("cursor_next", h, 1024, 4096); n <= 0 {
		t.Fatalf("schema: %d", n)
	}
	if n := do("output_cursor", h); n != int64(abi.State) {
		t.Errorf("output_cursor: %d", n)
	}
	if n := do("cursor_next", h, 1024, 8192); n <= 0 {
		t.Errorf("batch: %d", n)
	}
	if n := do("cursor_next", h, 1024, 8192); n != 0 {
		t.Errorf("end: %d", n)
	}
	if n := do("close", h); n != 0 {
		t.Errorf("close: %d", n)
	}
	if n := do("close", h); n != int64(abi.BadHandle) {
		t.Errorf("close again: %d", n)
	}
}

// TestChangedRows: what a statement changes is counted once, whichever way it
// was asked for and whether its rows are read or not.
func TestChangedRows(t *testing.T) {
	functions := map[string]hostcall.Function{}
	for _, fn := range hostcall.Functions() {
		functions[fn.Name] = fn
	}
	x := execution(openDatabase(t))
	defer func() { _ = x.Rollback(context.Background(), time.Second) }()
	mem := make(memory, page)
	do := func(name string, args ...uint64) uint64 {
		stack := make([]uint64, 9)
		copy(stack, args)
		functions[name].Call(x.Context(t.Context()), mem, stack)
		if int64(stack[0]) < 0 {
			t.Fatalf("%s: %d", name, int64(stack[0]))
		}
		return stack[0]
	}
	send := func(name, sql string) uint64 {
		q := request(sql)
		copy(mem, q)
		return do(name, 0, uint64(len(q)))
	}
	send("exec", "CREATE TABLE t (a INTEGER)")
	send("exec", "INSERT INTO t VALUES (1), (2)")
	h := send("query", "INSERT INTO t VALUES (3)")
	do("cursor_next", h, 1024, 4096) // the schema, without columns
	do("cursor_next", h, 1024, 4096)
	do("close", h)
	send("query", "INSERT INTO t VALUES (4)") // and never looked at
	do("output_cursor", send("query", "INSERT INTO t VALUES (5), (6), (7) RETURNING a"))
	if got := x.Used.RowsAffected; got != 7 {
		t.Errorf("%d rows were changed, want 7", got)
	}
}
