package social

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/oauth"
)

// Definition describes a provider that speaks OAuth 2.0 (RFC 6749) or OpenID
// Connect: its addresses, what it deviates in, and how its profiles are read.
// [Definition.New] makes a [Provider] of it. The zero value of every field but
// ID, the two endpoints and Profile is what the standards say.
type Definition struct {
	// ID names the provider, for example "github".
	ID string
	// Name is the name for people. Default: the ID.
	Name string

	// AuthorizationEndpoint and TokenEndpoint are the provider's addresses.
	AuthorizationEndpoint, TokenEndpoint string
	// RefreshEndpoint is where tokens are refreshed. Default: TokenEndpoint.
	RefreshEndpoint string
	// ClientIDName is the name of the parameter for the client id. Default
	// "client_id".
	ClientIDName string
	// DefaultScopes are asked for unless the application says otherwise.
	DefaultScopes []string
	// ScopeSeparator joins the scopes. Default: a space.
	ScopeSeparator string
	// RequestScopesFirst puts the scopes of a request before those of the options.
	RequestScopesFirst bool
	// WithoutPKCE is for providers that refuse code challenges.
	WithoutPKCE bool
	// BasicAuth sends the client's credentials in the Authorization header.
	BasicAuth bool
	// Assertion proves who the client is by a signature instead of a secret
	// (private_key_jwt).
	Assertion *ClientAssertion
	// MakeSecret makes the client secret for a request, for providers whose secrets
	// expire. The client then has none of its own.
	MakeSecret func(now time.Time) (string, error)
	// BasicAuthNotOnRefresh sends them in the body when refreshing all the same.
	BasicAuthNotOnRefresh bool
	// SecretRequired refuses to start a sign-in without client id and secret.
	SecretRequired bool
	// ForwardsLoginHint passes on who is expected to sign in.
	ForwardsLoginHint bool
	// DefaultPrompt and ResponseMode are sent unless the options say otherwise.
	DefaultPrompt, ResponseMode string
	// AcceptsPrompt sends the prompt of the options.
	AcceptsPrompt bool
	// ResponseType is asked for. Default: "code".
	ResponseType string
	// Params are sent with every authorisation request.
	Params Params
	// Authorize changes authorisation requests. It may be nil.
	Authorize func(a *Authorization)
	// TokenParams and TokenHeader are sent with token requests.
	TokenParams Params
	TokenHeader http.Header
	// RefreshParams are sent when refreshing. MoreRefreshParams returns further
	// ones for one request; it may be nil.
	RefreshParams     Params
	MoreRefreshParams func(ctx context.Context) (Params, error)
	// AccessTokenLifetime is that of access tokens of which the provider does not
	// say how long they are good for. Zero means that it is not known.
	AccessTokenLifetime time.Duration
	// WithoutRefresh is for providers whose tokens cannot be refreshed.
	WithoutRefresh bool
	// ExchangeCode and RefreshTokens replace the requests for tokens.
	ExchangeCode  func(ctx context.Context, k *core.Kernel, r CodeExchange) (*Tokens, error)
	RefreshTokens func(ctx context.Context, k *core.Kernel, refreshToken string) (*Tokens, error)

	// Issuer is compared with that in the provider's answers (RFC 9207).
	Issuer string
	// IssuerRequired refuses answers that name no issuer.
	IssuerRequired bool
	// Nonce binds ID tokens to sign-ins.
	Nonce bool
	// IDTokens say which ID tokens of clients are good. Nil accepts none. The
	// audience is that of the options unless it is given.
	IDTokens *IDTokenRules
	// CheckIDToken replaces IDTokens.
	CheckIDToken func(ctx context.Context, k *core.Kernel, t IDToken) error
	// EndSession returns where a session at the provider is ended.
	EndSession func(r EndSession) string

	// Fetch returns the raw profile. Default: the claims of the ID token. It
	// returns nil when the provider refuses the user.
	Fetch func(ctx context.Context, k *core.Kernel, g Grant) (map[string]any, error)
	// Profile reads a raw profile. It returns nil when it is none, or the provider
	// refuses the user.
	Profile func(raw map[string]any) *Profile
	// Read replaces Fetch and Profile where one request is not enough; it returns
	// the raw profile as well.
	Read func(ctx context.Context, k *core.Kernel, g Grant) (*Profile, error)
	// EmailRequired refuses users of whom no address is told, also when they link
	// an account.
	EmailRequired bool
	// Problem says what is wrong with the configuration; nil if nothing is.
	Problem error
}

