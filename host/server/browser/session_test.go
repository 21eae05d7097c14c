package browser_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/wasmsql/wasmsql/host/server"
)

// keys sends keys to what has the focus, as a keyboard does.
func (b *tab) keys(keys string, options ...chromedp.KeyOption) {
	b.t.Helper()
	b.run(chromedp.KeyEvent(keys, options...))
}

// focused returns what has the focus: its name for a screen reader, about.
func (b *tab) focused() string {
	b.t.Helper()
	return eval[string](b, `((e) => e.getAttribute("aria-label") ?? document.querySelector("label[for='" + e.id + "']")?.innerText ?? e.innerText.trim())(document.activeElement)`)
}

// tabTo presses Tab until the focus is on what has a name. Each thing on the
// way is seen to have the focus.
func (b *tab) tabTo(name string) {
	b.t.Helper()
	var way []string
	for range 60 {
		b.keys(kb.Tab)
		got := b.focused()
		way = append(way, got)
		if seen := eval[bool](b, `((s, r) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && r.bottom > 0 && r.top < innerHeight)(getComputedStyle(document.activeElement), document.activeElement.getBoundingClientRect())`); !seen {
			b.t.Errorf("%q has the focus and does not look it", got)
		}
		if strings.HasPrefix(got, name) {
			return
		}
	}
	b.t.Fatalf("Tab does not lead to %q but to %q", name, way)
}

// TestKeyboard walks the console without a mouse.
func TestKeyboard(t *testing.T) {
	s := serve(t, false)
	b := open(t, s.url)
	token := s.token(server.Operate)
	b.leave()
	b.keys(token + kb.Enter)
	b.sees("h1", "Tasks")
	if got := b.focused(); got != "Tasks" {
		t.Errorf("after signing in the focus is on %q", got)
	}
	b.tabTo("Find")
	b.keys("seri")
	b.tabTo("Tasks") // the region that scrolls
	b.tabTo("series")
	b.keys(kb.Enter)
	b.sees("h1", "series")
	b.tabTo("first")
	b.tabTo("count")
	b.keys("30")
	b.tabTo("Run")
	b.keys(kb.Enter)
	b.sees(".where", "Rows 1 to 30 of 30")
	b.tabTo("Execution")
	b.tabTo("Download CSV")
	b.keys(kb.Enter)
	if got := strings.Count(string(b.file()), "\n"); got != 31 {
		t.Errorf("the file has %d lines", got)
	}
	b.tabTo("Table of rows")

	b.run(chromedp.Reload())
	b.sees("h1", "series")
	b.tabTo("count")
	b.keys("2")
	b.keys(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl))
	b.sees(".rows", "Rows 1 to 2 of 2")

	b.at("tasks/endless", "endless")
	b.tabTo("Run")
	b.keys(kb.Enter)
	b.sees(".state", "running")
	b.tabTo("Cancel")
	b.keys(kb.Enter)
	b.sees(".state", "canceled")

	eval[bool](b, "document.activeElement.blur(), getSelection().removeAllRanges(), true")
	b.run(chromedp.Reload())
	b.sees("h1", "endless")
	b.keys(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)) // from the title back
	for range 12 {
		if b.focused() == "Skip to content" {
			break
		}
		b.keys(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift))
	}
	b.keys(kb.Enter)
	if got := eval[string](b, "document.activeElement.id + location.hash"); got != "main#/tasks/endless" {
		t.Errorf("skipping leads to %q", got)
	}
}

