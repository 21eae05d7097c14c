package host

import "syscall"

// offerProcessor lets the system give the processor to a thread that waits for
// one and is scheduled with those of this process. Linux lets a thread that
// never sleeps keep the processor for some milliseconds, whoever waits.
func offerProcessor() { _, _, _ = syscall.Syscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) }

// leaveProcessor has the thread sleep for about 0.4 ms, which lets in what the
// system schedules in another group, too: a database on the same machine.
func leaveProcessor() {
	t := syscall.Timespec{Nsec: 350_000} // and the system's slack, 50 µs
	_ = syscall.Nanosleep(&t, nil)
}
