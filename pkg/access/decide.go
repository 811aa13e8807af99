package access

import (
	"fmt"

	"mailchute/pkg/address"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// Decide says whether lib takes a message from who, and who becomes the author of its
// documents. The level is that of who.Login in lib (LevelOf). The detail of a refusal
// is one or two sentences for people; it may hold the sender's address as it was sent.
//
// A sender counts as a person where the address is one user's and the rung is at least
// what the library asks, or the farm where the library is silent. A library for
// contributors takes mail of such a person who has Contribute. A library that accepts
// anyone takes all mail; who is no such person files as SystemAccount.
func Decide(p Policy, lib library.Library, level Level, who Sender) Decision {
	if who.Address.IsNull() {
		who.Login, who.Rung = "", Claimed
	}
	if !p.Enabled {
		return refuse(fault.FarmClosed, "incoming mail is switched off for the farm: mailchute settings set enabled=true")
	}
	if detail := closed(lib); detail != "" {
		return refuse(fault.LibraryClosed, "%s", detail)
	}
	if detail := p.keepsOut(who); detail != "" {
		return refuse(fault.SenderBlocked, "%s", detail)
	}
	if p.AuthenticatedOnly && who.Rung < Aligned {
		return refuse(fault.NotAuthenticated, "%s, and the farm takes mail of authenticated users only. %s", doubt(who), remedy(Aligned))
	}
	asked := Trust(p, lib)
	if lib.Settings.Accept == library.AcceptAnyone {
		return acceptAnyone(who, asked)
	}
	return acceptContributor(lib, level, who, asked)
}

// keepsOut says why the farm's lists of senders keep one out, or "".
func (p Policy) keepsOut(who Sender) string {
	for _, a := range []address.Address{who.Address, who.Envelope} {
		if entry := p.SenderBlock.Match(a); entry != "" {
			return fmt.Sprintf("the farm takes no mail of %s: %s is in sender_block (mailchute settings show)", a, entry)
		}
	}
	if len(p.SenderAllow) > 0 && p.SenderAllow.Match(who.Address) == "" {
		if who.Address.IsNull() {
			return "the message has the null sender, and the farm takes mail only of senders in sender_allow (mailchute settings show)"
		}
		return fmt.Sprintf("the farm takes mail only of senders in sender_allow, and %s is none (mailchute settings show)", who.Address)
	}
	return ""
}

// closed says why lib takes no mail from anybody, or "".
func closed(lib library.Library) string {
	switch {
	case lib.Archived:
		return fmt.Sprintf("library %s is archived and takes no mail", lib.Name)
	case lib.LocalPart == "":
		return fmt.Sprintf("library %s has no address: mailchute library set %s --local-part L", lib.Name, lib.Name)
	}
	switch lib.Settings.Accept {
	case library.AcceptContributors, library.AcceptAnyone, "":
		return ""
	}
	return fmt.Sprintf("library %s has an unknown setting accept=%s", lib.Name, lib.Settings.Accept)
}

// Trust returns the rung from which on a sender counts as a person in lib. A setting
// that cannot be read asks for the surest.
func Trust(p Policy, lib library.Library) Rung {
	asked := p.SenderTrust
	if s := lib.Settings.SenderTrust; s != "" {
		rung, err := ParseRung(s)
		if err != nil {
			return Proven
		}
		asked = rung
	}
	if p.AuthenticatedOnly {
		return max(asked, Aligned)
	}
	return asked
}

func acceptAnyone(who Sender, asked Rung) Decision {
	if who.Login == "" || who.Ambiguous || who.Rung < asked {
		return Decision{Allow: true, Author: SystemAccount}
	}
	return Decision{Allow: true, Author: who.Login, Verified: true}
}

func acceptContributor(lib library.Library, level Level, who Sender, asked Rung) Decision {
	switch {
	case who.Ambiguous:
		return refuse(fault.AmbiguousSender, "the address %s is not one person's, and library %s takes mail of contributors only", who.Address, lib.Name)
	case who.Rung < asked:
		return refuse(fault.NotAuthenticated, "%s, and library %s asks for %s. %s, or lower the library's sender_trust", doubt(who), lib.Name, asked, remedy(asked))
	case who.Address.IsNull():
		return refuse(fault.NoPermission, "the message has the null sender, which is nobody, and library %s takes mail of contributors only", lib.Name)
	case who.Login == "":
		return refuse(fault.NoPermission, "no user has the address %s. Give it to one and let that user contribute: mailchute grant library:%s user:LOGIN contribute",
			who.Address, lib.Name)
	case level < Contribute && who.Person:
		return refuse(fault.NoPermission, "%s, of the directory, has the level %s in library %s. Who manages it can let a group of theirs contribute: mailchute grant library:%s directory-group:NAME contribute",
			who.Login, level, lib.Name, lib.Name)
	case level < Contribute:
		return refuse(fault.NoPermission, "user %s has the level %s in library %s. Who manages it can say: mailchute grant library:%s %s contribute",
			who.Login, level, lib.Name, lib.Name, UserPrincipal(who.Login))
	}
	return Decision{Allow: true, Author: who.Login, Verified: true}
}

// doubt says how little we know of the sender.
func doubt(who Sender) string {
	if who.Address.IsNull() {
		return "the message has the null sender, which is nobody"
	}
	if who.Evidence == "" {
		return fmt.Sprintf("the sender %s is only %s", who.Address, who.Rung)
	}
	return fmt.Sprintf("the sender %s is only %s (%s)", who.Address, who.Rung, who.Evidence)
}

// remedy says how mail could reach the rung that is asked for.
func remedy(asked Rung) string {
	if asked == Proven {
		return "Let the feed's MTA write the sender's login and name that in the feed's vouches"
	}
	return "Let the feed's MTA check senders, write Authentication-Results and name that in the feed's vouches"
}

func refuse(reason fault.Reason, format string, args ...any) Decision {
	return Decision{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}
