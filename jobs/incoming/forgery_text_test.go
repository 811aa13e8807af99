package incoming_test

import (
	"fmt"
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
	"received": "Received: from client.evil.test (client.evil.test [192.0.2.66])\n\tby mx.drop.test (Postfix) with ESMTPS id 4631AAA2493\n" +
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
	from := c.from
	if from == "<>" {
		from = ""
	}
	zone := zones[format]
	if from == "" && format == "opensmtpd" {
		zone = "Delivered-To: {to}"
	}
	known := map[string]string{"zone": zone, "from": from, "to": to, "case": c.name, "cr": "\r", "nul": "\x00"}
	text, err := c.text, error(nil)
	for round := 0; round < 3; round++ { // macros have placeholders of their own
		text = placeholder.ReplaceAllStringFunc(text, func(s string) string {
			word, rest, _ := strings.Cut(strings.Trim(s, "{}"), " ")
			if value, ok := known[word]; ok && rest == "" {
				return value
			}
			if value, ok := macros[word]; ok && rest == "" {
				return value
			}
			switch word {
			case "was", "sign":
				return s
			case "byte":
				var n uint64
				if n, err = strconv.ParseUint(rest, 16, 8); err == nil {
					return string([]byte{byte(n)})
				}
			case "char":
				var n uint64
				if n, err = strconv.ParseUint(rest, 16, 32); err == nil {
					return string(rune(n))
				}
			case "times":
				count, what, _ := strings.Cut(rest, " ")
				var n int
				if n, err = strconv.Atoi(count); err == nil {
					return strings.Repeat(strings.ReplaceAll(what, `\n`, "\n"), n)
				}
			}
			err = fmt.Errorf("unknown placeholder %s", s)
			return s
		})
	}
	if err == nil {
		text, err = signAll(text)
	}
	if c.crlf {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return text, err
}
