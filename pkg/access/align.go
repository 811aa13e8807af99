package access

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mailchute/pkg/address"
)

// Result is what a check of a message said of a domain: a result of an
// Authentication-Results field (RFC 8601 §2.7) that is believed, or a DKIM signature that
// we have verified.
type Result struct {
	Method string // dmarc, dkim or spf
	Value  string // pass, fail, none …
	Domain string // dmarc: of From; dkim: that signs (d=); spf: of the envelope sender, or of HELO
	Where  string // for people: "authentication-results (line 3)"
}

// Passes reports whether the check says that the domain is proved.
func (r Result) Passes() bool { return r.Value == "pass" }

// The methods that can prove a From domain.
const (
	MethodDMARC = "dmarc"
	MethodDKIM  = "dkim"
	MethodSPF   = "spf"
)

// AlignMethods returns the methods that can prove a From domain.
func AlignMethods() []string { return []string{MethodDMARC, MethodDKIM, MethodSPF} }

// Alignment says what proves that a message comes from the domain of its From. By the
// zero Alignment nothing does.
type Alignment struct {
	Methods []string // those of AlignMethods that count
	// Strict asks for the same domain; otherwise domains are aligned that have one
	// organizational domain (RFC 7489 §3.1, §3.2), by the public suffix list.
	Strict bool
	// Shared are domains whose users may write each other's From. What proves the domain
	// proves nobody there, nor below it.
	Shared []string
}

// Align says what proves that a message comes from the domain of from, its single From
// address: evidence for people. Where nothing does, why says why; evidence is "" then.
// Where DMARC fails for its domain, or its
// results contradict each other, nothing does.
func (a Alignment) Align(from address.Address, results []Result) (evidence, why string) {
	domain := address.FoldDomain(from.Domain)
	if shared, ok := a.shared(domain); ok {
		return "", fmt.Sprintf("users of %s may write each other's From (shared_domains)", shared)
	}
	if failed(domain, results) {
		return "", fmt.Sprintf("dmarc does not pass for %s", from.Domain)
	}
	for _, r := range results {
		if !r.Passes() || !slices.Contains(a.Methods, r.Method) {
			continue
		}
		if !a.aligned(r.Method, domain, address.FoldDomain(r.Domain)) {
			why = fmt.Sprintf("%s passes for %s, which is not aligned with %s", r.Method, r.Domain, from.Domain)
			continue
		}
		return fmt.Sprintf("From %s: %s passes for %s, %s", from, r.Method, r.Domain, r.Where), ""
	}
	if why == "" {
		why = "no result proves the domain of From"
	}
	return "", why
}

// shared returns the shared domain that a domain is, or is below.
func (a Alignment) shared(domain string) (string, bool) {
	for _, s := range a.Shared {
		if f := address.FoldDomain(s); domain == f || strings.HasSuffix(domain, "."+f) {
			return s, true
		}
	}
	return "", false
}

// aligned compares two folded domains. DMARC is about the domain of From itself: another
// one shows that the mail system has read another From.
func (a Alignment) aligned(method, from, proved string) bool {
	switch {
	case from == "" || proved == "" || from[0] == '[':
		return false
	case a.Strict || method == MethodDMARC || from == proved:
		return from == proved
	}
	one, err := publicsuffix.EffectiveTLDPlusOne(from)
	if err != nil {
		return false
	}
	other, err := publicsuffix.EffectiveTLDPlusOne(proved)
	return err == nil && one == other
}

// failed reports whether DMARC says that something is wrong with a folded domain: it
// fails there, although the domain may sign (RFC 7489 §3.1 lets it ask for more than we
// know), or it passes and does not.
func failed(domain string, results []Result) bool {
	var pass, other bool
	for _, r := range results {
		if r.Method != MethodDMARC {
			continue
		}
		if r.Value == "fail" && address.FoldDomain(r.Domain) == domain {
			return true
		}
		pass, other = pass || r.Passes(), other || !r.Passes()
	}
	return pass && other
}
