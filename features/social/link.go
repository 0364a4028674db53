package social

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/schema"
)

// finishLink links the account of the user who is back to the user who asked for
// it.
func (f *Feature) finishLink(c *core.Context, p Provider, flow *Flow, profile *Profile, tokens *Tokens) error {
	user, err := f.linkingUser(c, flow.link)
	if err != nil {
		return err
	}
	s := &signIn{provider: p, profile: profile, tokens: tokens}
	if err := f.validate(c, *user, s, "link-account"); err != nil {
		return err
	}
	o := &c.Config().Account.Linking
	switch {
	case o.Disabled, !profile.EmailVerified && !trusted(c, p.ID()):
		return refuse("unable to link account")
	case !o.AllowDifferentEmails && profile.email() != core.CanonicalEmail(flow.link.Email):
		return refuse("email does not match")
	}
	account, err := c.Accounts.ByKey(c, p.ID(), profile.Subject)
	switch {
	case err != nil:
		return err
	case account == nil:
		if _, err := addAccount(c, accountRow(c.Kernel, user.ID, s)); err != nil {
			c.Log.WarnContext(c, "account not linked", "provider", p.ID(), "error", err)
			return refuse("unable to link account")
		}
	case account.UserID != user.ID:
		return refuse("account already linked to different user")
	default:
		if err := f.refreshLink(c, account, tokens); err != nil {
			return err
		}
	}
	f.updateOnLink(c, user, profile)
	return nil
}

// addAccount links an identity to a user. Of two users to whom the same identity
// is being linked at the same time no more than one gets it: whoever finds that
// there are two accounts takes its own back.
func addAccount(c *core.Context, row schema.Row) (*core.Account, error) {
	account, err := c.Accounts.Create(c, row)
	if err != nil {
		return nil, err
	}
	if _, err := c.Accounts.ByKey(c, account.ProviderID, account.AccountID); err != nil {
		_, undone := c.Accounts.DeleteOwned(c, account.ID, account.UserID)
		return nil, errors.Join(err, undone)
	}
	return account, nil
}

// linkingUser returns the user who asked for the link, if the session in which
// that happened is still alive: whoever ended it wants no more to come of it.
func (f *Feature) linkingUser(c *core.Context, link *flowLink) (*core.User, error) {
	if c.Stateful() {
		token, err := f.linkBox.Decrypt(link.SessionToken)
		if err != nil {
			return nil, refuse("unable to link account")
		}
		id, err := c.Sessions.Find(c, string(token))
		switch {
		case err != nil:
			return nil, err
		case id == nil || id.User.ID != link.UserID || !id.Session.ExpiresAt.After(c.Now()):
			return nil, refuse("unable to link account")
		}
		return &id.User, nil
	}
	user, err := c.Users.ByID(c, link.UserID)
	if err == nil && user == nil {
		err = refuse("unable to link account")
	}
	return user, err
}

// refreshLink stores the tokens of an account that the user has linked before,
// and adds the scopes that were granted now.
func (f *Feature) refreshLink(c *core.Context, account *core.Account, tokens *Tokens) error {
	change := tokenRow(c.Kernel, tokens)
	if scope := unite(account.Scope, tokens.Scopes); scope != "" {
		change.SetAt(schema.AccountScope, scope)
	}
	if change.IsEmpty() {
		return nil
	}
	updated, err := c.Accounts.Update(c, account.ID, change)
	if err == nil && updated == nil {
		err = refuse("unable to link account")
	}
	return err
}

// unite joins stored scopes and new ones.
func unite(stored *string, more []string) string {
	all := splitScopes(stored)
	for _, scope := range more {
		if !slices.Contains(all, scope) {
			all = append(all, scope)
		}
	}
	return strings.Join(all, ",")
}

// splitScopes returns the scopes of an account; never nil.
func splitScopes(stored *string) []string {
	all := []string{}
	for scope := range strings.SplitSeq(text(stored), ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			all = append(all, scope)
		}
	}
	return all
}

// linkIDToken links an account by an ID token that the client has got by itself.
func (f *Feature) linkIDToken(c *core.Context, p Provider, in api.LinkSocialInput) (api.LinkSocialOutput, error) {
	t := in.IDToken
	grant := Grant{Tokens: Tokens{IDToken: t.Token, AccessToken: t.AccessToken, RefreshToken: t.RefreshToken}, Nonce: t.Nonce}
	profile, err := f.verify(c, p, IDToken{Token: t.Token, Nonce: t.Nonce, AccessToken: t.AccessToken}, grant)
	if err != nil {
		return api.LinkSocialOutput{}, err
	}
	account, err := c.Accounts.ByKey(c, p.ID(), profile.Subject)
	if err != nil {
		return api.LinkSocialOutput{}, err
	}
	done := api.LinkSocialOutput{Status: true}
	user := &c.Session.User
	if account != nil {
		if account.UserID != user.ID {
			return api.LinkSocialOutput{}, core.Fail(http.StatusConflict, api.SocialAccountAlreadyLinked)
		}
		_, err := c.Accounts.Update(c, account.ID, tokenRow(c.Kernel, &grant.Tokens))
		return done, err
	}
	o := &c.Config().Account.Linking
	switch {
	case o.Disabled, !profile.EmailVerified && !trusted(c, p.ID()):
		return api.LinkSocialOutput{}, core.Fail(http.StatusUnauthorized, api.LinkingNotAllowed)
	case !o.AllowDifferentEmails && profile.email() != core.CanonicalEmail(user.Email):
		return api.LinkSocialOutput{}, core.Fail(http.StatusUnauthorized, api.LinkingDifferentEmails)
	}
	if _, err := addAccount(c, accountRow(c.Kernel, user.ID, &signIn{provider: p, profile: profile, tokens: &grant.Tokens})); err != nil {
		return api.LinkSocialOutput{}, core.Fail(http.StatusExpectationFailed, api.LinkingFailed).Because(err)
	}
	f.updateOnLink(c, user, profile)
	return done, nil
}
