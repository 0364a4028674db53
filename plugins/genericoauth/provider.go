package genericoauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/features/social"
	"github.com/ostiary/ostiary/internal/oauth"
)

// Provider describes a provider and this application as its client. Required are
// an ID, a ClientID and either a DiscoveryURL or AuthorizationURL and TokenURL.
type Provider struct {
	// ID names the provider in paths and in the database. It must never be given
	// to another provider while there are accounts.
	ID string
	// Name is the name for people. Default: the ID.
	Name string
	// ClientID and ClientSecret are what the provider gave the application. A
	// client without secret is public.
	ClientID, ClientSecret string
	// Scopes are asked for. "openid" is added where the provider speaks OpenID
	// Connect.
	Scopes []string
	social.Settings

	// DiscoveryURL is where the provider publishes its addresses (OpenID Connect
	// Discovery 1.0), for example
	// "https://id.acme.example/.well-known/openid-configuration". There is no
	// sign-in while it cannot be reached.
	DiscoveryURL string
	// DiscoveryHeader is sent along, also for the keys if they have the same
	// origin.
	DiscoveryHeader http.Header
	// AuthorizationURL, TokenURL, UserInfoURL and EndSessionEndpoint replace the
	// addresses that were discovered.
	AuthorizationURL, TokenURL, UserInfoURL, EndSessionEndpoint string
	// Issuer replaces the issuer that was discovered. It must be that of ID tokens
	// and, where the provider names one, of its answers (RFC 9207).
	Issuer string
	// RequireIssuer refuses answers that name no issuer. Default: if the provider
	// publishes that it always names one.
	RequireIssuer bool
	// RequireIDToken refuses users without an ID token that can be verified.
	RequireIDToken bool
	// DisableNonce does not bind ID tokens to sign-ins. For providers that do not
	// repeat the nonce.
	DisableNonce bool

	// Auth is how the application proves who it is. Default: the secret in the
	// body, if there is one.
	Auth AuthMethod
	// Assertion is the key of [PrivateKeyJWT].
	Assertion *social.ClientAssertion
	// WithoutPKCE is for providers that refuse code challenges (RFC 7636).
	WithoutPKCE bool
	// ResponseType is asked for. Default "code".
	ResponseType string
	// AccessType "offline" asks some providers for a refresh token.
	AccessType string
	// AuthorizationParams are added to the address of the provider.
	AuthorizationParams social.Params
	// TokenParams and TokenHeader are sent when a code is exchanged.
	TokenParams social.Params
	TokenHeader http.Header
	// RefreshParams are sent when tokens are refreshed; RefreshParamsFunc returns
	// those for one request, whose call is core.FromContext(ctx).
	RefreshParams     social.Params
	RefreshParamsFunc func(ctx context.Context) (social.Params, error)
	// AccessTokenExpiresIn is the lifetime of access tokens of which the provider
	// does not say how long they are good for.
	AccessTokenExpiresIn time.Duration

	// ExchangeCode replaces the exchange of the code for tokens.
	ExchangeCode func(ctx context.Context, r social.CodeExchange) (*social.Tokens, error)
	// Subject returns the identity of a user, given the claims of the ID token,
	// which are empty without one, and the raw profile. It must never return the
	// same for two users, nor change. Default: the claim "sub" with OpenID
	// Connect, the member "id" of the profile without. One never stands in for the
	// other.
	Subject func(claims, raw map[string]any) string

	// PostLogoutRedirectURI is where the provider sends users who sign out, unless
	// the client says otherwise. A relative one is below the server's origin.
	PostLogoutRedirectURI string
	// DisableProviderLogout does not sign users out at the provider.
	DisableProviderLogout bool

	fetch    func(ctx context.Context, k *core.Kernel, g social.Grant) (map[string]any, error)
	read     func(raw map[string]any) *social.Profile
	complete func(ctx context.Context, k *core.Kernel, g social.Grant, claims map[string]any) (map[string]any, error)
	problem  error
}

// AuthMethod says how the application proves who it is at the token endpoint.
type AuthMethod string

// The methods, by their registered names (OpenID Connect Core 1.0, section 9).
const (
	SecretInBody  AuthMethod = "client_secret_post"
	SecretInBasic AuthMethod = "client_secret_basic"
	PrivateKeyJWT AuthMethod = "private_key_jwt"
	NoSecret      AuthMethod = "none"
)

// validate returns what is wrong with the description.
func (p *Provider) validate() error {
	problems := []error{p.problem}
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if p.ClientID == "" {
		problem("ClientID is not set")
	}
	if p.DiscoveryURL == "" && p.AuthorizationURL == "" && p.AuthorizationEndpoint == "" {
		problem("set DiscoveryURL, or AuthorizationURL and TokenURL")
	}
	if p.RequireIDToken && p.DiscoveryURL == "" {
		problem("RequireIDToken needs a DiscoveryURL, from which the keys are known")
	}
	for _, address := range []string{p.DiscoveryURL, p.AuthorizationURL, p.TokenURL, p.UserInfoURL, p.EndSessionEndpoint} {
		if address != "" && !isHTTP(address) {
			problem("%q is not an http or https address", address)
		}
	}
	for _, q := range p.AuthorizationParams {
		if oauth.Reserved(q.Name) {
			problem("AuthorizationParams: %q is set by the server itself", q.Name)
		}
	}
	problems = append(problems, p.checkAuth())
	return errors.Join(problems...)
}

func (p *Provider) checkAuth() error {
	switch {
	case p.Auth == PrivateKeyJWT && p.Assertion == nil:
		return errors.New("Auth: private_key_jwt needs an Assertion")
	case p.Assertion != nil && p.Auth != PrivateKeyJWT:
		return errors.New("Assertion: set Auth to private_key_jwt, or remove the key")
	case (p.Auth == PrivateKeyJWT || p.Auth == NoSecret) && p.ClientSecret != "":
		return fmt.Errorf("Auth: %s uses no secret; remove ClientSecret", p.Auth)
	case (p.Auth == SecretInBody || p.Auth == SecretInBasic) && p.ClientSecret == "":
		return fmt.Errorf("Auth: %s needs a ClientSecret", p.Auth)
	}
	switch p.Auth {
	case "", SecretInBody, SecretInBasic, NoSecret:
		return nil
	case PrivateKeyJWT:
		return p.Assertion.Validate()
	}
	return fmt.Errorf("Auth: %q is unknown; use one of %s, %s, %s, %s", p.Auth, SecretInBody, SecretInBasic, PrivateKeyJWT, NoSecret)
}

// isHTTP reports whether an address is one that can be asked.
func isHTTP(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && u.User == nil && (u.Scheme == "http" || u.Scheme == "https")
}
