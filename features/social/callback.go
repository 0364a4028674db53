package social

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/internal/oauth"
)

// callback serves the user who comes back from a provider.
func (f *Feature) callback(c *core.Context, in api.SocialCallbackInput) (api.NoOutput, error) {
	if c.Method == http.MethodPost {
		return api.NoOutput{}, c.Redirect(getAddress(c, in))
	}
	return api.NoOutput{}, f.comeBack(c, in)
}

// getAddress returns the address of the callback with what a provider posted.
// The browser sends its cookies, which are SameSite=Lax, only when it goes there
// by itself.
func getAddress(c *core.Context, in api.SocialCallbackInput) string {
	var params oauth.Params
	for _, q := range []struct {
		name        string
		query, form *string
	}{
		{"code", in.Code, in.FormCode},
		{"error", in.Error, in.FormError},
		{"device_id", in.DeviceID, in.FormDeviceID},
		{"error_description", in.ErrorDescription, in.FormErrorDescription},
		{"state", in.State, in.FormState},
		{"user", in.User, in.FormUser},
		{"iss", in.Issuer, in.FormIssuer},
	} {
		switch {
		case q.query != nil:
			params.Set(q.name, *q.query)
		case q.form != nil:
			params.Set(q.name, *q.form)
		}
	}
	return c.BaseURL() + "/callback/" + url.PathEscape(in.ProviderID) + "?" + params.Encode()
}

// comeBack finishes a flow. Whatever goes wrong ends at a page for errors: the
// flow's own, as soon as it is known that there is one.
func (f *Feature) comeBack(c *core.Context, in api.SocialCallbackInput) error {
	p := f.Provider(c, in.ProviderID)
	if in.State == nil && in.Code != nil && *in.Code != "" && p != nil && p.Traits().AllowIDPInitiated {
		address, err := f.start(c, p, newFlow(c, p), AuthorizationRequest{})
		if err != nil {
			return err
		}
		return c.Redirect(address)
	}
	if text(in.State) == "" {
		return Fail(c, nil, "state_not_found", "")
	}
	flow, reason, err := f.TakeFlow(c, *in.State, in.ProviderID)
	if err != nil {
		c.Log.ErrorContext(c, "the state of a sign-in could not be read", "provider", in.ProviderID, "error", err)
		return Fail(c, nil, serverError, "")
	}
	if reason != "" {
		return Fail(c, flow, reason, "")
	}
	return f.Conclude(c, flow, in.ProviderID, f.finish(c, p, flow, in))
}

// Conclude sends the user of a flow to where it leads, given how it ended: the
// error of [Feature.Receive] or [Feature.Enter], or nil.
func (f *Feature) Conclude(c *core.Context, flow *Flow, providerID string, err error) error {
	var refused Refusal
	switch failed := core.AsAPIError(err); {
	case err == nil:
		return c.Redirect(flow.CallbackURL)
	case errors.As(err, &refused):
		return Fail(c, flow, refused.code(), refused.Description)
	case failed == nil:
		c.Log.ErrorContext(c, "sign-in failed", "provider", providerID, "error", err)
		return Fail(c, nil, serverError, "")
	case failed.IsRedirect() || failed.Code == "":
		return err
	case failed.Status >= 500:
		c.Log.ErrorContext(c, "sign-in failed", "provider", providerID, "error", err)
		return Fail(c, flow, serverError, "")
	default:
		return Fail(c, flow, failed.Code, failed.Message)
	}
}

// finish signs the user in, or links the account.
func (f *Feature) finish(c *core.Context, p Provider, flow *Flow, in api.SocialCallbackInput) error {
	a, err := f.Receive(c, p, flow, in)
	if err != nil {
		return err
	}
	return f.Enter(c, p, flow, a)
}

// Arrival is somebody whom a provider vouches for.
type Arrival struct {
	Profile *Profile
	Tokens  *Tokens
	// SignUpDisabled refuses the user unless there is an account.
	SignUpDisabled bool
}

// Receive finds out who has come back from a provider, which may be nil, given
// what the provider sent along. It writes nothing. The error is a [Refusal] if
// nobody has.
func (f *Feature) Receive(c *core.Context, p Provider, flow *Flow, in api.SocialCallbackInput) (Arrival, error) {
	switch {
	case text(in.Error) != "":
		return Arrival{}, Refusal{errorCode(*in.Error), clip(text(in.ErrorDescription))}
	case text(in.Code) == "":
		return Arrival{}, refuse("no_code")
	case p == nil:
		return Arrival{}, refuse("oauth_provider_not_found")
	}
	traits := p.Traits()
	switch {
	case traits.Issuer != "" && in.Issuer != nil && *in.Issuer != traits.Issuer:
		return Arrival{}, refuse("issuer_mismatch")
	case traits.IssuerRequired && in.Issuer == nil:
		return Arrival{}, refuse("issuer_mismatch")
	case traits.Nonce && flow.nonce == "":
		return Arrival{}, refuse("nonce_binding_missing")
	}
	ctx, cancel := context.WithTimeout(c, conversation)
	defer cancel()
	grant, err := f.exchange(ctx, c, p, flow, in)
	if err != nil {
		return Arrival{}, err
	}
	profile, err := readProfile(ctx, c, p, grant)
	if err != nil {
		return Arrival{}, err
	}
	if flow.link == nil && profile.email() == "" {
		return Arrival{}, refuse("email_not_found")
	}
	return Arrival{Profile: profile, Tokens: &grant.Tokens, SignUpDisabled: flow.signUpDisabled(traits)}, nil
}

