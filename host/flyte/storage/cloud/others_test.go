package cloud

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/wasmsql/wasmsql/host/flyte"
)

// Google's and Azure's services are spoken to by their SDKs; what is held here,
// against servers that know just the requests of one object, is what the Store
// makes of URLs, variables and errors, and when an object is there.

// objects is what such a server holds, by bucket/key.
type objects struct {
	mu    sync.Mutex
	whole map[string][]byte
	parts map[string][]byte // that were sent and not committed
}

func newObjects() *objects { return &objects{whole: map[string][]byte{}, parts: map[string][]byte{}} }

func (o *objects) get(name string) ([]byte, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	data, ok := o.whole[name]
	return data, ok
}

func (o *objects) put(name string, data []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.whole[name] = data
}

// remove reports whether an object was there, which is not any more.
func (o *objects) remove(name string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, there := o.whole[name]
	delete(o.whole, name)
	return there
}

// azure serves blobs: Put Blob, Put Block, Put Block List, Get Blob, Delete
// Blob.
func (o *objects) azure(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "SharedKey acct:") {
			w.Header().Set("x-ms-error-code", "AuthenticationFailed")
			w.WriteHeader(http.StatusForbidden)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, "/acct/")
		body, _ := io.ReadAll(r.Body)
		switch q := r.URL.Query(); {
		case r.Method == http.MethodGet:
			data, ok := o.get(name)
			if !ok {
				w.Header().Set("x-ms-error-code", "BlobNotFound")
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			w.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
			w.Write(data)
			return
		case r.Method == http.MethodDelete:
			if !o.remove(name) {
				w.Header().Set("x-ms-error-code", "BlobNotFound")
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.WriteHeader(http.StatusAccepted)
			return
		case q.Get("comp") == "block":
			o.mu.Lock()
			o.parts[name+"#"+q.Get("blockid")] = body
			o.mu.Unlock()
		case q.Get("comp") == "blocklist":
			var list struct {
				Latest []string `xml:"Latest"`
			}
			if err := xml.Unmarshal(body, &list); err != nil {
				t.Error(err)
			}
			var data []byte
			o.mu.Lock()
			for _, id := range list.Latest {
				data = append(data, o.parts[name+"#"+id]...)
			}
			o.mu.Unlock()
			o.put(name, data)
		default:
			o.put(name, body)
		}
		w.WriteHeader(http.StatusCreated)
	})
}

// google serves objects: the JSON API's uploads, in one request and resumable,
// its removal, and the download of XML's.
func (o *objects) google(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		q := r.URL.Query()
		switch {
		case strings.HasPrefix(r.URL.Path, "/upload/") && q.Get("uploadType") == "multipart":
			name, data := related(t, r.Header.Get("Content-Type"), body)
			o.put("bucket/"+name, data)
			fmt.Fprintf(w, `{"kind": "storage#object", "name": %q, "bucket": "bucket", "size": "%d"}`, name, len(data))
		case strings.HasPrefix(r.URL.Path, "/upload/") && q.Get("uploadType") == "resumable":
			w.Header().Set("Location", "http://"+r.Host+"/session/"+base64.RawURLEncoding.EncodeToString(body))
		case strings.HasPrefix(r.URL.Path, "/session/"):
			o.session(t, w, r, body)
		case r.Method == http.MethodGet:
			data, ok := o.get(strings.TrimPrefix(r.URL.Path, "/"))
			if !ok {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			w.Write(data)
		case r.Method == http.MethodDelete:
			_, name, _ := strings.Cut(r.URL.Path, "/b/bucket/o/")
			if !o.remove("bucket/" + name) {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	})
}

// session takes a piece of a resumable upload, which ends with the one that
// says how many bytes there are.
func (o *objects) session(t *testing.T, w http.ResponseWriter, r *http.Request, body []byte) {
	o.mu.Lock()
	o.parts[r.URL.Path] = append(o.parts[r.URL.Path], body...)
	data := o.parts[r.URL.Path]
	o.mu.Unlock()
	if r.Method == http.MethodDelete {
		return
	}
	if strings.HasSuffix(r.Header.Get("Content-Range"), "/*") {
		w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", len(data)-1))
		w.Header().Set("X-Http-Status-Code-Override", "308")
		return
	}
	about, err := base64.RawURLEncoding.DecodeString(r.URL.Path[len("/session/"):])
	if err != nil {
		t.Error(err)
	}
	_, name, _ := strings.Cut(string(about), `"name":"`)
	name, _, _ = strings.Cut(name, `"`)
	o.put("bucket/"+name, data)
	fmt.Fprintf(w, `{"kind": "storage#object", "name": %q, "bucket": "bucket", "size": "%d"}`, name, len(data))
}

// related returns the name and the content of an upload in one request.
func related(t *testing.T, contentType string, body []byte) (string, []byte) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Error(err)
		return "", nil
	}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	var about, data []byte
	if p, err := parts.NextPart(); err == nil {
		about, _ = io.ReadAll(p)
	}
	if p, err := parts.NextPart(); err == nil {
		data, _ = io.ReadAll(p)
	}
	_, name, _ := strings.Cut(string(about), `"name":"`)
	name, _, _ = strings.Cut(name, `"`)
	return name, data
}

