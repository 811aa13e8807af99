package incoming

import (
	"fmt"
	"slices"
	"strings"

	"mailchute/pkg/address"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
	"mailchute/pkg/message"
)

// guard returns the verdict for a recipient after the questions that are asked whoever the
// sender is: which host handed the message in, whether it goes in a loop, and whether it
// answers by itself. They go before the sender's rights, so that the reason tells such mail
// from that of people who may not send.
func (x *examination) guard(v verdict) verdict {
	if r := v.decision.Reason; r == fault.FarmClosed || r == fault.LibraryClosed || r == fault.SenderBlocked {
		return v
	}
	if detail := x.unsafeHost(); detail != "" {
		return rejected(v.recipient, v.library, fault.UnsafeHost, "%s", detail)
	}
	if v.library.Name == "" || x.msg == nil {
		return v
	}
	if detail := x.loops(v.recipient); detail != "" {
		return rejected(v.recipient, v.library, fault.Loop, "%s", detail)
	}
	if why := x.automatic(); why != "" && v.library.Settings.AutoReplies == library.AutoRepliesHold {
		return rejected(v.recipient, v.library, fault.AutoReply, "no person wrote it (%s), and library %s holds such mail: mailchute library set %s --auto-replies file takes it",
			why, v.library.Name, v.library.Name)
	}
	return v
}

// unsafeHost says why the host that handed the message in is none that may, or "".
func (x *examination) unsafeHost() string {
	if x.env.HostField == "" || x.policy.IsSafe(x.env.Host) {
		return ""
	}
	if x.env.Host == "" {
		return fmt.Sprintf("no %s says which host handed it in, and the farm takes mail of its safe hosts only (mailchute settings show)", x.env.HostField)
	}
	return fmt.Sprintf("%s is %s, which is none of the farm's safe hosts: mailchute settings set safe_hosts=… lists those", x.env.HostField, x.env.Host)
}

// loops says why a recipient has had the message before, or will have it again and again;
// "" where nothing says so.
func (x *examination) loops(to address.Address) string {
	marks := x.msg.Marks
	if most := x.policy.MaxReceived; most > 0 && marks.Received > most {
		return fmt.Sprintf("it has %d Received lines, and max_received is %d: it goes round between mail systems", marks.Received, most)
	}
	for _, mark := range marks.Loops {
		if a, err := address.ParseMailbox(strings.Trim(mark, "<> ")); err == nil && a.Key() == to.Key() {
			return fmt.Sprintf("its X-Loop line says that %s has sent it on: it has come back", a)
		}
	}
	return ""
}

// automatic says why the message is an automatic answer or a delivery report, or "".
func (x *examination) automatic() string {
	inReport := func(p message.Part) bool {
		return p.Parent == "multipart/report" && p.Within == "" && !strings.Contains(p.ID, ".")
	}
	if x.msg.Marks.Automatic == "" && x.env.Sender.IsNull() && slices.ContainsFunc(x.msg.Parts, inReport) {
		return "a report, from the null sender"
	}
	return x.msg.Marks.Automatic
}
