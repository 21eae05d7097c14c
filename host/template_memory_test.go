package host_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

// TestS10TemplatesStayInMemory (H5): whatever a template builds, it ends with a
// limit of its own, within the default memory of a guest.
func TestS10TemplatesStayInMemory(t *testing.T) {
	h := hosttest.Open(t, hosttest.SQLite(t, ""), func(c *host.Config) { c.Limits.Statement = 1 << 20 })
	dense := strings.Repeat("1,", 100_000) + "1"
	const (
		built = "the template builds more than 16 MiB of text and lists"
		fine  = ""
	)
	for _, c := range []struct{ name, query, want string }{
		{"join", "{% set a = 'a' * 1000000 %}SELECT {{ ([a] * 100000) | join | length }} AS v", built},
		{"join with a separator", "SELECT {{ ([1] * 100000) | join('x' * 10000) | length }}", built},
		{"a list times n", "SELECT {{ ([1] * 1000000) | length }}", built},
		{"an empty list times n", "SELECT {{ ([] * 1000000000) | length }}", fine},
		{"lists of lists", "{% set a = [1] * 1000 %}{% set b = [a] * 1000 %}{% set c = [b] * 1000 %}SELECT {{ c | tojson }}", built},
		{"lists of lists as text", "{% set a = [1] * 1000 %}{% set b = [a] * 1000 %}{% set c = [b] * 1000 %}SELECT {{ c | string }}", built},
		{"lists that double", strings.Repeat("{% set a = [a, a] %}", 60) + "SELECT {{ a | string | length }}", built},
		{"lists that double, compared", "{% set a = [1] %}{% set b = [1] %}" + strings.Repeat("{% set a = [a, a] %}{% set b = [b, b] %}", 60) + "SELECT {{ 1 if a == b else 2 }}",
			"the template takes more than 10000000 steps"},
		{"deep lists", strings.Repeat("{% set a = [a] %}", 5000) + "SELECT {{ a | string }}", "lists nest deeper than 64"},
		{"lists added", "{% set a = [1] * 50000 %}SELECT {{ (a + a + a + a + a) | length }}", built},
		{"lists that grow", "{% set a = [1] * 1000 %}" + strings.Repeat("{% set a = a + a %}", 30) + "SELECT {{ a | length }}", built},
		{"text that grows", "{% set a = 'x' * 1000 %}" + strings.Repeat("{% set a = a ~ a %}", 30) + "SELECT {{ a | length }}", built},
		{"~ in a loop", "{% set a = 'x' * 1000000 %}{% for i in [1] * 1000 %}{% set b = a ~ i %}{% endfor %}SELECT 1", built},
		{"replace", "SELECT {{ ('x' * 100000) | replace('x', 'y' * 1000) | length }}", built},
		{"replace between characters", "SELECT {{ ('x' * 1000000) | replace('', 'y' * 100) | length }}", built},
		{"upper", "{% set a = 'x' * 3000000 %}{% for i in [1] * 100 %}{% set b = a | upper %}{% endfor %}SELECT 1", built},
		{"upper that is longer", "SELECT {{ ('ΐ' * 2000000) | upper | length }}", built},
		{"lower with a final sigma", "SELECT {{ ('xxxxxxxΣ' * 800000) | lower | length }}", built},
		{"characters", "{% for c in 'x' * 1000000 %}{% endfor %}SELECT 1", built},
		{"a list of characters", "SELECT {{ ('x' * 1000000) | list | length }}", built},
		{"a slice backwards", "{% set a = 'x' * 4000000 %}SELECT {{ a[::-1] | length }}", built},
		{"slices", "{% set a = 'x' * 8000000 %}SELECT {{ a[1:] | length + a[:-5] | length }}", fine},
		{"slices of lists", "{% set a = [1] * 60000 %}{% for i in a %}{% set b = a[::-1] %}{% endfor %}SELECT 1", built},
		{"a filtered loop", "{% set a = [1] * 60000 %}{% for i in [1, 2, 3] %}{% for x in a if none %}{% endfor %}{% endfor %}SELECT 1", built},
		{"unique", "{% set a = [1] * 60000 %}{% for i in [1, 2, 3, 4] %}{% set b = a | unique %}{% endfor %}SELECT 1", built},
		{"unique text", "{% set a = 'x' * 4000000 %}SELECT {{ [a ~ 1, a ~ 2] | unique | length }}", built},
		{"quoted repr", "SELECT {{ ['\\x01' * 3000000] | string | length }}", built},
		{"tojson with an indent", "SELECT {{ ([[1] * 10] * 1000 * 8 + [[[1] * 1000] * 200]) | tojson(16) | length }}", built},
		{"literals", "{% set a = 'x' * 1000000 %}SELECT {% for i in [1] * 100 %}'{{ a }}-{{ i }}', {% endfor %} 1", built},
		{"the same value again and again", "{% set a = 'x' * 1000000 %}SELECT {% for i in [1] * 100 %}{{ a }}, {% endfor %} 1",
			"the parameters have more than 16 MiB"},
		{"a list in many IN clauses", "{% set a = [1] * 20000 %}{% for i in [1] * 200 %}DELETE FROM t WHERE a IN {{ a | inclause }};{% endfor %}SELECT 1",
			"the statements have more than 80000 parameters"},
		{"names", "{% set a = 'x' * 1000 %}SELECT {% for i in [1] * 50000 %}{{ a | ident }},{% endfor %} 1", "the statement has more than 1048576 bytes"},
		{"many expressions", "{% for i in [1] * 50000 %}{{ i }};{{ i }};{{ i }};{% endfor %}", "the statements have more than 80000 expressions"},
		{"dense text at once", "SELECT " + dense + "," + dense + "," + dense + "," + dense, "the statements have more than 300000 words and signs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			query := c.query
			if strings.Contains(query, "{% set a = [a") && !strings.Contains(query, "{% set a = [1] %}") {
				query = "{% set a = [1] %}" + query
			}
			p, err := h.Load(context.Background(), host.Task{Name: "t", Connection: "db", Query: query})
			if err == nil {
				_, err = p.Render(context.Background(), nil)
				_ = p.Close()
			}
			got, message := code(err)
			if c.want != fine && got != host.CodeLimit {
				t.Errorf("%s is no limit: %s", got, message)
			}
			if c.want == fine {
				if err != nil {
					t.Errorf("%s: %s", got, message)
				}
				return
			}
			if !strings.Contains(message, c.want) {
				t.Errorf("%s: %s", got, message)
			}
		})
	}
}

