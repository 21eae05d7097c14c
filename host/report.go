package host

import (
	"strconv"
	"time"

	"github.com/wasmsql/wasmsql/abi"
)

// Report is what an execution did. It holds no values and no secrets.
type Report struct {
	Task         string `json:"task"`
	Rows         int64  `json:"rows"`          // of the result
	Bytes        int64  `json:"bytes"`         // of the result's values, as Arrow holds them
	RowsAffected int64  `json:"rows_affected"` // by the statements that return no rows
	Statements   int    `json:"statements"`
	SQLHash      string `json:"sql_hash"` // SHA-256 in hex of the statements' texts, each followed by a zero byte
	Fuel         int64  `json:"fuel"`     // the guest's work in units, the same for each run and engine
	GuestMemory  int64  `json:"peak_guest_memory"`
	HostCalls    int64  `json:"host_calls"`
	LogDropped   int64  `json:"log_dropped"` // bytes that the guest logged beyond its limit, which ended the execution
	Attempts     int    `json:"attempts"`
	Times        Times  `json:"times_us"`
}

// Times are the parts of an execution's wall time, in microseconds as JSON.
// Query and Result overlap where a result is streamed.
type Times struct {
	Queue   Micros `json:"queue"`   // waiting for a slot of the Runtime
	Sandbox Micros `json:"sandbox"` // taking a fresh instance, and dropping it
	Guest   Micros `json:"guest"`   // in the guest, host calls apart: for a template, rendering
	Query   Micros `json:"query"`   // in the database
	Result  Micros `json:"result"`  // in the Sink
	Total   Micros `json:"total"`
}

// Micros is a duration that is a number of microseconds in JSON.
type Micros time.Duration

// MarshalJSON implements json.Marshaler.
func (m Micros) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, time.Duration(m).Microseconds(), 10), nil
}

// Statement is what a task would ask of a connection: the answer of
// Program.Render.
type Statement struct {
	Connection string
	Dialect    abi.Dialect
	SQL        string
	Params     []abi.Value
	Returns    bool // rows are asked for
}
