package host

import "time"

// Limits bound an execution. A zero field has the value of DefaultLimits.
type Limits struct {
	Memory         int64         // bytes of a guest's linear memory, tables and stack together; the stack's are a quarter of it, and at most 4 MiB
	Fuel           int64         // metered guest work
	Timeout        time.Duration // wall time of the whole execution
	HostCalls      int64         // calls from the guest
	Cursors        int64         // open at a time
	Statement      int64         // bytes of one statement's SQL text
	Log            int64         // bytes of log lines and of what the guest prints; a line for each 100 of them, and at least 100 lines
	Parameters     int64         // bytes of one statement's parameters
	ParameterCount int64         // parameters of one statement: PostgreSQL and MySQL take 65,535, SQLite 32,766
	Rows           int64         // of the result
	Bytes          int64         // of the result's values, as Arrow holds them
}

// ResultLimits are the limits that a connection can have of its own. Zero is
// no limit; of those that Host, connection and task set, the smallest holds.
type ResultLimits struct {
	Timeout time.Duration // wall time of the execution
	Rows    int64
	Bytes   int64
}

// DefaultLimits are the limits where neither configuration nor task says more.
// Rows and Bytes are not limited.
var DefaultLimits = Limits{
	Memory:         64 << 20,
	Fuel:           5_000_000_000,
	Timeout:        30 * time.Second,
	HostCalls:      100_000,
	Cursors:        64,
	Statement:      256 << 10,
	Log:            64 << 10,
	Parameters:     64 << 20,
	ParameterCount: 65_535,
}

// orDefault fills in what is not set.
func (l Limits) orDefault() Limits {
	l.Memory = either(l.Memory, DefaultLimits.Memory)
	l.Fuel = either(l.Fuel, DefaultLimits.Fuel)
	l.Timeout = either(l.Timeout, DefaultLimits.Timeout)
	l.HostCalls = either(l.HostCalls, DefaultLimits.HostCalls)
	l.Cursors = either(l.Cursors, DefaultLimits.Cursors)
	l.Statement = either(l.Statement, DefaultLimits.Statement)
	l.Log = either(l.Log, DefaultLimits.Log)
	l.Parameters = either(l.Parameters, DefaultLimits.Parameters)
	l.ParameterCount = either(l.ParameterCount, DefaultLimits.ParameterCount)
	return l
}

// within returns the limits of a task on a connection: the smallest of those
// that are set. It goes before orDefault.
func (l Limits) within(task time.Duration, c ResultLimits) Limits {
	l.Timeout = smaller(smaller(l.Timeout, task), c.Timeout)
	l.Rows = smaller(l.Rows, c.Rows)
	l.Bytes = smaller(l.Bytes, c.Bytes)
	return l
}

type number interface{ ~int64 }

// either returns the first that is set.
func either[T number](a, b T) T {
	if a > 0 {
		return a
	}
	return b
}

// smaller returns the smaller of the limits that are set.
func smaller[T number](a, b T) T {
	if a > 0 && b > 0 {
		return min(a, b)
	}
	return max(a, b)
}
