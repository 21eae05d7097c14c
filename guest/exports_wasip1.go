//go:build wasip1

package guest

// The exports of abi.ExportConfigure and abi.ExportRun.

//go:wasmexport wasmsql_v1_configure
func exportConfigure() int32 {
	if configureIt == nil {
		return 0
	}
	return configureIt()
}

//go:wasmexport wasmsql_v1_run
func exportRun() int32 { return registered.CallRun() }
