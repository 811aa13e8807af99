package library

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Unlimited is the MaxFileSize that sets no limit.
const Unlimited = -1

// unlimited is how Unlimited is written.
const unlimited = "unlimited"

// sizeUnits are the units of sizes, the greatest first. "B" must be the last: the others
// end in it.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}, {"B", 1},
}

// ParseSize reads a size in bytes: a whole number, then B, KB, MB or GB in either case,
// or nothing for bytes. As in SharePoint's settings each unit is 1,024 of the one
// before: 50MB is 52,428,800 bytes. "unlimited" is Unlimited.
func ParseSize(s string) (int64, error) {
	if strings.EqualFold(s, unlimited) {
		return Unlimited, nil
	}
	number, unit := strings.ToUpper(strings.TrimSpace(s)), int64(1)
	for _, u := range sizeUnits {
		if digits, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(digits), u.bytes
			break
		}
	}
	n, err := strconv.ParseUint(number, 10, 63)
	if err != nil || int64(n) > math.MaxInt64/unit {
		return 0, fmt.Errorf("size %q: use a whole number with B, KB, MB or GB, such as 50MB, or %s", s, unlimited)
	}
	return int64(n) * unit, nil
}

// FormatSize writes a size so that ParseSize reads the same number of bytes: in the
// greatest unit that leaves it whole.
func FormatSize(n int64) string {
	if n == Unlimited {
		return unlimited
	}
	for _, u := range sizeUnits {
		if n != 0 && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return "0B"
}
