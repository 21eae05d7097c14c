package cloud

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// sink is a service that speaks as much of S3 as an upload needs, and keeps
// only how large the parts were.
type sink struct {
	mu    sync.Mutex
	parts map[int]int64
	heap  uint64 // the most, seen when a part arrived
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	w.Header().Set("ETag", `"e"`)
	if r.Method == http.MethodPost && q.Has("uploads") {
		fmt.Fprint(w, `<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>`)
		return
	}
	if r.Method == http.MethodPost {
		fmt.Fprint(w, `<CompleteMultipartUploadResult><ETag>"e-1"</ETag></CompleteMultipartUploadResult>`)
		return
	}
	n, _ := io.Copy(io.Discard, r.Body)
	part, _ := strconv.Atoi(q.Get("partNumber"))
	var m runtime.MemStats
	if part%10 == 0 {
		runtime.ReadMemStats(&m)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parts[part] = n
	s.heap = max(s.heap, m.HeapAlloc)
}

// upload writes size bytes in parts of partSize.
func (s *sink) upload(t *testing.T, partSize, size int) {
	t.Helper()
	s.parts = map[int]int64{}
	server := httptest.NewServer(s)
	defer server.Close()
	store := New(Options{PartSize: partSize, Env: func(name string) string {
		return map[string]string{"FLYTE_AWS_ENDPOINT": server.URL, "FLYTE_AWS_ACCESS_KEY_ID": "a", "FLYTE_AWS_SECRET_ACCESS_KEY": "b"}[name]
	}})
	defer store.Close()
	o, err := store.Create(t.Context(), "s3://bucket/key")
	if err != nil {
		t.Fatal(err)
	}
	piece := make([]byte, 64<<10)
	for left := size; left > 0; left -= len(piece) {
		if _, err := o.Write(piece[:min(left, len(piece))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestUploadGrows: parts double every thousand, so that ten thousand of them
// are enough, and none is larger than what is said.
func TestUploadGrows(t *testing.T) {
	s := &sink{}
	s.upload(t, 1<<10, 1000<<10+1000<<11+5)
	if n := len(s.parts); n != 2001 || s.parts[1] != 1<<10 || s.parts[1000] != 1<<10 || s.parts[1001] != 1<<11 || s.parts[2000] != 1<<11 || s.parts[2001] != 5 {
		t.Errorf("%d parts: 1st %d, 1000th %d, 1001st %d, 2001st %d bytes", n, s.parts[1], s.parts[1000], s.parts[1001], s.parts[2001])
	}
}

// TestUploadMemory: the memory of an upload is that of the parts on their way,
// however much is written.
func TestUploadMemory(t *testing.T) {
	s := &sink{}
	s.upload(t, leastPart, 60*leastPart)
	if most := uint64(12 * leastPart); s.heap > most || s.heap == 0 {
		t.Errorf("the heap had %d bytes, of which at most %d are expected", s.heap, most)
	}
}
