package main

import (
	"bytes"
	"errors"
	"maps"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listServer is a mail server that reads distribution groups.
type listServer struct {
	format    string // the page that it is set up by
	table     string // of distribution groups
	lists     string // its file
	libraries string // the file with the addresses of libraries
	// with adds lines of the help to the page.
	with func(t *testing.T, page map[string]string, lists string)
	// away finds the local part in a line of the server's log on mail for elsewhere.example.
	away *regexp.Regexp
	// apart: who is a member by several recipients of a message has it for each.
	apart bool
}

func listServers() []listServer {
	exim := listServer{
		table: "exim-aliases", lists: "etc/exim4/lists", libraries: "etc/exim4/libraries",
		with: listsOfExim, away: regexp.MustCompile(` => (\S+) .* T=elsewhere `),
	}
	files := exim
	exim.format, files.format = "exim", "exim-files"
	return []listServer{
		{
			format: "drop-write", table: "postfix-aliases", lists: "etc/postfix/lists", libraries: "etc/postfix/libraries",
			with: func(_ *testing.T, page map[string]string, lists string) { page["/etc/postfix/main.cf"] += lists },
			away: regexp.MustCompile(` to=<([^>]+)@elsewhere.example>.* status=sent \(nothing leaves\)`),
		},
		exim, files,
		{
			format: "opensmtpd", table: "opensmtpd-aliases", lists: "etc/mail/lists", libraries: "etc/mail/libraries",
			with: listsOfOpenSMTPD, away: regexp.MustCompile(` mda delivery .* to=<([^>]+)@elsewhere.example> .* result=Ok`), apart: true,
		},
	}
}

func listsOfExim(t *testing.T, page map[string]string, lists string) {
	t.Helper()
	const file = "/etc/exim4/exim4.conf, begin "
	others := blocks(t, "exim")
	maps.Copy(others, page)
	maps.Copy(page, others)
	page[file+"routers"] = lists + page[file+"routers"] + "elsewhere:\n  driver = accept\n  domains = elsewhere.example\n  transport = elsewhere\n"
	transport := regexp.MustCompile(`(?m)^  batch_max.*\n`).ReplaceAllString(page[file+"transports"], "")
	page[file+"transports"] = instead(t, transport, `  envelope_to_add\n`, helpLines(t, "In the transport")) +
		"elsewhere:\n  driver = appendfile\n  file = /dev/null\n  user = library\n"
}

func listsOfOpenSMTPD(t *testing.T, page map[string]string, lists string) {
	t.Helper()
	const file = `/etc/smtpd.conf, below your lines "listen on"`
	page[file] = instead(t, page[file], `^action "drop".*\n`, helpLines(t, "With a feed of format drop-write, and")) + lists +
		"action \"away\" maildir \"/tmp/away\" virtual <drop>\nmatch from local for any action \"away\"\n"
	page["Once, as root"] = instead(t, page["Once, as root"], "--format opensmtpd", "--format drop-write")
}

// instead returns a text with something else in place of what matches a pattern once.
func instead(t *testing.T, text, pattern, other string) string {
	t.Helper()
	all := regexp.MustCompile("(?m)"+pattern).FindAllString(text, -1)
	if len(all) != 1 {
		t.Fatalf("found %q, want one of %s in\n%s", all, pattern, text)
	}
	return strings.Replace(text, all[0], other, 1)
}

// TestListServers sets up each server as its page and the help of recipients say, and
// writes to distribution groups: each member has each message once.
func TestListServers(t *testing.T) {
	t.Parallel()
	root := serversRoot(t)
	program := buildProgram(t)
	for _, s := range listServers() {
		t.Run(s.format, func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(mailServers(), func(m mailServer) bool { return m.format == s.format })
			server := mailServers()[i]
			h := newMailHost(t, root, program)
			page := blocks(t, s.format)
			s.with(t, page, helpLines(t, "(--format "+s.table+")"))
			setUpLists(t, h, s, page)
			for name, block := range page {
				page[name] = moreDomains.Replace(block)
			}
			port := freePort(t)
			cmd := h.command(t.Context(), 0, server.configure(t, h, page, port)...)
			running := start(t, logged(t, cmd))
			serve, log := h.serve(t)
			for _, l := range listLetters() {
				c := dial(t, running, net.JoinHostPort("127.0.0.1", port))
				err := c.send(l.transaction())
				c.Close()
				if reply, isReply := errors.AsType[*textproto.Error](err); isReply != l.refused || (isReply && reply.Code < 500) || (err != nil && !isReply) {
					t.Errorf("letter %s: %v, want it refused: %v", l.name, err, l.refused)
				}
			}
			delivered := until(t.Context(), func() bool {
				return len(filesBelow(t, h, server.queue...)) == 0 && len(messagesIn(t, h)) == 0
			})
			if !delivered {
				t.Errorf("there is mail in the queue or in the drop folder: %q, %q", filesBelow(t, h, server.queue...), messagesIn(t, h))
			}
			h.endServe(t, serve, log)
			_ = running.Process.Kill() // its log is whole then
			<-running.ended
			compareLists(t, h, s, cmd)
		})
	}
}

// moreDomains adds the second domain of the farm to pages.
var moreDomains = strings.NewReplacer(
	"virtual_mailbox_domains = docs.example.com", "virtual_mailbox_domains = docs.example.com, files.example.com",
	" domains = docs.example.com", " domains = docs.example.com : files.example.com",
	`domain "docs.example.com"`, `domain { "docs.example.com", "files.example.com" }`,
)

