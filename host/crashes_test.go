package host

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestCrashesWait: a task that crashes now and then does not wait, one that does
// so all the time is executed 25 times a second, and no longer waits when the
// wait is cancelled.
func TestCrashesWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c crashes
		ctx := context.Background()
		began := time.Now()
		for range 10 {
			if err := c.wait(ctx); err != nil {
				t.Fatal(err)
			}
			c.add(time.Millisecond)
		}
		c.add(time.Second) // has taken its time
		if err := c.wait(ctx); err != nil || time.Since(began) > 0 {
			t.Errorf("%v, waited %s after 10 crashes", err, time.Since(began))
		}
		for range 1000 {
			if err := c.wait(ctx); err != nil {
				t.Fatal(err)
			}
			c.add(0)
		}
		if took := time.Since(began); took < 39200*time.Millisecond || took > 40400*time.Millisecond {
			t.Errorf("1,010 crashes took %s", took)
		}
		ctx, cancel := context.WithTimeout(ctx, time.Microsecond)
		defer cancel()
		c.add(0)
		if err := c.wait(ctx); err != context.DeadlineExceeded {
			t.Errorf("cancelled: %v", err)
		}
		time.Sleep(time.Second)
		began = time.Now()
		if err := c.wait(context.Background()); err != nil || time.Since(began) > 0 {
			t.Errorf("%v, waited %s after a second without crashes", err, time.Since(began))
		}
	})
}
