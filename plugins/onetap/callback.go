package onetap

import (
	"errors"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

const googleID = "google"

// callback signs in whom an ID token names.
func (p *Plugin) callback(c *core.Context, in CallbackInput) (CallbackOutput, error) {
	configured := p.social.Provider(c, googleID)
	verifier := p.verifier
	if verifier == nil && configured != nil && len(configured.Traits().ClientIDs) > 0 {
		verifier = verifierFor(configured.Traits().ClientIDs)
	}
	if verifier == nil {
		return CallbackOutput{}, core.Fail(http.StatusBadRequest, NoClientID)
	}
	provider := configured
	if provider == nil {
		provider = verifier
	}
	arrival, err := p.arrival(c, verifier, provider, in.IDToken)
	if err != nil {
		return CallbackOutput{}, err
	}
	id, _, err := p.social.SignIn(c, provider, arrival, in.CallbackURL)
	var refused social.Refusal
	switch {
	case errors.As(err, &refused) && refused.Reason == "email not verified":
		return CallbackOutput{}, core.Fail(http.StatusForbidden, api.EmailNotVerified)
	case errors.As(err, &refused):
		return CallbackOutput{}, core.FailWith(http.StatusUnauthorized, "", refused.Reason)
	case err != nil:
		return CallbackOutput{}, err
	}
	return CallbackOutput{Token: id.Session.Token, User: id.User.User}, nil
}

// arrival returns whom an ID token names. The provider, which may be narrower
// than the verifier, as by a hosted domain, and may map profiles, reads it.
func (p *Plugin) arrival(c *core.Context, verifier, provider social.Provider, token string) (social.Arrival, error) {
	invalid := core.Fail(http.StatusBadRequest, InvalidIDToken)
	if err := verifier.VerifyIDToken(c, c.Kernel, social.IDToken{Token: token}); err != nil {
		return social.Arrival{}, invalid.Because(err)
	}
	tokens := &social.Tokens{IDToken: token, Scopes: []string{"openid", "profile", "email"}}
	grant := social.Grant{Tokens: *tokens}
	claims, err := social.Claims(grant)
	if err != nil {
		return social.Arrival{}, invalid.Because(err)
	}
	profile, err := provider.Profile(c, c.Kernel, grant)
	switch {
	case err != nil:
		return social.Arrival{}, invalid.Because(err)
	case !profile.Usable() || profile.Subject != social.Subject(claims["sub"]):
		return social.Arrival{}, invalid
	case !profile.HasEmail():
		return social.Arrival{}, core.Fail(http.StatusBadRequest, NoEmail)
	}
	disabled := p.options.DisableSignUp || provider.Traits().DisableSignUp
	return social.Arrival{Profile: profile, Tokens: tokens, SignUpDisabled: disabled}, nil
}
