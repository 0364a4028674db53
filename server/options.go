package server

import (
	"fmt"
	"log/slog"
	"strings"

	"github.com/ostiary/ostiary"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/emailpassword"
	"github.com/ostiary/ostiary/features/emailverification"
	"github.com/ostiary/ostiary/features/user"
	"github.com/ostiary/ostiary/internal/secret"
	"github.com/ostiary/ostiary/password"
	"github.com/ostiary/ostiary/schema"
	"github.com/ostiary/ostiary/server/internal/configfile"
)

// translation makes the library's options of a configuration, and collects what
// is wrong on the way.
type translation struct {
	*Config
	letters  *letters // nil when no mails can be sent
	hasher   password.Hasher
	log      *slog.Logger
	problems []error
}

func (t *translation) problem(format string, args ...any) {
	t.problems = append(t.problems, fmt.Errorf(format, args...))
}

// options returns the options; those of the database are left to the caller.
func (t *translation) options() ostiary.Options {
	t.check()
	o := ostiary.Options{
		AppName: t.AppName, BasePath: t.BasePath, Development: t.Server.Development,
		BaseURL: core.BaseURL{
			URL: t.BaseURL.URL, AllowedHosts: t.BaseURL.AllowedHosts, Fallback: t.BaseURL.Fallback,
			Protocol: strings.TrimPrefix(t.BaseURL.Protocol, "auto"),
		},
		Secret: t.Secret.Reveal(), AcceptPreviousSecrets: t.Server.AcceptPreviousSecrets,
		IDs:              schema.IDStrategy(t.Advanced.Database.GenerateID),
		ModelIDs:         t.modelIDs(),
		EmailAndPassword: t.emailAndPassword(), EmailVerification: t.emailVerification(),
		SocialProviders: t.socialProviders(), Plugins: t.plugins(),
		User: t.user(), Session: t.session(), Account: t.account(), Verification: t.verification(),
		TrustedOrigins: t.TrustedOrigins, RateLimit: t.rateLimit(), Cookies: t.cookies(),
		ClientIP: core.ClientIPOptions{
			Headers: t.Advanced.IPAddress.IPAddressHeaders, TrustedProxies: t.Advanced.IPAddress.TrustedProxies,
			IPv6Subnet: t.Advanced.IPAddress.IPv6Subnet, Disabled: t.Advanced.IPAddress.DisableIPTracking,
		},
		Advanced: ostiary.AdvancedOptions{
			DisabledPaths: t.DisabledPaths, SkipTrailingSlashes: t.Advanced.SkipTrailingSlashes,
			PrivateNetworks:     t.Advanced.PrivateNetworks,
			TrustedProxyHeaders: t.Advanced.TrustedProxyHeaders, DisableCSRFCheck: t.Advanced.DisableCSRFCheck,
			DisableOriginCheck: t.Advanced.DisableOriginCheck, MaxBodyBytes: t.Server.MaxBodyBytes, ErrorURL: t.OnAPIError.ErrorURL,
		},
		Logger: t.log,
	}
	if o.Secret == "" && len(t.Secrets) == 0 && len(t.problems) > 0 {
		o.Secret = NewSecret().Reveal() // reported already; nothing will run with this one
	}
	for _, v := range t.Secrets {
		o.Secrets = append(o.Secrets, core.VersionedSecret{Version: v.Version, Value: v.Value.Reveal()})
	}
	return o
}

// check reports what the library would accept, but a server on its own should
// not.
func (t *translation) check() {
	if !t.Server.Development {
		t.checkProduction()
	}
	if t.letters == nil && t.EmailAndPassword.RequireEmailVerification {
		t.problem("emailAndPassword.requireEmailVerification: without a mail server nobody could ever sign in; set mail.smtp.host and mail.from")
	}
	if t.Session.PreserveSessionInDatabase && !t.Session.StoreSessionInDatabase {
		t.problem("session.preserveSessionInDatabase: has no effect without session.storeSessionInDatabase; set both, or neither")
	}
	if t.SecondaryStorage.URL == "" && (t.Session.StoreSessionInDatabase || t.Verification.StoreInDatabase) {
		t.problem("session.storeSessionInDatabase, verification.storeInDatabase: everything is in the database where there is no secondaryStorage; remove them, or set secondaryStorage.url")
	}
	if t.EmailAndPassword.RequireEmailVerification && !enabled(t.EmailVerification.SendVerificationEmail) {
		t.problem("emailVerification.sendVerificationEmail: is off, but emailAndPassword.requireEmailVerification needs it")
	}
}

