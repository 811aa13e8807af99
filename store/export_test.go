package store

import "mailchute/pkg/message"

// SumRows returns what Run.Rows is of a run with one message and one outcome.
func SumRows(p Processed, o OutcomeOfItem, sw Sweep) message.Digest {
	l := newLedger(rowsEncoding)
	l.message(p)
	l.outcome(o)
	l.sweep(sw)
	return l.sum()
}
