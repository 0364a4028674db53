package oauthproxy

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
)

// receive takes the user of another server back from the provider and sends the
// user there, with what the provider says. A state that is none of another server
// is left to the callback endpoint, and so is a form, which is taken there once
// more by GET.
func (p *Plugin) receive(c *core.Context, in *api.SocialCallbackInput) error {
	if in.State == nil || c.Method != http.MethodGet {
		return nil
	}
	sealed, flow := p.open(*in.State)
	if flow == nil {
		return nil
	}
	flow.ErrorURL = absolute(flow.ErrorURL, flow.CallbackURL)
	_, err := wantedURL(flow.CallbackURL)
	if err != nil || sealed.State != flow.State() || !flow.ExpiresAt().After(c.Now()) || sealed.ProviderID != "" && sealed.ProviderID != in.ProviderID {
		return social.Fail(c, flow, "state_mismatch", "")
	}
	provider := p.social.Provider(c, in.ProviderID)
	arrival, err := p.social.Receive(c, provider, flow, *in)
	if err != nil {
		return p.social.Conclude(c, flow, in.ProviderID, err)
	}
	text, err := json.Marshal(reportOf(c, provider, flow, arrival))
	if err != nil {
		return p.social.Conclude(c, flow, in.ProviderID, err)
	}
	return c.Redirect(core.AppendQuery(flow.CallbackURL, "profile", p.profiles.Encrypt(text)))
}

// open returns the flow in a state; nil when it is none of another server.
func (p *Plugin) open(state string) (bundle, *social.Flow) {
	var sealed bundle
	text, err := p.packages.Decrypt(state)
	if err != nil || json.Unmarshal(text, &sealed) != nil || !sealed.Proxied || sealed.State == "" {
		return sealed, nil
	}
	if text, err = p.flows.Decrypt(sealed.Flow); err != nil {
		return sealed, nil
	}
	flow, err := social.DecodeFlow(text)
	if err != nil {
		return sealed, nil
	}
	return sealed, flow
}

// absolute returns a page of the other server by its whole address.
func absolute(page, onServer string) string {
	base, err := url.Parse(onServer)
	if err != nil || page == "" {
		return page
	}
	u, err := base.Parse(page)
	if err != nil {
		return ""
	}
	return u.String()
}
