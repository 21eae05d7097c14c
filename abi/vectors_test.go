package abi

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the vectors in testdata/abi from those in this test")

// vectorFile is a file of testdata/abi; its README says what stands in it.
type vectorFile struct {
	Message  string           `json:"message"`
	Accepted []acceptedVector `json:"accepted"`
	Refused  []refusedVector  `json:"refused"`
}

type acceptedVector struct {
	Name      string          `json:"name"`
	Hex       string          `json:"hex"`
	Canonical string          `json:"canonical,omitempty"`
	JSON      json.RawMessage `json:"json"`
}

type refusedVector struct {
	Name  string `json:"name"`
	Hex   string `json:"hex"`
	Error string `json:"error"`
}

// message is what every top-level message of the ABI has.
type message interface {
	Marshal() []byte
	Unmarshal([]byte) error
}

// vector is a message in Go; wire is set where it is not as Marshal writes it.
type vector struct {
	name string
	msg  message
	wire string
}

// suite is a file's vectors.
type suite struct {
	file     string
	message  string
	accepted []vector
	refused  [][2]string // name, wire in hex
	empty    func() message
}

func TestVectors(t *testing.T) {
	for _, s := range suites {
		t.Run(s.message, func(t *testing.T) {
			got := vectorFile{Message: "wasmsql.v1." + s.message}
			for _, v := range s.accepted {
				got.Accepted = append(got.Accepted, accept(t, s, v))
			}
			for _, r := range s.refused {
				got.Refused = append(got.Refused, refuse(t, s, r[0], r[1]))
			}
			compare(t, filepath.Join("..", "testdata", "abi", s.file), got)
		})
	}
}

// accept holds the codec against a vector in both directions.
func accept(t *testing.T, s suite, v vector) acceptedVector {
	t.Helper()
	out := acceptedVector{Name: v.name, Hex: spaced(v.msg.Marshal()), JSON: rendering(t, v.msg)}
	if v.wire != "" {
		out.Hex, out.Canonical = v.wire, out.Hex
	}
	back := s.empty()
	if err := back.Unmarshal(unhex(t, out.Hex)); err != nil {
		t.Errorf("%s: %v", v.name, err)
	}
	// Compared as text, in which a NaN is equal to itself.
	if got, want := rendering(t, back), out.JSON; !bytes.Equal(got, want) {
		t.Errorf("%s: decoded to\n%s\nwant\n%s", v.name, got, want)
	}
	if got, want := spaced(back.Marshal()), spaced(v.msg.Marshal()); got != want {
		t.Errorf("%s: encoded again to\n%s\nwant\n%s", v.name, got, want)
	}
	return out
}

func refuse(t *testing.T, s suite, name, wire string) refusedVector {
	t.Helper()
	m := s.empty()
	err := m.Unmarshal(unhex(t, wire))
	if err == nil {
		t.Fatalf("%s: accepted as %s", name, rendering(t, m))
	}
	if !reflect.DeepEqual(m, s.empty()) {
		t.Errorf("%s: the message is not empty after an error: %s", name, rendering(t, m))
	}
	return refusedVector{name, wire, err.Error()}
}

func compare(t *testing.T, path string, got vectorFile) {
	t.Helper()
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(text, want) {
		return
	}
	a, b := strings.Split(string(text), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("%s:%d:\n got %s\nwant %s", path, i+1, a[i], b[i])
		}
	}
	t.Fatalf("%s: %d lines, want %d", path, len(b), len(a))
}

func spaced(b []byte) string {
	var s strings.Builder
	for i, c := range b {
		if i > 0 {
			s.WriteByte(' ')
		}
		s.WriteString(hex.EncodeToString([]byte{c}))
	}
	return s.String()
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// rendering returns the JSON mapping of proto3 for a message.
func rendering(t *testing.T, m message) []byte {
	t.Helper()
	b, err := json.Marshal(jsonOf(m))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
