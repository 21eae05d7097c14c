// Package imports declares the host functions of wasmsql_v1 for a guest. Each
// is one function of the ABI, specified in package abi, with a slice for every
// (pointer, length).
//
// Built for wasip1 they are the module's imports. Built for anything else they
// go to the Host that was set with Use, so that a plugin's code can be vetted,
// tested and debugged as a native program.
package imports
