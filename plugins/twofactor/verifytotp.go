package twofactor

import (
	"context"
	"fmt"
	"net/http"

	"github.com/ostiary/ostiary/core"
)

func (p *Plugin) generator(key []byte) generator {
	return generator{key: key, digits: p.options.TOTP.Digits, period: p.options.TOTP.Period}
}

// generatorOf returns the generator of a stored secret.
func (p *Plugin) generatorOf(c *core.Context, f *factor) (generator, error) {
	secret, err := c.Secrets.Decrypt(f.secret)
	if err != nil {
		return generator{}, fmt.Errorf("open TOTP secret: %w", err)
	}
	key, err := keyOf(string(secret))
	return p.generator(key), err
}

// verifyTOTP verifies a code of an authenticator app.
func (p *Plugin) verifyTOTP(c *core.Context, in VerifyInput) (VerifyOutput, error) {
	var none VerifyOutput
	if p.options.TOTP.Disabled {
		return none, core.Fail(http.StatusBadRequest, totpNotConfigured)
	}
	v, err := p.verifier(c)
	if err != nil {
		return none, err
	}
	f, err := p.factors.of(c, v.user.ID)
	if err != nil {
		return none, err
	}
	if f == nil || (f.unconfirmed && v.session == nil) {
		return none, core.Fail(http.StatusBadRequest, TOTPNotEnabled)
	}
	right := func() (bool, error) { return p.isTOTP(c, f, in.Code) }
	if err := p.try(c, v, f, InvalidCode, right); err != nil {
		return none, err
	}
	if err := p.confirmTOTP(c, v, f); err != nil {
		return none, err
	}
	return p.complete(c, v, in.TrustDevice)
}

func (p *Plugin) isTOTP(c *core.Context, f *factor, code string) (bool, error) {
	g, err := p.generatorOf(c, f)
	if err != nil {
		return false, err
	}
	step, ok := g.match(code, c.Now())
	if !ok || !p.options.TOTP.RejectReusedCodes {
		return ok, nil
	}
	return p.factors.useStep(c, f, step)
}

// confirmTOTP finishes [Enable]: the first code shows that the app has the
// secret. Better Auth 1.7 answers with the session and user of before, which
// clients do not look at; the new session is in the cookie.
func (p *Plugin) confirmTOTP(c *core.Context, v *verifier, f *factor) error {
	if f.confirmed {
		return nil
	}
	if v.session == nil || enabled(v.user) {
		return p.factors.confirm(c, f.id)
	}
	_, err := change(c, true, func(ctx context.Context) error { return p.factors.confirm(ctx, f.id) })
	return err
}

// getTOTPURI shows the URI for the authenticator app again.
func (p *Plugin) getTOTPURI(c *core.Context, in PasswordInput) (TOTPURIOutput, error) {
	var none TOTPURIOutput
	if p.options.TOTP.Disabled {
		return none, core.Fail(http.StatusBadRequest, totpNotConfigured)
	}
	user := &c.Session.User
	f, err := p.factors.of(c, user.ID)
	if err != nil {
		return none, err
	}
	if f == nil {
		return none, core.Fail(http.StatusBadRequest, TOTPNotEnabled)
	}
	if err := p.confirm(c, user, in.Password, *p.options.TOTP.AllowPasswordless); err != nil {
		return none, err
	}
	g, err := p.generatorOf(c, f)
	if err != nil {
		return none, err
	}
	issuer := p.options.TOTP.Issuer
	if issuer == "" {
		issuer = c.Config().AppName
	}
	return TOTPURIOutput{TOTPURI: g.uri(issuer, user.Email)}, nil
}

// generateTOTP computes the current code of a secret.
func (p *Plugin) generateTOTP(c *core.Context, in GenerateTOTPInput) (GenerateTOTPOutput, error) {
	if p.options.TOTP.Disabled {
		return GenerateTOTPOutput{}, core.Fail(http.StatusBadRequest, totpNotConfigured)
	}
	key, err := keyOf(in.Secret)
	if err != nil {
		return GenerateTOTPOutput{}, err
	}
	return GenerateTOTPOutput{Code: p.generator(key).code(c.Now())}, nil
}
