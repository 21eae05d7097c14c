package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// nearest returns the name that a mistyped one most likely means: one within
// a third of its length, and two letters at least.
func nearest(name string, names []string) (string, bool) {
	best, distance := "", max(2, len(name)/3)+1
	for _, n := range names {
		d := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(n))
		if d < distance && d < len(n) {
			best, distance = n, d
		}
	}
	return best, best != ""
}

// nearestFile returns the file in the same folder that path most likely
// means.
func nearestFile(path string) (string, bool) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return "", false
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	n, ok := nearest(filepath.Base(path), names)
	return filepath.Join(filepath.Dir(path), n), ok
}

// quoted returns names for a message: "a", "b".
func quoted(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = strconv.Quote(n)
	}
	return strings.Join(q, ", ")
}
