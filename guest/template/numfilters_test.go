package template

import (
	"testing"
	"unicode"
)

// TestDigitRuns: what asciiDigits relies on.
func TestDigitRuns(t *testing.T) {
	for _, r := range unicode.Nd.R16 {
		if r.Stride != 1 || (r.Hi-r.Lo+1)%10 != 0 {
			t.Errorf("%x to %x", r.Lo, r.Hi)
		}
	}
	for _, r := range unicode.Nd.R32 {
		if r.Stride != 1 || (r.Hi-r.Lo+1)%10 != 0 {
			t.Errorf("%x to %x", r.Lo, r.Hi)
		}
	}
}
