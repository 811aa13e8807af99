package emailws_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailchute/pkg/emailws"
)

var versions = []emailws.Version{emailws.SOAP11, emailws.SOAP12}

func TestReadWhatClientsSend(t *testing.T) {
	t.Parallel()
	for _, v := range versions {
		for _, want := range calls() {
			document := request(v, want)
			for name, document := range map[string][]byte{
				"UTF-8":                document,
				"UTF-8 with a mark":    append([]byte("\xef\xbb\xbf"), document...),
				"UTF-16 little endian": wide(document, binary.LittleEndian),
				"UTF-16 big endian":    wide(document, binary.BigEndian),
				"indented":             bytes.ReplaceAll(document, []byte("><"), []byte(">\r\n\t<")),
			} {
				got, err := emailws.Read(v, document)
				if err != nil {
					t.Errorf("%s, SOAP %d: %v\n%s", name, v, err, document)
					continue
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s, SOAP %d (-want +got):\n%s", name, v, diff)
				}
			}
		}
	}
}

// wide encodes a document in UTF-16 with its mark.
func wide(document []byte, order binary.AppendByteOrder) []byte {
	s := strings.Replace(string(document), `encoding="utf-8"`, `encoding="utf-16"`, 1)
	var b []byte
	for _, unit := range append([]uint16{0xfeff}, utf16.Encode([]rune(s))...) {
		b = order.AppendUint16(b, unit)
	}
	return b
}

const (
	open11 = `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">`
	open12 = `<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope">`
	ns     = ` xmlns="` + emailws.Namespace + `"`
	remove = `<DeleteContact` + ns + `><Alias>docs</Alias></DeleteContact>`
)

