// Package browser_test tries the console in a real browser: Debian's chromium,
// which is told what to do through its own protocol.
package browser_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// programs are the browsers that do. The second is the first without its
// windows; host/RATIONALE.md says why that is not what is installed.
var programs = []string{"chromium", "chromium-headless-shell"}

// program finds the browser, or takes the one that WASMSQL_TEST_BROWSER names.
// Where there is none it is installed under CI, as the servers of the databases
// are; elsewhere the test is skipped.
var program = sync.OnceValues(func() (string, error) {
	if name := os.Getenv("WASMSQL_TEST_BROWSER"); name != "" {
		return exec.LookPath(name)
	}
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	wanted := programs[0]
	missing := errors.New("there is no browser: on Debian, apt-get install " + wanted)
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Getuid() != 0 || os.Getenv("CI") != "true" {
		return "", missing
	}
	for _, args := range [][]string{{"install"}, {"update"}, {"install"}} {
		if args[0] == "install" {
			args = append(args, "-y", "--no-install-recommends", wanted)
		}
		cmd := exec.Command(apt, append([]string{"-o", "DPkg::Lock::Timeout=300"}, args...)...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		_ = cmd.Run() // the lists of packages may be absent or old: what counts is whether it is there
		if path, err := exec.LookPath(wanted); err == nil {
			return path, nil
		}
	}
	return "", missing
})

// skipMissing ends a test by what it lacks: under CI that is a failure.
func skipMissing(t *testing.T, err error) {
	t.Helper()
	if os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	t.Fatal(err)
}

// started is the browser of all tests, which TestMain ends.
var started struct {
	sync.Once
	ctx    context.Context
	cancel context.CancelFunc
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if started.cancel != nil {
		started.cancel()
	}
	os.Exit(code)
}

// start starts the browser.
func start() (context.Context, error) {
	started.Do(func() {
		path, err := program()
		if err != nil {
			started.err = err
			return
		}
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WSURLReadTimeout(time.Minute))
		if os.Getuid() == 0 {
			options = append(options, chromedp.NoSandbox) // its sandbox needs another user
		}
		allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, cancel := chromedp.NewContext(allocator)
		started.cancel = func() { cancel(); end() }
		started.ctx, started.err = ctx, chromedp.Do(ctx)
	})
	return started.ctx, started.err
}

// tab is a window of its own, with a session of its own. What goes wrong in it
// fails the test.
type tab struct {
	t         *testing.T
	ctx       context.Context
	origin    string
	downloads string

	mu       sync.Mutex
	requests []string
	faults   []string
	answers  map[int64]int // of status 400 and more, which the browser calls errors
	done     chan string   // the file of each download
}

// violations has the page keep what breaks its content security policy, from
// before its first script on.
const violations = `window.violations = []; addEventListener("securitypolicyviolation", (e) => violations.push(e.violatedDirective + ": " + e.blockedURI));`

// open opens a tab on a server.
func open(t *testing.T, origin string) *tab {
	t.Helper()
	parent, err := start()
	if err != nil {
		skipMissing(t, err)
	}
	b := &tab{t: t, origin: origin, downloads: t.TempDir(), answers: map[int64]int{}, done: make(chan string, 8)}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	b.ctx = ctx
	t.Cleanup(func() {
		b.check()
		stop()
		cancel()
	})
	if err := errors.Join(chromedp.Listen(ctx, b.event), chromedp.ListenBrowser(ctx, b.download)); err != nil {
		t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: violations})
	_, err = chromedp.CallBrowser(ctx, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllowAndName, BrowserContextID: chromedp.FromContext(ctx).BrowserContextID,
		DownloadPath: b.downloads, EventsEnabled: new(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.scheme("light")
	b.run(chromedp.EmulateViewport(1280, 900))
	return b
}

// call sends a command to the tab.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	r, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// event keeps what the page asks for and what goes wrong.
func (b *tab) event(e any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := e.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "data:") { // the browser's own icons of dates, which are asked of nobody
			b.requests = append(b.requests, e.Request.URL)
		}
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 {
			b.answers[e.Response.Status]++
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork { // those are among answers
			b.faults = append(b.faults, "log: "+e.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			said := "console: " + string(e.Type)
			for _, arg := range e.Args {
				said += " " + string(arg.Value) + arg.Description
			}
			b.faults = append(b.faults, said)
		}
	case *runtime.EventExceptionThrown:
		b.faults = append(b.faults, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	}
}

func (b *tab) download(e any) {
	if e, ok := e.(*browser.EventDownloadProgress); ok && e.State == browser.DownloadProgressStateCompleted {
		b.done <- e.GUID
	}
}

// expect takes back answers that a test has asked for.
func (b *tab) expect(status int64, n int) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.answers[status] != n {
		b.t.Errorf("%d answers have the status %d, want %d", b.answers[status], status, n)
	}
	delete(b.answers, status)
}

// check fails the test for what went wrong in the tab.
func (b *tab) check() {
	broken, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string]("window.violations"))
	if err != nil {
		b.t.Error(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, v := range broken {
		b.t.Errorf("against the content security policy: %s", v)
	}
	for _, f := range b.faults {
		b.t.Error(f)
	}
	for status, n := range b.answers {
		b.t.Errorf("%d answers have the status %d", n, status)
	}
	for _, r := range b.requests {
		if u, err := url.Parse(strings.TrimPrefix(r, "blob:")); err != nil || u.Scheme+"://"+u.Host != b.origin {
			b.t.Errorf("the page asks elsewhere: %s", r)
		}
	}
	if len(b.requests) == 0 {
		b.t.Error("no request was seen")
	}
}

// run has the tab do something.
func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// eval returns what JavaScript makes of an expression. The policy of the page
// does not hold for it.
func eval[T any](b *tab, expression string, options ...chromedp.EvaluateOption) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, append(options, chromedp.EvalAwaitPromise)...))
	if err != nil {
		b.t.Fatal(err)
	}
	return value
}

// until waits for an expression to be true.
func (b *tab) until(expression string) {
	b.t.Helper()
	for end := time.Now().Add(time.Minute); !eval[bool](b, "!!("+expression+")"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("%s does not come true; the page has:\n%s", expression, b.text("main"))
		}
	}
}

// text returns the text of an element as it is shown.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", selector))
}

// sees waits for an element to have a text.
func (b *tab) sees(selector, text string) {
	b.t.Helper()
	b.until(fmt.Sprintf("document.querySelector(%q)?.innerText.includes(%q)", selector, text))
}

// file returns the next file that is downloaded.
func (b *tab) file() []byte {
	b.t.Helper()
	select {
	case guid := <-b.done:
		data, err := os.ReadFile(filepath.Join(b.downloads, filepath.Base(guid)))
		if err != nil {
			b.t.Fatal(err)
		}
		return data
	case <-time.After(time.Minute):
		b.t.Fatal("nothing was downloaded")
		return nil
	}
}

// asked reports whether the page has sent a request to a path.
func (b *tab) asked(path string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.requests, func(r string) bool { return strings.HasPrefix(r, b.origin+path) })
}
