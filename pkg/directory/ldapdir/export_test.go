package ldapdir

import (
	"time"

	"mailchute/pkg/directory"
)

var (
	Equal      = equal
	EqualBytes = equalBytes
	GUIDText   = guidText
	GUIDBytes  = guidBytes
	RDN        = rdn
	FoldDN     = foldDN
	PartOf     = partOf
)

const (
	MaxKept      = maxKept
	RefusedPause = refusedPause
)

// Elapse makes it seem that time has gone by since the last attempt to connect.
func (d *Directory) Elapse(by time.Duration) {
	d.turn <- struct{}{}
	d.pause = d.pause.Add(-by)
	<-d.turn
}

// Answers are kept as a Directory keeps groups of people.
type Answers struct{ kept answers[[]directory.Group] }

func NewAnswers(ttl time.Duration) *Answers {
	return &Answers{answers[[]directory.Group]{ttl: ttl, weigh: func(gs []directory.Group) int { return len(gs) }}}
}

func (a *Answers) Get(key string, ask func() ([]directory.Group, error)) ([]directory.Group, error) {
	return a.kept.get(key, ask)
}

// Define returns what a definition of a schema says: the OID, and the names in each list.
func Define(text string) (oid string, lists map[string][]string) {
	d := define(text)
	return d.oid, map[string][]string{"NAME": d.names, "SUP": d.sup, "AUX": d.aux, "MUST": d.must, "MAY": d.may}
}

// Elapse makes it seem that a minute has gone by since the last attempt to connect.
func (p *Publisher) Elapse() { p.d.Elapse(time.Minute) }
