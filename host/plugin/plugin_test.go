package plugin_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/plugin"
)

func full() *plugin.Manifest {
	str := abi.Type{Kind: abi.Str}
	return &plugin.Manifest{
		Name: "p", Version: "1.2.3", Description: "says <\"> what", ABI: 0, SDK: "go1.26 wasmsql v0.1.0",
		Connections: []plugin.Connection{
			{Name: "z", Access: abi.ReadWrite, Dialects: []abi.Dialect{abi.SQLite, abi.MySQL}, Description: "first"},
			{Name: "a"},
		},
		Inputs: []plugin.Input{
			{Name: "z", Type: abi.Type{Kind: abi.Int}, Default: []byte("10"), Enum: []byte("[10,20]"), Description: "d"},
			{Name: "a", Type: abi.Type{Kind: abi.List, Elem: &str, Nullable: true}},
		},
		Outputs: abi.Outputs{Mode: abi.OutputColumns, Columns: []abi.OutputColumn{{Name: "z", Type: str}, {Name: "a", Type: abi.Type{Kind: abi.Decimal, Nullable: true}},
			{Name: "d", Type: abi.Type{Kind: abi.Decimal, Precision: 12, Scale: 2}}, {Name: "l", Type: abi.Type{Kind: abi.List, Elem: &abi.Type{Kind: abi.Decimal, Precision: 38, Nullable: true}}}}},
		Limits: plugin.Limits{Memory: 1, Fuel: 2, Timeout: 3 * time.Second, HostCalls: 4, Cursors: 5, Statement: 6, Log: 7, Parameters: 8, Rows: 9, Bytes: 10},
	}
}

// TestSectionReadsBack: what is written reads back as it was, order included,
// and the same manifest gives the same bytes.
func TestSectionReadsBack(t *testing.T) {
	for _, m := range []*plugin.Manifest{full(), {Name: "p", Version: "0.1.0"}, {Name: "p", Version: "0.1.0", Outputs: abi.Outputs{Mode: abi.OutputNone}}} {
		section := m.Section()
		got, err := plugin.Read(section)
		if err != nil {
			t.Fatalf("%s: %v", section, err)
		}
		if !reflect.DeepEqual(got, m) {
			t.Errorf("%s\nreads as %+v\nwas %+v", section, got, m)
		}
		if !bytes.Equal(got.Section(), section) {
			t.Errorf("%s\nis written as %s", section, got.Section())
		}
	}
}

// TestReadFaults: every fault of a section at once, with the names meant.
func TestReadFaults(t *testing.T) {
	for section, want := range map[string]string{
		`{"name":"p"`: `it is not JSON: byte 11: unexpected end of JSON input`,
		`[]`:          `it must be a map, not a list`,
		`null`:        `it must be a map, not empty`,
		`{}`:          "it has no name\nit has no version",
		`{"nme":"p","version":"1","abi":-1}`: "nme: unknown key; did you mean \"name\"?\nversion: \"1\" is not a version\n" +
			"abi: it must be a whole number from 0\nit has no name",
		`{"name":"p","version":"0.1.0","version":"0.1.1"}`: `version: the key stands there twice`,
		`{"name":"p","version":"0.1.0","connections":{"db":"read-wrote","x y":{"access":1,"dialects":["sqlit"]}}}`: "connections.db: it must be read-only or read-write, not \"read-wrote\"; did you mean \"read-write\"?\n" +
			"connections.x y: \"x y\" cannot be the name of a connection\nconnections.x y.access: it must be read-only or read-write, not a number\n" +
			"connections.x y.dialects: it must be sqlite or postgres or mysql, not \"sqlit\"; did you mean \"sqlite\"?",
		`{"name":"p","version":"0.1.0","inputs":{"a":"integer","b":{"default":1}},"outputs":{"id":7}}`: "inputs.a: unknown type \"integer\"\n" +
			"inputs.b: the input has no type\noutputs.id: it must be a type, not a number",
		`{"name":"p","version":"0.1.0","inputs":{"a":"list[decimal(5,2)]"},"outputs":{"a":"decimal(39,0)","b":"decimal(5","c":"decimal(5,6)","d":"decimal(0,0)","e":"decimal(5,2)?"}}`: "inputs.a: the digits of a decimal are declared for outputs only\n" +
			"outputs.a: unknown type \"decimal(39,0)\"\noutputs.b: unknown type \"decimal(5\"\noutputs.c: unknown type \"decimal(5,6)\"\noutputs.d: unknown type \"decimal(0,0)\"",
		`{"name":"p","version":"0.1.0","limits":{"fuel":0,"timeout":"soon","memory":"64MiB"}}`: "limits.fuel: it must be a whole number from 1\n" +
			"limits.timeout: it must be a duration such as 30s\nlimits.memory: it must be a whole number from 1",
		strings.Repeat("[", 30) + strings.Repeat("]", 30): "maps and lists are nested more than 20 deep",
		strings.Repeat(" ", plugin.MaxSection+1):          "it has 65537 bytes, the limit is 65536",
	} {
		_, err := plugin.Read([]byte(section))
		var faults plugin.Faults
		if !errors.As(err, &faults) || err.Error() != want {
			t.Errorf("%.80s:\n%v\nwant\n%s", section, err, want)
		}
	}
}

