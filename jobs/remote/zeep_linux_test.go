package remote_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/pkg/directory"
	"mailchute/pkg/emailws"
	"mailchute/store"
)

//go:embed testdata/zeep.py
var zeep string

// zeepCall is a call that zeep makes, and what it is told.
type zeepCall struct {
	Port      string         `json:"port"`
	Operation string         `json:"operation"`
	Arguments map[string]any `json:"arguments"`
	want      map[string]any
}

// TestZeep lets another maker's SOAP client read the description of the service, and call
// every operation as it says, in both versions of SOAP.
func TestZeep(t *testing.T) {
	t.Parallel()
	root := os.Getenv("MAILCHUTE_TEST_ROOT")
	if _, err := os.Stat(filepath.Join(root, "usr/lib/python3/dist-packages/zeep")); root == "" || err != nil {
		missing(t, "client missing: run .ci/servers as root, and set MAILCHUTE_TEST_ROOT to what it prints")
	}
	if os.Geteuid() != 0 {
		missing(t, "client missing: root must start it")
	}
	for _, port := range []string{"SharepointEmailWSSoap", "SharepointEmailWSSoap12"} {
		t.Run(port, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			rejected(t, s.Store)
			calls := zeepCalls(port)
			told := runZeep(t, root, s, calls)
			if len(told) != len(calls) {
				t.Fatalf("got %d answers, want %d", len(told), len(calls))
			}
			for i, c := range calls {
				if diff := cmp.Diff(c.want, told[i]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", c.Operation, diff)
				}
			}
			checkCatalog(t, s.Store)
		})
	}
}