func (t *translation) checkProduction() {
	if t.BaseURL.IsZero() {
		t.problem("baseURL: not set; give the address under which browsers reach the server, for example https://auth.example.com, or set OSTIARY_BASE_URL")
	}
	current := t.Secret
	if len(t.Secrets) > 0 {
		current = t.Secrets[0].Value
	}
	switch {
	case current == "":
		t.problem("secret: not set; make one with `ostiary secret` and pass it as OSTIARY_SECRET")
	case current == secret.Default:
		t.problem("secret: this is the published default, with which anyone can forge sessions; make one with `ostiary secret`")
	case !t.Server.AllowWeakSecret:
		for _, weakness := range secret.Assess(current.Reveal()) {
			t.problem("secret: %s; or accept the risk with server.allowWeakSecret", weakness)
		}
	}
}

// sends reports whether a mail is sent, given the switch for it.
func (t *translation) sends(key string, on *bool) bool {
	if t.letters == nil && on != nil && *on {
		t.problem("%s: is on, but there is no mail server; set mail.smtp.host and mail.from", key)
	}
	return t.letters != nil && enabled(on)
}

func (t *translation) emailAndPassword() emailpassword.Options {
	c := &t.EmailAndPassword
	o := emailpassword.Options{
		Enabled: c.Enabled, DisableSignUp: c.DisableSignUp, AutoSignIn: c.AutoSignIn,
		RequireEmailVerification: c.RequireEmailVerification,
		MinPasswordLength:        c.MinPasswordLength, MaxPasswordLength: c.MaxPasswordLength,
		Hasher:                        t.hasher,
		ResetPasswordTokenExpiresIn:   c.ResetPasswordTokenExpiresIn,
		RevokeSessionsOnPasswordReset: enabled(c.RevokeSessionsOnPasswordReset),
	}
	if t.sends("emailAndPassword.sendResetPassword", c.SendResetPassword) {
		o.SendResetPassword = t.letters.passwordReset
	}
	if t.sends("emailAndPassword.onPasswordReset", c.OnPasswordReset) {
		o.OnPasswordReset = t.letters.passwordWasReset
	}
	if t.sends("emailAndPassword.onExistingUserSignUp", c.OnExistingUserSignUp) {
		o.OnExistingUserSignUp = t.letters.existingAccount
	}
	return o
}

func (t *translation) emailVerification() emailverification.Options {
	c := &t.EmailVerification
	o := emailverification.Options{
		SendOnSignUp: c.SendOnSignUp, SendOnSignIn: c.SendOnSignIn,
		AutoSignIn: c.AutoSignInAfterVerification, ExpiresIn: c.ExpiresIn,
	}
	if t.sends("emailVerification.sendVerificationEmail", c.SendVerificationEmail) {
		o.Send = t.letters.verification
		return o
	}
	if c.SendOnSignIn || c.SendOnSignUp != nil && *c.SendOnSignUp {
		t.problem("emailVerification: mails are to be sent on sign-up or sign-in, but no verification mails can be sent; set mail.smtp.host and mail.from")
	}
	o.SendOnSignIn, o.SendOnSignUp = false, nil
	return o
}

func (t *translation) user() ostiary.UserOptions {
	c := &t.User
	o := ostiary.UserOptions{
		Table: c.ModelName, Columns: c.Fields, Fields: t.fields("user", c.AdditionalFields),
		Options: user.Options{
			ChangeEmail: user.ChangeEmailOptions{
				Enabled: c.ChangeEmail.Enabled, UpdateWithoutVerification: c.ChangeEmail.UpdateEmailWithoutVerification,
			},
			DeleteUser: user.DeleteUserOptions{Enabled: c.DeleteUser.Enabled, TokenExpiresIn: c.DeleteUser.DeleteTokenExpiresIn},
		},
	}
	if t.sends("user.changeEmail.sendChangeEmailConfirmation", c.ChangeEmail.SendChangeEmailConfirmation) {
		o.ChangeEmail.SendConfirmation = t.letters.changeEmail
	}
	if t.sends("user.deleteUser.sendDeleteAccountVerification", c.DeleteUser.SendDeleteAccountVerification) {
		o.DeleteUser.SendVerification = t.letters.deleteAccount
	}
	return o
}

func (t *translation) fields(model string, named configfile.Named[Field]) []schema.Field {
	var list []schema.Field
	for _, e := range named {
		f, err := e.Value.field(e.Name)
		if err != nil {
			t.problem("%s.additionalFields.%s: %w", model, e.Name, err)
		}
		list = append(list, f)
	}
	return list
}

