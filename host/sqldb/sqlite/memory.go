package sqlite

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	lib "modernc.org/sqlite/lib"
)

// mostMemory is what an engine may hold at a time, in bytes. What a statement
// sorts, groups or joins is in memory, and SQLITE_LIMIT_LENGTH bounds each value,
// not how many there are at a time.
const mostMemory = 1 << 30

// budget is how much an engine holds, in bytes. It is used by the goroutine of
// the engine. What another engine has allocated may be freed here, and the other
// way round, where they share pages: a few megabytes.
type budget struct {
	tls  *libc.TLS // what the library hands to every function
	used int64
}

// budgets finds the budget of an engine, which is in it from openEngine to close;
// near has the latest at hand, by their numbers.
var (
	budgets sync.Map // *libc.TLS -> *budget
	near    [64]atomic.Pointer[budget]
)

func openBudget(tls *libc.TLS) {
	b := &budget{tls: tls}
	budgets.Store(tls, b)
	near[uint32(tls.ID)%64].Store(b)
}

func closeBudget(tls *libc.TLS) {
	if b, ok := budgets.LoadAndDelete(tls); ok {
		near[uint32(tls.ID)%64].CompareAndSwap(b.(*budget), nil)
	}
}

// budgetOf returns nil for what is no engine of ours.
func budgetOf(tls *libc.TLS) *budget {
	if b := near[uint32(tls.ID)%64].Load(); b != nil && b.tls == tls {
		return b
	}
	if b, ok := budgets.Load(tls); ok {
		return b.(*budget)
	}
	return nil
}

// allocator is the library's own, behind ours.
//
// Source: https://sqlite.org/c3ref/mem_methods.html.
var allocator struct {
	malloc  func(*libc.TLS, int32) uintptr
	realloc func(*libc.TLS, uintptr, int32) uintptr
	free    func(*libc.TLS, uintptr)
	size    func(*libc.TLS, uintptr) int32
}

// Ours comes before main: the library lets nobody change it once someone in the
// process has opened a database, and others may, as host/server does.
var _ = bindMemory()

// bindMemory puts our allocator before the library's.
func bindMemory() bool {
	tls := libc.NewTLS()
	defer tls.Close()
	p := libc.Xmalloc(tls, types.Size_t(unsafe.Sizeof(lib.Tsqlite3_mem_methods{})))
	va := libc.NewVaList(p)
	if p == 0 || va == 0 {
		panic(errNoMemory)
	}
	defer libc.Xfree(tls, p)
	defer libc.Xfree(tls, va)
	m := (*lib.Tsqlite3_mem_methods)(unsafe.Pointer(address(p)))
	for _, op := range []int32{lib.SQLITE_CONFIG_GETMALLOC, lib.SQLITE_CONFIG_MALLOC} {
		if rc := lib.Xsqlite3_config(tls, op, va); rc != lib.SQLITE_OK {
			panic("a database was opened before main: " + codeName(rc))
		}
		if op == lib.SQLITE_CONFIG_GETMALLOC {
			allocator.malloc = function[func(*libc.TLS, int32) uintptr](m.FxMalloc)
			allocator.realloc = function[func(*libc.TLS, uintptr, int32) uintptr](m.FxRealloc)
			allocator.free = function[func(*libc.TLS, uintptr)](m.FxFree)
			allocator.size = function[func(*libc.TLS, uintptr) int32](m.FxSize)
			m.FxMalloc, m.FxRealloc, m.FxFree = functionPointer(boundedMalloc), functionPointer(boundedRealloc), functionPointer(countedFree)
		}
	}
	return true
}

// boundedMalloc returns 0, as one that has no memory does, over the budget.
func boundedMalloc(tls *libc.TLS, n int32) uintptr {
	b := budgetOf(tls)
	if b != nil && b.used+int64(n) > mostMemory {
		return 0
	}
	p := allocator.malloc(tls, n)
	if b != nil && p != 0 {
		b.used += int64(allocator.size(tls, p))
	}
	return p
}

func boundedRealloc(tls *libc.TLS, p uintptr, n int32) uintptr {
	b := budgetOf(tls)
	if b == nil {
		return allocator.realloc(tls, p, n)
	}
	if b.used+int64(n) > mostMemory { // for some time there are both
		return 0
	}
	before := int64(allocator.size(tls, p))
	if p = allocator.realloc(tls, p, n); p != 0 {
		b.used += int64(allocator.size(tls, p)) - before
	}
	return p
}

func countedFree(tls *libc.TLS, p uintptr) {
	if b := budgetOf(tls); b != nil {
		b.used -= int64(allocator.size(tls, p))
	}
	allocator.free(tls, p)
}
