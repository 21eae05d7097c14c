//go:build !linux

package main

import "os"

// peak is not known here: the unit of Maxrss differs between systems.
func peak(*os.ProcessState) float64 { return 0 }
