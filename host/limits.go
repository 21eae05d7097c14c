package host

import "time"

// Limits bound an execution. A zero field has the value of DefaultLimits.
type Limits struct {
	Memory     int64         // bytes of a guest's linear memory
	Fuel       int64         // metered guest work
	Timeout    time.Duration // wall time of the whole execution
	HostCalls  int64         // calls from the guest
	Statement  int64         // bytes of one statement's SQL text
	Log        int64         // bytes of log lines and of what the guest prints
	Parameters int64         // bytes of one statement's parameters
	ResultLimits
}

// ResultLimits bound what a task returns. Zero is no limit for Rows and Bytes.
type ResultLimits struct {
	Timeout time.Duration // wall time of the execution on this connection
	Rows    int64
	Bytes   int64 // of the values, as Arrow holds them
}

// DefaultLimits are the limits where neither configuration nor task says more.
var DefaultLimits = Limits{
	Memory:     64 << 20,
	Fuel:       5_000_000_000,
	Timeout:    30 * time.Second,
	HostCalls:  100_000,
	Statement:  256 << 10,
	Log:        64 << 10,
	Parameters: 64 << 20,
}
