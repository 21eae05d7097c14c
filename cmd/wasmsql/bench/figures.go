package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

// figure is one measurement. What has been measured beside several others is
// there once for each.
type figure struct {
	Name    string   `json:"name"`
	Value   float64  `json:"value"`
	Unit    string   `json:"unit"`
	Against *string  `json:"against"`
	Ratio   *float64 `json:"ratio"`
}

// report prints and keeps a figure.
func (b *bench) report(name string, value float64, unit string) {
	b.keep(figure{Name: name, Value: value, Unit: unit})
}

// compare is report for a figure beside another's value in the same unit, which
// is printed behind the other's name.
func (b *bench) compare(name string, value float64, unit, against string, other float64) {
	if other == 0 {
		b.report(name, value, unit)
		return
	}
	ratio := value / other
	b.keep(figure{Name: name, Value: value, Unit: unit, Against: &against, Ratio: &ratio})
}

func (b *bench) keep(f figure) {
	b.figures = append(b.figures, f)
	fmt.Printf("%-48s %10.4g %-8s", f.Name, f.Value, f.Unit)
	if f.Ratio != nil {
		fmt.Printf(" %8.3g x %s (%.4g)", *f.Ratio, *f.Against, f.Value / *f.Ratio)
	}
	fmt.Println()
}

// writeFigures writes them as JSON.
func (b *bench) writeFigures(file string) error {
	text, err := json.MarshalIndent(b.figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

func median[T cmp.Ordered](of []T) T {
	s := slices.Sorted(slices.Values(of))
	return s[len(s)/2]
}

// medianOf returns the median of what something is of each.
func medianOf[T any](of []T, what func(T) float64) float64 {
	values := make([]float64, len(of))
	for i, v := range of {
		values[i] = what(v)
	}
	return median(values)
}

// percentile returns the value that p of 100 are not above.
func percentile[T cmp.Ordered](of []T, p int) T {
	s := slices.Sorted(slices.Values(of))
	return s[(len(s)-1)*p/100]
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
