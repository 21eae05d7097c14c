package sandbox

import (
	"context"
	"os"
	"reflect"
	"runtime"
	"testing"
)

// TestHotPagesStay sees that the pages that most executions write to stay in
// place, that those that few write to do not, and that what is in place is what
// the snapshot has.
func TestHotPagesStay(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getpagesize() != machinePage {
		t.Skip("nothing stays in place here: memory is copied whole")
	}
	s, err := New(context.Background(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, "minimal")}, limits, unconfigured)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for n := range 3 * looks {
		i, err := g.Take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		mem := i.module.Memory()
		for page := range uint32(PageSize / machinePage) {
			if b, ok := mem.Read(page*machinePage, machinePage); !ok || !isZero(b) {
				t.Fatalf("execution %d starts with something in page %d", n, page)
			}
		}
		mem.WriteByte(0, 1)
		mem.WriteByte(9*machinePage-1, 2)
		if n == 1 {
			mem.WriteByte(12*machinePage, 3)
		}
		i.Release()
	}
	if got, want := g.snapshot.heat.spans(), []span{{0, 1 * machinePage}, {8 * machinePage, 9 * machinePage}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v stay in place, want %v", got, want)
	}
	i, err := g.Take(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer i.Release()
	if i.held != g.code.held+2*machinePage {
		t.Errorf("an idle instance holds %d bytes, of which %d are its pages", i.held, i.held-g.code.held)
	}
	var own []uint64
	i.memory.written(func(at uint64) { own = append(own, at) })
	if want := []uint64{0, 8 * machinePage}; !reflect.DeepEqual(own, want) {
		t.Errorf("pages of its own at %v, want %v", own, want)
	}
}

// TestHottest sees which pages are joined, and where there is an end to it.
func TestHottest(t *testing.T) {
	counts := map[uint64]int{0: 4, 3 * machinePage: 2, 7 * machinePage: 4, 8 * machinePage: 1}
	if got, want := hottest(counts), []span{{0, 4 * machinePage}, {7 * machinePage, 8 * machinePage}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for page := range uint64(1000) {
		counts[page*machinePage] = 4
	}
	if got, want := hottest(counts), []span{{0, maxHot}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestManyInstancesWaitCold sees that only so many instances of a guest wait with
// pages in place, and that those are taken first.
func TestManyInstancesWaitCold(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getpagesize() != machinePage {
		t.Skip("nothing stays in place here")
	}
	s, err := New(context.Background(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, "minimal")}, limits, unconfigured)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	take := func() *Instance {
		i, err := g.Take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		i.module.Memory().WriteByte(0, 1)
		return i
	}
	for range looks + 1 {
		take().Release()
	}
	var all []*Instance
	for range maxWarm + 5 {
		all = append(all, take())
	}
	for _, i := range all {
		i.Release()
	}
	warm := 0
	for n := range all {
		i := take()
		defer i.Close()
		if len(i.memory.kept) > 0 {
			if warm++; warm != n+1 {
				t.Errorf("instance %d has pages in place, and one before it had none", n)
			}
		}
	}
	if warm != maxWarm {
		t.Errorf("%d instances waited with pages in place, want %d", warm, maxWarm)
	}
}
