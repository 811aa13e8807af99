package store

import "mailchute/pkg/message"

// SumRows returns what Run.Rows is of a run with one message, one outcome, one end of
// held mail and a sweep.
func SumRows(p Processed, o OutcomeOfItem, h HeldMail, sw Sweep) message.Digest {
	l := newLedger(rowsEncoding)
	l.message(p)
	l.outcome(o)
	l.end(h)
	l.sweep(sw)
	return l.sum()
}

// Beside returns the same directory for another installation.
func (b *Builtin) Beside(installation string) *Builtin { return &Builtin{b.s, installation} }
