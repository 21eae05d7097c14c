package abi

import (
	"slices"
	"testing"
)

func TestFailure(t *testing.T) {
	for _, c := range []struct {
		text string
		want Failure
	}{
		{"", Failure{}},
		{"no such thing", Failure{Message: "no such thing"}},
		{"3:7: no such thing", Failure{Line: 3, Column: 7, Message: "no such thing"}},
		{"3:7: two\nlines\nhint: try it", Failure{Line: 3, Column: 7, Message: "two\nlines", Hint: "try it"}},
		{"\nhint: try it", Failure{Hint: "try it"}},
		{"statement 2 of 3", Failure{Statement: 2, Statements: 3}},
		{"statement 2 of 3: broke\nhint: mend it", Failure{Statement: 2, Statements: 3, Message: "broke", Hint: "mend it"}},
		{"1:2: statement 2 of 3", Failure{Line: 1, Column: 2, Statement: 2, Statements: 3}},
		{"limit: too long", Failure{Limit: true, Message: "too long"}},
		{"1:2: limit: too long\nhint: less", Failure{Line: 1, Column: 2, Limit: true, Message: "too long", Hint: "less"}},
		{"1:2: limit: statement 2 of 3: too long", Failure{Line: 1, Column: 2, Limit: true, Statement: 2, Statements: 3, Message: "too long"}},
		{"limit: limit: twice", Failure{Limit: true, Message: "limit: twice"}},
		{"statement 2 of 3: limit: of a message", Failure{Statement: 2, Statements: 3, Message: "limit: of a message"}},
		// Not of the form, so a message as it stands.
		{"0:7: zero", Failure{Message: "0:7: zero"}},
		{"03:7: zero", Failure{Message: "03:7: zero"}},
		{"3:7 no colon", Failure{Message: "3:7 no colon"}},
		{"1234567890:1: too long", Failure{Message: "1234567890:1: too long"}},
		{"12:30:00: a time", Failure{Message: "12:30:00: a time"}},
		{"statement 4 of 3", Failure{Message: "statement 4 of 3"}},
		{"statement 2 of 3 is bad", Failure{Message: "statement 2 of 3 is bad"}},
		{"limit:none", Failure{Message: "limit:none"}},
		{"limit 1:2: x", Failure{Message: "limit 1:2: x"}},
		{"statement two", Failure{Message: "statement two"}},
		{"a\nhint: b\nc", Failure{Message: "a\nhint: b\nc"}},
		{"a\nhint: ", Failure{Message: "a\nhint: "}},
		{"hint: first line", Failure{Message: "hint: first line"}},
	} {
		got := ParseFailure(c.text)
		if got != c.want {
			t.Errorf("ParseFailure(%q) = %+v, want %+v", c.text, got, c.want)
		}
		if back := got.String(); back != c.text {
			t.Errorf("%+v.String() = %q, want %q", got, back, c.text)
		}
	}
}

func TestFailureRepair(t *testing.T) {
	got := Failure{Line: 2, Statement: 3, Message: "m", Hint: "one\ntwo"}.String()
	if want := "2:1: statement 3 of 3: m\nhint: one two"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFailures(t *testing.T) {
	for _, c := range []struct {
		text string
		want Failures
	}{
		{"", Failures{{}}},
		{"one\n\ntwo paragraphs", Failures{{Message: "one\n\ntwo paragraphs"}}},
		{"1:2: a\nhint: b\n\n3:4: c\n\n5:6: d\nhint: e", Failures{
			{Line: 1, Column: 2, Message: "a", Hint: "b"},
			{Line: 3, Column: 4, Message: "c"},
			{Line: 5, Column: 6, Message: "d", Hint: "e"},
		}},
		{"no place\n\n3:4: c\n\nmore of c", Failures{{Message: "no place"}, {Line: 3, Column: 4, Message: "c\n\nmore of c"}}},
	} {
		got := ParseFailures(c.text)
		if !slices.Equal(got, c.want) {
			t.Errorf("ParseFailures(%q) = %+v, want %+v", c.text, got, c.want)
		}
		if back := got.String(); back != c.text {
			t.Errorf("%+v.String() = %q, want %q", got, back, c.text)
		}
	}
}

func FuzzFailures(f *testing.F) {
	f.Add("1:2: limit: statement 2 of 3: a\n\n3:4: limit: c")
	f.Add("1:2: statement 2 of 3: a\nhint: b\n\n3:4: c")
	f.Fuzz(func(t *testing.T, text string) {
		if got := ParseFailures(text); got.String() != text {
			t.Errorf("%q became %+v and %q", text, got, got.String())
		}
	})
}