// signUpDisabled reports whether users without an account are refused.
func (f *Flow) signUpDisabled(t Traits) bool {
	return t.DisableSignUp || t.DisableImplicitSignUp && (f.RequestSignUp == nil || !*f.RequestSignUp)
}

// Enter signs in who has come back, or links the account if that is what the flow
// is for. The error is a [Refusal] if the user may not, and a redirect for new
// users who are to go elsewhere.
func (f *Feature) Enter(c *core.Context, p Provider, flow *Flow, a Arrival) error {
	if flow.link != nil {
		return f.finishLink(c, p, flow, a.Profile, a.Tokens)
	}
	return f.finishSignIn(c, p, flow, a)
}

// conversation is how long all that a provider is asked for one user may take:
// tokens, keys and profile.
const conversation = 10 * time.Second

// exchange turns the code into tokens.
func (f *Feature) exchange(ctx context.Context, c *core.Context, p Provider, flow *Flow, in api.SocialCallbackInput) (Grant, error) {
	tokens, err := p.Exchange(ctx, c.Kernel, CodeExchange{
		Code: *in.Code, Verifier: flow.verifier, RedirectURI: redirectURI(c, p), DeviceID: text(in.DeviceID),
	})
	if err != nil || tokens == nil {
		c.Log.WarnContext(c, "the provider did not accept the code", "provider", p.ID(), "error", err)
		return Grant{}, refuse("invalid_code")
	}
	grant := Grant{Tokens: *tokens, Nonce: flow.nonce}
	grant.FirstName, grant.LastName = nameOf(text(in.User))
	return grant, nil
}

// readProfile asks the provider who the user is.
func readProfile(ctx context.Context, c *core.Context, p Provider, grant Grant) (*Profile, error) {
	profile, err := p.Profile(ctx, c.Kernel, grant)
	if err != nil {
		c.Log.WarnContext(c, "the provider did not tell who the user is", "provider", p.ID(), "error", err)
	}
	if err != nil || !profile.Usable() {
		return nil, refuse("unable_to_get_user_info")
	}
	return profile, nil
}

func (f *Feature) finishSignIn(c *core.Context, p Provider, flow *Flow, a Arrival) error {
	_, isNew, err := f.SignIn(c, p, a, flow.CallbackURL)
	if err != nil {
		return err
	}
	if isNew && flow.NewUserURL != "" {
		return c.Redirect(flow.NewUserURL)
	}
	return nil
}

// Refusal is the error that says why a user is not let in.
type Refusal struct {
	// Reason is a code of OAuth, or some words such as "account not linked", which
	// have underscores between them in the address of an error page.
	Reason string
	// Description is that of the provider; "" for none.
	Description string
}

func refuse(reason string) error { return Refusal{Reason: reason} }

// Error returns the reason.
func (r Refusal) Error() string { return r.Reason }

func (r Refusal) code() string { return strings.ReplaceAll(r.Reason, " ", "_") }

// Fail redirects to the error page of a flow, or that of the server.
func Fail(c *core.Context, flow *Flow, code, description string) error {
	page := c.Config().ErrorURL
	if page == "" {
		page = c.BaseURL() + "/error"
	}
	if flow != nil && flow.ErrorURL != "" {
		page = flow.ErrorURL
	}
	pairs := []string{"error", code}
	if description != "" {
		pairs = append(pairs, "error_description", description)
	}
	return c.Redirect(core.AppendQuery(page, pairs...))
}

const (
	maxErrorCode   = 128
	maxDescription = 512
)

// errorCode returns the error of a provider if it is one that RFC 6749, section
// 4.1.2.1, allows: whoever makes a browser come here can write anything.
func errorCode(code string) string {
	if len(code) > maxErrorCode || strings.ContainsFunc(code, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		return "unknown"
	}
	return code
}

// clip bounds the description of an error.
func clip(s string) string {
	if len(s) <= maxDescription {
		return strings.ToValidUTF8(s, "")
	}
	s = s[:maxDescription]
	for !utf8.ValidString(s) && s != "" {
		s = s[:len(s)-1]
	}
	return s
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

const maxUserJSON = 4 << 10

// nameOf reads the name in the JSON that Apple posts on the first sign-in.
func nameOf(user string) (first, last string) {
	if user == "" || len(user) > maxUserJSON {
		return "", ""
	}
	var told struct {
		Name struct {
			First string `json:"firstName"`
			Last  string `json:"lastName"`
		} `json:"name"`
	}
	if json.Unmarshal([]byte(user), &told) != nil {
		return "", ""
	}
	return told.Name.First, told.Name.Last
}
