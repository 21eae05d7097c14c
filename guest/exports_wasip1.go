//go:build wasip1

package guest

// The exports of abi.ExportConfigure and abi.ExportRun.

// configureIt is wasmsql_v1_configure, nil for a Task without Configure.
var configureIt func() int32

// export chooses what the exports link. Inlined where Configure is known to be
// nil, it is nothing, and what reads a configuration is left out: 25 KB.
func export(t Task) {
	if t.Configure != nil {
		configureIt = configureRegistered
	}
}

func configureRegistered() int32 { return registered.CallConfigure() }

//go:wasmexport wasmsql_v1_configure
func exportConfigure() int32 {
	if configureIt == nil {
		return 0
	}
	return configureIt()
}

//go:wasmexport wasmsql_v1_run
func exportRun() int32 { return registered.CallRun() }
