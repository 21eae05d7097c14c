package sqldb

import (
	"fmt"
	"strings"
	"testing"
)

func TestUUIDTexts(t *testing.T) {
	const want = "00112233-4455-6677-8899-aabbccddeeff"
	for _, text := range []string{want, strings.ToUpper(want), strings.ReplaceAll(want, "-", "")} {
		id, ok := ParseUUID([]byte(text))
		if got := string(AppendUUID(nil, string(id[:]))); !ok || got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
	for _, text := range []string{"", want + "0", want[1:], "{" + want[1:35] + "}", strings.Replace(want, "-", "0", 1), strings.Replace(want, "a", "g", 1)} {
		if _, ok := ParseUUID([]byte(text)); ok {
			t.Errorf("%q is a UUID", text)
		}
	}
}

func FuzzD5UUID(f *testing.F) {
	f.Add([]byte("00112233-4455-6677-8899-aabbccddeeff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		id, ok := ParseUUID(b)
		if ok && strings.ReplaceAll(strings.ToLower(string(b)), "-", "") != fmt.Sprintf("%x", id) {
			t.Fatalf("%q: %x", b, id)
		}
	})
}
