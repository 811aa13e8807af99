package address_test

import (
	"testing"

	"mailchute/pkg/address"
)

func TestDetail(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ written, base, detail string }{
		{"invoices@case.test", "invoices@case.test", ""},
		{"invoices+2026@case.test", "invoices@case.test", "2026"},
		{"invoices+2026+q1@case.test", "invoices@case.test", "2026+q1"},
		{"Invoices+März@Case.Test", "Invoices@Case.Test", "März"},
		{"invoices+@case.test", "invoices@case.test", ""},
		{"invoices++@case.test", "invoices@case.test", "+"},
		{"postmaster+abuse@case.test", "postmaster@case.test", "abuse"},
		{"+2026@case.test", "+2026@case.test", ""},
		{"+a+b@case.test", "+a+b@case.test", ""},
		{`"invoices+2026"@case.test`, "invoices@case.test", "2026"},
		{`"in voices+a b"@case.test`, `"in voices"@case.test`, "a b"},
		{`"invoices+../x"@case.test`, "invoices@case.test", "../x"},
	} {
		a, err := address.ParseMailbox(row.written)
		if err != nil {
			t.Fatal(err)
		}
		if base, detail := a.Detail(); base.String() != row.base || detail != row.detail {
			t.Errorf("%s: got %s and %q, want %s and %q", row.written, base, detail, row.base, row.detail)
		}
	}
	if base, detail := (address.Address{}).Detail(); !base.IsNull() || detail != "" {
		t.Errorf("got %+v and %q of the null path, want nothing", base, detail)
	}
}
