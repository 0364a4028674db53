package social

import (
	"context"
	"errors"
	"slices"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/database"
	"github.com/ostiary/ostiary/schema"
)

// signIn is a sign-in with an identity that a provider vouches for.
type signIn struct {
	provider       Provider
	profile        *Profile
	tokens         *Tokens
	callbackURL    string
	signUpDisabled bool
	override       bool // replace what is known of the user by what the provider says
}

// signedIn is who has been signed in.
type signedIn struct {
	identity *core.Identity
	account  *core.Account
	isNew    bool
}

// signIn finds or makes the user of an identity and begins a session. The error
// is a [Refusal] if the user may not sign in.
func (f *Feature) signIn(c *core.Context, s signIn) (*signedIn, error) {
	if !s.profile.HasEmail() {
		return nil, refuse("email_not_found")
	}
	user, account, isNew, err := f.findUser(c, &s)
	if errors.Is(err, database.ErrDuplicate) {
		// Somebody, most likely the same user in another window, was first.
		user, account, isNew, err = f.findUser(c, &s)
	}
	if err != nil {
		return nil, err
	}
	if s.override && !isNew {
		if user, err = f.overrideUser(c, user, &s); err != nil {
			return nil, err
		}
	}
	if err := f.demandVerified(c, user, &s, isNew); err != nil {
		return nil, err
	}
	identity, err := c.Sessions.Create(c, user, true, nil)
	if err != nil {
		return nil, err
	}
	if identity == nil {
		return nil, refuse("unable to create session")
	}
	return &signedIn{identity, account, isNew}, nil
}

// SignIn signs in somebody whom a provider vouches for, by whatever way that is
// known, in the browser of the call. The error is a [Refusal] if the user may not
// sign in. CallbackURL is for the mail that verifies the address, if one is sent.
func (f *Feature) SignIn(c *core.Context, p Provider, a Arrival, callbackURL string) (id *core.Identity, isNew bool, err error) {
	out, err := f.signIn(c, signIn{
		provider: p, profile: a.Profile, tokens: a.Tokens, callbackURL: callbackURL,
		signUpDisabled: a.SignUpDisabled, override: p.Traits().OverrideUserInfo,
	})
	if err != nil {
		return nil, false, err
	}
	return out.identity, out.isNew, out.setCookies(c)
}

// setCookies makes the browser that of the user.
func (s *signedIn) setCookies(c *core.Context) error {
	if err := c.SetAccountCookie(s.account); err != nil {
		return err
	}
	return c.SetSession(s.identity, core.AsBefore)
}

// findUser returns the user whose identity it is: the owner of the account, or
// else the user with the same address, if linking is safe, or else a new one.
func (f *Feature) findUser(c *core.Context, s *signIn) (*core.User, *core.Account, bool, error) {
	account, err := c.Accounts.ByKey(c, s.provider.ID(), s.profile.Subject)
	if err != nil {
		return nil, nil, false, err
	}
	if account != nil {
		user, account, err := f.knownAccount(c, account, s)
		return user, account, false, err
	}
	user, err := c.Users.ByEmail(c, s.profile.email())
	if err != nil {
		return nil, nil, false, err
	}
	if user != nil {
		user, account, err := f.linkImplicitly(c, user, s)
		return user, account, false, err
	}
	user, account, err = f.signUp(c, s)
	return user, account, true, err
}

// knownAccount signs in the owner of an account. That the address is another one
// by now does not matter, and must not: it is the identity that counts.
func (f *Feature) knownAccount(c *core.Context, account *core.Account, s *signIn) (*core.User, *core.Account, error) {
	user, err := c.Users.ByID(c, account.UserID)
	if err != nil {
		return nil, nil, err
	}
	if user == nil {
		return nil, nil, refuse("unable to link account")
	}
	if err := f.validate(c, *user, s, "sign-in"); err != nil {
		return nil, nil, err
	}
	if !c.Config().Account.KeepTokensOnSignIn {
		change := tokenRow(c.Kernel, s.tokens)
		if !change.IsEmpty() {
			if account, err = c.Accounts.Update(c, account.ID, change); err != nil {
				return nil, nil, err
			}
			if account == nil {
				return nil, nil, refuse("unable to update account")
			}
		}
	}
	return user, account, f.promote(c, user, s.profile)
}

