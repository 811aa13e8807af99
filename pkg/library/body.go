package library

import (
	"slices"
	"strings"

	"mailchute/pkg/message"
)

func (s Settings) savesBody() bool { return s.SaveBody == BodyText || s.SaveBody == BodyHTML }

// bodies returns the indexes of the parts that SaveBody files, in the order of the
// message: of each multipart/alternative those of the best kind, and each text that is
// in none. A text without a byte is none. The body of a TNEF message counts only where
// there is no other: it is the same text again.
func (s Settings) bodies(a Arrival) []int {
	if !s.savesBody() {
		return nil
	}
	var sent, inTNEF []int
	for i, p := range a.Message.Parts {
		switch {
		case roleOf(p) != bodyText || a.Contents[i].Size == 0:
		case p.Body:
			inTNEF = append(inTNEF, i)
		default:
			sent = append(sent, i)
		}
	}
	parts, group := a.Message.Parts, alternatives(a.Message.Parts)
	if len(sent) == 0 {
		sent, group = inTNEF, func(p message.Part) string { return p.Within }
	}
	best := map[string]int{}
	for _, i := range sent {
		g, rank := group(parts[i]), s.bodyRank(parts[i].Type)
		if b, ok := best[g]; !ok || rank < b {
			best[g] = rank
		}
	}
	return slices.DeleteFunc(sent, func(i int) bool { return s.bodyRank(parts[i].Type) > best[group(parts[i])] })
}

// bodyRank orders the types of a text, the wanted one first. What a mail program shows
// instead of HTML on a watch or as a page of its own is hardly the message.
func (s Settings) bodyRank(mediaType string) int {
	switch mediaType {
	case "text/plain":
		return 1
	case "text/html":
		if s.SaveBody == BodyHTML {
			return 0
		}
		return 2
	case "text/enriched", "text/richtext":
		return 3
	case "application/rtf", "text/rtf":
		return 4
	}
	return 5
}

// alternatives returns what tells of which multipart/alternative a part is: the number
// of the innermost one that a part is a direct child of; the part's own ID for one that
// is in none.
func alternatives(parts []message.Part) func(message.Part) string {
	known := map[string]bool{}
	for _, p := range parts {
		if p.Parent == "multipart/alternative" {
			known[above(p.ID)] = true
		}
	}
	return func(p message.Part) string {
		if !p.Alternative {
			return "=" + p.ID
		}
		for id := above(p.ID); ; id = above(id) {
			if known[id] {
				return id
			}
			if id == "" {
				return above(p.ID)
			}
		}
	}
}

// above returns the number of the multipart that an entity is in, with what ends it:
// "1." for "1.2" and "" for "1."; "2/" for "2/1", which the wrapper 2 holds.
func above(id string) string {
	id = strings.TrimRight(id, "./")
	return id[:strings.LastIndexAny(id, "./")+1]
}

// bodyExtension returns the extension of a text's document.
func bodyExtension(mediaType string) string {
	switch mediaType {
	case "text/html", "text/x-amp-html", "text/watch-html":
		return ".html"
	case "application/rtf", "text/rtf":
		return ".rtf"
	}
	return ".txt"
}
