package address

import "strings"

// Detail splits the local part at its first "+", as subaddressing does (RFC 5233 §1):
// invoices+2026@… is invoices@… with the detail 2026. A "+" at the very beginning
// separates nothing, and further ones belong to the detail. Where there is no separator,
// base is a and the detail is ""; invoices+@… has an empty detail and another base. Quotes
// make no difference, as they make none to whose address it is.
func (a Address) Detail() (base Address, detail string) {
	user, detail, _ := strings.Cut(a.Local, "+")
	if user == "" {
		return a, ""
	}
	return Address{Local: user, Domain: a.Domain}, detail
}
