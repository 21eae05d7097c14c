package main

import "runtime"

// listeners is how many goroutines may run beside guests that have every
// processor. Go looks at the network where it has nothing to run; with guests
// that spin it always has, and looks every 10 ms. With more threads than
// there are processors a request is seen when it comes; of two, one is left where
// a large result is read and written.
const listeners = 2

// moreThreads lets Go run listeners beside the guests. It is called once.
func moreThreads() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + listeners) }

// guests returns how many guests may run at once.
func guests() int { return max(1, runtime.GOMAXPROCS(0)-listeners) }
