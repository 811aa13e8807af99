package incoming

import (
	"context"
	"fmt"

	"mailchute/pkg/access"
	"mailchute/pkg/library"
	"mailchute/store"
)

// Check is what one thing that must work was found to be.
type Check struct {
	Name    string
	OK      bool
	Warning bool // it works, but somebody should look at it
	Detail  string
}

// Check opens every feed's folder, which tries what draining needs where it is not open
// yet, and says where settings cannot do what is expected of them.
func (j *Job) Check(ctx context.Context) []Check {
	var out []Check
	for _, f := range j.feeds {
		out = append(out, f.check(ctx)...)
		if format, err := f.reads(); err == nil && !format.Guarded() {
			out = append(out, Check{
				Name: "feed " + f.Name, OK: true, Warning: true,
				Detail: "format " + f.Format + " believes every line at the top of a file: use it for files that you drop yourself, and name the MTA's own format beside an MTA",
			})
		}
	}
	return append(append(out, j.checkHosts(ctx)...), j.checkTrust(ctx)...)
}

// checkHosts warns of feeds that the farm's list of safe hosts does not guard.
func (j *Job) checkHosts(ctx context.Context) []Check {
	policy, err := j.Store.Policy(ctx)
	if err != nil || len(policy.SafeHosts) == 0 {
		return nil // checkTrust says what is wrong with the policy
	}
	var out []Check
	for _, f := range j.feeds {
		if format, err := f.reads(); err == nil && format.Host == "" {
			out = append(out, Check{
				Name: "feed " + f.Name, OK: true, Warning: true,
				Detail: "safe_hosts is set, but files of format " + f.Format + " do not say which host handed them in: the feed takes mail of all hosts, so let its MTA ask for safe ones",
			})
		}
	}
	return out
}

// check opens the folder, counts what waits, and says what is doubtful.
func (f *feed) check(ctx context.Context) []Check {
	c := Check{Name: "feed " + f.Name}
	folder, err := f.open()
	if err != nil {
		c.Detail = err.Error()
		return []Check{c}
	}
	n, _, err := folder.Backlog(ctx)
	if err != nil {
		c.Detail = err.Error()
		return []Check{c}
	}
	c.OK = true
	c.Detail = fmt.Sprintf("%s can be drained (format %s); %d waiting", f.Path, f.Format, n)
	out := []Check{c}
	for _, doubt := range folder.Doubts() {
		out = append(out, Check{Name: c.Name, OK: true, Warning: true, Detail: doubt})
	}
	return out
}

// checkTrust warns of libraries that ask for a surer sender than any feed can show.
func (j *Job) checkTrust(ctx context.Context) []Check {
	libraries, err := j.Store.Libraries(ctx)
	if err != nil {
		return []Check{{Name: "libraries", Detail: err.Error()}}
	}
	out, err := CheckTrust(ctx, j.Store, j.Feeds, libraries...)
	if err != nil {
		return []Check{{Name: "farm policy", Detail: err.Error()}}
	}
	return out
}

// CheckTrust warns of those of the libraries that ask for a surer sender than any feed
// can show.
func CheckTrust(ctx context.Context, s *store.Store, feeds []Feed, libraries ...library.Library) ([]Check, error) {
	reach := access.Claimed
	for _, f := range feeds {
		reach = max(reach, f.reach())
	}
	policy, err := s.Policy(ctx)
	if err != nil {
		return nil, err
	}
	var out []Check
	for _, l := range libraries {
		asked := access.Trust(policy, l)
		if l.Archived || l.LocalPart == "" || asked <= reach {
			continue
		}
		out = append(out, Check{
			Name: "library " + l.Name, OK: true, Warning: true,
			Detail: fmt.Sprintf("library %s asks for senders who are %s, but the feeds show no more than %s: nobody counts as a person there (library set %s --sender-trust %s lowers it)",
				l.Name, asked, reach, l.Name, reach),
		})
	}
	return out, nil
}

// reach is the surest rung that the feed's senders can be on.
func (f Feed) reach() access.Rung {
	switch reads, err := f.reads(); {
	case err == nil && reads.Vouches():
		return access.Proven
	case f.DKIM && len(f.Align.Methods) > 0:
		return access.Aligned
	}
	return access.Claimed // also where the feed's own check has said that it cannot be read
}
