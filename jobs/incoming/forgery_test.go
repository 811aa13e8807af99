package incoming_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailchute/jobs/incoming"
	"mailchute/pkg/access"
	"mailchute/testdata"
)

// victim is the user that forged mail pretends to be from.
const victim = "ceo"

// Nobody is taken for the victim, and nothing is filed where a library asks for more than
// there is.
func TestForgeries(t *testing.T) {
	t.Parallel()
	all := readTrials(t, testdata.Forgery())
	if len(all) < 150 {
		t.Errorf("got %d forgeries, want 150 or more", len(all))
	}
	for _, c := range all {
		for _, verdict := range c.want {
			if strings.Contains(verdict, victim) {
				t.Errorf("%s: it wants the victim to be taken for its author", c.name)
			}
		}
	}
	checkTrials(t, all, func(t *testing.T, c trial, got map[string]string) {
		for name, verdict := range got {
			if strings.Contains(verdict, victim) {
				t.Errorf("%s: %s\nlibrary %s has a document of the victim's", c.name, c.threat, name)
			}
		}
	})
}

// Honest mail is filed by who sent it, where the library asks for no more than there is.
func TestHonestMail(t *testing.T) {
	t.Parallel()
	all := readTrials(t, testdata.Honest())
	if len(all) < 25 {
		t.Errorf("got %d honest messages, want 25 or more", len(all))
	}
	checkTrials(t, all, func(*testing.T, trial, map[string]string) {})
}

// checkTrials drops the cases, those of one feed together, and checks what became of them,
// and that the explanation said so beforehand.
func checkTrials(t *testing.T, all []trial, also func(t *testing.T, c trial, got map[string]string)) {
	t.Helper()
	for _, group := range byFeed(all) {
		t.Run(group[0].feed, func(t *testing.T) {
			t.Parallel()
			w := newTrialWorld(t, group[0].feed)
			files, explained := map[string]map[string]string{}, map[string]map[string]string{}
			for _, c := range group {
				files[c.name] = w.dropTrial(c)
				explained[c.name] = w.explainTrial(files[c.name])
			}
			sum, err := w.job.Drain(t.Context())
			w.must(err)
			became := w.becameOf(sum.Run)
			for _, c := range group {
				got := map[string]string{}
				for _, name := range trialLibraries {
					got[name] = became.in(files[c.name], name)
				}
				if diff := cmp.Diff(c.want, got); c.want != nil && diff != "" {
					t.Errorf("%s: %s\nwhat became of it (-want +got):\n%s", c.name, c.threat, diff)
				}
				if diff := cmp.Diff(got, explained[c.name]); diff != "" {
					t.Errorf("%s: %s\nwhat was done is not what was explained (-done +explained):\n%s", c.name, c.threat, diff)
				}
				also(t, c, got)
			}
			w.verify()
		})
	}
}

// explainTrial says in the words of a case what would become of its files.
func (w *world) explainTrial(files map[string]string) map[string]string {
	w.t.Helper()
	said := map[string]string{}
	for _, name := range trialLibraries {
		said[name] = "none"
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		x, err := incoming.Explain(w.t.Context(), w.options(), files[name], "", w.options().Feeds[0].Name)
		switch {
		case err != nil:
			said[name] = "deferred"
			continue
		case x.Reason != "":
			said[name] = string(x.Reason)
			continue
		}
		for _, r := range x.Recipients {
			verdict := string(r.Reason)
			if r.Decision == "file" {
				verdict = r.Author
				if verdict == access.SystemAccount {
					verdict = "nobody"
				}
			}
			if local := localOf(r.Address); slices.Contains(trialLibraries, local) {
				said[local] = verdict
			}
		}
	}
	return said
}
