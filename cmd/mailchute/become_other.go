//go:build !linux

package main

import "errors"

// become is for Linux.
func become(string) error {
	return usage(errors.New("--user works on Linux only: start mailchute as the user that it is to run as"))
}
