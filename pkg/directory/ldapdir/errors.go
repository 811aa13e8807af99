package ldapdir

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"mailchute/pkg/directory"
	"mailchute/pkg/fault"
)

// resultError is what a server answered to a request that it did not carry out (RFC 4511
// §4.1.9).
type resultError struct {
	code  uint16
	text  string
	class error // of the errors of a directory.Publisher; nil: transient
}

func (e *resultError) Error() string {
	return fmt.Sprintf("code %d (%s): %q", e.code, ldap.LDAPResultCodeMap[e.code], e.text)
}

func (e *resultError) Unwrap() error { return e.class }

// isAnswer reports whether an error is a result that the server sent.
func isAnswer(err error) bool {
	e, ok := errors.AsType[*ldap.Error](err)
	return ok && e.ResultCode < ldap.ErrorNetwork
}

// plain returns an error of the library with what a server says in it cut to a line.
func plain(err error) error {
	e, ok := errors.AsType[*ldap.Error](err)
	if !ok {
		return err
	}
	text, _, _ := strings.Cut(strings.TrimSpace(e.Err.Error()), "\n")
	text = strings.ToValidUTF8(text[:min(len(text), 200)], "")
	if !isAnswer(err) {
		return errors.New(text)
	}
	return &resultError{code: e.ResultCode, text: text}
}

// code returns the result code in an error; 0 where there is none.
func code(err error) uint16 {
	if e, ok := errors.AsType[*resultError](err); ok {
		return e.code
	}
	return 0
}

// refusal returns directory.ErrAccess for the result codes that say that somebody must give
// us a right, or the right password.
func refusal(code uint16) error {
	switch code {
	case ldap.LDAPResultAuthMethodNotSupported, ldap.LDAPResultStrongAuthRequired, ldap.LDAPResultConfidentialityRequired,
		ldap.LDAPResultInappropriateAuthentication, ldap.LDAPResultInvalidCredentials, ldap.LDAPResultInsufficientAccessRights:
		return directory.ErrAccess
	}
	return nil
}

// classOf returns what the result of a change means for those who wanted it. What a value
// means that is missing, or not there (16, 32), depends on the change. What a server is
// unwilling to perform (53) it may do later: one that is being backed up says so of all.
func classOf(code uint16) error {
	switch code {
	case ldap.LDAPResultEntryAlreadyExists, ldap.LDAPResultNotAllowedOnNonLeaf:
		return fault.ErrConflict
	case ldap.LDAPResultConstraintViolation, ldap.LDAPResultAttributeOrValueExists, ldap.LDAPResultInvalidAttributeSyntax,
		ldap.LDAPResultInvalidDNSyntax, ldap.LDAPResultNamingViolation,
		ldap.LDAPResultObjectClassViolation, ldap.LDAPResultNotAllowedOnRDN, ldap.LDAPResultObjectClassModsProhibited:
		return fault.ErrInvalid
	case ldap.LDAPResultUndefinedAttributeType, ldap.LDAPResultUnavailableCriticalExtension, ldap.LDAPResultAffectsMultipleDSAs:
		return directory.ErrUnsupported
	case ldap.LDAPResultReferral: // RFC 4511 §4.1.10: another server takes changes
		return directory.ErrUnsupported
	}
	return refusal(code)
}

// write sends a request that changes something, and waits for the answer within the
// time-out. Where no answer comes, it may have been carried out.
func (c *conn) write(ctx context.Context, send func(*ldap.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	stop := context.AfterFunc(ctx, c.close)
	defer stop()
	err := send(c.ldap)
	switch {
	case err == nil:
		c.used.Store(time.Now().UnixNano())
		return nil
	case isAnswer(err):
		c.used.Store(time.Now().UnixNano())
		e, _ := errors.AsType[*ldap.Error](err)
		text, _ := errors.AsType[*resultError](plain(err))
		return &resultError{code: e.ResultCode, text: text.text, class: classOf(e.ResultCode)}
	}
	c.close()
	if over := ended(ctx); over != nil {
		return fmt.Errorf("it may have been done or not: %w", over)
	}
	return fmt.Errorf("it may have been done or not: %w", plain(err))
}

// explain adds directory.ErrAccess to an error where the server let us not in, or not read.
func explain(err error) error {
	e, ok := errors.AsType[*resultError](err)
	if !ok || e.class != nil || refusal(e.code) == nil {
		return err
	}
	return fmt.Errorf("%w: %w", refusal(e.code), err)
}
