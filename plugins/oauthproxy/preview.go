package oauthproxy

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// bundle is the state that the provider sees, sealed: all that production needs
// to know of the flow.
type bundle struct {
	State      string `json:"state"`
	Flow       string `json:"stateCookie"` // sealed once more
	Proxied    bool   `json:"isOAuthProxy"`
	ProviderID string `json:"providerId,omitempty"` // Better Auth does not write it
}

// divert makes the provider send the user to production, and production to this
// server.
func (p *Plugin) divert(c *core.Context) error {
	members, _ := c.Body.(map[string]any)
	provider, _ := members["provider"].(string)
	if provider == "" || members["idToken"] != nil || !p.isPreview(c) {
		return nil
	}
	wanted, _ := members["callbackURL"].(string)
	if wanted == "" {
		wanted = c.Origin()
	}
	path := strings.TrimPrefix(c.BaseURL(), c.Origin())
	back := p.here(c) + path + "/callback/" + url.PathEscape(provider) + "/oauth-proxy?callbackURL=" + url.QueryEscape(wanted)
	c.Change(core.Change{Body: map[string]any{"callbackURL": back}})
	social.SetRedirectBase(c, p.production+path)
	return nil
}

// seal puts the flow into the address of the provider, in place of its state.
func (p *Plugin) seal(c *core.Context) error {
	flow := social.FlowFrom(c)
	if flow == nil || !p.isPreview(c) {
		return nil
	}
	text, err := flow.Encode()
	if err != nil {
		return err
	}
	members, _ := c.Body.(map[string]any)
	provider, _ := members["provider"].(string)
	sealed, err := json.Marshal(bundle{State: flow.State(), Flow: p.flows.Encrypt(text), Proxied: true, ProviderID: provider})
	if err != nil {
		return err
	}
	state := p.packages.Encrypt(sealed)
	// Nothing else of the address changes: providers differ in what they accept.
	replace := func(address string) string {
		return strings.Replace(address, "state="+url.QueryEscape(flow.State()), "state="+url.QueryEscape(state), 1)
	}
	switch out := c.Returned.(type) {
	case api.SignInSocialOutput:
		out.URL = replace(out.URL)
		c.Replace(out)
	case api.LinkSocialOutput:
		out.URL = replace(out.URL)
		c.Replace(out)
	default:
		return nil
	}
	if location := c.ResponseHeader().Get("Location"); location != "" {
		c.SetHeader("Location", replace(location))
	}
	return nil
}

// complete completes the flow of a user whom production sends back.
func (p *Plugin) complete(c *core.Context, in CompleteInput) (api.NoOutput, error) {
	return api.NoOutput{}, p.finish(c, in.ProviderID, in.Profile)
}

// completeAnywhere does so for a provider that only the profile names.
func (p *Plugin) completeAnywhere(c *core.Context, in CompleteAnywhereInput) (api.NoOutput, error) {
	return api.NoOutput{}, p.finish(c, "", in.Profile)
}

// future is how far the clock of production may be ahead.
const future = 10 * time.Second

// finish opens a profile and signs the user in, if the flow is one that this
// server began in the same browser.
func (p *Plugin) finish(c *core.Context, providerID, sealed string) error {
	if sealed == "" {
		return social.Fail(c, nil, "missing_profile", "")
	}
	text, err := p.profiles.Decrypt(sealed)
	if err != nil {
		return social.Fail(c, nil, "invalid_profile", "")
	}
	told, err := decodeReport(text)
	if err != nil {
		return social.Fail(c, nil, "invalid_payload", "")
	}
	onFailure := &social.Flow{}
	if c.IsTrustedURL(told.ErrorURL) {
		onFailure.ErrorURL = told.ErrorURL
	}
	if providerID != "" && providerID != told.Account.ProviderID {
		return social.Fail(c, onFailure, "provider_mismatch", "")
	}
	age := c.Now().Sub(time.UnixMilli(told.Timestamp))
	if age > p.options.MaxAge || age < -future {
		return social.Fail(c, onFailure, "payload_expired", "")
	}
	flow, reason, err := p.social.TakeFlow(c, told.State, told.Account.ProviderID)
	if err != nil {
		c.Log.ErrorContext(c, "the state of a sign-in could not be read", "provider", told.Account.ProviderID, "error", err)
	}
	if reason != "" {
		return social.Fail(c, onFailure, "state_mismatch", "")
	}
	if flow.CallbackURL, err = wantedURL(flow.CallbackURL); err != nil {
		return social.Fail(c, onFailure, "state_mismatch", "")
	}
	provider := p.social.Provider(c, told.Account.ProviderID)
	if provider == nil {
		return social.Fail(c, flow, "oauth_provider_not_found", "")
	}
	return p.social.Conclude(c, flow, provider.ID(), p.social.Enter(c, provider, flow, told.arrival(provider)))
}

// wantedURL returns where a user wanted to go in the first place.
func wantedURL(diverted string) (string, error) {
	u, err := url.Parse(diverted)
	if err != nil {
		return "", err
	}
	wanted := u.Query().Get("callbackURL")
	if !strings.HasSuffix(u.Path, "/oauth-proxy") && !strings.HasSuffix(u.Path, "/oauth-proxy-callback") || wanted == "" {
		return "", errors.New("the flow does not go by way of another server")
	}
	return wanted, nil
}
