package library_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

// planText is what the tests compare of a plan: the documents with their parts, and what
// was left out.
func planText(p library.Planned) []string {
	var all []string
	for _, d := range p.Drafts {
		s := strings.TrimPrefix(d.Folder+"/"+d.Name, "/") + " = " + d.Part
		if d.Text {
			s += " as text"
		}
		all = append(all, s)
	}
	for _, l := range p.LeftOut {
		all = append(all, "left out: "+l.Name+" = "+l.Part+": "+l.Why)
	}
	if p.Reason != "" {
		all = append(all, string(p.Reason))
	}
	return all
}

// with changes the parts of the tests.
func with(p message.Part, change func(*message.Part)) message.Part {
	change(&p)
	return p
}

// identified is arrivalOf for parts that have their own IDs.
func identified(subject string, parts ...message.Part) library.Arrival {
	ids := make([]string, len(parts))
	for i, p := range parts {
		ids[i] = p.ID
	}
	a := arrivalOf(subject, parts...)
	for i, id := range ids {
		parts[i].ID = id
	}
	return a
}

func TestRoles(t *testing.T) {
	t.Parallel()
	var (
		plain1    = message.Part{ID: "1", Type: "text/plain"}
		signed    = message.Part{ID: "2", Type: "application/pgp-signature", Name: "signature.asc", Parent: "multipart/signed", Signature: true}
		loneSig   = message.Part{ID: "2", Type: "application/pgp-signature", Name: "release.zip.asc"}
		winmail   = message.Part{ID: "2", Type: "application/ms-tnef", Disposition: "attachment", Name: "winmail.dat", Opened: message.TNEF}
		inWinmail = message.Part{ID: "2/1", Within: "2", Type: "application/octet-stream", Disposition: "attachment", Name: "a.doc"}
		tnefBody  = message.Part{ID: "2/2", Within: "2", Type: "application/rtf", Body: true}
		opaque    = message.Part{ID: "1", Type: "application/pkcs7-mime", Disposition: "attachment", Name: "smime.p7m", Opened: message.SignedData}
		uu        = message.Part{ID: "1", Type: "text/plain", Opened: message.Uuencoded}
		yenc      = message.Part{ID: "1", Type: "text/plain", Opened: message.YEncoded}
		within1   = message.Part{ID: "1/1", Within: "1", Type: "application/octet-stream", Name: "b.bin"}
		fork      = message.Part{ID: "2.1", Type: "application/applefile", Disposition: "attachment", Name: "c.doc", Parent: "multipart/appledouble"}
		data      = message.Part{ID: "2.2", Type: "application/msword", Disposition: "attachment", Name: "c.doc", Parent: "multipart/appledouble"}
		single    = message.Part{ID: "2", Type: "application/applefile", Name: "d.txt", Opened: message.AppleSingle}
		inSingle  = message.Part{ID: "2/1", Within: "2", Type: "text/plain", Name: "d.txt"}
		encrypted = message.Part{ID: "2", Type: "application/octet-stream", Disposition: "inline", Name: "encrypted.asc", Encrypted: true}
		external  = message.Part{ID: "2", Type: "message/external-body", Name: "big.iso"}
		attached  = message.Part{ID: "3", Type: "application/pdf", Disposition: "attachment", Name: "a.pdf"}
	)
	broken := func(p message.Part) message.Part {
		return with(p, func(p *message.Part) { p.Broken = "it ends early" })
	}
	tests := []struct {
		what  string
		parts []message.Part
		want  []string
	}{
		{"a signature", []message.Part{plain1, signed, attached}, []string{"a.pdf = 3", "left out: signature.asc = 2: signature"}},
		{
			"a signature that calls itself an attachment",
			[]message.Part{plain1, with(signed, func(p *message.Part) { p.Disposition = "attachment" })},
			[]string{"s.eml = ", "left out: signature.asc = 2: signature"},
		},
		{
			"a signed part of any type",
			[]message.Part{plain1, with(signed, func(p *message.Part) { p.Type, p.Name = "application/x-odd", "" })},
			[]string{"s.eml = ", "left out: attachment-1.bin = 2: signature"},
		},
		{"a signature outside multipart/signed", []message.Part{plain1, loneSig}, []string{"s.eml = ", "left out: release.zip.asc = 2: signature"}},
		{
			"a signature sent as a file",
			[]message.Part{plain1, with(loneSig, func(p *message.Part) { p.Disposition = "attachment" })},
			[]string{"release.zip.asc = 2"},
		},
		{"TNEF", []message.Part{plain1, winmail, inWinmail, tnefBody}, []string{"a.doc = 2/1"}},
		{"TNEF without a file", []message.Part{plain1, winmail, tnefBody}, []string{"s.eml = "}},
		{"TNEF with nothing in it", []message.Part{plain1, winmail, attached}, []string{"a.pdf = 3", "left out: winmail.dat = 2: nothing in it"}},
		{"damaged TNEF", []message.Part{plain1, broken(winmail), inWinmail}, []string{"winmail.dat = 2", "a.doc = 2/1"}},
		{"TNEF that was not opened", []message.Part{plain1, with(winmail, func(p *message.Part) { p.Opened = "" })}, []string{"winmail.dat = 2"}},
		{"opaque S/MIME", []message.Part{opaque, within1}, []string{"b.bin = 1/1"}},
		{"opaque S/MIME of a text", []message.Part{opaque, {ID: "1/1", Within: "1", Type: "text/plain"}}, []string{"s.eml = "}},
		{"uuencoded in the text", []message.Part{uu, within1}, []string{"b.bin = 1/1"}},
		{
			"uuencoded in a text file",
			[]message.Part{with(uu, func(p *message.Part) { p.Name = "notes.txt" }), within1},
			[]string{"notes.txt = 1", "b.bin = 1/1"},
		},
		{"yEnc", []message.Part{yenc, within1}, []string{"b.bin = 1/1"}},
		{"AppleDouble", []message.Part{plain1, fork, data}, []string{"c.doc = 2.2"}},
		{
			"AppleDouble of a text",
			[]message.Part{plain1, fork, {ID: "2.2", Type: "text/plain", Parent: "multipart/appledouble"}},
			[]string{"attachment-1.txt = 2.2"},
		},
		{"the other fork alone", []message.Part{plain1, with(fork, func(p *message.Part) { p.Parent = "multipart/mixed" })}, []string{"c.doc = 2.1"}},
		{"AppleSingle", []message.Part{plain1, single, inSingle}, []string{"d.txt = 2/1"}},
		{"encrypted", []message.Part{encrypted}, []string{"s.eml = "}},
		{"encrypted, twice, beside a file", []message.Part{plain1, encrypted, encrypted, attached}, []string{"a.pdf = 3", "s.eml = "}},
		{"not in the message", []message.Part{plain1, external, attached}, []string{"a.pdf = 3", "s.eml = "}},
		{
			"an attached message",
			[]message.Part{{ID: "1", Type: "message/rfc822", Subject: "Re: 1/2"}},
			[]string{"Re_ 1_2.eml = 1"},
		},
	}
	for _, tt := range tests {
		got := planText(library.Plan(library.Library{}, identified("s", tt.parts...)))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: want -, got +\n%s", tt.what, diff)
		}
	}
}

