//go:build !linux

package drop_test

import "errors"

func mkfifo(string) error { return errors.ErrUnsupported }

func provesWriters(string) bool { return false }
