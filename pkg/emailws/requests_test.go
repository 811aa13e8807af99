package emailws_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"mailchute/pkg/emailws"
)

// request writes a call as the clients do that System.Web.Services makes of a service
// description: in the order of the description, without what is null.
func request(v emailws.Version, c emailws.Call) []byte {
	soap := "http://schemas.xmlsoap.org/soap/envelope/"
	if v == emailws.SOAP12 {
		soap = "http://www.w3.org/2003/05/soap-envelope"
	}
	name := string(c.Operation())
	return []byte(`<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="` + soap + `"` +
		` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">` +
		`<soap:Body><` + name + ` xmlns="` + emailws.Namespace + `">` + parameters(c) + `</` + name + `></soap:Body></soap:Envelope>`)
}

func parameters(c emailws.Call) string {
	switch c := c.(type) {
	case emailws.CreateContact:
		return texts("Alias", c.Alias, "FirstName", c.FirstName, "LastName", c.LastName, "ForwardingEmail", c.ForwardingEmail) + flags(c.RequireAuth)
	case emailws.DeleteContact:
		return texts("Alias", c.Alias)
	case emailws.ModifyContact:
		return texts("OldAlias", c.OldAlias, "NewAlias", c.NewAlias, "FirstName", c.FirstName, "LastName", c.LastName, "ForwardingEmail", c.ForwardingEmail) + flags(c.RequireAuth)
	case emailws.CreateDistributionGroup:
		return texts("Alias", c.Alias, "Name", c.Name, "Description", c.Description, "ContactCN", c.ContactCN) + info(c.Info) + flags(c.RequireAuth)
	case emailws.DeleteDistributionGroup:
		return texts("Alias", c.Alias) + info(c.Info)
	case emailws.RenameDistributionGroup:
		return texts("OldAlias", c.OldAlias, "NewAlias", c.NewAlias) + info(c.Info)
	case emailws.ModifyDistributionGroup:
		return texts("Alias", c.Alias, "Name", c.Name, "Description", c.Description, "ContactCN", c.ContactCN) + info(c.Info) + flags(c.RequireAuth)
	case emailws.GetJobStatus:
		return texts("JobId", strconv.Itoa(int(c.JobID)))
	case emailws.ChangeUsers:
		return texts("Alias", c.Alias) + names("AddNt4NameList", c.Add) + names("DeleteNt4NameList", c.Delete) + texts("DeleteAllCurrentMembers", strconv.FormatBool(c.DeleteAll))
	case emailws.ChangeContacts:
		return texts("Alias", c.Alias) + names("AddListForContacts", c.Add) + names("DeleteListForContacts", c.Delete) + texts("DeleteAllCurrentMembers", strconv.FormatBool(c.DeleteAll))
	}
	panic(fmt.Sprintf("%T", c))
}

// texts writes names and values in turn, without those that are "".
func texts(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			b.WriteString("<" + pairs[i] + ">" + escaped(pairs[i+1]) + "</" + pairs[i] + ">")
		}
	}
	return b.String()
}

func flags(requireAuth bool) string {
	if requireAuth {
		return texts("Flags", "OnlyAllowAuthenticatedEmail")
	}
	return texts("Flags", "None")
}

func info(i emailws.Info) string {
	if i == (emailws.Info{}) {
		return ""
	}
	return "<Info>" + texts("RequestorEmail", i.RequestorEmail, "Justification", i.Justification, "RequestId", i.RequestID) + "</Info>"
}

func names(name string, list []string) string {
	if list == nil {
		return ""
	}
	var b strings.Builder
	for _, s := range list {
		if s == "" {
			b.WriteString(`<string xsi:nil="true" />`)
		} else {
			b.WriteString(texts("string", s))
		}
	}
	return "<" + name + ">" + b.String() + "</" + name + ">"
}

func escaped(s string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err)
	}
	return b.String()
}

// calls are one of each operation at least.
func calls() []emailws.Call {
	why := emailws.Info{RequestorEmail: "alice@corp.example", Justification: "For <all> & \"us\"", RequestID: "00000000-0000-0000-0000-000000000000"}
	return []emailws.Call{
		emailws.CreateContact{Alias: "docs72", FirstName: "Finance", LastName: "Büro 東京 😀", ForwardingEmail: "docs72@sp.corp.example", RequireAuth: true},
		emailws.CreateContact{},
		emailws.DeleteContact{Alias: "docs72"},
		emailws.ModifyContact{OldAlias: "docs72", NewAlias: "docs73", FirstName: "Finance", LastName: "Invoices", ForwardingEmail: "docs73@sp.corp.example"},
		emailws.CreateDistributionGroup{Alias: "team", Name: "The team", Description: "line one\r\nline two\ttab", ContactCN: "CN=Alice,OU=People,DC=corp,DC=example", Info: why, RequireAuth: true},
		emailws.CreateDistributionGroup{Alias: "team"},
		emailws.DeleteDistributionGroup{Alias: "team", Info: why},
		emailws.RenameDistributionGroup{OldAlias: "team", NewAlias: "crew", Info: why},
		emailws.ModifyDistributionGroup{Alias: "crew", Name: " The crew ", Info: why},
		emailws.GetJobStatus{JobID: 2147483647},
		emailws.GetJobStatus{JobID: -1},
		emailws.ChangeUsers{Alias: "crew", Add: []string{`CORP\alice`, ""}, Delete: []string{`CORP\bob`}, DeleteAll: true},
		emailws.ChangeUsers{Alias: "crew"},
		emailws.ChangeContacts{Alias: "crew", Add: []string{"docs72"}},
	}
}
