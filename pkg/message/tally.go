package message

import "mailchute/pkg/fault"

// tally counts what all parts of a message cost, those in wrappers too.
type tally struct {
	parts int
	texts int // bytes of what is kept of their fields
}

// count counts parts towards the limit.
func (p *Parser) count(n int) error {
	if p.tally.parts += n; p.tally.parts > p.limits.Parts {
		return fault.Markf(fault.Poison, fault.OverLimits, "message has more than %d parts", p.limits.Parts)
	}
	return nil
}

// keep counts what is kept of a part's fields towards the limit.
func (p *Parser) keep(part *Part) error {
	if p.tally.texts += part.texts(); p.tally.texts > maxTexts {
		return fault.Markf(fault.Poison, fault.OverLimits, "names and types of the parts have more than %d bytes", maxTexts)
	}
	return nil
}

// maxTexts bounds what is kept in memory of the fields of all parts: enough for ten
// thousand names of common length, or a thousand of the longest.
const maxTexts = 2 << 20

// texts returns how many bytes are kept of the part's fields.
func (p *Part) texts() int {
	return len(p.Type) + len(p.Charset) + len(p.Method) + len(p.Disposition) + len(p.Name) + len(p.ContentID) +
		len(p.Encoding) + len(p.smime)
}

// spare is how many parts a message may still have.
func (p *Parser) spare() int { return p.limits.Parts - p.tally.parts }
