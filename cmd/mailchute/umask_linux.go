package main

import "syscall"

// exactModes lets new files have the mode that they are made with, whatever umask an MTA
// or cron has given us, until restore is called. It concerns the whole process.
func exactModes() (restore func()) {
	umask := syscall.Umask(0)
	return func() { syscall.Umask(umask) }
}
