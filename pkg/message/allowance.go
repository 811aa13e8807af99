package message

import "strings"

// allowance is what the odd fields of one message may cost in all. Ordinary mail never
// comes near it; beyond it, fields are read in a cheaper way, or not at all.
type allowance struct {
	enmime      int // bytes that enmime may go through, see costOf
	minimal     int // bytes of parameters for the minimal reading
	conversions int // from other charsets, those tried included
}

// newAllowance is enough for thousands of odd fields, and for half a second.
func newAllowance() allowance {
	return allowance{enmime: 64 << 20, minimal: 8 << 20, conversions: 20_000}
}

// take takes n of what is left, if there is as much.
func take(left *int, n int) bool {
	if *left < n {
		return false
	}
	*left -= n
	return true
}

// costOf estimates what parameters cost enmime: it goes through all that was before for
// each parameter, and through a large buffer for each encoded word.
func costOf(s string, params int) int {
	const buffer = 8 << 10
	return len(s)*(params+1) + buffer*strings.Count(s, "=?")
}
