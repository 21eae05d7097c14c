package main

import "runtime"

// Guests, and what reads or writes rows, have every processor but one: what else
// an execution needs (the network, a database on the same machine) does not wait
// for them. While a single tenant is there, its rows have that one too, and
// beside others the short work of whoever has had least. Go looks at the network
// where it has nothing to run, and every 10 ms; with one thread more than there
// are processors a request is seen when it comes.

// moreThreads lets Go run one thread more. It is called once.
func moreThreads() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1) }

// slots returns how many guests may run at once, and how many more there may be
// for a moment, after moreThreads.
func slots() (guests, spare int) {
	processors := runtime.GOMAXPROCS(0) - 1
	return max(1, processors-1), 1
}
