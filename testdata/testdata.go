// Package testdata has the mail that tests and the demo use, all of it made for
// mailchute: no real person's, and no attachment that does anything.
//
// # The demo's messages
//
// Demo has files in format eml, shaped as real clients write them, for the domain
// demo.example. The libraries: invoices takes mail of contributors; suggestions of
// anyone; projects of contributors, in a folder for each sender, the originals saved.
// alice is in the group team, which has Contribute; bob has Read; carol at
// elsewhere.example is unknown.
//
//	01-outlook-invoice          text, HTML and a PDF: filed in invoices, by alice
//	02-apple-mail-inline        a picture between two texts: filed in suggestions, by System Account
//	03-thunderbird-spreadsheet  a spreadsheet with a name in RFC 2231: filed in projects, with the original
//	04-gmail-inline-picture     the CSV is filed, the picture that the HTML text shows is not
//	05-scanner                  the message is a PDF and nothing else: filed in suggestions
//	06-invitation               nothing is filed, and counted
//	07-reply-to-several         two attachments, filed in all three libraries
//	08-bcc                      projects stands in the envelope only: filed there all the same
//	09-unknown-address          held: no library has the local part contracts
//	10-no-permission            held: bob may only read invoices
//	11-broken                   a multipart without a boundary: filed as its original
//
// # The cases
//
// Cases has drop files with their verdicts, for one farm: domain case.test, sender_trust
// claimed, the user alice with the address alice@case.test, and these libraries in the
// default site:
//
//	open     takes mail of anyone
//	closed   of contributors: alice has Contribute, nobody else has anything
//	sender   of anyone, in folders by sender
//	subject  of anyone, in folders by subject
//	orig     of anyone, originals saved
//	meet     of anyone, meetings saved
//	over     of anyone, overwriting
//	strict   of anyone, files of at most 1024 bytes, no exe and no js
//	blocks   of anyone, nothing of the types that SharePoint blocks
//	skips    of anyone, files of these types left out
//	sheets   of anyone, only files *.csv, and of these no draft*
//	small    of anyone, messages of at most 1024 bytes
//	plus     of anyone, in folders by the detail of its address
//	bodies   of anyone, the text of messages saved
//	pages    of anyone, the text of messages saved as HTML
//	named    of anyone, names by the template {date}/{sender} {name} {n}{ext}
//
// Everything else is as settings and limits are by default.
package testdata

import (
	"embed"
	"io/fs"
)

//go:embed demo mail forgery honest
var files embed.FS

// Demo returns the demo's messages, NN-NAME.eml each.
func Demo() fs.FS { return below("demo") }

// Forgery returns files of cases in which somebody wants to be taken for somebody else.
func Forgery() fs.FS { return below("forgery") }

// Honest returns files of cases of honest mail, in the same form.
func Honest() fs.FS { return below("honest") }

func below(dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // dir is a constant that is a valid path
	}
	return sub
}