func TestReadOtherForms(t *testing.T) {
	t.Parallel()
	removed := emailws.DeleteContact{Alias: "docs"}
	for _, tt := range []struct {
		name, document string
		want           emailws.Call
	}{
		{"without a declaration", open11 + `<e:Body>` + remove + `</e:Body></e:Envelope>`, removed},
		{"other prefixes", open11 + `<e:Body><x:DeleteContact xmlns:x="` + emailws.Namespace + `"><x:Alias>docs</x:Alias></x:DeleteContact></e:Body></e:Envelope>`, removed},
		{"CDATA, comments, references", open11 + `<!-- c --><e:Body><DeleteContact` + ns + `><Alias>d<![CDATA[oc]]><!-- c -->&#115;</Alias></DeleteContact></e:Body></e:Envelope><!-- c -->`, removed},
		{"a header that need not be understood", open11 + `<e:Header><a:To xmlns:a="urn:a" e:mustUnderstand="0"><a:Deep>x</a:Deep></a:To></e:Header><e:Body>` + remove + `</e:Body></e:Envelope>`, removed},
		{"a header for somebody else", open11 + `<e:Header><a:To xmlns:a="urn:a" e:mustUnderstand="1" e:actor="urn:proxy"/></e:Header><e:Body>` + remove + `</e:Body></e:Envelope>`, removed},
		{"types that a client names", open11 + `<e:Body><DeleteContact` + ns + ` xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><Alias i:type="s:string">docs</Alias></DeleteContact></e:Body></e:Envelope>`, removed},
		{"another order", open11 + `<e:Body><ModifyContact` + ns + `><Flags>None</Flags><NewAlias>b</NewAlias><OldAlias>a</OldAlias></ModifyContact></e:Body></e:Envelope>`, emailws.ModifyContact{OldAlias: "a", NewAlias: "b"}},
		{"nothing but the operation", open11 + `<e:Body><ChangeUsersMembershipInDistributionGroup` + ns + `/></e:Body></e:Envelope>`, emailws.ChangeUsers{}},
		{"nil", open11 + `<e:Body><DeleteDistributionGroup` + ns + ` xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><Alias i:nil="1"/><Info i:nil="true"></Info></DeleteDistributionGroup></e:Body></e:Envelope>`, emailws.DeleteDistributionGroup{}},
		{"numbers and truth with blanks around", open11 + `<e:Body><GetJobStatus` + ns + `><JobId> +7
			</JobId></GetJobStatus></e:Body></e:Envelope>`, emailws.GetJobStatus{JobID: 7}},
		{"truth as a number", open11 + `<e:Body><ChangeContactsMembershipInDistributionGroup` + ns + `><DeleteAllCurrentMembers>1</DeleteAllCurrentMembers></ChangeContactsMembershipInDistributionGroup></e:Body></e:Envelope>`, emailws.ChangeContacts{DeleteAll: true}},
		{"an empty list", open11 + `<e:Body><ChangeUsersMembershipInDistributionGroup` + ns + `><AddNt4NameList /></ChangeUsersMembershipInDistributionGroup></e:Body></e:Envelope>`, emailws.ChangeUsers{}},
	} {
		got, err := emailws.Read(emailws.SOAP11, []byte(tt.document))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestReadFaults(t *testing.T) {
	t.Parallel()
	body := func(s string) string { return open11 + `<e:Body>` + s + `</e:Body></e:Envelope>` }
	alias := func(s string) string { return body(`<DeleteContact` + ns + `>` + s + `</DeleteContact>`) }
	for _, tt := range []struct {
		name, document string
		want           emailws.FaultCode
		says           string
	}{
		{"nothing", "", emailws.FaultClient, "no element"},
		{"blanks", " \n", emailws.FaultClient, "no element"},
		{"no XML", "alias=docs", emailws.FaultClient, "before the document"},
		{"another document", "<html/>", emailws.FaultClient, "not an Envelope"},
		{"another version", open12 + `<e:Body>` + remove + `</e:Body></e:Envelope>`, emailws.FaultVersion, "version of SOAP"},
		{"no version", `<Envelope><Body>` + remove + `</Body></Envelope>`, emailws.FaultVersion, "version of SOAP"},
		{"it ends early", strings.TrimSuffix(body(remove), "</e:Envelope>"), emailws.FaultClient, "unexpected EOF"},
		{"it ends in a tag", body(remove)[:80], emailws.FaultClient, "unexpected EOF"},
		{"another element follows", body(remove) + `<a/>`, emailws.FaultClient, "follows"},
		{"text follows", body(remove) + ` x`, emailws.FaultClient, "follows"},
		{"a second envelope follows", body(remove) + body(remove), emailws.FaultClient, "follows"},
		{"tags that do not match", open11 + `<e:Body></e:Envelope></e:Body>`, emailws.FaultClient, "element"},
		{"a document type", `<!DOCTYPE e [<!ENTITY a "b">]>` + body(remove), emailws.FaultClient, "document type"},
		{"an entity of its own", alias(`<Alias>&a;</Alias>`), emailws.FaultClient, "entity"},
		{"an external entity", `<!DOCTYPE e SYSTEM "file:///etc/passwd">` + body(remove), emailws.FaultClient, "document type"},
		{"a processing instruction", `<?xml-stylesheet href="a"?>` + body(remove), emailws.FaultClient, "processing instruction"},
		{"a declaration that comes late", ` <?xml version="1.0"?>` + body(remove), emailws.FaultClient, "processing instruction"},
		{"a processing instruction in the body", alias(`<Alias>a<?p i?></Alias>`), emailws.FaultClient, "processing instruction"},
		{"another encoding", `<?xml version="1.0" encoding="iso-8859-1"?>` + body(remove), emailws.FaultClient, "iso-8859-1"},
		{"UTF-16 that is none", `<?xml version="1.0" encoding="utf-16"?>` + body(remove), emailws.FaultClient, "utf-16"},
		{"half of UTF-16", "\xff\xfe<", emailws.FaultClient, "UTF-16"},
		{"half a pair of UTF-16", "\xff\xfe\x00\xd8", emailws.FaultClient, "UTF-16"},
		{"the other half of a pair", "\xff\xfe\x00\xdc<\x00", emailws.FaultClient, "UTF-16"},
		{"no UTF-8", alias("<Alias>\xff</Alias>"), emailws.FaultClient, "UTF-8"},
		{"a control character", alias("<Alias>a&#0;</Alias>"), emailws.FaultClient, "character"},
		{"deep nesting", open11 + `<e:Header>` + strings.Repeat("<a>", 40) + strings.Repeat("</a>", 40) + `</e:Header></e:Envelope>`, emailws.FaultClient, "deeper"},
		{"an attribute twice", body(`<DeleteContact` + ns + ns + `/>`), emailws.FaultClient, "twice"},
		{"no body", open11 + `</e:Envelope>`, emailws.FaultClient, "no Body"},
		{"two bodies", open11 + `<e:Body>` + remove + `</e:Body><e:Body>` + remove + `</e:Body></e:Envelope>`, emailws.FaultClient, "out of place"},
		{"two headers", open11 + `<e:Header/><e:Header/><e:Body/></e:Envelope>`, emailws.FaultClient, "out of place"},
		{"a header behind the body", open11 + `<e:Body>` + remove + `</e:Body><e:Header/></e:Envelope>`, emailws.FaultClient, "out of place"},
		{"a body of no namespace", open11 + `<Body>` + remove + `</Body></e:Envelope>`, emailws.FaultClient, "out of place"},
		{"text in the envelope", open11 + `x<e:Body>` + remove + `</e:Body></e:Envelope>`, emailws.FaultClient, "text in Envelope"},
		{"a header that must be understood", open11 + `<e:Header><a:To xmlns:a="urn:a" e:mustUnderstand="1"/></e:Header><e:Body>` + remove + `</e:Body></e:Envelope>`, emailws.FaultMustUnderstand, "To"},
		{"such a header for the next", open11 + `<e:Header><a:To xmlns:a="urn:a" e:mustUnderstand="1" e:actor="http://schemas.xmlsoap.org/soap/actor/next"/></e:Header><e:Body>` + remove + `</e:Body></e:Envelope>`, emailws.FaultMustUnderstand, "To"},
		{"no operation", body(``), emailws.FaultClient, "no operation"},
		{"two operations", body(remove + remove), emailws.FaultClient, "more than one"},
		{"an unknown operation", body(`<DropAll` + ns + `/>`), emailws.FaultClient, "DropAll"},
		{"an operation of another namespace", body(`<DeleteContact xmlns="urn:x"/>`), emailws.FaultClient, "urn:x"},
		{"an unknown parameter", alias(`<Alia>a</Alia>`), emailws.FaultClient, "no parameter Alia"},
		{"a parameter of another namespace", alias(`<Alias xmlns="">a</Alias>`), emailws.FaultClient, "no parameter Alias"},
		{"a parameter twice", alias(`<Alias>a</Alias><Alias>b</Alias>`), emailws.FaultClient, "twice"},
		{"a parameter that is nil, and once more", alias(`<Alias xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/><Alias>b</Alias>`), emailws.FaultClient, "twice"},
		{"a parameter that is nil and is not", alias(`<Alias xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true">a</Alias>`), emailws.FaultClient, "nil"},
		{"nil that is none", alias(`<Alias xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="yes"/>`), emailws.FaultClient, "nil"},
		{"a value elsewhere", alias(`<Alias href="#a"/>`), emailws.FaultClient, "href"},
		{"an element in a text", alias(`<Alias><b/></Alias>`), emailws.FaultClient, "element b"},
		{"text between parameters", alias(`a<Alias/>`), emailws.FaultClient, "text in DeleteContact"},
		{"unknown flags", body(`<CreateContact` + ns + `><Flags>All</Flags></CreateContact>`), emailws.FaultClient, "All"},
		{"empty flags", body(`<CreateContact` + ns + `><Flags/></CreateContact>`), emailws.FaultClient, "Flags"},
		{"two flags", body(`<CreateContact` + ns + `><Flags>None OnlyAllowAuthenticatedEmail</Flags></CreateContact>`), emailws.FaultClient, "Flags"},
		{"a number that is none", body(`<GetJobStatus` + ns + `><JobId>x</JobId></GetJobStatus>`), emailws.FaultClient, "whole number"},
		{"a number that is too large", body(`<GetJobStatus` + ns + `><JobId>2147483648</JobId></GetJobStatus>`), emailws.FaultClient, "whole number"},
		{"no truth", body(`<ChangeUsersMembershipInDistributionGroup` + ns + `><DeleteAllCurrentMembers>yes</DeleteAllCurrentMembers></ChangeUsersMembershipInDistributionGroup>`), emailws.FaultClient, "neither true nor false"},
		{"a list of something else", body(`<ChangeUsersMembershipInDistributionGroup` + ns + `><AddNt4NameList><name>a</name></AddNt4NameList></ChangeUsersMembershipInDistributionGroup>`), emailws.FaultClient, "array of strings"},
		{"a list with text", body(`<ChangeUsersMembershipInDistributionGroup` + ns + `><AddNt4NameList>a</AddNt4NameList></ChangeUsersMembershipInDistributionGroup>`), emailws.FaultClient, "text in AddNt4NameList"},
		{"unknown information", body(`<DeleteDistributionGroup` + ns + `><Info><Who>a</Who></Info></DeleteDistributionGroup>`), emailws.FaultClient, "no parameter Who"},
	} {
		call, err := emailws.Read(emailws.SOAP11, []byte(tt.document))
		fault, ok := errors.AsType[*emailws.Fault](err)
		if !ok || fault.Code != tt.want || !strings.Contains(fault.Text, tt.says) || call != nil && err == nil {
			t.Errorf("%s: got %+v, %v, want code %d and %q", tt.name, call, err, tt.want, tt.says)
		}
	}
}

func TestReadRolesOfSOAP12(t *testing.T) {
	t.Parallel()
	for role, understood := range map[string]bool{
		"http://www.w3.org/2003/05/soap-envelope/role/next":             false,
		"http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver": false,
		"http://www.w3.org/2003/05/soap-envelope/role/none":             true,
	} {
		document := open12 + `<e:Header><a:To xmlns:a="urn:a" e:mustUnderstand="true" e:role="` + role + `"/></e:Header><e:Body>` + remove + `</e:Body></e:Envelope>`
		_, err := emailws.Read(emailws.SOAP12, []byte(document))
		if (err == nil) != understood {
			t.Errorf("%s: got %v, want an error: %t", role, err, !understood)
		}
	}
}

func TestVersionOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		contentType string
		want        emailws.Version
		ok          bool
	}{
		{"text/xml; charset=utf-8", emailws.SOAP11, true},
		{"text/xml", emailws.SOAP11, true},
		{`TEXT/XML; charset="UTF-16"`, emailws.SOAP11, true},
		{`application/soap+xml; charset=utf-8; action="` + emailws.Namespace + `DeleteContact"`, emailws.SOAP12, true},
		{"", emailws.SOAP11, false},
		{"text/xml; charset=windows-1252", emailws.SOAP11, false},
		{"application/x-www-form-urlencoded", emailws.SOAP11, false},
		{"multipart/related; type=\"application/xop+xml\"", emailws.SOAP11, false},
	} {
		v, ok := emailws.VersionOf(tt.contentType)
		if v != tt.want || ok != tt.ok {
			t.Errorf("%q: got %d, %t, want %d, %t", tt.contentType, v, ok, tt.want, tt.ok)
		}
	}
}

