package browser_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/chromedp/chromedp"

	"github.com/wasmsql/wasmsql/host/server"
)

// get asks the API what the console should have got.
func (s *served) get(path, token, accept string) []byte {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", accept)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatal(path, res.Status, err)
	}
	return data
}

// table returns the texts of the rows that are shown.
func (b *tab) table() (rows [][]string) {
	b.t.Helper()
	return eval[[][]string](b, `[...document.querySelectorAll(".rows tr")].map((r) => [...r.children].map((c) => c.innerText))`)
}

// TestWalk goes from an empty form to files with the rows.
func TestWalk(t *testing.T) {
	s := serve(t, false)
	b := open(t, s.url)
	token := s.token(server.Run)
	b.signIn(token)
	b.sees("h1", "Tasks")
	b.run(chromedp.Click(`//main//a[.="series"]`))
	b.sees("h1", "series")
	b.press("Run")
	b.sees("#input-count-fault", "A value is needed.")
	if got := eval[string](b, "document.activeElement.id"); got != "input-count" {
		t.Errorf("the focus is on %q, not on the field that is wrong", got)
	}
	if b.asked("/v1/executions") {
		t.Error("a form with a field that is wrong was sent")
	}
	b.fill("count", "1010")
	b.fill("first", "9007199254740990")
	b.press("Run")
	b.sees(".where", "Rows 1 to 100 of 1,010")
	rows := b.table()
	if len(rows) != 101 || fmt.Sprint(rows[0]) != "[#\nRow id\nint name\nstr price\nfloat day\nstr note\nstr]" || fmt.Sprint(rows[4]) != "[4 9007199254740993 name 9007199254740993 1125899906842624.0 2024-09-08 empty]" {
		t.Errorf("%d rows: %q, %q", len(rows), rows[0], rows[4])
	}
	for _, turn := range []struct{ press, where string }{
		{"Next page", "Rows 101 to 200"}, {"Last page", "Rows 1,001 to 1,010"}, {"Page before", "Rows 901 to 1,000"}, {"First page", "Rows 1 to 100"},
	} {
		b.run(chromedp.Click(`//main//button[@title="` + turn.press + `"]`))
		b.sees(".where", turn.where)
	}
	b.run(chromedp.Evaluate[chromedp.Void](`{const s = document.querySelector(".pages select"); s.value = "500"; s.dispatchEvent(new Event("change"))}`))
	b.sees(".where", "Rows 1 to 500")

	id := strings.TrimPrefix(eval[string](b, `document.querySelector(".state a").hash`), "#/executions/")
	files := map[string][]byte{}
	for label, accept := range map[string]string{"CSV": "text/csv", "JSON": "application/json", "Arrow": "application/vnd.apache.arrow.stream", "Parquet": "application/vnd.apache.parquet"} {
		b.press("Download " + label)
		files[label] = b.file()
		if want := s.get("/v1/executions/"+id+"/result", token, accept); !bytes.Equal(files[label], want) {
			t.Errorf("%s: %d bytes were downloaded, which are not the %d of the result", label, len(files[label]), len(want))
		}
	}
	lines, err := csv.NewReader(bytes.NewReader(files["CSV"])).ReadAll()
	if err != nil || len(lines) != 1011 || fmt.Sprint(lines[0]) != "[id name price day note]" || lines[1010][0] != "9007199254741999" {
		t.Errorf("%d lines, %v", len(lines), err)
	}
	var objects []struct{ ID int64 }
	if err := json.Unmarshal(files["JSON"], &objects); err != nil || len(objects) != 1010 || objects[1009].ID != 9007199254741999 {
		t.Errorf("%d objects, %v", len(objects), err)
	}
	arrow, err := ipc.NewReader(bytes.NewReader(files["Arrow"]))
	if err != nil {
		t.Fatal(err)
	}
	defer arrow.Release()
	n := int64(0)
	for arrow.Next() {
		n += arrow.Record().NumRows()
	}
	if n != 1010 || arrow.Err() != nil {
		t.Errorf("%d rows of Arrow, %v", n, arrow.Err())
	}
	if p := files["Parquet"]; !bytes.HasPrefix(p, []byte("PAR1")) || !bytes.HasSuffix(p, []byte("PAR1")) {
		t.Error("that is no Parquet file")
	}
	b.hides(token)
}

