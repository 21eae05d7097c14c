package browser_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/wasmsql/wasmsql/host/server"
)

// TestScreens writes a picture of every view, in light and dark and on a small
// screen, to the folder that WASMSQL_TEST_SCREENS names: to be looked at.
func TestScreens(t *testing.T) {
	dir := os.Getenv("WASMSQL_TEST_SCREENS")
	if dir == "" {
		t.Skip("WASMSQL_TEST_SCREENS does not name a folder for the pictures")
	}
	s := serve(t, false)
	b := open(t, s.url)
	views := everyView(b, s.token(server.Operate), s.token(server.Read))
	for _, scheme := range []string{"light", "dark", "small"} {
		width, height := int64(1280), int64(900)
		if scheme == "small" {
			width, height = 390, 844
		}
		b.run(chromedp.EmulateViewport(width, height))
		b.scheme(scheme)
		for _, v := range views {
			v.show(b)
			picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, v.name+"-"+scheme+".png"), picture, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// scheme has the page be light or dark.
func (b *tab) scheme(name string) {
	if name != "dark" {
		name = "light"
	}
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}, // what moves cannot be clicked
	}})
}