// FuzzRead: what is read can be written by a client, and is read as the same again.
func FuzzRead(f *testing.F) {
	for _, c := range calls() {
		f.Add(request(emailws.SOAP11, c))
		f.Add(wide(request(emailws.SOAP11, c), binary.LittleEndian))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		call, err := emailws.Read(emailws.SOAP11, document)
		if err != nil {
			if _, ok := errors.AsType[*emailws.Fault](err); !ok {
				t.Errorf("the error is no Fault: %v", err)
			}
			return
		}
		for _, v := range versions {
			again, err := emailws.Read(v, request(v, call))
			if err != nil {
				t.Fatalf("%v\n%s", err, request(v, call))
			}
			if diff := cmp.Diff(call, again, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-first +again):\n%s", diff)
			}
		}
	})
}

// FuzzTexts: every text that XML can have arrives as it was sent.
func FuzzTexts(f *testing.F) {
	f.Add("docs72", "<&>\"'", "]]>", "\r\n\t\u0085\u2028", int32(-5), true)
	f.Fuzz(func(t *testing.T, a, b, c, d string, n int32, truth bool) {
		for _, s := range []string{a, b, c, d} {
			if !fitsXML(s) {
				t.Skip()
			}
		}
		for _, want := range []emailws.Call{
			emailws.ModifyContact{OldAlias: a, NewAlias: b, FirstName: c, LastName: d, ForwardingEmail: a, RequireAuth: truth},
			emailws.CreateDistributionGroup{Alias: a, Name: b, Description: c, ContactCN: d, Info: emailws.Info{RequestorEmail: a, Justification: b}, RequireAuth: truth},
			emailws.ChangeUsers{Alias: a, Add: []string{b, c}, Delete: []string{d}, DeleteAll: truth},
			emailws.GetJobStatus{JobID: n},
		} {
			got, err := emailws.Read(emailws.SOAP12, request(emailws.SOAP12, want))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	})
}

func fitsXML(s string) bool {
	return utf8.ValidString(s) && !slices.ContainsFunc([]rune(s), func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
	})
}
