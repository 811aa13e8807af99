package incoming

import (
	"mailchute/pkg/address"
	"mailchute/store"
)

// row returns the item's row.
func (a *arrival) row() store.Item {
	it := store.Item{
		Key: a.key, Feed: a.Feed, Format: a.Format, File: a.Name, Sender: a.env.Sender.String(),
		Rung: a.who.Rung, Evidence: a.who.Evidence, Login: a.who.Login, Size: a.Size, Mark: a.mark,
	}
	if a.msg != nil {
		it.MessageID = a.msg.Header.MessageID
	}
	return it
}

// columns returns the e-mail columns of the message's documents.
func (x *examination) columns() store.Columns {
	c := store.Columns{Sender: x.env.Sender.String()}
	if x.msg != nil {
		h := x.msg.Header
		c.MessageID, c.From, c.To, c.Cc, c.Subject, c.Date = h.MessageID, h.From, h.To, h.Cc, h.Subject, h.Date
		c.InReplyTo, c.References = h.InReplyTo, h.References
	}
	return c
}

// recipients returns whom the envelope names; nobody, once, where it could not be read.
func (a *arrival) recipients() []address.Address {
	if len(a.env.Recipients) == 0 {
		return []address.Address{{}}
	}
	return a.env.Recipients
}
