package drop

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// auth takes in the Auth field.
func (z *zone) auth(line int, name, value string) error {
	if token := z.format.Token; token != "" {
		word, login, _ := strings.Cut(value, " ")
		got, want := sha256.Sum256([]byte(word)), sha256.Sum256([]byte(token))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			return errors.New(" without the feed's token: the mail system did not write it")
		}
		value = strings.Trim(login, " ")
	}
	if value == "" || strings.ContainsRune(value, '\t') {
		return errors.New(" has no login")
	}
	z.env.Auth = value
	if !z.format.AuthHeader {
		z.note(line, name, false, "the login of the sender, but the feed does not vouch for it")
		return nil
	}
	z.proofs = append(z.proofs, proofOf(value, name, line))
	return nil
}

// other passes over a field of the zone that is not the envelope's.
func (z *zone) other(name string) error {
	line := z.line
	z.fromAbove = z.fromAbove || name == "from"
	value, err := z.value()
	if err == nil {
		z.testimony(line, name, value, !z.format.BelowReceived, "format "+z.format.Name+" does not use it")
	}
	return err
}

// testimony takes in a field that is not the envelope's own: what it proves, or why it
// proves nothing. An Authentication-Results field counts in the place that the feed
// vouches for.
func (z *zone) testimony(line int, name, value string, inPlace bool, unused string) {
	switch {
	case name == authResults && z.format.AuthservID != "":
		z.results(line, value, inPlace)
	case name == authAs && z.format.HeaderFirewall:
		z.authAs = append(z.authAs, line)
		z.internal = strings.EqualFold(value, "Internal")
	case name == authResults || name == authAs:
		z.note(line, name, false, "the feed does not vouch for it")
	case z.lines != nil && telling(name):
		z.note(line, name, false, unused)
	}
}

// results takes in an Authentication-Results field: a login, and what was found out of the
// sender's domains.
func (z *zone) results(line int, value string, inPlace bool) {
	why := "it does not stand where the feed's authserv_place says"
	var results [][]string
	if inPlace {
		results, why = resultsOf(value, z.format.AuthservID)
	}
	if why != "" {
		z.note(line, authResults, false, why)
		return
	}
	login, why := authLogin(results)
	domains := domainResults(line, results, z.env.Sender.IsNull())
	z.env.Results = append(z.env.Results, domains...)
	switch {
	case login != "":
		z.proofs = append(z.proofs, proofOf(login, authResults, line))
	case len(domains) > 0:
		z.resultLines = append(z.resultLines, line)
	default:
		z.note(line, authResults, false, why)
	}
}

// place is where a field stands, seen from the first Received field.
type place int

const (
	above place = iota
	rightBelow
	below
)

// prove reads as much of the header below the zone as Trust needs, and decides what is
// proved. Errors are holds and those of reading.
func (z *zone) prove() error {
	at, end, from := above, error(nil), false
	for z.needs(at) {
		var name, value string
		if name, end = z.name(); end != nil || name == "" {
			break
		}
		line := z.line
		if value, end = z.value(); end != nil {
			break
		}
		if name == received && at == above {
			if err := z.received(line, value); err != nil {
				return err
			}
			at, z.fromAbove = rightBelow, z.fromAbove || from
			continue
		}
		from = from || name == "from"
		inPlace := at == above && !z.format.BelowReceived || at == rightBelow && z.format.BelowReceived
		z.testimony(line, name, value, inPlace, "it stands below the trusted zone, among lines that the sender may have written")
		if at == rightBelow {
			at = below
		}
	}
	if end != nil && !errors.Is(end, io.EOF) {
		return end
	}
	if at == above && z.format.ReceivedBy != "" {
		return z.hold("there is no received field, and the first must say by %s", z.format.ReceivedBy)
	}
	if at == above && z.format.End != received && z.format.AuthservID != "" {
		z.proofs = slices.DeleteFunc(z.proofs, func(p Proof) bool { return p.Field == authResults })
		z.env.Results, z.resultLines = nil, nil
	}
	z.concludeResults()
	z.conclude(end == nil || z.size <= maxZone)
	return nil
}

