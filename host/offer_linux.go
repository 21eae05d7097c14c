package host

import "syscall"

// offerProcessor lets the system give the processor to a thread that waits for
// one, of this process or another: a database on the same machine, or the
// thread that a request has just woken. Linux lets a thread that never sleeps
// keep the processor for some milliseconds, whoever waits.
func offerProcessor() { _, _, _ = syscall.Syscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }
