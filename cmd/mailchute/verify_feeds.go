package main

import (
	"context"
	"errors"
	"fmt"

	"mailchute/pkg/config"
	"mailchute/pkg/drop"
	"mailchute/pkg/durable"
)

// dropFiles returns the names of the files in all drop folders, by feed.
func (f *farm) dropFiles(ctx context.Context) (map[string]map[string]bool, error) {
	all := map[string]map[string]bool{}
	for _, feed := range f.config.Feeds {
		names, err := namesIn(ctx, f.config.Abs(feed.Path), feed)
		if err != nil {
			return nil, fmt.Errorf("feed %s: %w", feed.Name, err)
		}
		all[feed.Name] = names
	}
	return all, nil
}

func namesIn(ctx context.Context, path string, feed config.Feed) (map[string]bool, error) {
	dir, err := durable.Open(path)
	if err != nil {
		return nil, err
	}
	names, err := drop.Names(ctx, dir, feed.Reads)
	return names, errors.Join(err, dir.Close())
}