// needs reports whether a field of this place below the zone can matter.
func (z *zone) needs(at place) bool {
	switch at {
	case above:
		return z.lines != nil || z.format.ReceivedBy != "" || z.format.AuthservID != "" || z.format.HeaderFirewall
	case rightBelow:
		return z.lines != nil || z.format.AuthservID != "" && z.format.BelowReceived || z.format.HeaderFirewall
	default:
		return z.lines != nil || z.format.HeaderFirewall
	}
}

// received checks the first Received field.
func (z *zone) received(line int, value string) error {
	want := z.format.ReceivedBy
	if want == "" {
		z.note(line, received, false, "nothing is decided by it")
		return nil
	}
	host, err := receivedBy(value)
	if err != nil {
		return z.holdAt(line, "the first received must say by %s: %w", want, err)
	}
	if !sameASCII(strings.TrimSuffix(host, "."), strings.TrimSuffix(want, ".")) {
		return z.holdAt(line, "the first received says by %s, not by %s: the mail system's own was removed, or received_by is wrong", host, want)
	}
	z.note(line, received, true, "it says by "+host)
	return nil
}

// conclude decides whom the lines prove; whole: the header was read to its end. A login
// goes before the envelope sender, which is only one that its owner may use.
func (z *zone) conclude(whole bool) {
	if z.fromAbove && z.disbelieve() {
		return
	}
	internal := len(z.authAs) == 1 && z.internal && whole && !z.routed
	tied := slices.ContainsFunc(z.format.LoginDomains, func(d string) bool { return sameASCII(d, z.env.Sender.Domain) }) && !z.routed
	byEnvelope := len(z.proofs) == 0 && !z.env.Sender.IsNull()
	switch {
	case len(z.proofs) > 0:
		z.env.Proof = agreed(z.proofs)
	case byEnvelope && tied:
		z.env.Proof = Proof{Address: z.env.Sender, Field: z.format.Sender, Line: z.senderLine}
		z.note(z.senderLine, z.format.Sender, true, "a login is needed to send from its domain")
	case byEnvelope && internal:
		z.env.Proof = Proof{Address: z.env.Sender, Field: authAs, Line: z.authAs[0]}
	}
	for _, p := range z.proofs {
		if why := z.env.Proof.Doubt; why != "" {
			z.note(p.Line, p.Field, false, why)
		} else {
			z.note(p.Line, p.Field, true, "the login of the sender")
		}
	}
	for _, line := range z.authAs {
		if z.env.Proof.Field == authAs {
			z.note(line, authAs, true, "the envelope sender is one of the Exchange organization")
		} else {
			z.note(line, authAs, false, "it does not say Internal, is not alone, or is not needed")
		}
	}
}

// disbelieve drops what the sender could have written where the mail system's own Received
// field is gone, as a From above the first one shows, and says whether that was anything. A
// token, and a block that only the mail system ends, still count.
func (z *zone) disbelieve() bool {
	proofs, results := len(z.proofs), len(z.env.Results)
	z.env.Results = nil
	z.proofs = slices.DeleteFunc(z.proofs, func(p Proof) bool {
		return p.Field == authResults || z.format.AnyField && z.format.Token == ""
	})
	if len(z.proofs) == proofs && results == 0 {
		return false
	}
	z.env.Proof = Proof{Doubt: "a From field stands above the first received: something removed the mail system's own, and the sender can have written what stands above it"}
	return len(z.proofs) == 0
}

// agreed returns the first of proofs that all name one login, else the doubt.
func agreed(proofs []Proof) Proof {
	first := proofs[0]
	for _, p := range proofs[1:] {
		if !sameASCII(p.Login, first.Login) {
			return Proof{Doubt: fmt.Sprintf("%s (line %d) and %s (line %d) name different logins", first.Field, first.Line, p.Field, p.Line)}
		}
	}
	return first
}

// sameASCII reports whether two names are the same but for the case of ASCII letters: all
// that an MTA is sure to take for the same.
func sameASCII(a, b string) bool {
	lower := func(c byte) byte {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}
