package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mailchute/pkg/access"
	"mailchute/pkg/fault"
	"mailchute/pkg/library"
)

// Setting is one key of the farm policy.
type Setting struct {
	Key     string
	Value   string
	Default string
	Help    string // what it does, with its values
}

// heldMax is the key of the farm policy that says how much mail is held.
const heldMax = "held_max"

// rejectsPrefix begins the keys that set one reason apart: rejects.unknown-address.
const rejectsPrefix = "rejects."

// settings returns every key with its default.
func settings() []Setting {
	all := []Setting{
		{Key: "enabled", Default: "true", Help: "take mail at all: true or false"},
		{Key: "authenticated_only", Default: "false", Help: "ask every sender for aligned or better, in every library: true or false"},
		{Key: "sender_trust", Default: access.Aligned.String(), Help: "the lowest rung at which a sender counts as a person: claimed, aligned or proven"},
		{Key: heldKeep, Default: retentionUnset[heldKeep], Help: "how long the drop file of held mail is kept; mail that still waits then expires, after a notice in the summaries of sweep: a time like 30d, or forever"},
		{Key: runsKeep, Default: retentionUnset[runsKeep], Help: "how long the records of runs are kept, with what they say of each message; outcomes and documents stay: a time like 400d, or forever"},
		{Key: heldMax, Default: "10GB", Help: "how much mail is held, as a size like 10GB (0: no limit); beyond it, mail to unknown addresses or foreign domains and of senders who may not send or are not proven is held no more: it is treated as held_full says"},
		{Key: "held_full", Default: string(access.HeldFullDefer), Help: "what becomes of that mail beyond held_max: defer (it waits in the drop folder until held mail is released, refused or expires) or delete"},
		{Key: "duplicates", Default: string(access.DuplicatesByKey), Help: "what a duplicate is: key (the same bytes) or message-id (also other bytes with the Message-ID and envelope sender of mail that the recipient has, or of held mail where the new one would be held too; anyone who can forge both can then keep later mail out)"},
		{Key: "rejects", Default: string(access.ActionHold), Help: "what becomes of rejected mail: hold or delete; rejects.REASON sets one reason apart. Mail that failed here (poison, too-many-attempts) is always held"},
	}
	for _, r := range fault.Reasons() {
		switch r.Deletion() {
		case fault.Always:
			all = append(all, Setting{Key: rejectsPrefix + string(r), Help: "hold or delete for this reason; empty: as rejects says"})
		case fault.Named:
			all = append(all, Setting{Key: rejectsPrefix + string(r), Help: "hold or delete for this reason; empty: hold, whatever rejects says"})
		case fault.Never:
		}
	}
	return all
}

// Settings returns the farm policy, key by key, in a fixed order.
func (s *Store) Settings(ctx context.Context) ([]Setting, error) {
	all := settings()
	err := s.view(ctx, "settings", func(tx Tx) error {
		set, err := tx.Settings()
		if err != nil {
			return err
		}
		for i, st := range all {
			all[i].Value = st.Default
			if v, ok := set[st.Key]; ok {
				all[i].Value = v
			}
		}
		return nil
	})
	return all, err
}

// SetSettings changes keys of the farm policy, all or none, on record.
func (s *Store) SetSettings(ctx context.Context, values map[string]string) error {
	var pairs []string
	for _, st := range settings() {
		if v, ok := values[st.Key]; ok {
			pairs = append(pairs, st.Key+"="+v)
		}
	}
	if len(pairs) < len(values) {
		return unknownKey(values)
	}
	return s.update(ctx, "settings set "+strings.Join(pairs, " "), func(tx Tx) error {
		set, err := tx.Settings()
		if err != nil {
			return err
		}
		for k, v := range values {
			set[k] = v
			if err := tx.PutSetting(k, v); err != nil {
				return err
			}
		}
		if _, err := policyOf(set); err != nil {
			return fmt.Errorf("%w: %w", err, fault.ErrInvalid)
		}
		for key := range retentionUnset {
			if _, err := retentionOf(set, key); err != nil {
				return fmt.Errorf("%w: %w", err, fault.ErrInvalid)
			}
		}
		return nil
	})
}

func unknownKey(values map[string]string) error {
	known := settings()
	for k := range values {
		if !slices.ContainsFunc(known, func(st Setting) bool { return st.Key == k }) {
			return fmt.Errorf("there is no setting %q (settings show lists them): %w", k, fault.ErrInvalid)
		}
	}
	return nil
}

// LastChange returns the number of the last change of the farm's configuration. While it
// stays the same, so do all settings, sites, libraries, local parts, users, groups and
// grants: each change takes the next number in its own transaction.
func (s *Store) LastChange(ctx context.Context) (n int64, err error) {
	err = s.view(ctx, "last change", func(tx Tx) error {
		n, err = tx.LastChange()
		return err
	})
	return n, err
}

// Policy returns the farm policy.
func (s *Store) Policy(ctx context.Context) (p access.Policy, err error) {
	err = s.view(ctx, "farm policy", func(tx Tx) error {
		set, err := tx.Settings()
		if err != nil {
			return err
		}
		p, err = policyOf(set)
		return err
	})
	return p, err
}

// policyOf reads the policy of the keys that were set; a value it cannot read is an
// error, never a default.
func policyOf(set map[string]string) (access.Policy, error) {
	p := access.DefaultPolicy()
	p.Rejects = map[fault.Reason]access.Action{}
	var err error
	if p.Enabled, err = flag(set, "enabled", p.Enabled); err != nil {
		return p, err
	}
	if p.AuthenticatedOnly, err = flag(set, "authenticated_only", p.AuthenticatedOnly); err != nil {
		return p, err
	}
	if v, ok := set["sender_trust"]; ok {
		if p.SenderTrust, err = access.ParseRung(v); err != nil {
			return p, err
		}
	}
	if v, ok := set["duplicates"]; ok {
		if p.Duplicates, err = access.ParseDuplicates(v); err != nil {
			return p, err
		}
	}
	if v, ok := set["held_full"]; ok {
		if p.HeldFull, err = access.ParseHeldFull(v); err != nil {
			return p, err
		}
	}
	if v, ok := set[heldMax]; ok {
		if p.HeldMax, err = heldMaxOf(v); err != nil {
			return p, err
		}
	}
	for _, r := range fault.Reasons() {
		v := set[rejectsPrefix+string(r)]
		if v == "" && r.Deletion() == fault.Always {
			v = set["rejects"]
		}
		if v == "" || r.Deletion() == fault.Never {
			continue
		}
		if p.Rejects[r], err = access.ParseAction(v); err != nil {
			return p, err
		}
	}
	return p, nil
}

// heldMaxOf reads held_max: 0 is no limit.
func heldMaxOf(v string) (int64, error) {
	n, err := library.ParseSize(v)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", heldMax, err)
	}
	return max(n, 0), nil // library.Unlimited
}

func flag(set map[string]string, key string, unset bool) (bool, error) {
	v, ok := set[key]
	if !ok {
		return unset, nil
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		return unset, fmt.Errorf("%s=%q: use true or false", key, v)
	}
	return b, nil
}
