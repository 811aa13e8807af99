package emailws_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/emailws"
)

// samples are the bodies that the XmlSerializer of .NET writes for the classes that are made
// of SharePoint's description: text that is null is left out, and one in an array is nil;
// arrays that are null are left out; numbers, flags and a GUID are always there.
var samples = []struct {
	body string
	want emailws.Call
}{
	{
		`<CreateContact xmlns="NS"><Alias>docs</Alias><FirstName>Büro</FirstName><LastName>東京 &amp; 𝒳</LastName><ForwardingEmail>docs@sp.corp.example</ForwardingEmail><Flags>None</Flags></CreateContact>`,
		emailws.CreateContact{Alias: "docs", FirstName: "Büro", LastName: "東京 & 𝒳", ForwardingEmail: "docs@sp.corp.example"},
	},
	{`<CreateContact xmlns="NS"><Flags>OnlyAllowAuthenticatedEmail</Flags></CreateContact>`, emailws.CreateContact{RequireAuth: true}},
	{`<DeleteContact xmlns="NS"><Alias>docs</Alias></DeleteContact>`, emailws.DeleteContact{Alias: "docs"}},
	{`<DeleteContact xmlns="NS" />`, emailws.DeleteContact{}},
	{
		`<ModifyContact xmlns="NS"><OldAlias>docs</OldAlias><NewAlias>docs</NewAlias><FirstName /><LastName>L</LastName><ForwardingEmail>docs@sp.corp.example</ForwardingEmail><Flags>None</Flags></ModifyContact>`,
		emailws.ModifyContact{OldAlias: "docs", NewAlias: "docs", LastName: "L", ForwardingEmail: "docs@sp.corp.example"},
	},
	{
		`<CreateDistributionGroup xmlns="NS"><Alias>team</Alias><Name>Team</Name><Description>one&#xD;
two</Description><ContactCN>CORP\alice</ContactCN><Info><RequestorEmail>a@corp.example</RequestorEmail><Justification>we &lt;need&gt; it</Justification><RequestId>00000000-0000-0000-0000-000000000000</RequestId></Info><Flags>None</Flags></CreateDistributionGroup>`,
		emailws.CreateDistributionGroup{
			Alias: "team", Name: "Team", Description: "one\r\ntwo", ContactCN: `CORP\alice`,
			Info: emailws.Info{RequestorEmail: "a@corp.example", Justification: "we <need> it", RequestID: "00000000-0000-0000-0000-000000000000"},
		},
	},
	{
		`<ModifyDistributionGroup xmlns="NS"><Alias>team</Alias><Info><RequestId>b3f0a1de-0000-4000-8000-000000000001</RequestId></Info><Flags>OnlyAllowAuthenticatedEmail</Flags></ModifyDistributionGroup>`,
		emailws.ModifyDistributionGroup{Alias: "team", Info: emailws.Info{RequestID: "b3f0a1de-0000-4000-8000-000000000001"}, RequireAuth: true},
	},
	{`<ModifyDistributionGroup xmlns="NS"><Alias>team</Alias><Flags>None</Flags></ModifyDistributionGroup>`, emailws.ModifyDistributionGroup{Alias: "team"}},
	{
		`<RenameDistributionGroup xmlns="NS"><OldAlias>team</OldAlias><NewAlias>crew</NewAlias><Info><Justification /><RequestId>00000000-0000-0000-0000-000000000000</RequestId></Info></RenameDistributionGroup>`,
		emailws.RenameDistributionGroup{OldAlias: "team", NewAlias: "crew", Info: emailws.Info{RequestID: "00000000-0000-0000-0000-000000000000"}},
	},
	{`<DeleteDistributionGroup xmlns="NS"><Alias>team</Alias></DeleteDistributionGroup>`, emailws.DeleteDistributionGroup{Alias: "team"}},
	{`<GetJobStatus xmlns="NS"><JobId>2147483647</JobId></GetJobStatus>`, emailws.GetJobStatus{JobID: 1<<31 - 1}},
	{`<GetJobStatus xmlns="NS"><JobId>-2147483648</JobId></GetJobStatus>`, emailws.GetJobStatus{JobID: -1 << 31}},
	{
		`<ChangeUsersMembershipInDistributionGroup xmlns="NS"><Alias>team</Alias><AddNt4NameList><string>CORP\alice</string><string xsi:nil="true" /></AddNt4NameList><DeleteNt4NameList /><DeleteAllCurrentMembers>false</DeleteAllCurrentMembers></ChangeUsersMembershipInDistributionGroup>`,
		emailws.ChangeUsers{Alias: "team", Add: []string{`CORP\alice`, ""}},
	},
	{
		`<ChangeContactsMembershipInDistributionGroup xmlns="NS"><Alias>team</Alias><DeleteListForContacts><string>docs</string></DeleteListForContacts><DeleteAllCurrentMembers>true</DeleteAllCurrentMembers></ChangeContactsMembershipInDistributionGroup>`,
		emailws.ChangeContacts{Alias: "team", Delete: []string{"docs"}, DeleteAll: true},
	},
}

func TestReadSamplesOfDotNet(t *testing.T) {
	t.Parallel()
	seen := map[emailws.Operation]bool{}
	for i, envelope := range []string{
		`soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"`,
		`soap12:Envelope xmlns:soap12="http://www.w3.org/2003/05/soap-envelope"`,
	} {
		prefix, _, _ := strings.Cut(envelope, ":")
		for _, tt := range samples {
			document := `<?xml version="1.0" encoding="utf-8"?><` + envelope +
				` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><` + prefix + `:Body>` +
				strings.Replace(tt.body, "NS", "http://microsoft.com/webservices/SharePoint/SharepointEmailWS/", 1) + `</` + prefix + `:Body></` + prefix + `:Envelope>`
			got, err := emailws.Read(versions[i], []byte(document))
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s\n%s", err, diff, document)
			}
			seen[tt.want.Operation()] = true
		}
	}
	if len(seen) != 10 {
		t.Errorf("got samples of %d operations, want 10", len(seen))
	}
}

// TestFaultsAreShort: what a client sent is repeated, but not all of it.
func TestFaultsAreShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("<", 100_000)
	for name, document := range map[string]string{
		"a value":      open11 + `<e:Body><GetJobStatus` + ns + `><JobId><![CDATA[` + long + `]]></JobId></GetJobStatus></e:Body></e:Envelope>`,
		"an operation": open11 + `<e:Body><` + strings.Repeat("a", 100_000) + `/></e:Body></e:Envelope>`,
		"a namespace":  open11 + `<e:Body><a xmlns="` + strings.Repeat("u", 100_000) + `"/></e:Body></e:Envelope>`,
		"a header":     open11 + `<e:Header><` + strings.Repeat("a", 100_000) + ` e:mustUnderstand="1"/></e:Header></e:Envelope>`,
		"no XML":       open11 + `<` + strings.Repeat("a", 100_000) + `></b>`,
	} {
		_, err := emailws.Read(emailws.SOAP11, []byte(document))
		if err == nil || len([]rune(err.Error())) > 300 {
			t.Errorf("%s: got %.400v", name, err)
		}
	}
}
