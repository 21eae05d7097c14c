//go:build !wasip1

package guest

// export does nothing: a native program has no exports.
func export(Task) {}