func module(t *testing.T) []byte {
	wasm, err := os.ReadFile(filepath.Join("..", "..", "testdata", "guests", "wat", "minimal.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

// TestFinish: the section goes in and is found, what was there of custom
// sections goes, and a second time changes nothing.
func TestFinish(t *testing.T) {
	wasm := module(t)
	if s, err := plugin.Find(wasm); s != nil || err != nil {
		t.Fatalf("%q, %v", s, err)
	}
	named := append(bytes.Clone(wasm), 0, 6, 4, 'n', 'a', 'm', 'e', 1)
	done, err := plugin.Finish(named, full())
	if err != nil {
		t.Fatal(err)
	}
	s, err := plugin.Find(done)
	if err != nil || !bytes.Equal(s, full().Section()) {
		t.Fatalf("%q, %v", s, err)
	}
	if bytes.Contains(done, []byte("\x04name")) {
		t.Error("the section of names is still there")
	}
	again, err := plugin.Finish(done, full())
	if err != nil || !bytes.Equal(again, done) {
		t.Errorf("a second time: %v", err)
	}
	twice := append(bytes.Clone(done), done[len(done)-len(s)-20:]...)
	if _, err := plugin.Find(twice); !errors.Is(err, plugin.ErrTwoManifests) {
		t.Errorf("two sections: %v", err)
	}
	for n := range len(done) {
		_, _ = plugin.Find(done[:n]) // never out of bounds
	}
	if _, err := plugin.Find([]byte("not a module")); !errors.Is(err, plugin.ErrNoModule) {
		t.Errorf("no module: %v", err)
	}
}

// FuzzRead: no panic, and what reads is written and reads the same.
func FuzzRead(f *testing.F) {
	f.Add(full().Section())
	f.Add([]byte(`{"name":"p","version":"0.1.0","inputs":{"a":{"type":"str?","default":"\u0000<é"}}}`))
	f.Fuzz(func(t *testing.T, section []byte) {
		m, err := plugin.Read(section)
		if err != nil {
			return
		}
		again, err := plugin.Read(m.Section())
		if err != nil || !bytes.Equal(again.Section(), m.Section()) {
			t.Errorf("%q\nis written as %q: %v", section, m.Section(), err)
		}
	})
}

// FuzzFind: no panic on what is no module.
func FuzzFind(f *testing.F) {
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x00\x02\x01x"))
	f.Fuzz(func(t *testing.T, wasm []byte) {
		if _, err := plugin.Find(wasm); err != nil {
			return
		}
		done, err := plugin.Finish(wasm, &plugin.Manifest{Name: "p", Version: "0.1.0"})
		if err != nil {
			t.Fatal(err)
		}
		if s, err := plugin.Find(done); s == nil || err != nil {
			t.Errorf("%q, %v", s, err)
		}
	})
}
