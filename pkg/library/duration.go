package library

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// day is what "d" means in a duration: 24 hours, whatever the clocks do.
const day = 24 * time.Hour

// ParseDuration reads a duration that is not negative: "2s", "1h30m", "7d", "1d12h".
func ParseDuration(s string) (time.Duration, error) {
	d, err := parseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf(`%q is not a duration: write it like "2s", "1h30m" or "7d"`, s)
	}
	return d, nil
}

func parseDuration(s string) (time.Duration, error) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, err
	}
	var more time.Duration
	if rest != "" {
		if more, err = time.ParseDuration(rest); err != nil || more < 0 {
			return -1, err
		}
	}
	return time.Duration(n)*day + more, nil
}

// FormatDuration writes a duration as ParseDuration reads it.
func FormatDuration(d time.Duration) string {
	if d >= day && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	s := d.String()
	s = strings.TrimSuffix(s, "m0s") + strings.Repeat("m", strings.Count(s, "m0s"))
	return strings.TrimSuffix(s, "h0m") + strings.Repeat("h", strings.Count(s, "h0m"))
}
