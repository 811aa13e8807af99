package ldapdir

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

const (
	rangeSize  = 1500 // values in one answer of AD, as a rule (MaxValRange)
	uSNChanged = "uSNChanged"
)

// errChanged says that an entry was changed while its values were read.
var errChanged = errors.New("it was changed while it was read")

// ranged reads all values of an attribute, in parts where AD gives them so (MS-ADTS
// §3.1.1.3.1.3.3); the first part is asked for by a name of its own. sure says that they are
// all of the same moment.
func ranged(ctx context.Context, attribute, first string, read func(ctx context.Context, attributes ...string) (*ldap.Entry, error)) (values []string, sure bool, err error) {
	asked, version := first, ""
	for {
		low := len(values)
		e, err := read(ctx, asked, uSNChanged)
		if err != nil && low > 0 && code(err) != 0 {
			return nil, false, fmt.Errorf("%w: %w", errChanged, err) // there are not so many any more
		}
		if err != nil {
			return nil, false, err
		}
		now := e.GetEqualFoldAttributeValue(uSNChanged)
		if low > 0 && now != version {
			return nil, false, errChanged
		}
		version = now
		part, last, err := partOf(e, attribute, low)
		if err != nil {
			return nil, false, err
		}
		if values = append(values, part...); last {
			return values, low == 0 || version != "", nil
		}
		if len(values) > everything {
			return nil, false, fmt.Errorf("%s: there are more than %d", attribute, everything)
		}
		asked = fmt.Sprintf("%s;range=%d-%d", attribute, len(values), len(values)+rangeSize-1)
	}
}

// partOf returns the values in an answer, from the one of number low on, and whether they
// are the last.
func partOf(e *ldap.Entry, attribute string, low int) (values []string, last bool, err error) {
	for _, a := range e.Attributes {
		name, option, isPart := strings.Cut(strings.ToLower(a.Name), ";range=")
		switch {
		case name != strings.ToLower(attribute), !isPart && len(a.Values) == 0: // AD says so beside the range
			continue
		case !isPart:
			return a.Values, true, changedUnless(low == 0)
		}
		from, to, _ := strings.Cut(option, "-")
		if from != strconv.Itoa(low) {
			return nil, false, fmt.Errorf("%w: it answered %q", errChanged, a.Name)
		}
		if to == "*" {
			return a.Values, true, nil
		}
		if to != strconv.Itoa(low+len(a.Values)-1) || len(a.Values) == 0 {
			return nil, false, fmt.Errorf("%w: it answered %q with %d values", errChanged, a.Name, len(a.Values))
		}
		return a.Values, false, nil
	}
	return nil, true, changedUnless(low == 0)
}

func changedUnless(ok bool) error {
	if ok {
		return nil
	}
	return errChanged
}
