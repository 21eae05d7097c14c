//go:build !linux

package host

// offerProcessor does nothing here: the system takes the processor itself.
func offerProcessor() {}

// leaveProcessor does nothing here.
func leaveProcessor() {}