func (t *translation) modelIDs() map[string]schema.IDStrategy {
	named := t.Advanced.Database.ModelIDs
	if len(named) == 0 {
		return nil
	}
	strategies := make(map[string]schema.IDStrategy, len(named))
	for _, e := range named {
		strategies[e.Name] = schema.IDStrategy(e.Value)
	}
	return strategies
}

func (t *translation) session() core.SessionOptions {
	c := &t.Session
	return core.SessionOptions{
		ModelOptions: core.ModelOptions{Table: c.ModelName, Columns: c.Fields, Fields: t.fields("session", c.AdditionalFields)},
		ExpiresIn:    c.ExpiresIn, UpdateAge: c.UpdateAge, FreshAge: c.FreshAge,
		DisableRefresh: c.DisableSessionRefresh, DeferRefresh: c.DeferSessionRefresh,
		StoreInDatabase: c.StoreSessionInDatabase, PreserveInDatabase: c.PreserveSessionInDatabase,
		CookieCache: core.CookieCacheOptions{
			Enabled: c.CookieCache.Enabled, MaxAge: c.CookieCache.MaxAge,
			Strategy: core.CacheStrategy(c.CookieCache.Strategy), Version: c.CookieCache.Version,
		},
		Memory: core.SessionMemoryOptions{Enabled: c.Memory.Enabled, MaxAge: c.Memory.MaxAge},
	}
}

func (t *translation) account() core.AccountOptions {
	c := &t.Account
	l := &c.AccountLinking
	return core.AccountOptions{
		ModelOptions:         core.ModelOptions{Table: c.ModelName, Columns: c.Fields, Fields: t.fields("account", c.AdditionalFields)},
		EncryptOAuthTokens:   c.EncryptOAuthTokens,
		KeepTokensOnSignIn:   !enabled(c.UpdateAccountOnSignIn),
		StateStrategy:        core.StateStrategy(c.StoreStateStrategy),
		SkipStateCookieCheck: c.SkipStateCookieCheck,
		StoreAccountCookie:   c.StoreAccountCookie,
		Linking: core.LinkingOptions{
			Disabled: !enabled(l.Enabled), DisableImplicit: l.DisableImplicitLinking, TrustedProviders: l.TrustedProviders,
			AllowUnverifiedLocalEmail: !enabled(l.RequireLocalEmailVerified), AllowDifferentEmails: l.AllowDifferentEmails,
			AllowUnlinkingAll: l.AllowUnlinkingAll, UpdateUserInfoOnLink: l.UpdateUserInfoOnLink,
		},
	}
}

func (t *translation) verification() core.VerificationOptions {
	c := &t.Verification
	return core.VerificationOptions{
		ModelOptions:    core.ModelOptions{Table: c.ModelName, Columns: c.Fields, Fields: t.fields("verification", c.AdditionalFields)},
		HashIdentifiers: c.StoreIdentifier == "hashed", StoreInDatabase: c.StoreInDatabase, DisableCleanup: c.DisableCleanup,
	}
}

func (t *translation) rateLimit() core.RateLimitOptions {
	c := &t.RateLimit
	on := enabled(c.Enabled)
	o := core.RateLimitOptions{
		Enabled: &on, Window: c.Window, Max: c.Max, Storage: core.RateLimitStorage(c.Storage),
		Table: c.ModelName, Columns: c.Fields,
	}
	for _, r := range c.CustomRules {
		o.Rules = append(o.Rules, core.RateLimitRule{Path: r.Name, Window: r.Value.Window, Max: r.Value.Max, Unlimited: r.Value.Unlimited})
	}
	return o
}

func (t *translation) cookies() core.CookieOptions {
	c := &t.Advanced
	o := core.CookieOptions{
		Secure: c.UseSecureCookies, Prefix: c.CookiePrefix,
		CrossSubDomain: core.CrossSubDomain{Enabled: c.CrossSubDomainCookies.Enabled, Domain: c.CrossSubDomainCookies.Domain},
		Defaults:       c.DefaultCookieAttributes.attributes(),
	}
	if len(c.Cookies) > 0 {
		o.Overrides = map[string]core.CookieOverride{}
	}
	for _, e := range c.Cookies {
		o.Overrides[e.Name] = core.CookieOverride{Name: e.Value.Name, Attributes: e.Value.Attributes.attributes()}
	}
	return o
}

func (a *CookieAttributes) attributes() core.CookieAttributes {
	return core.CookieAttributes{
		MaxAge: a.MaxAge, Domain: a.Domain, Path: a.Path, HTTPOnly: a.HTTPOnly, Secure: a.Secure,
		SameSite: strings.ToLower(a.SameSite), Partitioned: a.Partitioned,
	}
}
