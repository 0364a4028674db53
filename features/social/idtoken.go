package social

import (
	"context"
	"errors"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
)

// verify returns what a verified ID token of a client stands for.
func (f *Feature) verify(c *core.Context, p Provider, t IDToken, grant Grant) (*Profile, error) {
	if !p.Traits().VerifiesIDTokens {
		return nil, core.Fail(http.StatusNotFound, api.IDTokenNotSupported)
	}
	ctx, cancel := context.WithTimeout(c, conversation)
	defer cancel()
	if err := p.VerifyIDToken(ctx, c.Kernel, t); err != nil {
		return nil, core.Fail(http.StatusUnauthorized, api.InvalidToken).Because(err)
	}
	profile, err := p.Profile(ctx, c.Kernel, grant)
	switch {
	case err != nil:
		return nil, core.Fail(http.StatusUnauthorized, api.FailedToGetUserInfo).Because(err)
	case profile == nil:
		return nil, core.Fail(http.StatusUnauthorized, api.FailedToGetUserInfo)
	case profile.email() == "":
		return nil, core.Fail(http.StatusUnauthorized, api.UserEmailNotFound)
	case !profile.Usable():
		return nil, core.Fail(http.StatusUnauthorized, api.FailedToGetUserInfo)
	}
	return profile, nil
}

// signInWithIDToken signs in a user whose client has got an ID token by itself.
func (f *Feature) signInWithIDToken(c *core.Context, p Provider, in api.SignInSocialInput) (api.SignInSocialOutput, error) {
	t := in.IDToken
	grant := Grant{Tokens: Tokens{IDToken: t.Token, AccessToken: t.AccessToken}, Nonce: t.Nonce}
	if t.User != nil && t.User.Name != nil {
		grant.FirstName, grant.LastName = t.User.Name.FirstName, t.User.Name.LastName
	}
	profile, err := f.verify(c, p, IDToken{Token: t.Token, Nonce: t.Nonce, AccessToken: t.AccessToken}, grant)
	if err != nil {
		return api.SignInSocialOutput{}, err
	}
	flow := Flow{RequestSignUp: in.RequestSignUp}
	out, err := f.signIn(c, signIn{
		provider: p, profile: profile, tokens: &grant.Tokens, callbackURL: in.CallbackURL, signUpDisabled: flow.signUpDisabled(p.Traits()),
	})
	var refused Refusal
	switch {
	case errors.As(err, &refused) && refused.Reason == "email not verified":
		return api.SignInSocialOutput{}, core.Fail(http.StatusForbidden, api.EmailNotVerified)
	case errors.As(err, &refused):
		return api.SignInSocialOutput{}, core.FailWith(http.StatusUnauthorized, api.OAuthLinkError.Code, refused.Reason)
	case err != nil:
		return api.SignInSocialOutput{}, err
	}
	if err := out.setCookies(c); err != nil {
		return api.SignInSocialOutput{}, err
	}
	return api.SignInSocialOutput{Token: out.identity.Session.Token, User: &out.identity.User.User}, nil
}
