// Workloads that the cost of metering is measured with. Built for wasip1 by
// the benchmark.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math"
	"regexp"
	"slices"
	"sort"
	"strings"
)

func main() {}

//go:wasmexport sha256
func hash(n int32) int64 {
	b := make([]byte, 64<<10)
	var sum [32]byte
	for range n {
		sum = sha256.Sum256(b)
		copy(b, sum[:])
	}
	return int64(sum[0])
}

//go:wasmexport sort
func sorting(n int32) int64 {
	var x uint32 = 1
	s := make([]int, n)
	for i := range s {
		x = x*1664525 + 1013904223
		s[i] = int(x >> 8)
	}
	sort.Slice(s, func(i, j int) bool { return s[i] < s[j] })
	return int64(s[len(s)/2])
}

type row struct {
	ID    int               `json:"id"`
	Name  string            `json:"name"`
	Tags  []string          `json:"tags"`
	Attrs map[string]string `json:"attrs"`
	Value float64           `json:"value"`
}

//go:wasmexport json
func codec(n int32) int64 {
	r := row{7, "something with a name", []string{"a", "b", "c"}, map[string]string{"k": "v", "x": "y"}, 3.25}
	total := 0
	for range n {
		b, err := json.Marshal(r)
		if err != nil {
			panic(err)
		}
		var back row
		if err := json.Unmarshal(b, &back); err != nil {
			panic(err)
		}
		total += len(back.Tags) + len(b)
	}
	return int64(total)
}

//go:noinline
func fibonacci(n int32) int64 {
	if n < 2 {
		return int64(n)
	}
	return fibonacci(n-1) + fibonacci(n-2)
}

//go:wasmexport fib
func fib(n int32) int64 { return fibonacci(n) }

//go:wasmexport matrix
func matrix(n int32) int64 {
	a, b, c := make([]float64, n*n), make([]float64, n*n), make([]float64, n*n)
	for i := range a {
		a[i], b[i] = float64(i%7), float64(i%5)
	}
	for i := range n {
		for j := range n {
			var s float64
			for k := range n {
				s += a[i*n+k] * b[k*n+j]
			}
			c[i*n+j] = s
		}
	}
	return int64(math.Round(c[n+1]))
}

//go:wasmexport text
func text(n int32) int64 {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d of %s: %5.2f\n", i, "some text", float64(i)/3)
	}
	words := map[string]int{}
	for _, w := range strings.Fields(b.String()) {
		words[w]++
	}
	keys := make([]string, 0, len(words))
	for k := range words {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return int64(len(keys))
}

var pattern = regexp.MustCompile(`(\w+)@(\w+)\.(com|org)`)

//go:wasmexport regexp
func match(n int32) int64 {
	b := bytes.Repeat([]byte("to: someone@example.org, and nobody at all; "), int(n))
	return int64(len(pattern.FindAllIndex(b, -1)))
}

//go:wasmexport crc
func crc(n int32) int64 {
	b := make([]byte, 64<<10)
	var c uint32
	for range n {
		c = crc32.Update(c, crc32.IEEETable, b)
	}
	return int64(c)
}
