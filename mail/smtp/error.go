package smtp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/textproto"
	"strings"

	"github.com/ostiary/ostiary/mail"
)

// Error says at which step the delivery of a message failed. It holds no secret:
// what a server repeats of the password or of the message is cut out.
type Error struct {
	// Address is the server, as host:port.
	Address string
	// Step is what could not be done, in the words of "could not …".
	Step string
	// Code is the server's reply code (RFC 5321 section 4.2), or 0 if the failure
	// is not a reply.
	Code int
	// Reason is the server's reply or the local cause, on one line.
	Reason string

	cause        error
	aboutMessage bool // the conversation had come to the message
}

// Error describes e on one line.
func (e *Error) Error() string {
	if e.Code != 0 {
		return fmt.Sprintf("smtp: %s: could not %s: %d %s", e.Address, e.Step, e.Code, e.Reason)
	}
	return fmt.Sprintf("smtp: %s: could not %s: %s", e.Address, e.Step, e.Reason)
}

// Unwrap returns the local cause, such as [context.DeadlineExceeded] or an error of
// the network, or nil if the server refused or the cause repeats a secret.
func (e *Error) Unwrap() error { return e.cause }

// Temporary reports whether the same message may succeed later: the server said so
// (a reply in 4xx), there was no reply at all, or the server refused us before it
// was told anything of the message, such as a sign-in with a password that has
// changed. Only a reply in 5xx about the message or its addresses is final.
func (e *Error) Temporary() bool { return e.Code/100 != 5 || !e.aboutMessage }

// stepError is an error together with the step at which it happened. It has not
// been cleaned yet and does not leave the package.
type stepError struct {
	step string
	err  error

	aboutMessage bool
}

func (e *stepError) Error() string { return e.step + ": " + e.err.Error() }

func (e *stepError) Unwrap() error { return e.err }

func at(step string, err error) error { return &stepError{step: step, err: err} }

// with is [at] for the steps that deal with the message.
func with(step string, err error) error { return &stepError{step: step, err: err, aboutMessage: true} }

// explain makes an [*Error] of err. If ctx has ended, that is the reason: closing
// the connection is how Send is interrupted, and what it causes is noise.
func (s *Sender) explain(ctx context.Context, m mail.Message, err error) error {
	e := &Error{Address: s.address, Step: "deliver"}
	if failed := (*stepError)(nil); errors.As(err, &failed) {
		e.Step, e.aboutMessage, err = failed.step, failed.aboutMessage, failed.err
	}
	if ended := ctx.Err(); ended != nil {
		e.Reason, e.cause = ended.Error(), ended
		return e
	}
	if reply := (*textproto.Error)(nil); errors.As(err, &reply) {
		e.Code, e.Reason = reply.Code, s.clean(reply.Msg, m)
		return e
	}
	e.Reason = s.clean(err.Error(), m)
	if e.Reason == err.Error() { // or else the cause would tell what was cut out
		e.cause = err
	}
	return e
}

// clean makes one short line of what a server said and cuts out the secrets in it:
// a rejected sign-in may quote the password.
func (s *Sender) clean(reply string, m mail.Message) string {
	for _, secret := range s.passwordForms() {
		reply = strings.ReplaceAll(reply, secret, "[redacted]")
	}
	return m.Redact(reply)
}

// passwordForms are the password and what goes over the wire instead of it.
func (s *Sender) passwordForms() []string {
	username, password := s.credentials()
	if password == "" {
		return nil
	}
	encode := base64.StdEncoding.EncodeToString
	return []string{
		encode([]byte("\x00" + username + "\x00" + password)), encode([]byte(password)), password,
	}
}
