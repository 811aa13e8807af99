package store

import (
	"context"
	"fmt"
	"maps"
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

// PolicySettings returns every key of the farm policy with its default, in a fixed order;
// a Value is what Store.Settings says.
func PolicySettings() []Setting {
	all := []Setting{
		{Key: "enabled", Default: "true", Help: "take mail at all: true or false"},
		{Key: "authenticated_only", Default: "false", Help: "ask every sender for aligned or better, in every library: true or false"},
		{Key: "sender_trust", Default: access.Aligned.String(), Help: "the lowest rung at which a sender counts as a person: claimed, aligned or proven"},
		{Key: "sender_block", Help: "senders whose mail is never taken: addresses and domains with commas, like spammer@example.com,example.net,.example.org (the domains below one)"},
		{Key: "sender_allow", Help: "the only senders whose mail is taken, written likewise; empty: all"},
		{Key: "sender_rate", Default: "0", Help: "how many messages of one sender are taken in an hour of the clock (UTC), by the time at which they were dropped, in all libraries together; what is beyond is rejected (rate-limited). Mail in the name of a sender who was not proved counts apart. 0: no limit"},
		{Key: "max_received", Default: strconv.Itoa(access.DefaultPolicy().MaxReceived), Help: "with more Received lines than that, a message goes round between mail systems and is rejected (loop). 0: no limit"},
		{Key: "safe_hosts", Help: "the only hosts that may hand mail in, by address like 192.0.2.1,2001:db8::/32; for feeds of format exchange, whose files name the host; empty: all"},
		{Key: heldKeep, Default: retentionUnset[heldKeep], Help: "how long the drop file of held mail is kept; mail that still waits then expires, after a notice in the summaries of sweep: a time like 30d, or forever"},
		{Key: runsKeep, Default: retentionUnset[runsKeep], Help: "how long the records of runs are kept, with what they say of each message; outcomes and documents stay: a time like 400d, or forever"},
		{Key: removedKeep, Default: retentionUnset[removedKeep], Help: "how long the bytes of a document can be had after document remove; its history stays: a time like 30d, or forever"},
		{Key: heldMax, Default: "10GB", Help: "how much mail is held, as a size like 10GB (0: no limit); beyond it, mail that anybody can send (to unknown addresses or foreign domains, of senders who may not send, are not proven or send too much, of unsafe hosts, loops, automatic answers) is held no more: it is treated as held_full says"},
		{Key: "held_full", Default: string(access.HeldFullDefer), Help: "what becomes of that mail beyond held_max: defer (it waits in the drop folder until held mail is released, refused or expires) or delete"},
		{Key: "duplicates", Default: string(access.DuplicatesByKey), Help: "what a duplicate is: key (the same bytes) or message-id (also other bytes with the Message-ID and envelope sender of mail that the recipient has, or of held mail where the new one would be held too; anyone who can forge both can then keep later mail out)"},
		{Key: "rejects", Default: string(access.ActionHold), Help: "what becomes of rejected mail: hold or delete; rejects.REASON sets one reason apart. Mail that failed here (poison, too-many-attempts) is always held"},
	}
	all = append(all, directorySettings()...)
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
	all := PolicySettings()
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
	for _, st := range PolicySettings() {
		if v, ok := values[st.Key]; ok {
			pairs = append(pairs, st.Key+"="+v)
		}
	}
	if len(pairs) < len(values) {
		return unknownKey(values)
	}
	return s.update(ctx, "settings set "+strings.Join(pairs, " "), func(tx Tx) error {
		if err := checkSettings(tx, values); err != nil {
			return err
		}
		for k, v := range values {
			if err := tx.PutSetting(k, v); err != nil {
				return err
			}
		}
		return nil
	})
}

// CheckSettings says what SetSettings would refuse of these keys and values, and changes
// nothing: fault.ErrInvalid.
func (s *Store) CheckSettings(ctx context.Context, values map[string]string) error {
	if err := unknownKey(values); err != nil {
		return err
	}
	return s.view(ctx, "check the settings", func(tx Tx) error { return checkSettings(tx, values) })
}

// checkSettings reads the farm policy as it is with these values set: fault.ErrInvalid.
func checkSettings(tx Tx, values map[string]string) error {
	set, err := tx.Settings()
	if err != nil {
		return err
	}
	maps.Copy(set, values)
	if _, err := policyOf(set); err != nil {
		return fmt.Errorf("%w: %w", err, fault.ErrInvalid)
	}
	if _, err := directoryPolicyOf(set); err != nil {
		return fmt.Errorf("%w: %w", err, fault.ErrInvalid)
	}
	for key := range retentionUnset {
		if _, err := retentionOf(set, key); err != nil {
			return fmt.Errorf("%w: %w", err, fault.ErrInvalid)
		}
	}
	return nil
}

func unknownKey(values map[string]string) error {
	known := PolicySettings()
	for k := range values {
		if !slices.ContainsFunc(known, func(st Setting) bool { return st.Key == k }) {
			return fmt.Errorf("there is no setting %q (settings show lists them): %w", k, fault.ErrInvalid)
		}
	}
	return nil
}

// sendersOf reads who may send, and how much.
func sendersOf(set map[string]string, p *access.Policy) (err error) {
	if p.SenderBlock, err = access.ParseSenders(set["sender_block"]); err != nil {
		return fmt.Errorf("sender_block: %w", err)
	}
	if p.SenderAllow, err = access.ParseSenders(set["sender_allow"]); err != nil {
		return fmt.Errorf("sender_allow: %w", err)
	}
	if p.SafeHosts, err = access.ParseHosts(set["safe_hosts"]); err != nil {
		return fmt.Errorf("safe_hosts: %w", err)
	}
	if p.SenderRate, err = count(set, "sender_rate", "messages an hour", p.SenderRate); err != nil {
		return err
	}
	p.MaxReceived, err = count(set, "max_received", "Received lines", p.MaxReceived)
	return err
}

// count reads how many there may be of something; 0 is no limit.
func count(set map[string]string, key, of string, unset int) (int, error) {
	v, ok := set[key]
	if !ok {
		return unset, nil
	}
	n, err := strconv.ParseUint(v, 10, 31)
	if err != nil {
		return unset, fmt.Errorf("%s %q: use a number of %s, or 0 for no limit", key, v, of)
	}
	return int(n), nil
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
	if err := sendersOf(set, &p); err != nil {
		return p, err
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
