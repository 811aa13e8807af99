package main

import (
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"mailchute/jobs/remote"
)

// expiresSoon is how long before its end check warns of a certificate.
const expiresSoon = 30 * 24 * time.Hour

// checkRemote reads what the service for farms reads, where it is set up.
func (f *farm) checkRemote() []checkJSON {
	const name = "remote"
	r := f.config.Remote
	if r.Listen == "" {
		return nil
	}
	until, err := remote.Check(f.remoteOptions(zerolog.Nop()))
	if err != nil {
		return []checkJSON{checked(name, "", err)}
	}
	left := time.Until(until)
	if left <= 0 {
		return []checkJSON{{Check: name, Detail: fmt.Sprintf("the certificate %s has expired, %s: farms do not trust it; put a new one in its place", r.CertificateFile, clock(until))}}
	}
	detail := fmt.Sprintf("farms are answered at %s; the certificate %s is good until %s", r.Listen, r.CertificateFile, clock(until))
	return []checkJSON{{Check: name, OK: true, Warning: left < expiresSoon, Detail: detail}}
}
