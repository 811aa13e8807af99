package emailws_test

import (
	"encoding/xml"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/emailws"
)

// The parts of a service description that a client makes its classes of.
type description struct {
	Elements []struct {
		Name     string      `xml:"name,attr"`
		Sequence []parameter `xml:"complexType>sequence>element"`
	} `xml:"types>schema>element"`
	Types []struct {
		Name     string      `xml:"name,attr"`
		Sequence []parameter `xml:"sequence>element"`
	} `xml:"types>schema>complexType"`
	Enumerations []struct {
		Name   string `xml:"name,attr"`
		Values []struct {
			Value string `xml:"value,attr"`
		} `xml:"restriction>enumeration"`
	} `xml:"types>schema>simpleType"`
	Bindings []struct {
		Name       string `xml:"name,attr"`
		Operations []struct {
			Name  string `xml:"name,attr"`
			Inner struct {
				XMLName xml.Name
				Action  string `xml:"soapAction,attr"`
			} `xml:"operation"`
		} `xml:"operation"`
	} `xml:"binding"`
	Ports []struct {
		Binding string `xml:"binding,attr"`
		Address struct {
			XMLName  xml.Name
			Location string `xml:"location,attr"`
		} `xml:"address"`
	} `xml:"service>port"`
}

type parameter struct {
	Name string `xml:"name,attr"`
	Type string `xml:"type,attr"`
	Min  string `xml:"minOccurs,attr"`
	Max  string `xml:"maxOccurs,attr"`
	Nil  string `xml:"nillable,attr"`
}

func TestWSDL(t *testing.T) {
	t.Parallel()
	const address = `https://mail.corp.example:8443/a&b"`
	var d description
	if err := xml.Unmarshal(emailws.WSDL(address), &d); err != nil {
		t.Fatal(err)
	}
	sequences := map[string][]parameter{}
	for _, e := range d.Elements {
		sequences[e.Name] = e.Sequence
	}
	for _, e := range d.Types {
		sequences[e.Name] = e.Sequence
	}
	text := func(names ...string) (list []parameter) {
		for _, n := range names {
			list = append(list, parameter{n, "s:string", "0", "1", ""})
		}
		return list
	}
	asked := parameter{"Info", "tns:RequestInfo", "0", "1", ""}
	list := func(name string) parameter { return parameter{name, "tns:ArrayOfString", "0", "1", ""} }
	all := parameter{"DeleteAllCurrentMembers", "s:boolean", "1", "1", ""}
	contact := parameter{"Flags", "tns:ContactFlags", "1", "1", ""}
	group := append(text("Alias", "Name", "Description", "ContactCN"), asked, parameter{"Flags", "tns:DistributionGroupFlags", "1", "1", ""})
	status := func(op string) []parameter { return []parameter{{op + "Result", "tns:RequestStatus", "1", "1", ""}} }
	response := func(op string) []parameter { return []parameter{{op + "Result", "tns:RequestResponse", "0", "1", ""}} }
	want := map[string][]parameter{
		"CreateContact":                               append(text("Alias", "FirstName", "LastName", "ForwardingEmail"), contact),
		"DeleteContact":                               text("Alias"),
		"ModifyContact":                               append(text("OldAlias", "NewAlias", "FirstName", "LastName", "ForwardingEmail"), contact),
		"CreateDistributionGroup":                     group,
		"ModifyDistributionGroup":                     group,
		"DeleteDistributionGroup":                     append(text("Alias"), asked),
		"RenameDistributionGroup":                     append(text("OldAlias", "NewAlias"), asked),
		"GetJobStatus":                                {{"JobId", "s:int", "1", "1", ""}},
		"ChangeUsersMembershipInDistributionGroup":    append(text("Alias"), list("AddNt4NameList"), list("DeleteNt4NameList"), all),
		"ChangeContactsMembershipInDistributionGroup": append(text("Alias"), list("AddListForContacts"), list("DeleteListForContacts"), all),
		"RequestInfo":                                 append(text("RequestorEmail", "Justification"), parameter{"RequestId", "g:guid", "1", "1", ""}),
		"RequestResponse":                             {{"JobID", "s:int", "1", "1", ""}, {"Comment", "s:string", "0", "1", ""}, {"JobStatus", "tns:RequestStatus", "1", "1", ""}, {"Alias", "s:string", "0", "1", ""}},
		"ArrayOfString":                               {{"string", "s:string", "0", "unbounded", "true"}},
	}
	for _, op := range []string{"CreateContact", "DeleteContact", "ModifyContact", "ChangeUsersMembershipInDistributionGroup", "ChangeContactsMembershipInDistributionGroup"} {
		want[op+"Response"] = status(op)
	}
	for _, op := range []string{"CreateDistributionGroup", "ModifyDistributionGroup", "DeleteDistributionGroup", "RenameDistributionGroup", "GetJobStatus"} {
		want[op+"Response"] = response(op)
	}
	if diff := cmp.Diff(want, sequences); diff != "" {
		t.Errorf("elements and types (-want +got):\n%s", diff)
	}
	checkEnumerations(t, d)
	checkPorts(t, d, address)
}

func checkEnumerations(t *testing.T, d description) {
	t.Helper()
	got := map[string][]string{}
	for _, e := range d.Enumerations {
		for _, v := range e.Values {
			got[e.Name] = append(got[e.Name], v.Value)
		}
	}
	flags := []string{"None", "OnlyAllowAuthenticatedEmail"}
	want := map[string][]string{
		"ContactFlags": flags, "DistributionGroupFlags": flags,
		"RequestStatus": {
			"Success", "PendingApproval", "ApprovalDenied", "DuplicateAlias", "InvalidArgument", "ServiceNotConfigured",
			"AccessDenied", "ServerUnavailable", "ObjectNotFound", "InvalidMember", "InternalError",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("enumerations (-want +got):\n%s", diff)
	}
}

func checkPorts(t *testing.T, d description, address string) {
	t.Helper()
	var operations []string
	for _, c := range calls() {
		operations = append(operations, string(c.Operation()))
	}
	slices.Sort(operations)
	operations = slices.Compact(operations)
	spaces := []string{"http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/"}
	if len(d.Bindings) != 2 || len(d.Ports) != 2 {
		t.Fatalf("got %d bindings and %d ports, want 2 and 2", len(d.Bindings), len(d.Ports))
	}
	for i, b := range d.Bindings {
		var got []string
		for _, op := range b.Operations {
			got = append(got, op.Name)
			if op.Inner.XMLName.Space != spaces[i] || op.Inner.Action != emailws.Namespace+op.Name {
				t.Errorf("%s: got %+v, want the action in %s", b.Name, op, spaces[i])
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(operations, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", b.Name, diff)
		}
		p := d.Ports[i]
		if p.Binding != "tns:"+b.Name || p.Address.XMLName.Space != spaces[i] || p.Address.Location != address {
			t.Errorf("got the port %+v, want %s at %s", p, b.Name, address)
		}
	}
}