// Params are parameters of a request in their order.
type Params = oauth.Params

// Param is one of them.
type Param = oauth.Param

// Authorization is an authorisation request before it becomes an address.
type Authorization = oauth.Authorization

// ClientAssertion is the key with which a client proves who it is.
type ClientAssertion = oauth.Assertion

// IDTokenRules say which ID tokens are good.
type IDTokenRules = oauth.IDTokenRules

// Client is this application as a provider knows it.
type Client struct {
	// ID and Secret are what the provider gave the application. A client without
	// secret is public.
	ID, Secret string
	// Scopes are asked for besides the default ones.
	Scopes []string
	Settings
}

// ids returns all client ids, the own one first.
func (c *Client) ids() []string {
	return slices.DeleteFunc(append([]string{c.ID}, c.MoreClientIDs...), func(id string) bool { return id == "" })
}

// Settings are the application's wishes for a provider. The zero value is right
// for most.
type Settings struct {
	// MoreClientIDs are the application's other clients at the provider, for
	// example its mobile ones, whose ID tokens are accepted as well.
	MoreClientIDs []string
	// WithoutDefaultScopes asks for the application's scopes only.
	WithoutDefaultScopes bool
	// RedirectURI replaces the address of the callback endpoint.
	RedirectURI string
	// AuthorizationEndpoint replaces that of the provider.
	AuthorizationEndpoint string
	// Prompt says whether the provider is to ask the user again, for example
	// "select_account". Providers that know no such thing ignore it.
	Prompt string
	// ResponseMode says how the provider answers, for example "form_post".
	ResponseMode string
	// DisableIDTokenSignIn refuses ID tokens of clients.
	DisableIDTokenSignIn bool
	// DisableSignUp refuses users who have no account yet;
	// DisableImplicitSignUp refuses them unless the client asks for sign-up.
	DisableSignUp, DisableImplicitSignUp bool
	// AllowIDPInitiated accepts users whom the provider sends unasked.
	AllowIDPInitiated bool
	// OverrideUserInfo replaces what is known of a user, on every sign-in, by what
	// the provider says.
	OverrideUserInfo bool
	// RequireEmailVerification refuses sessions to users whose address is not
	// verified.
	RequireEmailVerification bool
	// MapProfile changes what was read of a profile: it may set anything but the
	// subject.
	MapProfile func(raw map[string]any, p *Profile)
	// FetchProfile replaces the request for the profile.
	FetchProfile func(ctx context.Context, g Grant) (map[string]any, error)
	// VerifyIDToken replaces the verification of ID tokens; it returns an error
	// for tokens that are not good.
	VerifyIDToken func(ctx context.Context, token, nonce string) error
	// RefreshTokens replaces the request for new tokens.
	RefreshTokens func(ctx context.Context, refreshToken string) (*Tokens, error)
}

// New returns the provider for a client.
func (d Definition) New(c Client) Provider {
	p := &standard{Definition: d, client: c}
	if p.IDTokens != nil {
		rules := *p.IDTokens
		if len(rules.Audiences) == 0 {
			rules.Audiences = c.ids()
		}
		p.rules = &rules
	}
	return p
}

// standard is a [Provider] made of a definition.
type standard struct {
	Definition
	client Client
	rules  *IDTokenRules
}

// ID returns the id of the definition.
func (p *standard) ID() string { return p.Definition.ID }

// Validate reports what is wrong with the configuration.
func (p *standard) Validate() error {
	if p.Problem != nil {
		return p.Problem
	}
	if p.client.ID == "" {
		return errors.New("the client id is not set")
	}
	return p.validateCredentials()
}

// validateCredentials refuses clients that could prove in two ways who they are,
// and keys that cannot be used.
func (p *standard) validateCredentials() error {
	switch {
	case p.Assertion != nil && p.MakeSecret != nil, (p.Assertion != nil || p.MakeSecret != nil) && p.client.Secret != "":
		return errors.New("a client has either a client secret or a key")
	case p.Assertion != nil:
		return p.Assertion.Validate()
	case p.MakeSecret != nil:
		_, err := p.MakeSecret(time.Now())
		return err
	}
	return nil
}

