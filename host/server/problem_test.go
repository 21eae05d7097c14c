package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// TestT3ProblemsAreOnesOwn: requests that end in the same problem at the same
// time have each their own execution in it, never another's.
func TestT3ProblemsAreOnesOwn(t *testing.T) {
	s, err := New(t.Context(), Config{Tenants: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	var all sync.WaitGroup
	for _, id := range []string{"ours", "theirs"} {
		h := s.handle(func(w *response, _ *http.Request) error {
			w.execution = id
			return errGone
		})
		all.Go(func() {
			for range 2000 {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
				if !strings.Contains(w.Body.String(), `"execution":"`+id+`"`) {
					t.Errorf("the answer to %s is %s", id, w.Body)
				}
			}
		})
	}
	all.Wait()
	if errGone.Execution != "" {
		t.Errorf("what all share has the execution %q", errGone.Execution)
	}
}
