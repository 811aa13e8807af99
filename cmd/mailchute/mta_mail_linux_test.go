package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
)

const (
	anyone      = "stranger@elsewhere.example"
	forgedLines = "Return-Path: <alice@docs.example.com>\r\n" +
		"X-Original-To: victim@docs.example.com\r\n" +
		"Delivered-To: victim@docs.example.com\r\n" +
		"Envelope-To: victim@docs.example.com\r\n" +
		"X-Envelope-From: alice@docs.example.com\r\n" +
		"X-Sender: <alice@docs.example.com>\r\n" +
		"X-Receiver: <victim@docs.example.com>\r\n" +
		"X-Drop-Auth: alice\r\n" +
		"X-EndOfInjectedXHeaders: 1\r\n" +
		"Authentication-Results: docs.example.com; auth=pass smtp.auth=alice\r\n" +
		"Received: from client.example by docs.example.com with ESMTPA id 1\r\n" +
		"\tfor <victim@docs.example.com>; Mon, 5 Jan 2026 09:00:00 +0000\r\n" +
		"Bcc: victim@docs.example.com\r\n"
)

// letter is a message that a client sends, and what shall become of it.
type letter struct {
	name       string // its attachment is NAME.bin
	login      string
	from       string
	to         []string // local parts
	parameters string   // of MAIL FROM
	header     string   // lines above all others
	content    []byte   // of the attachment, as it is stored
	as8bit     bool     // the attachment is sent as lines of text, else in base64
	smuggled   *letter  // is sent behind it in the same transaction, to be taken for another

	stolen bool     // the envelope sender is another's address
	filed  []string // in these libraries
	author string   // "": System Account
	held   []string // for these recipients
}

// letters are what each mail server is sent.
func letters() []letter {
	text := "Zeile 1\nna\xefve \xe4\xf6\xfc\x80\xff\n\nc'est l'\xe9t\xe9\n"
	dots := ".\n..\n.. two\n.one\nFrom here\n>From there\n\n.\n"
	return []letter{
		{name: "plain", from: anyone, to: []string{"invoices"}, filed: []string{"invoices"}},
		{name: "several", from: anyone, to: []string{"invoices", "Contracts", "plans"}, filed: []string{"invoices", "contracts", "plans"}},
		{name: "bcc", from: anyone, to: []string{"plans", "contracts"}, header: "To: plans@docs.example.com\r\n", filed: []string{"plans", "contracts"}},
		{name: "twice", from: anyone, to: []string{"invoices", "invoices"}, filed: []string{"invoices"}},
		{name: "bounce", from: "", to: []string{"invoices"}, filed: []string{"invoices"}},
		{name: "plus", from: "stranger+tag@elsewhere.example", to: []string{"plans+2026"}, filed: []string{"plans-2026"}},
		{name: "quoted", from: `"a stranger"@elsewhere.example`, to: []string{`"invoices"`}, filed: []string{"invoices"}},
		{
			name: "utf8", from: "jürgen@bücher.example", to: []string{"größe"}, parameters: "BODY=8BITMIME SMTPUTF8",
			header: "X-Name: größe\r\n", filed: []string{"groesse"},
		},
		{name: "eight", from: anyone, to: []string{"invoices"}, parameters: "BODY=8BITMIME", content: []byte(text), as8bit: true, filed: []string{"invoices"}},
		{name: "dots", from: anyone, to: []string{"invoices", "plans"}, content: []byte(dots), as8bit: true, filed: []string{"invoices", "plans"}},
		{name: "large", from: anyone, to: []string{"invoices"}, content: randomBytes(30 << 20), filed: []string{"invoices"}},
		{name: "forged", from: anyone, to: []string{"invoices", "staff"}, header: forgedLines, filed: []string{"invoices"}, held: []string{"staff"}},
		{name: "proved", login: "alice", from: "alice@docs.example.com", to: []string{"staff"}, filed: []string{"staff"}, author: "alice"},
		{name: "proved-forged", login: "alice", from: "alice@docs.example.com", to: []string{"staff"}, header: forgedLines, filed: []string{"staff"}, author: "alice"},
		{name: "stolen", stolen: true, from: "alice@docs.example.com", to: []string{"staff"}, header: forgedLines, held: []string{"staff"}},
		{name: "stolen-by-bob", stolen: true, login: "bob", from: "alice@docs.example.com", to: []string{"staff"}, held: []string{"staff"}},
		{
			name: "smuggler", from: anyone, to: []string{"invoices"}, filed: []string{"invoices"},
			smuggled: &letter{name: "smuggled", from: anyone, to: []string{"victim"}},
		},
		{name: "unknown", from: anyone, to: []string{"nobody"}},
		{name: "unknown-plus", from: anyone, to: []string{"invoices+2026"}},
		{name: "unknown-quoted", from: anyone, to: []string{`"in voices"`}},
		{name: "archived", from: anyone, to: []string{"old"}},
	}
}

// randomBytes returns n bytes, the same each time.
func randomBytes(n int) []byte {
	var seed [32]byte
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(seed).Read(b) // it never fails
	return b
}

// attachment returns the bytes that shall be stored: each letter's are its own.
func (l letter) attachment() []byte {
	if l.content == nil {
		return []byte("The attachment of " + l.name + "\n")
	}
	return l.content
}

// posted is a letter that is ready to be sent, several times.
type posted struct {
	letter
	says   transaction
	digest string // SHA-256 of the attachment
}

// post makes all letters ready.
func post(all []letter) (ready []posted) {
	for _, l := range all {
		sum := sha256.Sum256(l.attachment())
		ready = append(ready, posted{l, l.transaction(), hex.EncodeToString(sum[:])})
	}
	return ready
}

// transaction returns what the client says.
func (l letter) transaction() transaction {
	x := transaction{login: l.login, from: l.from, parameters: l.parameters}
	for _, to := range l.to {
		x.recipients = append(x.recipients, to+"@"+hostDomain)
	}
	x.data = strings.ReplaceAll(l.message(), "\r\n.", "\r\n..") // RFC 5321 §4.5.2
	if l.smuggled != nil {
		s := l.smuggled.transaction()
		x.data += "The end.\n.\r\nMAIL FROM:<" + s.from + ">\r\nRCPT TO:<" + s.recipients[0] + ">\r\nDATA\r\n" + s.data
		return x
	}
	x.data += ".\r\n"
	return x
}

// message returns the message. Its text has lines that begin with dots.
func (l letter) message() string {
	var b strings.Builder
	b.WriteString(l.header)
	fmt.Fprintf(&b, "From: Alice <alice@docs.example.com>\r\nSubject: %[1]s\r\nMessage-ID: <%[1]s@client.example>\r\n"+
		"Date: Mon, 5 Jan 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n"+
		"--b1\r\nContent-Type: text/plain\r\n\r\n.\r\nSee the attachment.\r\n..\r\n\r\n"+
		"--b1\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=%[1]s.bin\r\n", l.name)
	if l.as8bit {
		b.WriteString("Content-Transfer-Encoding: 8bit\r\n\r\n")
		b.Write(bytes.ReplaceAll(l.attachment(), []byte("\n"), []byte("\r\n")))
	} else {
		b.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
		text := base64.StdEncoding.EncodeToString(l.attachment())
		for len(text) > 76 {
			b.WriteString(text[:76] + "\r\n")
			text = text[76:]
		}
		b.WriteString(text)
	}
	b.WriteString("\r\n--b1--\r\n")
	return b.String()
}
