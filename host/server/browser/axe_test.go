package browser_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/wasmsql/wasmsql/host/server"
)

// axe-core looks for what keeps people out of a page. It comes from npm's
// registry, once, and is kept in the user's cache folder: its licence is
// another (MPL-2.0), and half a megabyte of what a build made is nothing to
// review. The sum is the registry's own.
const (
	axeVersion = "4.14.1"
	axeURL     = "https://registry.npmjs.org/axe-core/-/axe-core-" + axeVersion + ".tgz"
	axeSum     = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)

var axeSource = sync.OnceValues(func() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	file := filepath.Join(cache, "wasmsql-test", "axe-core-"+axeVersion+".tgz")
	data, err := os.ReadFile(file)
	if err != nil || !isAxe(data) {
		if data, err = fetch(axeURL); err != nil {
			return "", fmt.Errorf("axe-core cannot be had: %w", err)
		}
		if !isAxe(data) {
			return "", errors.New("what came as axe-core is something else")
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err == nil {
			_ = os.WriteFile(file, data, 0o600)
		}
	}
	return fileOf(data, "package/axe.min.js")
})

func isAxe(data []byte) bool {
	sum := sha512.Sum512(data)
	return base64.StdEncoding.EncodeToString(sum[:]) == axeSum
}

func fetch(url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, errors.New("the registry answers " + res.Status)
	}
	return io.ReadAll(io.LimitReader(res.Body, 8<<20))
}

// fileOf returns a file of a package.
func fileOf(tgz []byte, name string) (string, error) {
	z, err := gzip.NewReader(bytes.NewReader(tgz))
	if err != nil {
		return "", err
	}
	files := tar.NewReader(z)
	for {
		h, err := files.Next()
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		if h.Name == name {
			text, err := io.ReadAll(files)
			return string(text), err
		}
	}
}

// finding is what axe-core has against a page.
type finding struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

// axe returns what axe-core finds. It runs in a world of its own: the page's
// content security policy is not in its way, and it is not in the page's.
func (b *tab) axe(source string) (all []finding) {
	b.t.Helper()
	tree := call(b, page.GetFrameTree, cdp.Empty{})
	world := call(b, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: tree.FrameTree.Frame.ID, WorldName: "axe"})
	within := func(p *runtime.EvaluateParams) { p.ContextID = world.ExecutionContextID }
	b.run(chromedp.Evaluate[chromedp.Void](source+";0", within))
	text := eval[string](b, `axe.run(document, {resultTypes: ["violations"]}).then((r) => JSON.stringify(r.violations))`, within)
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		b.t.Fatal(err)
	}
	return all
}

// TestAccessible: axe-core finds nothing in any view, light or dark, large or
// small.
func TestAccessible(t *testing.T) {
	source, err := axeSource()
	if err != nil {
		skipMissing(t, err)
	}
	s := serve(t, false)
	b := open(t, s.url)
	views := everyView(b, s.token(server.Operate), s.token(server.Read))
	for _, v := range views {
		v.show(b)
		for _, look := range []struct { // colours are of the scheme, the layout is of the width
			scheme        string
			width, height int64
		}{{"light", 1280, 900}, {"dark", 390, 844}} {
			b.scheme(look.scheme)
			b.run(chromedp.EmulateViewport(look.width, look.height))
			for _, f := range b.axe(source) {
				var where []string
				for _, n := range f.Nodes {
					where = append(where, n.HTML+"\n"+n.FailureSummary)
				}
				t.Errorf("%s, %s, %d wide: %s: %s (%s)\n%s", v.name, look.scheme, look.width, f.Impact, f.Help, f.ID, strings.Join(where, "\n"))
			}
			if wide := eval[int](b, "document.documentElement.scrollWidth"); int64(wide) > look.width {
				t.Errorf("%s: the page is %d wide on a screen of %d", v.name, wide, look.width)
			}
		}
		b.run(chromedp.EmulateViewport(1280, 900))
	}
}