// TestLargeRows: a page of large rows is a short one, and none is left out on the
// way to the end and back.
func TestLargeRows(t *testing.T) {
	s := serve(t, false)
	b := open(t, s.url)
	b.signIn(s.token(server.Run))
	b.at("tasks/large", "large")
	b.press("Run")
	b.sees(".where", "Rows 1 to 5 of 12")
	for _, turn := range []struct{ press, where string }{
		{"Next page", "Rows 6 to 10"}, {"Next page", "Rows 11 to 12"}, {"Page before", "Rows 6 to 10"}, {"Page before", "Rows 1 to 5"},
	} {
		b.run(chromedp.Click(`//main//button[@title="` + turn.press + `"]`))
		b.sees(".where", turn.where)
	}
}

// hides fails the test where the token is in an address or outlives the tab.
func (b *tab) hides(token string) {
	b.t.Helper()
	secret := token[strings.LastIndexByte(token, '_')+1:]
	b.mu.Lock()
	for _, r := range b.requests {
		if strings.Contains(r, secret) {
			b.t.Errorf("the token is in an address: %s", r)
		}
	}
	b.mu.Unlock()
	if kept := eval[string](b, "location.href + document.cookie + JSON.stringify(localStorage)"); strings.Contains(kept, secret) {
		b.t.Errorf("the token is kept: %s", kept)
	}
}

// TestFailure: a run that fails says so in its place, with the place in the
// query.
func TestFailure(t *testing.T) {
	s := serve(t, false)
	b := open(t, s.url)
	b.signIn(s.token(server.Run))
	b.at("tasks/typo", "typo")
	b.press("Run")
	b.sees(".outcome .run .problem", "no such column: nmae")
	for selector, want := range map[string]string{
		".problem h2": "The task failed", ".problem figcaption": "Line 2, character 8 of the query", ".problem mark": "nmae", ".problem .line.here": "       nmae\n",
		".problem .facts": "tasks/tasks.yaml", ".state .badge": "failed",
	} {
		if got := eval[string](b, fmt.Sprintf("document.querySelector(%q).textContent.replace('here: ', '')", selector)); !strings.Contains(got, want) {
			t.Errorf("%s is %q, and has no %q", selector, got, want)
		}
	}
	if got := eval[string](b, `document.querySelector(".problem").getAttribute("role")`); got != "alert" {
		t.Errorf("its role is %q: it is not read out", got)
	}
	b.sees(".pictures", "Time by phase")
	b.at("tasks/series", "series")
	b.fill("count", "30000")
	b.press("Run")
	b.sees(".problem", "A limit was reached")
	b.sees(".problem .next", "Next:")
}

// TestInputs: what the server says of an input stands at its field.
func TestInputs(t *testing.T) {
	s := serve(t, false)
	b := open(t, s.url)
	b.signIn(s.token(server.Run))
	b.at("tasks/kinds", "kinds")
	for field, c := range map[string]struct{ text, says string }{
		"whole": {"1.5", "Write a whole number, such as 42."}, "ratio": {"much", "Write a number, such as 0.5"},
		"doc": {`{"a": 01}`, "That is not JSON"}, "ids": {"1\n\n3", "Line 2: Write a whole number"}, "words": {"", "A value is needed."},
	} {
		b.fill(field, c.text)
		b.press("Run")
		b.sees("#input-"+field+"-fault", c.says)
	}
	b.at("tasks/kinds", "kinds")
	wrong := map[string][2]string{
		"whole": {"9223372036854775808", "64-bit"}, "exact": {"twelve", "is not a decimal"}, "key": {"abc", "is not a uuid"},
		"span": {"soon", "is not a timedelta"}, "raw": {"hex:0", "is not bytes"}, "words": {"x", ""},
	}
	for field, c := range wrong {
		b.fill(field, c[0])
	}
	b.press("Run")
	b.sees("#input-key-fault", "is not a uuid")
	for field, c := range wrong {
		fault := b.text("#input-" + field + "-fault")
		if !strings.Contains(fault, c[1]) || (fault == "") != (c[1] == "") {
			t.Errorf("at %s it says %q, want %q", field, fault, c[1])
		}
		told := eval[bool](b, fmt.Sprintf(`document.querySelector("#input-%s").getAttribute("aria-invalid") === "true"`, field))
		if told != (c[1] != "") {
			t.Errorf("%s is said to be invalid: %t", field, told)
		}
	}
	if got := eval[string](b, "document.activeElement.id"); got != "input-whole" {
		t.Errorf("the focus is on %q, not on the first field that is wrong", got)
	}
	b.expect(400, 1)
	b.fill("key", "123e4567-e89b-12d3-a456-426614174000")
	if got := b.text("#input-key-fault"); got != "" {
		t.Errorf("it still says %q of a field that was changed", got)
	}
}