// TestPlanNeededOriginal has originals that are needed: their size counts, and nothing
// is filed of a message without them.
func TestPlanNeededOriginal(t *testing.T) {
	t.Parallel()
	a := arrivalOf("s", pdf, message.Part{Type: "application/octet-stream", Encrypted: true})
	lib := library.Library{Name: "invoices", Settings: library.Settings{MaxFileSize: a.Original.Size, SaveOriginal: true}}
	checkRefusal(t, "as large as may be", library.Plan(lib, a), "", "")
	lib.Settings.MaxFileSize--
	checkRefusal(t, "larger", library.Plan(lib, a), fault.TooLarge, "to be filed as it is")
	a.Message.Parts[1].Encrypted = false
	checkRefusal(t, "larger, but not needed", library.Plan(lib, a), "", "")
}

func TestPlanFragment(t *testing.T) {
	t.Parallel()
	fragment := message.Part{Type: "message/partial"}
	checkRefusal(t, "a fragment", library.Plan(library.Library{}, arrivalOf("s", fragment)), fault.PartialMessage, "one piece of a larger one")
	released := arrivalOf("s", fragment)
	released.Released = true
	if diff := cmp.Diff([]string{"s.eml = "}, planText(library.Plan(library.Library{}, released))); diff != "" {
		t.Errorf("released: want -, got +\n%s", diff)
	}
	if diff := cmp.Diff([]string{"attachment-1.bin = 2"}, planText(library.Plan(library.Library{}, arrivalOf("s", plain, fragment)))); diff != "" {
		t.Errorf("attached: want -, got +\n%s", diff)
	}
}

func TestPlanMaxMessageSize(t *testing.T) {
	t.Parallel()
	a := arrivalOf("s", pdf)
	a.Message.Size = 1000
	broken := arrivalOf("s")
	broken.Message.Size, broken.Message.Malformed = 1000, "multipart without a boundary"
	for limit, want := range map[int64]fault.Reason{0: "", library.Unlimited: "", 1000: "", 999: fault.TooLarge} {
		lib := library.Library{Name: "invoices", Settings: library.Settings{MaxMessageSize: limit}}
		checkRefusal(t, library.FormatSize(limit), library.Plan(lib, a), want, "mailchute library set invoices --max-message-size")
		checkRefusal(t, library.FormatSize(limit)+", broken", library.Plan(lib, broken), want, "--max-message-size")
	}
}

func TestMayFile(t *testing.T) {
	t.Parallel()
	rtf := message.Part{Type: "application/rtf", Body: true}
	for _, tt := range []struct {
		part            message.Part
		candidate, body bool // by itself; with SaveBody
	}{
		{plain, false, true},
		{html, false, true},
		{rtf, true, true},
		{pdf, true, true},
		{logo, true, true},
		{with(smime, func(p *message.Part) { p.Signature, p.Disposition = true, "attachment" }), false, false},
		{with(pdf, func(p *message.Part) { p.Encrypted = true }), false, false},
		{message.Part{Type: "application/ms-tnef", Name: "winmail.dat", Opened: message.TNEF}, false, false},
		{message.Part{Type: "text/plain", Opened: message.Uuencoded}, false, true},
	} {
		if got := library.Candidate(tt.part); got != tt.candidate {
			t.Errorf("Candidate(%+v): got %t, want %t", tt.part, got, tt.candidate)
		}
		for body, want := range map[library.Body]bool{"": tt.candidate, library.BodyNone: tt.candidate, library.BodyText: tt.body, library.BodyHTML: tt.body} {
			s := library.Settings{SaveBody: body}
			if got := s.MayFile(tt.part); got != want {
				t.Errorf("SaveBody %q: MayFile(%+v): got %t, want %t", body, tt.part, got, want)
			}
		}
	}
}
