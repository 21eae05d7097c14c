package main

import (
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

func TestGroupLimit(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"none at all", nil, 0},
		{"version 2, in a container", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "536870912\n"}, 512 << 20},
		{"version 2, without a limit", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/memory.high": "max\n"}, 0},
		{"version 2, a service", map[string]string{"proc/self/cgroup": "0::/system.slice/wasmsql.service\n",
			"sys/fs/cgroup/system.slice/wasmsql.service/memory.max": "max\n", "sys/fs/cgroup/system.slice/wasmsql.service/memory.high": "2000000000\n",
			"sys/fs/cgroup/system.slice/memory.max": "3000000000\n"}, 2_000_000_000},
		{"version 2, the limit of a slice", map[string]string{"proc/self/cgroup": "0::/a/b/c\n", "sys/fs/cgroup/a/memory.max": "1000\n", "sys/fs/cgroup/a/b/c/memory.max": "5000\n"}, 1000},
		{"version 1", map[string]string{"proc/self/cgroup": "9:name=systemd:/\n4:cpu,memory:/x/y\n0::/\n",
			"sys/fs/cgroup/memory/x/y/memory.limit_in_bytes": "9223372036854771712\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "7000\n"}, 7000},
		{"version 1, in a container, which does not see its own group", map[string]string{"proc/self/cgroup": "4:memory:/docker/abc\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "8000\n"}, 8000},
		{"what is no number", map[string]string{"proc/self/cgroup": "0::/\nnonsense\n", "sys/fs/cgroup/memory.max": "-5\n"}, 0},
	} {
		files := fstest.MapFS{}
		for name, text := range c.files {
			files[name] = &fstest.MapFile{Data: []byte(text)}
		}
		if got, ok := groupLimit(files); ok != (c.want > 0) || ok && got != c.want {
			t.Errorf("%s: %d, %v", c.name, got, ok)
		}
	}
}

// GOMEMLIMIT and GOGC are honoured.
func TestMemoryVariables(t *testing.T) {
	for _, c := range []struct{ limit, percent, wantPercent string }{
		{"256MiB", "37", "37"},
		{"300MiB", "", "100"},
	} {
		t.Setenv("GOMEMLIMIT", c.limit)
		t.Setenv("GOGC", c.percent)
		p := start(t, t.TempDir(), "serve", "--dev", "--listen", "127.0.0.1:0")
		_, body, err := p.ask("GET", "/metrics", "", "")
		mib, _ := strconv.ParseFloat(strings.TrimSuffix(c.limit, "MiB"), 64)
		var limit, percent float64
		for line := range strings.SplitSeq(body, "\n") {
			name, value, _ := strings.Cut(line, " ")
			v, _ := strconv.ParseFloat(value, 64)
			switch name {
			case "go_gc_gomemlimit_bytes":
				limit = v
			case "go_gc_gogc_percent":
				percent = v
			}
		}
		if want, _ := strconv.ParseFloat(c.wantPercent, 64); err != nil || limit != mib*(1<<20) || percent != want {
			t.Errorf("a limit of %v and %v %%, %v", limit, percent, err)
		}
	}
}
