package sqldb

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseURI(t *testing.T) {
	for text, want := range map[string]string{
		"postgresql+psycopg2://etl@db.internal:5432/warehouse": "postgresql psycopg2 etl  false db.internal 5432 warehouse ",
		"PostgreSQL://u%40x:p%2Fq%25@h/a%20b?x=a+b&y=%26":      "postgresql  u@x p/q% true h 0 a b x=a+b&y=%26",
		"mysql+pymysql://u:@h":                                 "mysql pymysql u  true h 0  ",
		"mysql://u:a:b@h/":                                     "mysql  u a:b true h 0  ",
		"postgresql://[::1]:5433/d":                            "postgresql    false ::1 5433 d ",
		"postgresql://u:p/q?r#s@h/d?x=y":                       "postgresql  u p/q?r#s true h 0 d x=y",
		"postgresql://u:p@q@h:5/d":                             "postgresql  u p@q true h 5 d ",
		"postgresql://u:100%@h/%zz":                            "postgresql  u 100% true h 0 %zz ",
		"postgresql://u%4:%e4%61@[::1]:/d":                     "postgresql  u%4 \xe4a true ::1 0 d ",
		"postgresql://h:5432/d?x=a@b":                          "postgresql    false h 5432 d x=a%40b",
		"postgresql:///d":                                      "postgresql    false  0 d ",
		"sqlite:///rel.db":                                     "sqlite    false  0 rel.db ",
		"sqlite:////abs/a@b%20.db":                             "sqlite    false  0 /abs/a@b%20.db ",
		"sqlite://":                                            "sqlite    false  0  ",
		"sqlite+pysqlite:///file:x.db?mode=ro&uri=true":        "sqlite pysqlite   false  0 file:x.db mode=ro&uri=true",
	} {
		u, err := ParseURI(text)
		got := fmt.Sprint(u.Scheme, " ", u.PyDriver, " ", u.User, " ", u.Password.Reveal(), " ", u.HasPass, " ", u.Host, " ", u.Port, " ", u.Database, " ", u.Query.Encode())
		if err != nil || got != want {
			t.Errorf("%s: got %q %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "x", "://h", "postgresql://u:canary@h:port/d", "postgresql://u:canary@h:99999/d", "postgresql://u:can@ary/d@h",
		"postgresql://u:123/canary@h/d", "postgresql://u:canary@[::1/d", "postgresql://u:canary@h/d?a=%zz", "postgresql://u:canary/x", "postgresql://u:p@s?canary@h:1/d", "postgresql://u:p@s?canary=1@h:1/d", "postgresql://u:p@s?can&ary#x@h/d",
	} {
		_, err := ParseURI(text)
		if err == nil {
			t.Errorf("%s: parsed", text)
		} else if strings.Contains(err.Error(), "can") {
			t.Errorf("%s: the error tells the password: %v", text, err)
		}
	}
}

// FuzzParseURI: no panic, and no password in an error or in print.
func FuzzParseURI(f *testing.F) {
	f.Add("postgresql+psycopg2://user:secret@host:5432/db?x=y")
	f.Add("sqlite:///file:x?mode=ro&uri=true")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURI(text)
		if err != nil {
			if len(text) > 8 && strings.Contains(err.Error(), text) {
				t.Fatalf("the error holds the text: %v", err)
			}
			return
		}
		for _, format := range []string{"%v", "%s", "%+v"} {
			if s := fmt.Sprintf(format, u); s != u.Scheme+"://***" {
				t.Fatalf("prints %s", s)
			}
		}
	})
}