// TestStatementLimit (H6): the limit of the configuration is the template's.
func TestStatementLimit(t *testing.T) {
	long := "SELECT length('" + strings.Repeat("x", 300_000) + "') AS n"
	for _, c := range []struct {
		limit int64
		want  string
	}{
		{0, "the statement has more than 262144 bytes"},
		{1 << 20, ""},
		{100, "the statements have more than 400 bytes"},
	} {
		h := hosttest.Open(t, hosttest.SQLite(t, ""), func(cfg *host.Config) { cfg.Limits.Statement = c.limit })
		p, err := h.Load(context.Background(), host.Task{Name: "t", Connection: "db", Query: long})
		if err != nil {
			t.Fatal(err)
		}
		rows := &hosttest.Rows{}
		_, err = p.Run(context.Background(), nil, rows)
		if closed := p.Close(); closed != nil {
			t.Error(closed)
		}
		if c.want == "" {
			if err != nil || len(rows.Cells) != 1 || rows.Cells[0][0] != "300000" {
				t.Errorf("%d: %v, %v", c.limit, rows.Cells, err)
			}
			continue
		}
		var e *host.Error
		if !errors.As(err, &e) || e.Code != host.CodeLimit || !strings.Contains(e.Message, c.want) || !strings.Contains(e.Hint, "limits.statement") {
			t.Errorf("%d: %v", c.limit, err)
		}
	}
}

// TestTemplateDepth (M13): what nests as deep as it may runs in the guest's
// stack.
func TestTemplateDepth(t *testing.T) {
	h := hosttest.Open(t, hosttest.SQLite(t, ""))
	for _, query := range []string{
		"SELECT {{ 1" + strings.Repeat(" + 0", 1000) + " }} AS v",
		strings.Repeat("{% for a in [1] %}", 32) + "SELECT {{ " + strings.Repeat("(", 49) + "a" + strings.Repeat(")", 49) + " }} AS v" + strings.Repeat("{% endfor %}", 32),
		strings.Repeat("{% for a in [1] %}", 32) + "SELECT {{ " + strings.Repeat("not ", 48) + "a }} AS v" + strings.Repeat("{% endfor %}", 32),
		strings.Repeat("{% for a in [1] %}", 32) + "SELECT {{ 1" + strings.Repeat(" + 0", 1000) + " }} AS v" + strings.Repeat("{% endfor %}", 32),
		strings.Repeat("{% if 1 %}", 32) + "SELECT {{ 1 " + strings.Repeat(" | abs", 60) + " }} AS v" + strings.Repeat("{% endif %}", 32),
		strings.Repeat("{% if 1 %}", 32) + "SELECT {{ " + strings.Repeat("1 if 1 else (", 24) + "1" + strings.Repeat(")", 24) + " }} AS v" + strings.Repeat("{% endif %}", 32),
		strings.Repeat("{% if 1 %}", 32) + "SELECT {{ 1" + strings.Repeat(" if 1", 60) + " }} AS v" + strings.Repeat("{% endif %}", 32),
		strings.Repeat("{% if 1 %}", 32) + "SELECT {{ " + strings.Repeat("[", 48) + "1" + strings.Repeat("]", 48) + strings.Repeat("[0]", 12) + "| string | length - 72}} AS v" + strings.Repeat("{% endif %}", 32),
	} {
		p, err := h.Load(context.Background(), host.Task{Name: "t", Connection: "db", Query: query})
		if err != nil {
			t.Errorf("%.60s: %v", query, err)
			continue
		}
		rows := &hosttest.Rows{}
		if _, err = p.Run(context.Background(), nil, rows); err != nil || len(rows.Cells) != 1 || rows.Cells[0][0] != "1" {
			t.Errorf("%.60s: %v, %v", query, rows.Cells, err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}
