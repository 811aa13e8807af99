package address_test

import (
	"testing"

	"mailchute/pkg/address"
)

// What Postfix takes for another address than a login's must not count as that login's.
func TestProves(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want bool
	}{
		{"alice@drop.test", "alice@drop.test", true},
		{"Alice@DROP.Test", "alice@drop.test", true},
		{`"alice"@drop.test`, "alice@drop.test", true},
		{"alice@drop\u3002test", "alice@drop.test", false},
		{"alice@\uff44rop.test", "alice@drop.test", false},
		{"alice@dr\u00adop.test", "alice@drop.test", false},
		{"alice@drop.test\u200b", "alice@drop.test", false},
		{"alice@drop.test.", "alice@drop.test", false},
		{"rene\u0301@drop.test", "ren\u00e9@drop.test", false},
		{"REN\u00c9@drop.test", "ren\u00e9@drop.test", false},
		{"alice@xn--mnchen-3ya.test", "alice@m\u00fcnchen.test", false},
		{"\u212aim@drop.test", "kim@drop.test", false},
		{"alice+x@drop.test", "alice@drop.test", false},
	}
	for _, tt := range tests {
		a, _, err := address.ParsePath(tt.a)
		if err != nil {
			continue // what cannot be parsed proves nothing either
		}
		b, err := address.ParseMailbox(tt.b)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Proves(b); got != tt.want {
			t.Errorf("%q proves %q: got %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}
