package incoming_test

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
)

// zones are the lines that mail systems write at the top of their drop files.
var zones = map[string]string{
	"postfix":    "Return-Path: <{from}>\nX-Original-To: {to}\nDelivered-To: {to}",
	"exim":       "Return-path: <{from}>\nEnvelope-to: {to}\nDelivery-date: Mon, 23 Nov 2026 09:00:00 +0000",
	"exim-files": "Return-path: <{from}>\nEnvelope-to: {to}\nDelivery-date: Mon, 23 Nov 2026 09:00:00 +0000",
	"opensmtpd":  "Return-Path: <{from}>\nDelivered-To: {to}",
	"dovecot":    "Return-Path: <{from}>\nDelivered-To: {to}",
	"custom":     "Return-Path: <{from}>\nDelivered-To: {to}",
	"drop-write": "X-Sender: <{from}>\nX-Receiver: <{to}>\nX-EndOfInjectedXHeaders: drop-write",
	"iis":        "x-sender: {from}\nx-receiver: {to}",
	"exchange": "X-Sender: <{from}> BODY=7bit\nX-Receiver: <{to}>\n ORCPT=rfc822;{to} NOTIFY=NEVER;\n\tX-ExtendedProps=BQAVABYAAgAAAAUAFAARAPDFCS25BAlD\n" +
		"X-CreatedBy: MSExchange15\nX-HeloDomain: client.evil.test\nX-SourceIPAddress: 192.0.2.66\nX-EndOfInjectedXHeaders: 981",
	"pickup": "X-Sender: {from}\nX-Receiver: {to}",
	"eml":    "X-Sender: <{from}>\nX-Receiver: <{to}>",
}

// macros stand for the honest lines of a drop file.
var macros = map[string]string{
	"received": "Received: from client.evil.test (client.evil.test [192.0.2.66])\n\tby mx.drop.test (Postfix) with ESMTPS id {case}\n" +
		"\tfor <{to}>; Mon, 23 Nov 2026 09:00:00 +0000 (UTC)",
	"letter": "To: libraries@drop.test\nSubject: Numbers\nDate: Mon, 23 Nov 2026 09:00:00 +0000\nMessage-ID: <{case}@mail.test>\nMIME-Version: 1.0\n" +
		"Content-Type: text/csv; name=\"numbers.csv\"\nContent-Disposition: attachment; filename=\"numbers.csv\"\n\na;b",
	"results": "Authentication-Results: mx.drop.test;\n\tspf=pass smtp.mailfrom=drop.test;\n\tdkim=pass (2048-bit key) header.d=drop.test header.s=s header.b=Zm9v;\n" +
		"\tdmarc=pass (p=reject dis=none) header.from=drop.test",
	"evil": "Authentication-Results: mx.drop.test;\n\tspf=pass smtp.mailfrom=evil.test;\n\tdkim=pass header.d=evil.test;\n\tdmarc=pass header.from=evil.test",
}

var placeholder = regexp.MustCompile(`\{[a-z][^{}]*\}`)

// expand writes the drop file of a case for a recipient.
func (c trial) expand(format, to string) (string, error) {
	from, zone := c.from, zones[format]
	if from == "<>" {
		from = ""
	}
	if from == "" && format == "opensmtpd" { // which has no line for the null sender
		zone = "Delivered-To: {to}"
	}
	lines := map[string]string{"zone": zone, "from": from, "to": to, "case": c.name, "cr": "\r", "nul": "\x00"}
	maps.Copy(lines, macros)
	unknown := ""
	replace := func(s string) string {
		word, rest, _ := strings.Cut(strings.Trim(s, "{}"), " ")
		value, ok := lines[word]
		if !ok {
			value, ok = generated(word, rest)
		}
		switch {
		case ok:
			return value
		case word != "sign" && word != "was":
			unknown = s
		}
		return s
	}
	text := c.text
	for range 3 { // what a placeholder stands for has placeholders of its own
		text = placeholder.ReplaceAllStringFunc(text, replace)
	}
	if unknown != "" {
		return "", fmt.Errorf("unknown placeholder %s", unknown)
	}
	text, err := signAll(text)
	if c.crlf {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return text, err
}

// generated returns what {byte XX}, {char XXXX} and {times N TEXT} stand for.
func generated(word, rest string) (string, bool) {
	switch word {
	case "byte":
		n, err := strconv.ParseUint(rest, 16, 8)
		return string([]byte{byte(n)}), err == nil
	case "char":
		n, err := strconv.ParseUint(rest, 16, 32)
		return string(rune(n)), err == nil
	case "times":
		count, what, _ := strings.Cut(rest, " ")
		n, err := strconv.Atoi(count)
		return strings.Repeat(strings.ReplaceAll(what, `\n`, "\n"), n), err == nil
	}
	return "", false
}