// othersOptions log in.
var othersOptions = Options{PartSize: 256 << 10, Env: func(name string) string {
	return map[string]string{"FLYTE_AZURE_STORAGE_ACCOUNT_NAME": "acct", "FLYTE_AZURE_STORAGE_ACCOUNT_KEY": base64.StdEncoding.EncodeToString([]byte("key"))}[name]
}}

// others opens a Store of Google's and Azure's.
func others(t *testing.T, o *objects) *Store {
	t.Helper()
	azure, google := httptest.NewServer(o.azure(t)), httptest.NewServer(o.google(t))
	t.Cleanup(azure.Close)
	t.Cleanup(google.Close)
	t.Setenv("STORAGE_EMULATOR_HOST", google.URL[len("http://"):])
	t.Setenv("AZURE_STORAGE_DOMAIN", azure.URL[len("http://"):])
	t.Setenv("AZURE_STORAGE_PROTOCOL", "http")
	s := New(othersOptions)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestOthers(t *testing.T) {
	for _, bucket := range []string{"abfs://bucket", "abfss://bucket@acct.dfs.core.windows.net", "gs://bucket"} {
		for _, size := range []int{10, 900_000} {
			t.Run(fmt.Sprint(bucket, " ", size), func(t *testing.T) {
				o := newObjects()
				s := others(t, o)
				uri, data := bucket+"/a/b/00000", noise(size)
				if err := put(t.Context(), s, uri, data, false); err != nil {
					t.Fatal(err)
				}
				if got, _ := o.get("bucket/a/b/00000"); !bytes.Equal(got, data) {
					t.Fatalf("%d of %d bytes arrived", len(got), len(data))
				}
				if got, err := s.Read(t.Context(), uri, int64(size)); err != nil || !bytes.Equal(got, data) {
					t.Errorf("read %d bytes, %v", len(got), err)
				}
				if _, err := s.Read(t.Context(), uri, int64(size-1)); err == nil || faultOf(t, err) != flyte.StoreTooLarge {
					t.Errorf("with a limit below: %v", err)
				}
				if _, err := s.Read(t.Context(), bucket+"/none", 10); err == nil || faultOf(t, err) != flyte.StoreNotFound {
					t.Errorf("not there: %v", err)
				}
				aborted, err := s.Create(t.Context(), bucket+"/aborted")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := aborted.Write(data); err != nil {
					t.Fatal(err)
				}
				aborted.Abort()
				if err := aborted.Close(); err == nil {
					t.Error("closed after Abort")
				}
				if _, there := o.get("bucket/aborted"); there {
					t.Error("what was aborted is there")
				}
			})
		}
	}
}

func TestAzureDenied(t *testing.T) {
	s := others(t, newObjects())
	s.options.Env = func(name string) string {
		return map[string]string{"FLYTE_AZURE_STORAGE_ACCOUNT_NAME": "other", "FLYTE_AZURE_STORAGE_ACCOUNT_KEY": "a2V5"}[name]
	}
	_, err := s.Read(t.Context(), "abfs://bucket/x", 10)
	if err == nil || faultOf(t, err) != flyte.StorePermanent || err.Error() != "access is denied (AuthenticationFailed)" {
		t.Error(err)
	}
	for _, size := range []int{10, 900_000} {
		err = put(t.Context(), s, "abfs://bucket/x", noise(size), false)
		if err == nil || faultOf(t, err) != flyte.StorePermanent || err.Error() != "access is denied (AuthenticationFailed)" {
			t.Errorf("written, %d bytes: %v", size, err)
		}
	}
	s = New(Options{})
	if _, err = s.Read(t.Context(), "abfs://bucket/x", 10); err == nil || err.Error() != "no storage account is named" {
		t.Error(err)
	}
}

// TestRegion: where no region is set, S3 says which it is.
func TestRegion(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amz-Bucket-Region", "eu-west-3")
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	if got := regionOf(t.Context(), server.Client(), server.URL); got != "eu-west-3" {
		t.Errorf("%q", got)
	}
	if got := regionOf(t.Context(), server.Client(), "http://127.0.0.1:1"); got != "" {
		t.Errorf("of nobody: %q", got)
	}
}
