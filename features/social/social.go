// Package social signs users in with accounts that they have elsewhere: it sends
// them to a provider and takes them back (OAuth 2.0, OpenID Connect), takes ID
// tokens from clients, links accounts to users, and keeps the providers' tokens
// usable.
//
// A user who comes back is taken for the one who was sent away only if all of
// this holds: the state is known and has not been used, the browser has the
// cookie that was set with it, and the state was made for the provider that the
// user comes back from.
package social

import (
	"errors"
	"fmt"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/secret"
)

// Options of the feature.
type Options struct {
	// Providers are where users can sign in. Of two with the same id the first
	// counts.
	Providers []Provider

	// SendVerification mails a link to a user whose address the provider does not
	// vouch for. Nil sends nothing.
	SendVerification func(c *core.Context, u *core.User, callbackURL string) error
	// SendOnSignUp reports whether new users are mailed a link, given whether
	// their provider requires a verified address. Nil means: if it does.
	SendOnSignUp func(required bool) bool
	// SendOnSignIn mails another link when a user is refused because the address
	// is not verified.
	SendOnSignIn bool

	// AcceptForeignStates also accepts sign-ins that a Better Auth server began
	// which shares database and secret. Such states do not say for which provider
	// they were made. Leave it off unless the two run side by side.
	AcceptForeignStates bool
}

// Feature is the feature; make it with [New].
type Feature struct {
	options   Options
	kernel    *core.Kernel
	providers map[string]Deferred
	stateBox  *secret.Box
	linkBox   *secret.Box
	refreshes flights
}

// New returns the feature.
func New(o Options) *Feature { return &Feature{options: o} }

const featureID = "social"

// ID returns "social".
func (*Feature) ID() string { return featureID }

// From returns the feature of a kernel, or nil when it has none.
func From(k *core.Kernel) *Feature {
	f, _ := k.Plugin(featureID).(*Feature)
	return f
}

// Init collects the providers and checks them.
func (f *Feature) Init(k *core.Kernel) error {
	f.kernel, f.providers = k, map[string]Deferred{}
	// Better Auth 1.7 names the purposes so.
	f.stateBox = k.Secrets.Purpose("oauth-state-cookie")
	f.linkBox = k.Secrets.Purpose("oauth-link-session-token")
	var problems []error
	for _, p := range f.collect(k) {
		id := p.ID()
		if _, given := f.providers[id]; given {
			k.Log.Warn("a provider is given twice; the first one counts", "provider", id)
			continue
		}
		f.providers[id] = p
		if !isProviderID(id) {
			problems = append(problems, fmt.Errorf("SocialProviders: the id %q is not made of letters, digits, hyphens, underscores and dots", id))
		}
		if id == core.CredentialProvider {
			problems = append(problems, fmt.Errorf("SocialProviders: the id %q is that of passwords", id))
		}
		if err := validate(p); err != nil {
			problems = append(problems, fmt.Errorf("SocialProviders: %s: %w", id, err))
		}
	}
	return errors.Join(problems...)
}

func isProviderID(id string) bool {
	for i := range len(id) {
		c := id[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return id != "" && len(id) <= 100
}

// Endpoints returns the endpoints.
func (f *Feature) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(api.SignInSocial, f.signInSocial),
		core.Handle(api.SocialCallback, f.callback),
		core.Handle(api.LinkSocial, f.linkSocial, core.AuthoritativeGate),
		core.Handle(api.GetAccessToken, f.getAccessToken),
		core.Handle(api.RefreshToken, f.refreshToken),
		core.Handle(api.AccountInfo, f.accountInfo),
	}
}