// Traits returns what the provider can do.
func (p *standard) Traits() Traits {
	s := &p.client.Settings
	return Traits{
		Refreshes:                s.RefreshTokens != nil || !p.WithoutRefresh,
		VerifiesIDTokens:         !s.DisableIDTokenSignIn && (s.VerifyIDToken != nil || p.rules != nil || p.CheckIDToken != nil),
		ClientIDs:                p.client.ids(),
		Issuer:                   p.Issuer,
		IssuerRequired:           p.IssuerRequired,
		Nonce:                    p.Nonce,
		AllowIDPInitiated:        s.AllowIDPInitiated,
		RedirectURI:              s.RedirectURI,
		DisableSignUp:            s.DisableSignUp,
		DisableImplicitSignUp:    s.DisableImplicitSignUp,
		OverrideUserInfo:         s.OverrideUserInfo,
		RequireEmailVerification: s.RequireEmailVerification,
	}
}

var errCredentials = errors.New("client id and client secret are required")

// AuthorizationURL returns the address to send the user to.
func (p *standard) AuthorizationURL(_ context.Context, _ *core.Kernel, r AuthorizationRequest) (string, error) {
	s := &p.client.Settings
	if p.client.ID == "" || p.SecretRequired && p.client.Secret == "" && p.MakeSecret == nil {
		return "", errCredentials
	}
	a := Authorization{
		Endpoint: or(s.AuthorizationEndpoint, p.AuthorizationEndpoint), ClientID: p.client.ID, ClientIDName: p.ClientIDName,
		ResponseType: p.ResponseType, ResponseMode: or(s.ResponseMode, p.ResponseMode),
		State: r.State, Nonce: r.Nonce, RedirectURI: r.RedirectURI,
		Scopes: p.scopes(r.Scopes), ScopeSeparator: p.ScopeSeparator,
		Params: slices.Clone(p.Params), Requested: r.Params,
	}
	a.Prompt = p.DefaultPrompt
	if p.AcceptsPrompt {
		a.Prompt = or(s.Prompt, p.DefaultPrompt)
	}
	if p.ForwardsLoginHint {
		a.LoginHint = r.LoginHint
	}
	if !p.WithoutPKCE {
		a.Verifier = r.Verifier
	}
	if p.Authorize != nil {
		p.Authorize(&a)
	}
	return a.URL(), nil
}

// scopes returns the scopes to ask for: the default ones, those of the options,
// those of the request.
func (p *standard) scopes(requested []string) []string {
	var all []string
	if !p.client.WithoutDefaultScopes {
		all = append(all, p.DefaultScopes...)
	}
	if p.RequestScopesFirst {
		return append(append(all, requested...), p.client.Scopes...)
	}
	return append(append(all, p.client.Scopes...), requested...)
}

func (p *standard) credentials(now time.Time) (oauth.Client, error) {
	c := oauth.Client{ID: p.client.ID, IDName: p.ClientIDName, Secret: p.client.Secret, Basic: p.BasicAuth, Assertion: p.Assertion}
	if p.MakeSecret == nil {
		return c, nil
	}
	var err error
	c.Secret, err = p.MakeSecret(now)
	return c, err
}

// Exchange exchanges a code for tokens.
func (p *standard) Exchange(ctx context.Context, k *core.Kernel, r CodeExchange) (*Tokens, error) {
	tokens, err := p.exchange(ctx, k, r)
	return p.withLifetime(tokens, k.Now()), err
}

// withLifetime sets when an access token expires, if the provider did not say.
func (p *standard) withLifetime(t *Tokens, now time.Time) *Tokens {
	if t != nil && t.AccessTokenExpiresAt.IsZero() && p.AccessTokenLifetime > 0 {
		t.AccessTokenExpiresAt = now.Add(p.AccessTokenLifetime)
	}
	return t
}

func (p *standard) exchange(ctx context.Context, k *core.Kernel, r CodeExchange) (*Tokens, error) {
	if p.ExchangeCode != nil {
		return p.ExchangeCode(ctx, k, r)
	}
	client, err := p.credentials(k.Now())
	if err != nil {
		return nil, err
	}
	x := oauth.Exchange{
		Endpoint: p.TokenEndpoint, Client: client, Code: r.Code, RedirectURI: r.RedirectURI, DeviceID: r.DeviceID,
		Params: p.TokenParams, Header: p.TokenHeader,
	}
	if !p.WithoutPKCE {
		x.Verifier = r.Verifier
	}
	return x.Do(ctx, k.HTTP, k.Now())
}

