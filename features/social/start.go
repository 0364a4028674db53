package social

import (
	"fmt"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
)

var errFlowTooLarge = core.FailWith(http.StatusBadRequest, api.ValidationError.Code, "[body.additionalData] Too big: the data does not fit")

// signInSocial serves the wish to sign in.
func (f *Feature) signInSocial(c *core.Context, in api.SignInSocialInput) (api.SignInSocialOutput, error) {
	p := f.Provider(c, in.Provider)
	if p == nil {
		return api.SignInSocialOutput{}, core.Fail(http.StatusNotFound, api.ProviderNotFound)
	}
	if in.IDToken != nil {
		return f.signInWithIDToken(c, p, in)
	}
	address, err := f.Begin(c, p, in)
	if err != nil {
		return api.SignInSocialOutput{}, err
	}
	if !in.DisableRedirect {
		c.SetHeader("Location", address)
	}
	return api.SignInSocialOutput{URL: address, Redirect: !in.DisableRedirect}, nil
}

// Begin begins a sign-in with a provider, in the browser of the call, and returns
// the address to send the user to. The caller has checked the URLs.
func (f *Feature) Begin(c *core.Context, p Provider, in api.SignInSocialInput) (string, error) {
	flow := newFlow(c, p)
	flow.CallbackURL, flow.ErrorURL, flow.NewUserURL = in.CallbackURL, in.ErrorCallbackURL, in.NewUserCallbackURL
	flow.RequestSignUp, flow.Additional = in.RequestSignUp, in.AdditionalData
	return f.start(c, p, flow, AuthorizationRequest{LoginHint: in.LoginHint, Scopes: in.Scopes, Params: in.AdditionalParams})
}

// linkSocial serves the wish to link an account.
func (f *Feature) linkSocial(c *core.Context, in api.LinkSocialInput) (api.LinkSocialOutput, error) {
	p := f.Provider(c, in.Provider)
	if p == nil {
		return api.LinkSocialOutput{}, core.Fail(http.StatusNotFound, api.ProviderNotFound)
	}
	if in.IDToken != nil {
		return f.linkIDToken(c, p, in)
	}
	flow := newFlow(c, p)
	flow.CallbackURL, flow.ErrorURL = in.CallbackURL, in.ErrorCallbackURL
	flow.RequestSignUp, flow.Additional = in.RequestSignUp, in.AdditionalData
	flow.link = &flowLink{
		UserID: c.Session.User.ID, Email: c.Session.User.Email,
		SessionToken: f.linkBox.Encrypt([]byte(c.Session.Session.Token)),
	}
	address, err := f.start(c, p, flow, AuthorizationRequest{LoginHint: in.LoginHint, Scopes: in.Scopes, Params: in.AdditionalParams})
	if err != nil {
		return api.LinkSocialOutput{}, err
	}
	if !in.DisableRedirect {
		c.SetHeader("Location", address)
	}
	return api.LinkSocialOutput{URL: address, Redirect: !in.DisableRedirect}, nil
}

// start keeps a flow and returns the address to send the user to.
func (f *Feature) start(c *core.Context, p Provider, flow *Flow, r AuthorizationRequest) (string, error) {
	if flow.CallbackURL == "" {
		flow.CallbackURL = c.Origin()
	}
	r.State, r.Verifier, r.Nonce, r.RedirectURI = flow.state, flow.verifier, flow.nonce, redirectURI(c, p)
	address, err := p.AuthorizationURL(c, c.Kernel, r)
	if err != nil {
		return "", fmt.Errorf("provider %s: authorisation URL: %w", p.ID(), err)
	}
	c.Keep(flowKey{}, flow)
	if err := f.saveFlow(c, flow); err != nil {
		return "", err
	}
	return address, nil
}

type redirectBaseKey struct{}

// SetRedirectBase makes providers send users back to another server, given its
// base URL, in the rest of a call.
func SetRedirectBase(c *core.Context, base string) { c.Keep(redirectBaseKey{}, base) }

// redirectURI returns where a provider is to send the user back to.
func redirectURI(c *core.Context, p Provider) string {
	base, ok := c.Value(redirectBaseKey{}).(string)
	if !ok {
		base = c.BaseURL()
	}
	traits := p.Traits()
	switch {
	case traits.RedirectURI != "":
		return traits.RedirectURI
	case traits.CallbackPath != "":
		return base + traits.CallbackPath
	}
	return base + "/callback/" + p.ID()
}
