package sqlite

import (
	"sync"
	"sync/atomic"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// hooked finds the engine of a callback by the number that the library hands
// back. Go has no other way: a pointer to Go memory must not be kept in the
// library's. An engine is in it from hook to close.
var (
	hooked   sync.Map // uintptr -> *engine
	lastHook atomic.Uintptr
)

// hook installs the guard and the busy handler of the engine.
func (e *engine) hook(g *guard, b *busy) error {
	e.guard, e.busy = g, b
	if e.hooks == 0 {
		e.hooks = lastHook.Add(1)
		hooked.Store(e.hooks, e)
	}
	if rc := lib.Xsqlite3_busy_handler(e.tls, e.db, functionPointer(onBusy), e.hooks); rc != lib.SQLITE_OK {
		return e.failure(rc)
	}
	if rc := lib.Xsqlite3_set_authorizer(e.tls, e.db, functionPointer(onAuthorize), e.hooks); rc != lib.SQLITE_OK {
		return e.failure(rc)
	}
	return nil
}

func (e *engine) unhook() {
	if e.hooks != 0 {
		hooked.Delete(e.hooks)
		e.hooks = 0
	}
}

// onBusy answers whether to try for the lock again, after some waiting.
func onBusy(_ *libc.TLS, key uintptr, count int32) int32 {
	if e, ok := hooked.Load(key); ok && e.(*engine).busy.wait(int(count)) {
		return 1
	}
	return 0
}

// onAuthorize answers whether a statement that is being compiled may do the
// action. The texts are copied: the library frees them.
func onAuthorize(_ *libc.TLS, key uintptr, action int32, arg1, arg2, database, _ uintptr) int32 {
	e, ok := hooked.Load(key)
	if !ok || !e.(*engine).guard.allows(action, arg1, arg2, database) {
		return lib.SQLITE_DENY
	}
	return lib.SQLITE_OK
}
