package drop

import (
	"strings"

	"mailchute/pkg/address"
)

// Result is what the feed's MTA wrote into Authentication-Results of a check of the
// message's domains (RFC 8601 §2.7): dmarc, dkim or spf.
type Result struct {
	Method string // "dmarc", "dkim" or "spf"
	Value  string // "pass", "fail", "none" …, in lower case
	// Domain is what the result is of: of dmarc header.from, of dkim header.d or the domain
	// of header.i, of spf the domain of smtp.mailfrom, or smtp.helo where that is the
	// null sender; "" where the field does not say.
	Domain string
	Line   int // of the field, from 1
}

// domainResults returns the results of dmarc, dkim and spf among those of the field that
// begins at a line.
func domainResults(line int, results [][]string) (found []Result) {
	for _, words := range results {
		if len(words) == 0 {
			continue
		}
		method, outcome, _ := strings.Cut(words[0], "=")
		method = strings.ToLower(strings.TrimSuffix(method, "/1"))
		r := Result{Method: method, Value: strings.ToLower(outcome), Line: line}
		switch method {
		case "dmarc":
			r.Domain = property(words, "header.from")
		case "dkim":
			r.Domain = property(words, "header.d", "header.i")
		case "spf":
			r.Domain = property(words, "smtp.mailfrom", "smtp.helo")
		default:
			continue
		}
		found = append(found, r)
	}
	return found
}

// property returns the domain of the first of the properties that has one. One that is
// there twice has none.
func property(words []string, names ...string) string {
	for _, name := range names {
		var values []string
		for _, word := range words[1:] {
			if key, value, ok := strings.Cut(word, "="); ok && sameASCII(key, name) {
				values = append(values, value)
			}
		}
		if len(values) != 1 {
			continue
		}
		domain := unquote(values[0])
		if at := strings.LastIndexByte(domain, '@'); at >= 0 {
			domain = domain[at+1:]
		}
		if domain = strings.Trim(domain, "<>"); domain != "" {
			return domain
		}
	}
	return ""
}

// concludeResults decides whether the results of domains count. Mail systems quote the
// envelope sender beside their results, in comments too, and not all do it well: with quotes
// and brackets in its local part the sender could have written results of his own.
func (z *zone) concludeResults() {
	if z.env.Sender.String() != plain(z.env.Sender) {
		z.env.Results = nil
	}
	for _, line := range z.resultLines {
		if z.env.Results == nil {
			z.note(line, authResults, false, "the envelope sender needs quotes: the sender could have written these results")
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
