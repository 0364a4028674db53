package twofactor

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/random"
)

const secretLength = 32

// enable begins to use a second factor.
func (p *Plugin) enable(c *core.Context, in EnableInput) (EnableOutput, error) {
	if err := p.confirm(c, &c.Session.User, in.Password, p.options.AllowPasswordless); err != nil {
		return EnableOutput{}, err
	}
	if in.Method == methodOTP {
		return p.enableOTP(c)
	}
	return p.enableTOTP(c, in.Issuer)
}

// enableOTP turns codes on that are sent. There is nothing to verify first: where
// they are sent to is known to be the user's.
func (p *Plugin) enableOTP(c *core.Context) (EnableOutput, error) {
	if p.options.OTP.Send == nil {
		return EnableOutput{}, core.Fail(http.StatusBadRequest, OTPNotConfigured)
	}
	if _, err := change(c, true, nil); err != nil {
		return EnableOutput{}, err
	}
	return EnableOutput{Method: methodOTP}, nil
}

func (p *Plugin) enableTOTP(c *core.Context, issuer string) (EnableOutput, error) {
	var none EnableOutput
	if p.options.TOTP.Disabled {
		return none, core.Fail(http.StatusBadRequest, TOTPNotConfigured)
	}
	user := &c.Session.User
	have, err := p.factors.of(c, user.ID)
	if err != nil {
		return none, err
	}
	if have != nil && !have.unconfirmed {
		return none, core.Fail(http.StatusBadRequest, TOTPAlreadyEnabled)
	}
	secret, codes := c.Random.String(secretLength, random.URLSafe), p.newBackupCodes(c)
	sealed, err := p.sealBackupCodes(codes)
	if err != nil {
		return none, err
	}
	save := func(ctx context.Context) error {
		if _, err := c.Users.Hold(ctx, user.ID); err != nil { // one second factor at a time
			return err
		}
		return p.factors.save(ctx, user.ID, c.Secrets.Encrypt([]byte(secret)), sealed, p.options.SkipVerificationOnEnable)
	}
	if p.options.SkipVerificationOnEnable {
		_, err = change(c, true, save)
	} else {
		err = c.DB.InTransaction(c, save)
	}
	if err != nil {
		return none, err
	}
	for _, name := range []string{p.options.Issuer, c.Config().AppName} {
		if issuer == "" {
			issuer = name
		}
	}
	return EnableOutput{Method: methodTOTP, TOTPURI: p.generator([]byte(secret)).uri(issuer, user.Email), BackupCodes: codes}, nil
}

// disable ends the use of a second factor, also where there is none.
func (p *Plugin) disable(c *core.Context, in PasswordInput) (api.Status, error) {
	user := &c.Session.User
	if err := p.confirm(c, user, in.Password, p.options.AllowPasswordless); err != nil {
		return api.Status{}, err
	}
	_, err := change(c, false, func(ctx context.Context) error {
		if err := p.factors.remove(ctx, user.ID); err != nil {
			return err
		}
		return p.trusts.end(ctx, c, user.ID)
	})
	return api.Status{Status: err == nil}, err
}