// notNull takes the null from a field.
func (b *tab) notNull(input string) {
	b.t.Helper()
	b.run(chromedp.Click(chromedp.CSS(".field:has(#input-" + input + ") .mark")))
	b.until(`!document.querySelector("#input-` + input + `").disabled`)
}

// TestKinds: values of every type arrive as they were written.
func TestKinds(t *testing.T) {
	s := serve(t, false)
	b := open(t, s.url)
	b.signIn(s.token(server.Run))
	b.at("tasks/kinds", "kinds")
	names := eval[[]string](b, `[...document.querySelectorAll("form [name]")].map((e) => e.name)`)
	if got := strings.Join(names, " "); got != "whole ratio exact yes words at day hour span key doc raw pick rate shape maybe ids" {
		t.Errorf("the fields are in another order than in the task file: %s", got)
	}
	b.fill("whole", "-9223372036854775808")
	b.fill("words", "two\nlines, \"quoted\" {{ x }}")
	b.fill("doc", `[12345678901234567890, 1.50, "é"]`)
	b.fill("ids", "[1, 9007199254740993]")
	b.press("Show SQL")
	b.sees(".run", "Statement 1 of 1")
	sent := eval[[]string](b, `[...document.querySelectorAll(".run tbody tr")].map((r) => r.innerText.replace(/\t/g, " "))`)
	want := []string{
		"1 int -9223372036854775808", "2 float 0.1", "3 decimal 12.50", "4 bool true", "5 str two\nlines, \"quoted\" {{ x }}", "6 datetime 2024-05-06T07:08:09Z", "7 date 2024-02-29",
		"8 time 07:08:09", "9 timedelta 1h30m", "10 uuid 123e4567-e89b-12d3-a456-426614174000", `11 json [12345678901234567890,1.50,"é"]`, "12 bytes hex:00ff", "13 str green", "14 float 0.5", `15 json {"x":1}`, "16 int? null",
		"17 int 1", "18 int 9007199254740993",
	}
	if strings.Join(sent, "|") != strings.Join(want, "|") {
		t.Errorf("sent is\n%s\nwant\n%s", strings.Join(sent, "\n"), strings.Join(want, "\n"))
	}
	b.notNull("maybe")
	b.fill("maybe", "7")
	b.press("Run")
	b.sees(".where", "Rows 1 to 1 of 1")
	row := b.table()[1]
	if got := strings.Join(row, "|"); !strings.HasPrefix(got, "1|-9223372036854775808|0.1|12.5|1|two\nlines, \"quoted\" {{ x }}|2024-05-06") || !strings.HasSuffix(got, `|AP8=|green|0.5|{"x":1}|7`) {
		t.Error(got)
	}
	b.at("tasks/kinds", "kinds")
	b.fill("words", "null") // the word, which is not a null
	b.press("Run")
	b.sees(".rows tbody", `"null"`)
	b.at("tasks/twins", "twins")
	b.notNull("x") // where nothing is said of a default, null is it
	b.fill("x", "3")
	b.press("Run")
	b.sees(".where", "Rows 1 to 1 of 1")
	if got := strings.Join(b.table()[1], "|"); got != "1|1|2|3" {
		t.Errorf("of two columns with one name came %s", got)
	}
}

// TestExactJSON: no digit is lost between the page and the server.
func TestExactJSON(t *testing.T) {
	b := open(t, serve(t, true).url)
	b.leave()
	for in, want := range map[string]string{
		`{"a":9007199254740993,"b":[1.50,-0.10,1e3],"c":"1.50 \" 2.0","d":null}`: "",
		`-9223372036854775808`: "", `[0,-0,0.1,12345678901234567890.123]`: "", `"\u00e9\n"`: `"é\n"`, `01`: "refused", `[1 2]`: "refused", `{"a":1-2}`: "refused", `1.`: "refused",
	} {
		got := eval[string](b, fmt.Sprintf(`import("/console/exact.js").then(({ read, write }) => { try { return write(read(%q)) } catch { return "refused" } })`, in))
		if want == "" {
			want = in
		}
		if got != want {
			t.Errorf("%s comes back as %s, want %s", in, got, want)
		}
	}
}