// linkImplicitly gives an identity to the user with the same address. Both sides
// must have proven the address: the provider's word alone would hand the account
// of whoever signed up with somebody else's address to two people.
func (f *Feature) linkImplicitly(c *core.Context, user *core.User, s *signIn) (*core.User, *core.Account, error) {
	o := &c.Config().Account.Linking
	switch {
	case !s.profile.EmailVerified && !trusted(c, s.provider.ID()),
		!user.EmailVerified && !o.AllowUnverifiedLocalEmail,
		o.Disabled, o.DisableImplicit:
		return nil, nil, refuse("account not linked")
	}
	if err := f.validate(c, *user, s, "link-account"); err != nil {
		return nil, nil, err
	}
	account, err := addAccount(c, accountRow(c.Kernel, user.ID, s))
	if err != nil {
		if core.AsAPIError(err) == nil {
			c.Log.ErrorContext(c, "account not linked", "provider", s.provider.ID(), "error", err)
		}
		return nil, nil, refuse("unable to link account")
	}
	if err := f.promote(c, user, s.profile); err != nil {
		return nil, nil, err
	}
	return f.updateOnLink(c, user, s.profile), account, nil
}

// signUp makes a user with the account, both or none.
func (f *Feature) signUp(c *core.Context, s *signIn) (*core.User, *core.Account, error) {
	if s.signUpDisabled {
		return nil, nil, refuse("signup disabled")
	}
	row, err := f.profileRow(c, s.profile, true)
	if err != nil {
		return nil, nil, err
	}
	row.SetAt(schema.UserEmail, s.profile.email())
	row.SetAt(schema.UserEmailVerified, s.profile.EmailVerified)
	if !row.Has(schema.UserImage) {
		row.SetAt(schema.UserImage, nil)
	}
	var user *core.User
	var account *core.Account
	err = c.DB.InTransaction(c, func(ctx context.Context) error {
		var err error
		if user, err = c.Users.Create(ctx, row, f.source(s, "create-user")); err != nil {
			return err
		}
		account, err = c.Accounts.Create(ctx, accountRow(c.Kernel, user.ID, s))
		return err
	})
	failed := core.AsAPIError(err)
	switch {
	case err == nil:
		return user, account, nil
	case errors.Is(err, database.ErrDuplicate):
		return nil, nil, err
	case failed != nil && failed.Code != "" && failed.Code != api.FailedToCreateUser.Code && failed.Status < 500:
		return nil, nil, err
	}
	if !errors.Is(err, core.ErrAbort) && (failed == nil || failed.Status >= 500) {
		c.Log.ErrorContext(c, "user not created", "provider", s.provider.ID(), "error", err)
	}
	return nil, nil, refuse("unable to create user")
}

// demandVerified sees to it that addresses get verified. The user whom a
// provider began to vouch for just now is judged by what was known before.
func (f *Feature) demandVerified(c *core.Context, user *core.User, s *signIn, isNew bool) error {
	if user.EmailVerified {
		return nil
	}
	required := s.provider.Traits().RequireEmailVerification
	mail := required && f.options.SendOnSignIn
	if isNew {
		mail = required
		if f.options.SendOnSignUp != nil {
			mail = f.options.SendOnSignUp(required)
		}
	}
	if mail && f.options.SendVerification != nil {
		if err := f.options.SendVerification(c, user, s.callbackURL); err != nil {
			c.Log.ErrorContext(c, "verification mail not sent", "user", user.ID, "error", err)
		}
	}
	if required {
		return refuse("email not verified")
	}
	return nil
}

// promote marks a user's address as verified if the provider vouches for it.
func (f *Feature) promote(c *core.Context, user *core.User, profile *Profile) error {
	if user.EmailVerified || !profile.EmailVerified || core.CanonicalEmail(user.Email) != profile.email() {
		return nil
	}
	change := c.Users.Table().NewRow()
	change.SetAt(schema.UserEmailVerified, true)
	_, err := c.Users.Update(c, user.ID, change)
	return err
}

// trusted reports whether the application takes a provider's word for addresses.
func trusted(c *core.Context, providerID string) bool {
	o := &c.Config().Account.Linking
	if slices.Contains(o.TrustedProviders, providerID) {
		return true
	}
	return o.TrustedProvidersFunc != nil && slices.Contains(o.TrustedProvidersFunc(c.Request), providerID)
}

// validate asks the application about a user who exists. It is shown the user as
// the provider describes it.
func (f *Feature) validate(c *core.Context, user core.User, s *signIn, action string) error {
	user.Name, user.Email, user.EmailVerified, user.Image = s.profile.Name, s.profile.email(), s.profile.EmailVerified, nil
	if s.profile.Image != "" {
		user.Image = &s.profile.Image
	}
	user.Extra = s.profile.Fields
	return c.ValidateUser(c, user, f.source(s, action))
}

func (f *Feature) source(s *signIn, action string) core.Source {
	return core.Source{Method: "oauth", Action: action, Provider: s.provider.ID(), Profile: s.profile.Raw}
}
