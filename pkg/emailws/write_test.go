package emailws_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/emailws"
)

func TestEncode(t *testing.T) {
	t.Parallel()
	const (
		open  = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<soap:Envelope xmlns:soap="`
		close = `</soap:Body></soap:Envelope>`
		is11  = open + `http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>`
		is12  = open + `http://www.w3.org/2003/05/soap-envelope"><soap:Body>`
	)
	for _, tt := range []struct {
		name string
		got  []byte
		want string
	}{
		{
			"a status",
			emailws.Encode(emailws.SOAP11, emailws.OpDeleteContact, emailws.Response{Status: directory.StatusObjectNotFound, JobID: 3, Alias: "a"}),
			is11 + `<DeleteContactResponse xmlns="` + emailws.Namespace + `"><DeleteContactResult>ObjectNotFound</DeleteContactResult></DeleteContactResponse>` + close,
		},
		{
			"a response",
			emailws.Encode(emailws.SOAP12, emailws.OpGetJobStatus, emailws.Response{JobID: 7, Comment: "a < b\x00", Status: directory.StatusPendingApproval, Alias: "team"}),
			is12 + `<GetJobStatusResponse xmlns="` + emailws.Namespace + `"><GetJobStatusResult><JobID>7</JobID><Comment>a &lt; b` + "\ufffd" +
				`</Comment><JobStatus>PendingApproval</JobStatus><Alias>team</Alias></GetJobStatusResult></GetJobStatusResponse>` + close,
		},
		{
			"a response with little to say",
			emailws.Encode(emailws.SOAP11, emailws.OpRenameDistributionGroup, emailws.Response{}),
			is11 + `<RenameDistributionGroupResponse xmlns="` + emailws.Namespace + `"><RenameDistributionGroupResult><JobID>0</JobID><JobStatus>Success</JobStatus></RenameDistributionGroupResult></RenameDistributionGroupResponse>` + close,
		},
		{
			"a fault of 1.1",
			(&emailws.Fault{Code: emailws.FaultClient, Text: "no <a>"}).Encode(emailws.SOAP11),
			is11 + `<soap:Fault><faultcode>soap:Client</faultcode><faultstring>no &lt;a&gt;</faultstring><detail/></soap:Fault>` + close,
		},
		{
			"a fault of 1.2",
			(&emailws.Fault{Code: emailws.FaultClient, Text: "no"}).Encode(emailws.SOAP12),
			is12 + `<soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="en">no</soap:Text></soap:Reason></soap:Fault>` + close,
		},
	} {
		if diff := cmp.Diff(tt.want, string(tt.got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestFaultCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[emailws.FaultCode][2]string{
		emailws.FaultClient:         {"Client", "Sender"},
		emailws.FaultServer:         {"Server", "Receiver"},
		emailws.FaultMustUnderstand: {"MustUnderstand", "MustUnderstand"},
		emailws.FaultVersion:        {"VersionMismatch", "VersionMismatch"},
	} {
		for i, v := range versions {
			if got := string((&emailws.Fault{Code: code}).Encode(v)); !strings.Contains(got, ">soap:"+want[i]+"<") {
				t.Errorf("SOAP %d: want %s in %s", v, want[i], got)
			}
		}
	}
}

// FuzzEncode: whatever is said, a client can read it.
func FuzzEncode(f *testing.F) {
	f.Add("a comment", "team", int32(7), 1)
	f.Add("\xff\x00]]><", "&", int32(-7), 11)
	f.Fuzz(func(t *testing.T, comment, alias string, job int32, status int) {
		r := emailws.Response{JobID: job, Comment: comment, Status: directory.Status(status), Alias: alias}
		var got struct {
			Body struct {
				Response struct {
					Result struct {
						JobID                     int32
						Comment, JobStatus, Alias string
					} `xml:"ModifyDistributionGroupResult"`
				} `xml:"ModifyDistributionGroupResponse"`
			}
		}
		document := emailws.Encode(emailws.SOAP11, emailws.OpModifyDistributionGroup, r)
		if err := xml.Unmarshal(document, &got); err != nil {
			t.Fatalf("%v\n%s", err, document)
		}
		result := got.Body.Response.Result
		if result.JobID != job || result.JobStatus != r.Status.String() {
			t.Errorf("got %+v, want %+v", result, r)
		}
		if fitsXML(comment) && result.Comment != comment || fitsXML(alias) && result.Alias != alias {
			t.Errorf("got %+v, want %+v", result, r)
		}
	})
}
