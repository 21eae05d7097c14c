package main

import (
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
)

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
	n := nearestFileName(filepath.Base(path), names)
	return filepath.Join(filepath.Dir(path), n), n != ""
}

// nearestFileName returns the name that is most like a mistyped one, or "": it
// differs in a third of the letters before its extension at most, and in two
// of the extension.
func nearestFileName(name string, names []string) string {
	stem, ext := splitName(name)
	best, distance := "", -1
	for _, n := range names {
		s, x := splitName(n)
		ds, dx := levenshtein.ComputeDistance(stem, s), levenshtein.ComputeDistance(ext, x)
		if ds > utf8.RuneCountInString(stem)/3 || dx > 2 {
			continue
		}
		if distance < 0 || ds+dx < distance {
			best, distance = n, ds+dx
		}
	}
	return best
}

// splitName returns a file name before its extension, and the extension, both
// in lower case.
func splitName(name string) (stem, ext string) {
	name = strings.ToLower(name)
	ext = filepath.Ext(name)
	return strings.TrimSuffix(name, ext), ext
}
