package secret_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"text/template"

	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/host/secret"
)

const canary = "kanarienvogel-5f2c"

type embeds struct {
	secret.Value
	Name string
}

type hides struct {
	Name   string
	value  secret.Value
	inner  *hides
	values []secret.Value
	byName map[string]secret.Value
	any    any
}

// TestG16ValueNeverPrints prints a secret in every way that formats values, as
// itself, nested, embedded, and in unexported fields, where no method helps.
func TestG16ValueNeverPrints(t *testing.T) {
	v := secret.New(canary)
	deep := hides{Name: "n", value: v, inner: &hides{value: v}, values: []secret.Value{v}, byName: map[string]secret.Value{"k": v}, any: v}
	for name, x := range map[string]any{
		"value": v, "pointer": &v, "slice": []secret.Value{v}, "array": [1]secret.Value{v}, "map": map[string]secret.Value{"k": v},
		"struct": struct{ Password secret.Value }{v}, "struct pointer": &struct{ Password *secret.Value }{&v},
		"embedded": embeds{v, "n"}, "unexported": deep, "unexported pointer": &deep, "reflected": reflect.ValueOf(deep),
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%t", "%b", "%c", "%e", "%w", "%08.3f", "%U"} {
			quiet(t, name+" "+verb, fmt.Sprintf(verb, x))
		}
		quiet(t, name+" Sprint", fmt.Sprint(x)+fmt.Sprintln(x))
		quiet(t, name+" Errorf", fmt.Errorf("wrapped %v: %w", x, errors.New("cause")).Error())
		for _, h := range []func(*bytes.Buffer) slog.Handler{
			func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var b bytes.Buffer
			slog.New(h(&b)).With("with", x).WithGroup("g").Info("m", "a", x, slog.Group("h", "b", x))
			quiet(t, name+" slog", b.String())
		}
		if j, err := json.Marshal(x); err == nil {
			quiet(t, name+" json", string(j))
		}
		if m, err := xml.Marshal(x); err == nil {
			quiet(t, name+" xml", string(m))
		}
		var b bytes.Buffer
		if err := gob.NewEncoder(&b).Encode(x); err == nil {
			quiet(t, name+" gob", b.String())
		}
		quiet(t, name+" yaml", asYAML(x))
		b.Reset()
		if err := template.Must(template.New("").Parse(`{{.}} {{printf "%s %x" . .}} {{html .}}`)).Execute(&b, x); err != nil {
			quiet(t, name+" template error", err.Error())
		}
		quiet(t, name+" template", b.String())
		quiet(t, name+" panic", panicked(x))
		quiet(t, name+" dump", dump(reflect.ValueOf(x), 0))
	}
}

func quiet(t *testing.T, how, printed string) {
	t.Helper()
	for _, s := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("%d", []byte(canary)), strings.ToUpper(canary)} {
		if strings.Contains(printed, s) {
			t.Errorf("%s: the secret is in %q", how, printed)
		}
	}
}

func asYAML(x any) (s string) {
	defer func() {
		if r := recover(); r != nil {
			s = fmt.Sprint(r)
		}
	}()
	b, err := yaml.Marshal(x)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func panicked(x any) (s string) {
	defer func() { s = fmt.Sprint(recover()) }()
	panic(x)
}

// dump goes wherever reflection can, as debugging libraries do.
func dump(v reflect.Value, depth int) string {
	if depth > 9 || !v.IsValid() {
		return ""
	}
	var b strings.Builder
	switch v.Kind() {
	case reflect.String:
		b.WriteString(v.String())
	case reflect.Pointer, reflect.Interface:
		b.WriteString(dump(v.Elem(), depth+1))
	case reflect.Struct:
		for i := range v.NumField() {
			b.WriteString(dump(v.Field(i), depth+1))
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			b.WriteString(dump(v.Index(i), depth+1))
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			b.WriteString(dump(it.Key(), depth+1) + dump(it.Value(), depth+1))
		}
	}
	return b.String()
}

func TestValuePrints(t *testing.T) {
	v := secret.New(canary)
	if got := fmt.Sprintf("%v %s %q %x %d %#v %+v", v, v, v, v, v, v, v); got != strings.TrimSpace(strings.Repeat("*** ", 7)) {
		t.Error(got)
	}
	if b, err := json.Marshal(map[string]any{"p": v}); err != nil || string(b) != `{"p":"***"}` {
		t.Errorf("%s, %v", b, err)
	}
	if got := asYAML(map[string]any{"p": v}); got != "p: '***'\n" {
		t.Errorf("%q", got)
	}
	if v.Reveal() != canary {
		t.Error("the secret is lost")
	}
	if (secret.Value{}).Reveal() != "" || (secret.Value{}).String() != "***" {
		t.Error("the zero Value is not the empty secret")
	}
}
