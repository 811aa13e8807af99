package store

import (
	"fmt"

	"mailchute/pkg/message"
)

// chainAudit follows the chain from its first run to its last.
type chainAudit struct {
	last  Run
	runs  int
	swept int // the greatest Place that a run says it has deleted
	first breach
	more  int // breaches after the first
	gaps  []breach

	anchors []message.Digest // digests that must be in the chain
	met     map[message.Digest]bool
}

// breach is a place where the chain does not hold.
type breach struct {
	place int
	what  string
}

// add compares a closed run with its own digests and with the run before it; rows is
// what its rows have now.
func (c *chainAudit) add(r Run, rows message.Digest) {
	switch {
	case r.Sum() != r.Digest:
		c.breach(r.Place, "the record of run %s was altered, or put in another place", r.ID)
	case rows != r.Rows:
		c.breach(r.Place, "messages, outcomes, ends of held mail, sweep or changes of the directory of run %s were altered, removed or inserted", r.ID)
	case r.Place != c.last.Place+1:
		c.gaps = append(c.gaps, breach{r.Place - 1, fmt.Sprintf("of %d runs before run %s the records were removed", r.Place-1-c.last.Place, r.ID)})
	case r.Previous != c.last.Digest:
		c.breach(r.Place, "run %s follows another record than that of run %s: it was altered or put in the place of another", r.ID, c.last.ID)
	}
	for _, a := range c.anchors {
		if a == r.Digest || a == r.Previous {
			c.met[a] = true
		}
	}
	c.swept = max(c.swept, r.Swept)
	c.last = r
	c.runs++
}

func (c *chainAudit) breach(place int, format string, args ...any) {
	if c.first.what == "" {
		c.first = breach{place, fmt.Sprintf(format, args...)}
	} else {
		c.more++
	}
}

// verdicts says whether the chain holds and has every anchor.
func (c *chainAudit) verdicts() []Finding {
	all := []Finding{c.verdict()}
	for _, a := range c.anchors {
		if !c.met[a] {
			all = append(all, Finding{Check: "chain", Detail: fmt.Sprintf("no run has the digest %s: its record was altered or removed, unless it is so old that a sweep has removed it", a)})
		}
	}
	return all
}

// verdict says whether the chain holds, or the first run where it does not.
func (c *chainAudit) verdict() Finding {
	first, more := c.first, c.more
	for _, g := range c.gaps {
		switch {
		case g.place <= c.swept:
			continue
		case first.what == "":
			first = g
		case g.place < first.place:
			first, more = g, more+1
		default:
			more++
		}
	}
	switch {
	case first.what == "" && c.runs == 0:
		return Finding{Check: "chain", OK: true, Detail: "no run has been closed yet"}
	case first.what == "":
		return Finding{Check: "chain", OK: true, Detail: fmt.Sprintf("%d runs, each follows the one before; the digest of the last is %s", c.runs, c.last.Digest)}
	case more > 0:
		first.what = fmt.Sprintf("%s; further breaches: %d", first.what, more)
	}
	return Finding{Check: "chain", Detail: first.what}
}
