package browser_test

import (
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
)

// view is a view of the console, and how it comes about.
type view struct {
	name string
	show func(b *tab)
}

// signIn loads the console anew and gives it a token.
func (b *tab) signIn(token string) {
	b.t.Helper()
	b.leave()
	b.run(chromedp.SendKeys(chromedp.CSS("#token"), token+"\n"))
	b.until("!document.querySelector('nav').hidden && document.querySelector('h1').textContent !== 'Sign in'")
}

// leave loads the console anew, without a token.
func (b *tab) leave() {
	b.t.Helper()
	b.run(chromedp.Navigate(b.origin + "/console"))
	if eval[bool](b, "!!sessionStorage.getItem('wasmsql.token')") {
		b.run(chromedp.Click(chromedp.CSS("#leave")))
	}
	b.sees("h1", "Sign in")
}

// at shows the view of an address.
func (b *tab) at(address, title string) {
	b.t.Helper()
	b.run(chromedp.Evaluate[chromedp.Void](fmt.Sprintf("if (location.hash === %q) dispatchEvent(new HashChangeEvent('hashchange')); else location.hash = %[1]q; document.querySelector('h1')?.remove()", "#/"+address)))
	b.sees("h1", title)
}

// fill writes into a field of a form, in place of what is there.
func (b *tab) fill(input, text string) {
	b.t.Helper()
	field := "#input-" + input
	eval[bool](b, fmt.Sprintf("document.querySelector(%q).value = '', true", field))
	b.run(chromedp.SendKeys(chromedp.CSS(field), text))
}

// press clicks the button with a label.
func (b *tab) press(label string) {
	b.t.Helper()
	b.run(chromedp.Click(fmt.Sprintf(`//main//button[normalize-space()=%q or @aria-label=%[1]q]`, label)))
}

// everyView returns the views of the console, by a token that may do all and
// one that may only read. Some leave executions behind that others show.
func everyView(b *tab, operate, read string) []view {
	as := func(token string) {
		if eval[string](b, "location.origin === 'null' ? '' : sessionStorage.getItem('wasmsql.token') ?? ''") != token {
			b.signIn(token)
		}
	}
	task := func(name string) {
		as(operate)
		b.at("tasks/"+name, name)
	}
	return []view{
		{"sign-in", func(b *tab) { b.leave() }},
		{"sign-in-refused", func(b *tab) {
			b.leave()
			b.run(chromedp.SendKeys(chromedp.CSS("#token"), "wsql_nobody_knows\n"))
			b.sees(".problem", "token")
			b.expect(401, 1)
		}},
		{"executions-none", func(b *tab) { as(operate); b.at("executions?status=unknown", "Executions") }},
		{"tasks", func(b *tab) { as(operate); b.at("tasks", "Tasks") }},
		{"form", func(b *tab) { task("kinds") }},
		{"form-of-reader", func(b *tab) { as(read); b.at("tasks/series", "series") }},
		{"form-wrong", func(b *tab) {
			task("kinds")
			b.fill("whole", "1.5")
			b.fill("doc", "{")
			b.fill("ids", "1\nx")
			b.press("Run")
			b.sees("#input-ids-fault", "Line 2")
		}},
		{"form-refused", func(b *tab) {
			task("kinds")
			b.fill("words", "x")
			b.fill("key", "abc")
			b.fill("span", "soon")
			b.press("Run")
			b.sees("#input-span-fault", "timedelta")
			b.expect(400, 1)
		}},
		{"form-of-long-names", func(b *tab) {
			task(strings.Repeat("long-", 39) + "name")
			b.fill("__proto__", "kept")
			b.press("Run")
			b.sees(".rows tbody", "kept")
		}},
		{"statements", func(b *tab) {
			task("kinds")
			b.fill("words", "Robert'); DROP TABLE students; --")
			b.press("Show SQL")
			b.sees(".run", "Statement 1 of 1")
		}},
		{"rows", func(b *tab) {
			task("series")
			b.fill("count", "260")
			b.press("Run")
			b.sees(".where", "Rows 1 to 100 of 260")
			b.sees(".pictures", "Time by phase")
		}},
		{"rows-of-kinds", func(b *tab) {
			task("kinds")
			b.fill("words", "naïve <i>words</i>")
			b.press("Run")
			b.sees(".where", "Rows 1 to 1 of 1")
		}},
		{"rows-none", func(b *tab) { task("nothing"); b.press("Run"); b.sees(".empty", "found no rows") }},
		{"changed", func(b *tab) { task("setup"); b.press("Run"); b.sees(".affected", "2 rows changed") }},
		{"failed", func(b *tab) { task("typo"); b.press("Run"); b.sees(".problem", "nmae") }},
		{"running", func(b *tab) { task("endless"); b.press("Run"); b.sees(".state", "running") }},
		{"executions", func(b *tab) { as(operate); b.at("executions", "Executions"); b.sees(".sheet", "endless") }},
		{"execution-running", func(b *tab) {
			as(operate)
			b.at("executions?status=running", "Executions")
			b.run(chromedp.Click(chromedp.CSS("tbody a")))
			b.sees(".state", "running")
		}},
		{"execution-canceled", func(b *tab) { b.press("Cancel"); b.sees(".state", "canceled") }},
		{"execution", func(b *tab) {
			as(operate)
			b.at("executions?task=series", "Executions")
			b.run(chromedp.Click(chromedp.CSS("tbody a")))
			b.sees(".where", "of 260")
		}},
		{"execution-failed", func(b *tab) {
			as(operate)
			b.at("executions?task=typo", "Executions")
			b.run(chromedp.Click(chromedp.CSS("tbody a")))
			b.sees(".problem", "nmae")
		}},
		{"execution-absent", func(b *tab) { as(operate); b.at("executions/nothing", "did not work"); b.expect(404, 1) }},
		{"limits", func(b *tab) { as(operate); b.at("limits", "Limits") }},
		{"audit", func(b *tab) { as(operate); b.at("audit", "Audit"); b.sees(".sheet", "series") }},
		{"nowhere", func(b *tab) { as(operate); b.at("nowhere", "nothing here") }},
	}
}
