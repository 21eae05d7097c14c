package main

import (
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/host"
)

const (
	eraseLine     = "\r\x1b[K"
	progressEvery = 200 * time.Millisecond
)

// progress is a Sink that shows on a terminal how far the Sink behind it has
// come: one line, erased when the last row has come. It is used by one
// goroutine, as every Sink.
type progress struct {
	host.Finisher
	w     io.Writer
	bytes func() int64 // what the Sink has written
	rows  atomic.Int64
	sent  atomic.Int64
	stop  chan struct{}
	ended sync.WaitGroup
	once  sync.Once
}

// newProgress starts to show the progress of out on w.
func newProgress(out host.Finisher, w io.Writer, bytes func() int64) *progress {
	p := &progress{Finisher: out, w: w, bytes: bytes, stop: make(chan struct{})}
	p.ended.Add(1)
	go p.show()
	return p
}

func (p *progress) show() {
	defer p.ended.Done()
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	start, shown := time.Now(), false
	for {
		select {
		case <-p.stop:
			if shown {
				fmt.Fprint(p.w, eraseLine)
			}
			return
		case <-tick.C:
			fmt.Fprint(p.w, eraseLine+progressLine(p.rows.Load(), p.sent.Load(), time.Since(start)))
			shown = true
		}
	}
}

func progressLine(rows, bytes int64, since time.Duration) string {
	rate := int64(float64(rows) / since.Seconds())
	return fmt.Sprintf("%s rows  %s  %s rows/s", grouped(rows), sized(bytes), grouped(rate))
}

// Write implements host.Sink.Write.
func (p *progress) Write(r arrow.Record) error {
	err := p.Finisher.Write(r)
	p.rows.Add(r.NumRows())
	p.sent.Store(p.bytes())
	return err
}

// Finish implements host.Finisher.Finish.
func (p *progress) Finish() error {
	p.end()
	return p.Finisher.Finish()
}

// Close implements host.Sink.Close.
func (p *progress) Close() error {
	p.end()
	return p.Finisher.Close()
}

// Abort implements host.Sink.Abort.
func (p *progress) Abort(cause error) {
	p.end()
	p.Finisher.Abort(cause)
}

// end erases the line. It is idempotent.
func (p *progress) end() {
	p.once.Do(func() { close(p.stop) })
	p.ended.Wait()
}

// grouped returns a number with its digits in groups of three.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// sized returns a number of bytes for people.
func sized(n int64) string {
	f, unit := float64(n), 0
	for ; f >= 1024 && unit < len(sizeNames)-1; unit++ {
		f /= 1024
	}
	if unit == 0 {
		return strconv.FormatInt(n, 10) + " B"
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + " " + sizeNames[unit]
}

var sizeNames = [...]string{"B", "KiB", "MiB", "GiB", "TiB"}
