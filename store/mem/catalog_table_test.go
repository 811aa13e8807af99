package mem

import (
	"cmp"
	"strings"
	"testing"
)

// FuzzKey: keys sort as their columns do, and a key of fewer columns is the prefix of
// those rows alone that have them.
func FuzzKey(f *testing.F) {
	f.Add("a", "b", 1, "a", "", 2)
	f.Add("a\x00", "", 0, "a", "\x00\x01", 0)
	f.Add("a\x00\x01b", "c", 0, "a", "b\x00\x01c", 0)
	f.Fuzz(func(t *testing.T, a1, a2 string, a3 int, b1, b2 string, b3 int) {
		a3, b3 = a3&0xffff, b3&0xffff
		got := strings.Compare(key(a1, a2, a3), key(b1, b2, b3))
		if want := cmp.Or(strings.Compare(a1, b1), strings.Compare(a2, b2), cmp.Compare(a3, b3)); got != want {
			t.Errorf("order of (%q, %q, %d) and (%q, %q, %d): got %d, want %d", a1, a2, a3, b1, b2, b3, got, want)
		}
		if got, want := strings.HasPrefix(key(a1, a2, a3), key(b1)), a1 == b1; got != want {
			t.Errorf("(%q) is the prefix of (%q, %q, %d): got %t, want %t", b1, a1, a2, a3, got, want)
		}
	})
}
