package host

import "github.com/agnivade/levenshtein"

// nearest returns the name that was probably meant, or "".
func nearest(name string, names []string) string {
	best, distance := "", max(1, len(name)/3)+1
	for _, n := range names {
		if d := levenshtein.ComputeDistance(name, n); d < distance {
			best, distance = n, d
		}
	}
	return best
}
