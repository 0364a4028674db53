package twofactor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/random"
)

// sendWindow is the time over which sent codes are counted.
const sendWindow = 15 * time.Minute

// sendOTP sends a code. Of several that were sent the last one counts.
func (p *Plugin) sendOTP(c *core.Context, _ SendOTPInput) (api.Status, error) {
	o := &p.options.OTP
	if o.Send == nil {
		return api.Status{}, core.Fail(http.StatusBadRequest, otpNotConfigured)
	}
	v, err := p.verifier(c)
	if err != nil {
		return api.Status{}, err
	}
	if err := p.limitSends(c, v); err != nil {
		return api.Status{}, err
	}
	code := c.Random.String(o.Digits, random.Digits)
	stored, err := p.otps.seal(code)
	if err != nil {
		return api.Status{}, fmt.Errorf("store code: %w", err)
	}
	if strings.Contains(stored, ":") {
		return api.Status{}, errors.New("store code: what twofactor.Options.OTP.Hash or Encrypt returned contains a colon")
	}
	m := Message{User: *v.user, Code: code, ExpiresIn: o.Period, Request: c.Request}
	return api.Status{Status: true}, c.DeliverWith("sending a second factor", func(ctx context.Context) (func(context.Context) error, error) {
		send := func(ctx context.Context) error { return o.Send(ctx, m) }
		return send, c.Verifications.Create(ctx, otpPurpose+v.key(), stored+":0", o.Period)
	})
}

// limitSends counts the codes sent to a user who is signing in, so that whoever
// has the password can neither flood the user nor buy guesses with new codes.
func (p *Plugin) limitSends(c *core.Context, v *verifier) error {
	if v.session != nil {
		return nil
	}
	identifier := sentPurpose + v.user.ID
	sent, err := c.Verifications.Record(c, identifier, sendWindow)
	if err != nil {
		return err
	}
	if sent > int64(p.options.OTP.MaxSends) {
		return core.Fail(http.StatusTooManyRequests, TooManyCodesSent)
	}
	return nil
}

// verifyOTP verifies a code that was sent.
func (p *Plugin) verifyOTP(c *core.Context, in VerifyInput) (VerifyOutput, error) {
	var none VerifyOutput
	v, err := p.verifier(c)
	if err != nil {
		return none, err
	}
	var f *factor
	if v.session == nil {
		if f, err = p.factors.of(c, v.user.ID); err != nil {
			return none, err
		}
	}
	if err := p.checkLock(c, v, f); err != nil {
		return none, err
	}
	if err := p.redeemOTP(c, v, f, in.Code); err != nil {
		return none, err
	}
	if enabled(v.user) {
		return p.complete(c, v, in.TrustDevice)
	}
	if v.session == nil {
		return none, core.Fail(http.StatusBadRequest, failedToCreateSession)
	}
	id, err := change(c, true, nil)
	if err != nil {
		return none, err
	}
	return VerifyOutput{Token: id.Session.Token, User: id.User.User}, nil
}

// redeemOTP uses a code up. A wrong guess puts it back with one attempt less;
// meanwhile nobody else can guess.
func (p *Plugin) redeemOTP(c *core.Context, v *verifier, f *factor, code string) error {
	identifier := otpPurpose + v.key()
	won, err := c.Verifications.Consume(c, identifier)
	if err != nil {
		return err
	}
	if won == nil {
		return core.Fail(http.StatusBadRequest, OTPHasExpired)
	}
	stored, count, _ := strings.Cut(won.Value, ":")
	attempts, err := strconv.Atoi(count)
	if err != nil || attempts < 0 || attempts >= p.options.OTP.AllowedAttempts {
		return core.Fail(http.StatusBadRequest, TooManyAttempts)
	}
	t, err := p.charge(c, v, f)
	if err != nil {
		return err
	}
	right, err := p.otps.matches(stored, code)
	if err != nil {
		t.undecided(c)
		return err
	}
	if right {
		return t.right(c)
	}
	if err := c.Verifications.Create(c, identifier, stored+":"+strconv.Itoa(attempts+1), won.ExpiresAt.Sub(c.Now())); err != nil {
		return err
	}
	if err := t.wrong(c); err != nil {
		return err
	}
	return core.Fail(http.StatusUnauthorized, InvalidCode)
}
