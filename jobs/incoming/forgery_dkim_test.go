package incoming_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
)

// signingKey is the DKIM key of a domain.
func signingKey(domain string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("forgery corpus " + domain))
	return ed25519.NewKeyFromSeed(seed[:])
}

// trialDNS answers for the DNS: each domain has its key under the selector "s"; "down"
// gets no answer, "revoked" is a withdrawn key, and others are not there.
func trialDNS(_ context.Context, name string) ([]string, error) {
	selector, domain, _ := strings.Cut(strings.TrimSuffix(name, "."), "._domainkey.")
	switch selector {
	case "s":
		public := signingKey(domain).Public().(ed25519.PublicKey)
		return []string{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)}, nil
	case "revoked":
		return []string{"v=DKIM1; k=ed25519; p="}, nil
	case "down":
		return nil, errors.New("the DNS is down")
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

var (
	signature = regexp.MustCompile(`\{sign [^{}]*\}`)
	alter     = regexp.MustCompile(`\{was ([^{}|]*)\|([^{}|]*)\}`)
)

// signAll writes a DKIM-Signature (RFC 6376) in the place of each {sign …}, over what
// stands below it, and then makes the changes that {was A|B} asks for: A was signed, B
// has arrived.
func signAll(text string) (string, error) {
	for {
		all := signature.FindAllStringIndex(text, -1)
		if all == nil {
			return alter.ReplaceAllString(text, "$2"), nil
		}
		last := all[len(all)-1]
		words := strings.TrimPrefix(strings.Trim(text[last[0]:last[1]], "{}"), "sign ")
		below := alter.ReplaceAllString(text[last[1]:], "$1")
		field, err := sign(words, strings.TrimPrefix(below, "\n"))
		if err != nil {
			return "", err
		}
		text = text[:last[0]] + field + text[last[1]:]
	}
}

// sign returns a signature of a message with lines that end in LF. The words are tags: d,
// and s, h, i, l and x where they are not as usual; key names the domain whose key signs.
func sign(words, message string) (string, error) {
	tags := map[string]string{"s": "s", "h": "From:To:Subject:Date:Message-ID"}
	for _, word := range strings.Fields(words) {
		name, value, _ := strings.Cut(word, "=")
		tags[name] = value
	}
	if tags["key"] == "" {
		tags["key"] = tags["d"]
	}
	header, body, found := strings.Cut(message, "\n\n")
	if !found || tags["d"] == "" {
		return "", fmt.Errorf("sign %s: a domain, a header and a body are needed", words)
	}
	body = strings.ReplaceAll(strings.TrimRight(body, "\n")+"\n", "\n", "\r\n")
	if n, err := strconv.Atoi(tags["l"]); err == nil {
		body = body[:n]
	}
	bodyHash := sha256.Sum256([]byte(body))
	field := "DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d=" + tags["d"] + "; s=" + tags["s"]
	for _, name := range []string{"i", "l", "x"} {
		if tags[name] != "" {
			field += "; " + name + "=" + tags[name]
		}
	}
	field += "; h=" + tags["h"] + "; bh=" + base64.StdEncoding.EncodeToString(bodyHash[:]) + "; b="
	headerHash := sha256.Sum256([]byte(signedFields(header, strings.Split(tags["h"], ":")) + field))
	return field + base64.StdEncoding.EncodeToString(ed25519.Sign(signingKey(tags["key"]), headerHash[:])), nil
}

// signedFields returns the named fields of a header, of several of one name the lowest first.
func signedFields(header string, names []string) string {
	var fields []string
	for line := range strings.SplitSeq(header, "\n") {
		if n := len(fields); n > 0 && line != "" && strings.ContainsAny(line[:1], " \t") {
			fields[n-1] += "\r\n" + line
			continue
		}
		fields = append(fields, line)
	}
	var signed strings.Builder
	for _, name := range names {
		for i := len(fields) - 1; i >= 0; i-- {
			if has, _, _ := strings.Cut(fields[i], ":"); strings.EqualFold(strings.TrimSpace(has), name) {
				signed.WriteString(fields[i] + "\r\n")
				fields[i] = ""
				break
			}
		}
	}
	return signed.String()
}
