package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mailchute/store"
)

// settingJSON is a setting of the farm policy.
type settingJSON struct {
	Key     string `json:"key"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Help    string `json:"help"`
}

func newSettingJSON(s store.Setting) (settingJSON, error) { return settingJSON(s), nil }

func (s settingJSON) cells() []string { return []string{s.Key, or(s.Value, "-"), s.Help} }

func (c *cli) settingsCommand() *cobra.Command {
	return c.group(&cobra.Command{
		Use:     "settings",
		Short:   "The farm's policy for incoming mail; its help has all settings, of libraries too",
		Long:    settingsHelp(),
		Example: "  mailchute settings show",
	}, c.settingsShow(), c.settingsSet())
}

func (c *cli) settingsShow() *cobra.Command {
	return &cobra.Command{
		Use:     "show",
		Short:   "Show the farm's policy",
		Example: "  mailchute settings show --json",
		Args:    args(),
		RunE: c.withFarm(func(ctx context.Context, f *farm, _ []string) error {
			return c.printSettings(ctx, f, nil)
		}),
	}
}

func (c *cli) settingsSet() *cobra.Command {
	return &cobra.Command{
		Use:     "set KEY=VALUE…",
		Short:   "Change the farm's policy: all that is given, or nothing",
		Example: "  mailchute settings set sender_trust=claimed rejects.unknown-address=delete",
		Args: func(_ *cobra.Command, given []string) error {
			if len(given) == 0 {
				return errors.New("KEY=VALUE is missing; mailchute settings show lists the keys")
			}
			return nil
		},
		RunE: c.withFarm(func(ctx context.Context, f *farm, args []string) error {
			values := map[string]string{}
			for _, pair := range args {
				key, value, ok := strings.Cut(pair, "=")
				if _, twice := values[key]; !ok || twice {
					return usage(fmt.Errorf("%q: write KEY=VALUE, each KEY once", pair))
				}
				values[key] = value
			}
			if err := f.SetSettings(ctx, values); err != nil {
				return err
			}
			if err := c.warnOfFarmTrust(ctx, f, values); err != nil {
				return err
			}
			return c.printSettings(ctx, f, values)
		}),
	}
}

// printSettings prints the settings whose keys are in only; all, where that is nil.
func (c *cli) printSettings(ctx context.Context, f *farm, only map[string]string) error {
	all, err := f.Settings(ctx)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(s store.Setting) bool {
		if only == nil {
			return s.Value == "" && !c.json // "rejects" has told people of these
		}
		_, ok := only[s.Key]
		return !ok
	})
	return list(c, columns("KEY", "VALUE", "WHAT IT DOES"), "", each(all, newSettingJSON))
}