// TestToken: a token that is not accepted any more is asked for again, and
// what was shown is shown again with the next.
func TestToken(t *testing.T) {
	s := serve(t, false)
	b := open(t, s.url)
	token := s.token(server.Run)
	b.signIn(token)
	b.at("tasks/series", "series")
	id := strings.Split(token, "_")[1]
	if err := server.RevokeToken(s.dir+"/acme", id); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.fill("count", "3")
	b.press("Run")
	b.sees("h1", "Sign in")
	b.sees(".problem", "revoked")
	b.expect(401, 1)
	if left := eval[string](b, "JSON.stringify(sessionStorage)"); left != "{}" {
		t.Errorf("the token is kept still: %s", left)
	}
	if eval[bool](b, "!document.querySelector('nav').hidden") {
		t.Error("the sections are still there")
	}
	b.run(chromedp.SendKeys(chromedp.CSS("#token"), s.token(server.Read)+"\n"))
	b.sees("h1", "series")
	if !eval[bool](b, `document.querySelector("button.main").disabled && document.querySelector("[href='#/audit']").hidden`) {
		t.Error("a token that may only read is offered more")
	}
	b.hides(token)
}

// TestLive: a list of executions follows them, and the focus stays.
func TestLive(t *testing.T) {
	s := serve(t, false)
	b := open(t, s.url)
	b.signIn(s.token(server.Run))
	b.at("tasks/endless", "endless")
	b.press("Run")
	b.sees(".state", "running")
	b.at("executions", "Executions")
	b.sees("tbody", "running")
	eval[bool](b, "document.querySelector('tbody a').focus(), window.row = document.activeElement, true")
	id := eval[string](b, "document.activeElement.innerText")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, s.url+"/v1/executions/"+id, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+eval[string](b, "sessionStorage.getItem('wasmsql.token')"))
	if res, err := http.DefaultClient.Do(r); err != nil || res.StatusCode != http.StatusAccepted {
		t.Fatal(err)
	}
	b.sees("tbody", "canceled")
	if !eval[bool](b, "document.activeElement === window.row") {
		t.Error("the list took the focus away")
	}
}

// TestBare: a server that keeps nothing runs tasks all the same.
func TestBare(t *testing.T) {
	s := serve(t, true)
	b := open(t, s.url)
	token := s.token(server.Operate)
	b.signIn(token)
	b.at("tasks/series", "series")
	b.fill("count", "120")
	b.press("Run")
	b.sees(".where", "Rows 1 to 100 of 120")
	b.sees(".pictures", "Database")
	b.press("Download JSON")
	if got := strings.Count(string(b.file()), `"id":`); got != 120 {
		t.Errorf("the file has %d rows", got)
	}
	b.press("Run to CSV")
	if got := strings.Count(string(b.file()), "\n"); got != 121 {
		t.Errorf("the file has %d lines", got)
	}
	b.at("tasks/typo", "typo")
	b.press("Run")
	b.sees(".problem mark", "nmae")
	b.expect(422, 1)
	b.at("tasks/setup", "setup")
	b.press("Run")
	b.sees(".affected", "2 rows changed")
	b.at("executions", "Executions")
	b.sees(".empty", "--state")
	b.at("audit", "Audit")
	b.sees(".empty", "--audit")
}

// TestPolicyHolds: what the other tests rely on is there, and sees what it
// should: a script in the page is not run, and a request elsewhere not sent.
func TestPolicyHolds(t *testing.T) {
	s := serve(t, true)
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request came here") }))
	defer other.Close()
	b := open(t, s.url)
	b.leave()
	eval[bool](b, `(() => { const e = document.createElement("p"); try { e.innerHTML = "<b>x</b>" } catch { return true } return false })()`)
	broken := eval[[]string](b, `(async () => {
		const script = document.createElement("script");
		try { script.textContent = "window.ran = true" } catch {}
		document.body.append(script);
		document.body.setAttribute("style", "color: red");
		await fetch("`+other.URL+`").catch(() => {});
		new Image().src = "`+other.URL+`/x.png";
		await new Promise((after) => setTimeout(after, 200));
		return window.ran ? ["it ran"] : window.violations.splice(0).map((v) => v.split(":")[0]);
	})()`)
	for _, directive := range []string{"require-trusted-types-for", "style-src-attr", "connect-src", "img-src"} {
		if !strings.Contains(strings.Join(broken, " "), directive) {
			t.Errorf("nothing was seen against %s: %q", directive, broken)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.faults) == 0 {
		t.Error("the browser's log has no word of it")
	}
	b.faults, b.requests = nil, b.requests[:1]
}
