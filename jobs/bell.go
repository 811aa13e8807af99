package jobs

// Bell asks a Loop for a run. It can be rung at any time, from anywhere, at no cost:
// ringing a ringing bell does nothing, and one rung during a run starts another after it.
type Bell struct {
	scheduled chan struct{}
	arrived   chan struct{}
}

// NewBell returns a bell that is silent.
func NewBell() *Bell {
	return &Bell{scheduled: make(chan struct{}, 1), arrived: make(chan struct{}, 1)}
}

// Ring asks for a run because something may have arrived.
func (b *Bell) Ring() { ring(b.arrived) }

// RingSchedule asks for the run that the schedule has due.
func (b *Bell) RingSchedule() { ring(b.scheduled) }

func ring(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
