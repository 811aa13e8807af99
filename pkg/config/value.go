package config

import (
	"fmt"
	"strconv"
	"strings"
)

// parseShare reads a percentage below 100 as a number from 0 to 1.
func parseShare(s string) (float64, error) {
	number, ok := strings.CutSuffix(s, "%")
	n, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || strings.Trim(number, "0123456789.") != "" || n >= 100 {
		return 0, fmt.Errorf(`%q is not a share below 100%%: write it like "5%%"`, s)
	}
	return n / 100, nil
}