// listFarm makes two libraries, and groups. Team has a user, addresses, a published group
// with a former address, and an unpublished group, with members that come again.
const listFarm = `set -e
m="mailchute -c /srv/mailchute"
$m settings set approve_create=false approve_rename=false approve_delete=false
$m library add invoices --accept anyone
$m library add contracts --accept anyone
for u in bob carol dora; do $m user add $u --address $u@elsewhere.example; done
$m group add board --member user:carol --member address:contracts@docs.example.com
$m group add inner --member user:dora --member user:bob --member group:board
$m group add team --member user:bob --member address:Invoices@files.example.com --member address:ada@elsewhere.example --member group:board --member group:inner
$m group add gone --member user:bob
$m group add late --member user:bob
$m group set board --distribution chiefs
$m group set gone --distribution gone
$m directory apply
$m group set board --distribution board
$m group set gone --no-distribution
$m group set team --distribution Team
$m directory apply
`

func setUpLists(t *testing.T, h *mailHost, s listServer, page map[string]string) {
	t.Helper()
	h.runPage(t, exitDone, page["Once, as root"])
	const toml = hostFarm + "/mailchute.toml"
	h.write(t, toml, configured(h.read(t, toml), page[feedSettings]+`domains = ["docs.example.com", "files.example.com"]`+"\n"))
	h.run(t, 0, "/bin/sh", "-c", listFarm)
	for title, commands := range page {
		if strings.HasPrefix(title, "When libraries have been added or changed") {
			h.runPage(t, exitDone, commands)
		}
	}
	h.runPage(t, exitDone, "mailchute -c /srv/mailchute recipients --format "+s.table+" -o /"+s.lists+"\n")
	h.give(t, hostFarm, h.uid)
	// The server takes the address, and has an old table of groups.
	h.run(t, 0, "/bin/sh", "-c", "mailchute -c /srv/mailchute group set late --distribution late; mailchute -c /srv/mailchute directory apply")
	libraries := h.read(t, s.libraries)
	invoices := regexp.MustCompile(`(?m)^invoices(@docs\S+)?( .*)?\n`).FindString(libraries)
	h.write(t, s.libraries, libraries+strings.Replace(invoices, "invoices", "late", 1))
	h.give(t, hostFarm, h.uid)
}

// listLetter is a message to distribution groups.
type listLetter struct {
	name    string
	to      []string
	members []string // who must have it
	again   []string // who may have it again
	refused bool
}

func listLetters() []listLetter {
	board := []string{"carol", "contracts"}
	team := append([]string{"ada", "bob", "dora", "invoices"}, board...)
	return []listLetter{
		{name: "group", to: []string{"team@docs.example.com"}, members: team},
		{name: "other-case", to: []string{"TEAM@Docs.Example.Com"}, members: team},
		{name: "other-domain", to: []string{"Team@files.example.com"}, members: team},
		{name: "members-too", to: []string{"team@docs.example.com", "invoices@docs.example.com", "board@docs.example.com"}, members: team, again: []string{"carol", "contracts (2)", "invoices (2)"}},
		{name: "former", to: []string{"chiefs@docs.example.com"}, members: board},
		{name: "late", to: []string{"late@docs.example.com"}},
		{name: "gone", to: []string{"gone@docs.example.com"}, refused: true},
		{name: "unpublished", to: []string{"inner@docs.example.com"}, refused: true},
	}
}

func (l listLetter) transaction() transaction {
	x := letter{name: l.name, from: anyone}.transaction()
	x.recipients = l.to
	return x
}

// compareLists compares where each letter has arrived with where it must.
func compareLists(t *testing.T, h *mailHost, s listServer, server *exec.Cmd) {
	t.Helper()
	var want, got []string
	for _, l := range listLetters() {
		if s.apart {
			l.members = append(l.members, l.again...)
		}
		for _, m := range l.members {
			if name, number, _ := strings.Cut(m, " "); name == "invoices" || name == "contracts" {
				m = name + " has " + strings.TrimSpace(l.name+" "+number) + ".bin"
			}
			want = append(want, m)
		}
	}
	want = append(want, "late@docs.example.com is held: group-address")
	for _, name := range []string{"invoices", "contracts"} {
		eachLine(t, h.run(t, h.uid, "mailchute", "-c", hostFarm, "documents", name, "--json"), func(d documentJSON) {
			got = append(got, name+" has "+d.Name+strings.Repeat(" again", d.Version-1))
		})
	}
	eachLine(t, h.run(t, h.uid, "mailchute", "-c", hostFarm, "held", "list", "--json"), func(h heldJSON) {
		got = append(got, h.Recipient+" is held: "+h.Reason)
	})
	log, _ := server.Stdout.(*bytes.Buffer)
	lines := log.String()
	if strings.HasPrefix(s.format, "exim") {
		lines = h.read(t, "var/log/exim4/mainlog")
	}
	for _, m := range s.away.FindAllStringSubmatch(lines, -1) {
		got = append(got, m[1])
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
		_ = os.WriteFile("/tmp/a6/log-"+s.format, []byte(lines), 0o644)
	}
}

// helpLines returns what is set in below a title in the help of recipients.
func helpLines(t *testing.T, title string) (lines string) {
	t.Helper()
	_, below, found := strings.Cut(recipientsHelp, title)
	for line := range strings.Lines(below) {
		if in, ok := strings.CutPrefix(line, "  "); ok {
			lines += in
		} else if lines != "" {
			break
		}
	}
	if !found || lines == "" {
		t.Fatalf("the help has nothing below %q", title)
	}
	return lines
}