func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("MAILCHUTE_TEST_SERVERS") == "require" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// rejected puts a request of alpha into the catalog that was rejected.
func rejected(t *testing.T, s *store.Store) {
	t.Helper()
	_, err := s.AskFarmDistribution(t.Context(), "nothing", store.Ask{Want: directory.Properties{LocalPart: "nothing"}, Actor: "soap:alpha"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.RejectRequest(t.Context(), 1, store.Verdict{Comment: "nothing <of it> – nichts für uns"}); err != nil {
		t.Fatal(err)
	}
}

// zeepCalls are all operations, through one port.
func zeepCalls(port string) []zeepCall {
	type arguments = map[string]any
	info := arguments{"RequestorEmail": "alice@corp.example", "Justification": "a < b & c", "RequestId": "00000000-0000-0000-0000-000000000000"}
	names := func(list ...string) arguments { return arguments{"string": list} }
	success := arguments{"Status": "Success"}
	waits := func(job float64, alias string) arguments {
		return arguments{"JobID": job, "Comment": "it waits for approval", "JobStatus": "PendingApproval", "Alias": alias}
	}
	fault := "soap:Client"
	if port == "SharepointEmailWSSoap12" {
		fault = "soap:Sender"
	}
	return []zeepCall{
		{port, "CreateContact", arguments{"Alias": "docs72", "FirstName": "Büro", "LastName": "東京 & Co", "ForwardingEmail": "docs72@sp.corp.example", "Flags": "OnlyAllowAuthenticatedEmail"}, success},
		{port, "ModifyContact", arguments{"OldAlias": "docs72", "NewAlias": "docs73", "FirstName": "Büro", "LastName": "東京 & Co", "ForwardingEmail": "docs73@sp.corp.example", "Flags": "None"}, success},
		{port, "CreateContact", arguments{"Alias": "docs72", "ForwardingEmail": "docs72@sp.corp.example", "Flags": "None"}, success},
		{port, "DeleteContact", arguments{"Alias": "docs72"}, success},
		{port, "DeleteContact", arguments{"Alias": "docs72"}, arguments{"Status": "ObjectNotFound"}},
		{port, "CreateDistributionGroup", arguments{"Alias": "team", "Name": "The team", "Description": "For us", "ContactCN": `CORP\alice`, "Info": info, "Flags": "None"}, waits(2, "team")},
		{port, "ModifyDistributionGroup", arguments{"Alias": "team", "Name": "Team", "Description": "For all", "ContactCN": `CORP\alice`, "Info": info, "Flags": "None"}, waits(2, "team")},
		{port, "RenameDistributionGroup", arguments{"OldAlias": "team", "NewAlias": "crew", "Info": info}, waits(2, "team")},
		{port, "ChangeUsersMembershipInDistributionGroup", arguments{"Alias": "crew", "AddNt4NameList": names(`CORP\alice`, `CORP\bob`), "DeleteNt4NameList": names(`CORP\carol`), "DeleteAllCurrentMembers": true}, success},
		{port, "ChangeContactsMembershipInDistributionGroup", arguments{"Alias": "crew", "AddListForContacts": names("docs73"), "DeleteListForContacts": nil, "DeleteAllCurrentMembers": false}, success},
		{port, "GetJobStatus", arguments{"JobId": 2}, waits(2, "crew")},
		{port, "GetJobStatus", arguments{"JobId": 1}, arguments{"JobID": 0.0, "Comment": "nothing <of it> – nichts für uns", "JobStatus": "ApprovalDenied", "Alias": "nothing"}},
		{port, "GetJobStatus", arguments{"JobId": 99}, arguments{"JobID": 0.0, "Comment": nil, "JobStatus": "ObjectNotFound", "Alias": nil}},
		{port, "CreateDistributionGroup", arguments{"Alias": "other", "Info": info, "Flags": "None"}, waits(3, "other")},
		{port, "DeleteDistributionGroup", arguments{"Alias": "other", "Info": info}, arguments{"JobID": 0.0, "Comment": nil, "JobStatus": "Success", "Alias": "other"}},
		{port, "CreateContact", arguments{"Alias": "docs74", "ForwardingEmail": "docs74@sp.corp.example", "Flags": "Everything"}, arguments{"Fault": fault, "Text": `Flags: "Everything" is neither None nor OnlyAllowAuthenticatedEmail`}},
	}
}

// runZeep runs the client with the packages as its root directory.
func runZeep(t *testing.T, root string, s *service, calls []zeepCall) (told []map[string]any) {
	t.Helper()
	authority, err := os.ReadFile(s.server.Authority)
	if err != nil {
		t.Fatal(err)
	}
	given, err := json.Marshal(map[string]any{
		"wsdl": "https://" + s.address + emailws.Path + "?WSDL", "authority": string(authority), "user": alpha, "password": password, "calls": calls,
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", zeep)
	cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/bin:/bin", "HOME=/nonexistent", "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	cmd.Stdin = bytes.NewReader(given)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("zeep: %v\n%s", err, &stderr)
	}
	if err := json.Unmarshal(out, &told); err != nil {
		t.Fatalf("zeep: %v\n%s", err, out)
	}
	return told
}

// checkCatalog expects what the calls have made.
func checkCatalog(t *testing.T, s *store.Store) {
	t.Helper()
	contacts, err := s.FarmContacts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []store.FarmContact{{Alias: "docs73", FirstName: "Büro", LastName: "東京 & Co", Forward: "docs73@sp.corp.example", Client: "soap:alpha"}}
	for i := range contacts {
		contacts[i].Key = ""
	}
	if diff := cmp.Diff(want, contacts); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	r, _, err := s.Request(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	props := directory.Properties{LocalPart: "crew", Title: "Team", Description: "For all", Manager: "user:alice"}
	if diff := cmp.Diff(props, r.Want); diff != "" || r.Justification != "a < b & c" || r.RequesterMail != "alice@corp.example" {
		t.Errorf("the request %+v (-want +got):\n%s", r, diff)
	}
	d, _, err := s.FarmDistribution(t.Context(), "soap:alpha", "crew")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"contact:docs73", "user:alice", "user:bob"}, d.Members); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
}