// Refresh gets new tokens.
func (p *standard) Refresh(ctx context.Context, k *core.Kernel, refreshToken string) (*Tokens, error) {
	tokens, err := p.refresh(ctx, k, refreshToken)
	return p.withLifetime(tokens, k.Now()), err
}

func (p *standard) refresh(ctx context.Context, k *core.Kernel, refreshToken string) (*Tokens, error) {
	switch {
	case p.client.RefreshTokens != nil:
		return p.client.RefreshTokens(ctx, refreshToken)
	case p.Definition.RefreshTokens != nil:
		return p.Definition.RefreshTokens(ctx, k, refreshToken)
	}
	client, err := p.credentials(k.Now())
	if err != nil {
		return nil, err
	}
	client.Basic = p.BasicAuth && !p.BasicAuthNotOnRefresh
	params := slices.Clone(p.RefreshParams)
	if p.MoreRefreshParams != nil {
		more, err := p.MoreRefreshParams(ctx)
		if err != nil {
			return nil, fmt.Errorf("refresh parameters: %w", err)
		}
		params = append(params, more...)
	}
	return oauth.Refresh{
		Endpoint: or(p.RefreshEndpoint, p.TokenEndpoint), Client: client, RefreshToken: refreshToken,
		Params: params, Header: p.TokenHeader,
	}.Do(ctx, k.HTTP, k.Now())
}

// Profile returns what the provider says about the owner of the tokens.
func (p *standard) Profile(ctx context.Context, k *core.Kernel, g Grant) (*Profile, error) {
	profile, err := p.read(ctx, k, g)
	if err != nil || profile == nil {
		return nil, err
	}
	if p.client.MapProfile != nil {
		subject := profile.Subject
		p.client.MapProfile(profile.Raw, profile)
		profile.Subject = subject // never the application's to decide
	}
	if p.EmailRequired && profile.Email == "" {
		return nil, nil
	}
	return profile, nil
}

func (p *standard) read(ctx context.Context, k *core.Kernel, g Grant) (*Profile, error) {
	if p.Read != nil && p.client.FetchProfile == nil {
		return p.Read(ctx, k, g)
	}
	raw, err := p.fetch(ctx, k, g)
	if err != nil || raw == nil {
		return nil, err
	}
	profile := p.Definition.Profile(raw)
	if profile != nil {
		profile.Raw = raw
	}
	return profile, nil
}

func (p *standard) fetch(ctx context.Context, k *core.Kernel, g Grant) (map[string]any, error) {
	switch {
	case p.client.FetchProfile != nil:
		return p.client.FetchProfile(ctx, g)
	case p.Fetch != nil:
		return p.Fetch(ctx, k, g)
	}
	return Claims(g)
}

// VerifyIDToken returns an error unless an ID token of a client is good.
func (p *standard) VerifyIDToken(ctx context.Context, k *core.Kernel, t IDToken) error {
	switch {
	case p.client.VerifyIDToken != nil:
		return p.client.VerifyIDToken(ctx, t.Token, t.Nonce)
	case p.CheckIDToken != nil:
		return p.CheckIDToken(ctx, k, t)
	case p.rules == nil:
		return fmt.Errorf("provider %s does not issue ID tokens", p.ID())
	}
	_, err := p.rules.Verify(ctx, k.HTTP, t, k.Now())
	return err
}

// EndSessionURL returns where the session at the provider is ended.
func (p *standard) EndSessionURL(_ context.Context, _ *core.Kernel, r EndSession) string {
	if p.EndSession == nil {
		return ""
	}
	return p.EndSession(r)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// NewKeySet returns the public keys that a provider publishes at an address (RFC
// 7517). They are fetched when they are needed.
func NewKeySet(address string) *oauth.KeySet { return oauth.NewKeySet(address) }

// VerifyIDToken returns the claims of an ID token that keeps rules.
func VerifyIDToken(ctx context.Context, k *core.Kernel, rules *IDTokenRules, t IDToken) (map[string]any, error) {
	return rules.Verify(ctx, k.HTTP, t, k.Now())
}
