// Package oauthpopup signs users in with a provider in a window of its own, for
// applications that run inside the page of somebody else, where cookies are of no
// use: the window goes to the provider and back, and hands the session token to
// the application that opened it, by a message.
//
// The token goes to an origin that is trusted and to no other, and with the nonce
// of whoever asked.
package oauthpopup

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/internal/origin"
	"github.com/ostiary/ostiary/route"
)

// Plugin is the plugin; make it with [New].
type Plugin struct{ social *social.Feature }

var (
	_ core.Initializer      = (*Plugin)(nil)
	_ core.EndpointProvider = (*Plugin)(nil)
	_ core.HookProvider     = (*Plugin)(nil)
)

// New returns the plugin.
func New() *Plugin { return &Plugin{} }

// ID returns "oauth-popup".
func (*Plugin) ID() string { return "oauth-popup" }

// Init checks that social sign-in is there, and warns when tokens are of no use.
func (p *Plugin) Init(k *core.Kernel) error {
	if p.social = social.From(k); p.social == nil {
		return errors.New("oauthpopup: social sign-in is not there; add social.New to the plugins, before this one")
	}
	if k.Plugin("bearer") == nil {
		k.Log.Warn("oauthpopup: the plugin bearer is missing, without which embedded applications cannot use the token that they get")
	}
	return nil
}

// Endpoints returns the endpoint.
func (p *Plugin) Endpoints() []core.Endpoint { return []core.Endpoint{core.Handle(Start, p.start)} }

// Hooks returns the hook that ends the sign-in in the window.
func (p *Plugin) Hooks() []core.Hook {
	return []core.Hook{{Match: comesBack, After: p.finish}}
}

const (
	cookieKey = "oauth_popup"
	// lifetime is how long a user may take, as for every sign-in with a provider.
	lifetime = 10 * time.Minute
	maxNonce = 256
	maxData  = 8 << 10
)

// opener is who opened the window: where the result is sent. The state says of
// which sign-in, so that one in the same browser that has no window is not taken
// for it.
type opener struct {
	Origin string `json:"popupOrigin"`
	Nonce  string `json:"popupNonce,omitempty"`
	State  string `json:"state,omitempty"`
}

// start sends the window to the provider. What goes wrong before that is told to
// the opener, once it is known that the opener is trusted.
func (p *Plugin) start(c *core.Context, in StartInput) (route.Raw, error) {
	own, ok := origin.Of(in.PopupOrigin)
	if !ok || own != in.PopupOrigin || !c.IsTrustedOrigin(own) || len(in.PopupNonce) > maxNonce {
		return route.Raw{}, core.Fail(http.StatusForbidden, api.InvalidOrigin)
	}
	who := opener{Origin: own, Nonce: in.PopupNonce}
	for _, target := range []struct{ name, address, code string }{
		{"callbackURL", in.CallbackURL, "invalid_callback_url"},
		{"errorCallbackURL", in.ErrorCallbackURL, "invalid_error_callback_url"},
		{"newUserCallbackURL", in.NewUserCallbackURL, "invalid_new_user_callback_url"},
	} {
		if core.CheckCallbackURLs(target.name)(c) != nil {
			return who.failed(c, target.code, "Untrusted URL: "+target.address)
		}
	}
	provider := p.social.Provider(c, in.Provider)
	if provider == nil {
		return who.failed(c, "provider_not_found", "Unknown provider: "+in.Provider)
	}
	address, err := p.begin(c, provider, who, in)
	if err != nil {
		c.Log.WarnContext(c, "sign-in in a window not started", "provider", in.Provider, "error", err)
		return who.failed(c, "popup_sign_in_failed", "Failed to start the OAuth flow.")
	}
	return route.Raw{}, c.Redirect(address)
}

// begin keeps the flow and the opener, and returns the address of the provider.
func (p *Plugin) begin(c *core.Context, provider social.Provider, who opener, in StartInput) (string, error) {
	flow := api.SignInSocialInput{
		Provider: in.Provider, CallbackURL: in.CallbackURL, ErrorCallbackURL: in.ErrorCallbackURL, NewUserCallbackURL: in.NewUserCallbackURL,
	}
	if in.RequestSignUp == "true" {
		flow.RequestSignUp = new(true)
	}
	for scope := range strings.SplitSeq(in.Scopes, ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			flow.Scopes = append(flow.Scopes, scope)
		}
	}
	if in.AdditionalData != "" {
		if len(in.AdditionalData) > maxData {
			return "", errors.New("additionalData is too long")
		}
		if err := json.Unmarshal([]byte(in.AdditionalData), &flow.AdditionalData); err != nil {
			return "", errors.New("additionalData is not a JSON object")
		}
	}
	address, err := p.social.Begin(c, provider, flow)
	if err != nil {
		return "", err
	}
	who.State = social.FlowFrom(c).State()
	text, err := json.Marshal(who)
	if err != nil {
		return "", err
	}
	return address, c.SetSignedCookie(c.DefineCookie(cookieKey, lifetime), string(text))
}

// comesBack matches the endpoints to which providers send users back. A form that
// a provider posts is taken to the same endpoint once more, by GET.
func comesBack(c *core.Context) bool {
	return c.Method == http.MethodGet && (strings.HasPrefix(c.Path, "/callback/") || strings.HasPrefix(c.Path, "/oauth2/callback/"))
}

// finish answers the window with a page that tells the opener how it ended, in
// place of the redirect.
func (p *Plugin) finish(c *core.Context) error {
	location := c.ResponseHeader().Get("Location")
	cookie := c.DefineCookie(cookieKey, lifetime)
	text, ok := c.SignedCookie(cookie.Name)
	var who opener
	if location == "" || !ok || json.Unmarshal([]byte(text), &who) != nil || who.State == "" || who.State != stateOf(c) {
		return nil
	}
	if err := c.ExpireCookie(cookie); err != nil {
		return err
	}
	if !c.IsTrustedOrigin(who.Origin) { // it was when the window was opened
		return nil
	}
	session, _, _ := c.SessionCookies()
	result := message{Nonce: who.Nonce}
	if token, ok := c.PendingCookie(session.Name); ok {
		result.Token, result.RedirectTo = token, location
	} else if u, err := url.Parse(location); err == nil && u.Query().Get("error") != "" {
		result.Error = &failure{u.Query().Get("error"), u.Query().Get("error_description")}
	} else {
		return nil
	}
	page, err := who.tell(c, result)
	if err != nil {
		return err
	}
	c.SetStatus(http.StatusOK)
	c.Replace(page)
	return nil
}

// stateOf returns the state of the sign-in that a call ends.
func stateOf(c *core.Context) string {
	if flow := social.FlowFrom(c); flow != nil {
		return flow.State()
	}
	return c.Query.Get("state")
}
