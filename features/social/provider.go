package social

import (
	"context"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/oauth"
	"github.com/ostiary/ostiary/route"
)

// Provider is somewhere where users sign in. Those made by [Definition.New] are
// data; others implement the interface. The kernel that is passed along gives
// them an HTTP client and a clock, and [core.FromContext] the call they serve.
type Provider interface {
	// ID names the provider in paths and in the database, for example "github".
	ID() string
	// Traits says what the provider can do and what the application wants of it.
	Traits() Traits
	// AuthorizationURL returns the address to send the user to.
	AuthorizationURL(ctx context.Context, k *core.Kernel, r AuthorizationRequest) (string, error)
	// Exchange exchanges the code that the user came back with.
	Exchange(ctx context.Context, k *core.Kernel, r CodeExchange) (*Tokens, error)
	// Refresh gets new tokens. It is called if the traits say so.
	Refresh(ctx context.Context, k *core.Kernel, refreshToken string) (*Tokens, error)
	// Profile returns what the provider says about the owner of the tokens, which
	// come from Exchange, Refresh or, verified, from the client. It returns nil
	// when the provider refuses the user.
	Profile(ctx context.Context, k *core.Kernel, t Grant) (*Profile, error)
	// VerifyIDToken returns an error unless an ID token that a client sent is
	// good. It is called if the traits say so.
	VerifyIDToken(ctx context.Context, k *core.Kernel, t IDToken) error
	// EndSessionURL returns the address at which a session at the provider is
	// ended, or "" if there is none.
	EndSessionURL(ctx context.Context, k *core.Kernel, r EndSession) string
}

// Traits say what a provider can do and what the application wants of it. The
// zero value is a provider that signs users in and up, and nothing else.
type Traits struct {
	// Refreshes: Refresh may be called. VerifiesIDTokens: VerifyIDToken may.
	Refreshes, VerifiesIDTokens bool
	// ClientIDs are those of the application at the provider, the one that it signs
	// users in with first.
	ClientIDs []string
	// Issuer is compared with the issuer in the provider's answer (RFC 9207).
	// "" compares nothing.
	Issuer string
	// IssuerRequired refuses answers without an issuer. It is for providers whose
	// metadata says authorization_response_iss_parameter_supported.
	IssuerRequired bool
	// Nonce binds ID tokens to the sign-in by a nonce.
	Nonce bool
	// AllowIDPInitiated accepts users whom the provider sends unasked, by sending
	// them back there with a state.
	AllowIDPInitiated bool
	// RedirectURI is where the provider sends users back to. Default: the
	// callback endpoint, or CallbackPath below the base URL.
	RedirectURI, CallbackPath string
	// DisableSignUp refuses users who have no account yet.
	// DisableImplicitSignUp refuses them unless the client asked for sign-up.
	DisableSignUp, DisableImplicitSignUp bool
	// OverrideUserInfo replaces name, image, e-mail address and additional fields
	// on every sign-in by what the provider says.
	OverrideUserInfo bool
	// RequireEmailVerification refuses a session while the user's address is not
	// verified.
	RequireEmailVerification bool
}

// AuthorizationRequest is what goes into the address of a provider.
type AuthorizationRequest struct {
	State       string
	Verifier    string // of PKCE (RFC 7636)
	Nonce       string // "" unless the traits ask for one
	RedirectURI string
	LoginHint   string
	Scopes      []string          // besides those that are configured
	Params      map[string]string // asked for by the client; none that the protocol depends on
}

// CodeExchange is what the user came back with.
type CodeExchange struct {
	Code        string
	Verifier    string
	RedirectURI string
	DeviceID    string // of VK
}

// EndSession is a wish to end the session at a provider.
type EndSession struct {
	IDToken               string // that was issued last; "" when there is none
	PostLogoutRedirectURI string // where to go afterwards
	State                 string
	BaseURL               string // of this server, with the base path
}

// Tokens are what a provider issued.
type Tokens = oauth.Tokens

// IDToken is an ID token that is to be verified.
type IDToken = oauth.IDToken

// Grant are tokens with what came along with them.
type Grant struct {
	Tokens
	// Nonce is that of the sign-in; "" when there was none.
	Nonce string
	// FirstName and LastName come from the form that Apple posts on the first
	// sign-in. They are the user's word, not the provider's.
	FirstName, LastName string
	// Stored is true for tokens from the store: their ID token was verified when
	// it was stored, and may have expired by now.
	Stored bool
}

// Profile is what a provider says about a user.
type Profile struct {
	// Subject is the identity at the provider. It never changes.
	Subject string
	Name    string
	Email   string // "" when not told
	// EmailVerified is true only if the provider says so.
	EmailVerified bool
	Image         string // a URL; "" when there is none
	// Fields are additional fields of the user by name.
	Fields map[string]any
	// Raw is the profile as the provider gives it.
	Raw map[string]any
}

// maxExact is the greatest number up to which all whole numbers are different as
// float64. Beyond it two users would become one.
const maxExact = 1<<53 - 1

// Subject returns the text of an identifier in a profile: a string, or a whole
// number that is exact. It is "" for everything that cannot be one, such as the
// words that a careless program writes for "nothing", and text that is not Unicode,
// of which the parts that could not be read are the same for all.
func Subject(v any) string {
	var s string
	switch v := v.(type) {
	case string:
		s = v
	case float64:
		if v != math.Trunc(v) || math.Abs(v) > maxExact {
			return ""
		}
		s = strconv.FormatFloat(v, 'f', -1, 64)
	}
	switch strings.TrimSpace(s) {
	case "", "undefined", "null", "NaN":
		return ""
	}
	if strings.ContainsRune(s, utf8.RuneError) {
		return ""
	}
	return s
}

// Placeholder returns an address for a user whose provider tells none. It can
// receive no mail (RFC 2606, section 2) and is never verified. It is "" for a
// subject that has no place in an address.
func Placeholder(subject, namespace string) string {
	if Subject(subject) == "" {
		return ""
	}
	address := subject + "@" + namespace + ".placeholder.invalid"
	if !route.IsEmail(address) {
		return ""
	}
	return address
}

// Usable reports whether the profile names an identity.
func (p *Profile) Usable() bool { return p != nil && Subject(p.Subject) != "" }

// HasEmail reports whether the profile tells an address that could be one.
func (p *Profile) HasEmail() bool { return p.email() != "" }

const maxEmail = 320

// email returns the address in its canonical form, or "" if there is none that
// could be one.
func (p *Profile) email() string {
	email := strings.TrimSpace(p.Email)
	if len(email) > maxEmail || !strings.Contains(email, "@") || strings.ContainsFunc(email, unfitForEmail) {
		return ""
	}
	return core.CanonicalEmail(email)
}

// unfitForEmail reports whether a character cannot be in an address: white space,
// control characters, what could not be read as Unicode, and what becomes an ASCII character by Unicode's rules for
// letters, such as the Kelvin sign. Its owner has another mailbox than the user
// with the ASCII character.
func unfitForEmail(r rune) bool {
	return r <= ' ' || r == 0x7f || r == utf8.RuneError || r >= 0x80 && (unicode.ToLower(r) < 0x80 || norm.NFC.String(string(r))[0] < 0x80)
}

// view is the profile in the form in which it would be stored.
func (p *Profile) view() map[string]any {
	m := map[string]any{"name": p.Name, "emailVerified": p.EmailVerified}
	for name, value := range p.Fields {
		m[name] = value
	}
	if p.Email != "" {
		m["email"] = p.Email
	}
	if p.Image != "" {
		m["image"] = p.Image
	}
	return m
}
