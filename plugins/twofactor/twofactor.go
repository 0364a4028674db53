// Package twofactor asks users who want it for a second factor when they sign
// in with a password: a code of an authenticator app (TOTP, RFC 6238), a code
// that is sent to them, or one of their backup codes. A device can be trusted
// for a while, and is then not asked again.
//
// A sign-in that needs a second factor begins no session at all: it answers
// {"twoFactorRedirect":true} with a challenge cookie, and the session begins
// when a code has been verified.
package twofactor

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/schema"
)

// Plugin is the plugin; make it with [New].
type Plugin struct {
	options Options
	factors *factors
	users   *core.Users
	secrets *secret.Keyring
	trusts  trusts
	otps    codeStore
	backups codeStore
}

var (
	_ core.Modeler          = (*Plugin)(nil)
	_ core.Initializer      = (*Plugin)(nil)
	_ core.EndpointProvider = (*Plugin)(nil)
	_ core.HookProvider     = (*Plugin)(nil)
	_ core.SignInGuard      = (*Plugin)(nil)
	_ core.ClaimHandler     = (*Plugin)(nil)
	_ core.RateLimiter      = (*Plugin)(nil)
	_ core.CodeProvider     = (*Plugin)(nil)
	_ core.SecretChecker    = (*Plugin)(nil)
)

// New returns the plugin.
func New(o Options) *Plugin { return &Plugin{options: o.filled()} }

// ID returns "two-factor".
func (*Plugin) ID() string { return "two-factor" }

// Init checks the options.
func (p *Plugin) Init(k *core.Kernel) error {
	if !k.Stateful() {
		k.Log.Warn("two-factor without a database: second factors are forgotten when the process ends")
	}
	o := &p.options
	p.factors = &factors{db: k.DB, table: k.DB.Table(modelKey)}
	p.users, p.secrets = k.Users, k.Secrets
	p.trusts = trusts{lifetime: o.TrustDeviceLifetime, strict: o.StrictDeviceTrust}
	p.otps = codeStore{o.OTP.Storage, o.OTP.Hash, o.OTP.Encrypt, o.OTP.Decrypt, k.Secrets}
	p.backups = codeStore{o.BackupCodes.Storage, nil, o.BackupCodes.Encrypt, o.BackupCodes.Decrypt, k.Secrets}
	return errors.Join(o.problems()...)
}

// Endpoints returns the endpoints.
func (p *Plugin) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(Enable, p.enable, p.passwordGate(p.options.AllowPasswordless), core.AuthoritativeGate),
		core.Handle(Disable, p.disable, p.passwordGate(p.options.AllowPasswordless), core.AuthoritativeGate),
		core.Handle(GetTOTPURI, p.getTOTPURI, p.passwordGate(*p.options.TOTP.AllowPasswordless), core.AuthoritativeGate),
		core.Handle(GenerateBackupCodes, p.generateBackupCodes, p.passwordGate(*p.options.BackupCodes.AllowPasswordless), core.AuthoritativeGate),
		core.Handle(VerifyTOTP, p.verifyTOTP),
		core.Handle(SendOTP, p.sendOTP),
		core.Handle(VerifyOTP, p.verifyOTP),
		core.Handle(VerifyBackupCode, p.verifyBackupCode),
		core.Handle(GenerateTOTP, p.generateTOTP),
		core.Handle(ViewBackupCodes, p.viewBackupCodes),
	}
}

// Hooks returns the hook that renews the trust in a device.
func (p *Plugin) Hooks() []core.Hook {
	return []core.Hook{{After: func(c *core.Context) error { return p.trusts.renew(c) }}}
}

// OnClaim forgets the second factor that somebody else has set up.
func (p *Plugin) OnClaim(ctx context.Context, userID string) error {
	if err := p.factors.remove(ctx, userID); err != nil {
		return err
	}
	_, err := p.users.Update(ctx, userID, p.users.Table().NewRow().Set(enabledField, false))
	return err
}

// RateLimits returns the limit of guesses: 3 requests in 10 seconds.
func (*Plugin) RateLimits() []core.RateLimitRule {
	return []core.RateLimitRule{{
		Match:  func(path string) bool { return strings.HasPrefix(path, pathPrefix) },
		Window: 10 * time.Second, Max: 3,
	}}
}

// Codes returns the error codes.
func (*Plugin) Codes() []api.Code {
	return []api.Code{
		OTPNotConfigured, OTPHasExpired, TOTPNotEnabled, TOTPAlreadyEnabled, TOTPNotConfigured, TwoFactorNotEnabled,
		BackupCodesNotEnabled, InvalidBackupCode, InvalidCode, TooManyAttempts, AccountTemporarilyLocked,
		InvalidTwoFactorCookie, TooManyCodesSent,
	}
}

const (
	modelKey     = "twoFactor"
	enabledField = "twoFactorEnabled"
)

// Models returns the table of second factors, and the field that marks users
// who have one.
func (p *Plugin) Models() []schema.Model {
	o := &p.options
	factor := schema.Model{Key: modelKey, Table: o.Table, Fields: []schema.Field{
		{Name: "secret", NoInput: true, Hidden: true, Index: true},
		{Name: "backupCodes", NoInput: true, Hidden: true},
		{Name: "userId", NoInput: true, Hidden: true, Index: true, References: &schema.Reference{Model: schema.UserKey}},
		{Name: "verified", Type: schema.Boolean, Optional: true, NoInput: true, Default: true},
		{Name: "failedVerificationCount", Type: schema.Number, Optional: true, NoInput: true, Hidden: true, Default: 0},
		{Name: "lockedUntil", Type: schema.Date, Optional: true, NoInput: true, Hidden: true},
	}}
	if o.TOTP.RejectReusedCodes {
		factor.Fields = append(factor.Fields, schema.Field{Name: lastStepField, Type: schema.Number, BigInt: true, Optional: true, NoInput: true, Hidden: true})
	}
	for i := range factor.Fields {
		factor.Fields[i].Column = o.Columns[factor.Fields[i].Name]
	}
	return []schema.Model{
		{Key: schema.UserKey, Fields: []schema.Field{
			{Name: enabledField, Type: schema.Boolean, Column: o.UserColumn, Optional: true, NoInput: true, Default: false},
		}},
		factor,
	}
}

// enabled reports whether a user has turned the second factor on.
func enabled(u *core.User) bool {
	on, _ := u.Extra[enabledField].(bool)
	return on
}
