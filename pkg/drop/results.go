package drop

import (
	"slices"
	"strings"

	"mailchute/pkg/address"
)

// Result is what the feed's MTA wrote into Authentication-Results of a check of the
// message's domains (RFC 8601 §2.7): dmarc, dkim or spf.
type Result struct {
	Method string // "dmarc", "dkim" or "spf"
	Value  string // "pass", "fail", "none" …, in lower case
	// Domain is what the result is of: of dmarc header.from, of dkim header.d or the domain
	// of header.i, of spf the domain of smtp.mailfrom, or smtp.helo where the envelope has
	// the null sender; "" where the field does not say, or says it twice.
	Domain string
	Line   int // of the field, from 1
}

// domainResults returns the results of dmarc, dkim and spf among those of the field that
// begins at a line: none of a field that somebody has meddled with. null: the envelope
// has the null sender.
func domainResults(line int, results [][]string, null bool) (found []Result) {
	for _, words := range results {
		if len(words) == 0 {
			continue
		}
		if !isWhole(words) {
			return nil
		}
		method, outcome, _ := strings.Cut(words[0], "=")
		method = strings.ToLower(strings.TrimSuffix(method, "/1"))
		r := Result{Method: method, Value: strings.ToLower(outcome), Line: line}
		switch method {
		case "dmarc":
			r.Domain = domainOf(words, "header.from")
		case "dkim":
			r.Domain = signedBy(words)
		case "spf":
			r.Domain = domainOf(words, "smtp.mailfrom")
			if r.Domain == "" && null {
				r.Domain = domainOf(words, "smtp.helo")
			}
		default:
			continue
		}
		found = append(found, r)
	}
	return found
}

// signedBy returns the domain of a DKIM signature. Where both properties tell it, the
// identity must be of the domain, or below it (RFC 6376 §3.5).
func signedBy(words []string) string {
	domain, identity := domainOf(words, "header.d"), domainOf(words, "header.i")
	switch {
	case len(property(words, "header.d")) == 0 && strings.Contains(strings.Join(property(words, "header.i"), ""), "@"):
		return identity
	case len(property(words, "header.i")) == 0, sameASCII(identity, domain):
		return domain
	case len(identity) > len(domain) && sameASCII(identity[len(identity)-len(domain)-1:], "."+domain):
		return domain
	}
	return ""
}

// domainOf returns the domain that a property tells. One that is there twice tells none.
func domainOf(words []string, name string) string {
	values := property(words, name)
	if len(values) != 1 {
		return ""
	}
	domain := values[0]
	if at := strings.LastIndexByte(domain, '@'); at >= 0 {
		domain = domain[at+1:]
	}
	return strings.Trim(domain, "<>")
}

// property returns the values of a property.
func property(words []string, name string) (values []string) {
	for _, word := range words[1:] {
		if key, value, ok := strings.Cut(word, "="); ok && sameASCII(key, name) {
			values = append(values, unquote(value))
		}
	}
	return values
}

// isWhole reports whether a result is a method and properties, and nothing else: what is
// left of a value that a comment has cut in two is none.
func isWhole(words []string) bool {
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(word, "=") })
}

// concludeResults decides whether the results of domains count. Mail systems write the
// envelope sender beside their results, in comments too, and not all do it well: with
// quotes and brackets the sender could have written results of his own.
func (z *zone) concludeResults() {
	sender, why := z.env.Sender, ""
	if sender.String() != plain(sender) || strings.ContainsAny(sender.Domain, `;()"\=<>,`) {
		z.env.Results, why = nil, "the envelope sender has characters with which the sender could have written these results"
	}
	for _, line := range z.resultLines {
		if why != "" {
			z.note(line, authResults, false, why)
			continue
		}
		z.note(line, authResults, true, "what was found out of the sender's domains")
	}
}

// plain writes an address without quotes.
func plain(a address.Address) string {
	if a.Domain == "" {
		return a.Local
	}
	return a.Local + "@" + a.Domain
}
