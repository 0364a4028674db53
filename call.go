package ostiary

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
)

// API calls endpoints in-process: hooks, validation and the checks of who is
// asking run as for HTTP requests; rate limits and the origin check do not. An
// error that is an answer of the endpoint is a [*core.APIError].
//
// The methods return the output alone. [Invoke] also returns status and headers,
// and calls the endpoints of plugins.
type API struct{ kernel *core.Kernel }

// CallOption says on whose behalf an endpoint is called.
type CallOption func(*core.Call)

// WithHeader gives the call request headers, such as the cookie that says who
// is asking.
func WithHeader(h http.Header) CallOption { return func(c *core.Call) { c.Header = h } }

// WithRequest makes the call on behalf of an HTTP request.
func WithRequest(r *http.Request) CallOption { return func(c *core.Call) { c.Request = r } }

// Invoke calls any endpoint in-process and returns its output with the status
// and the headers, cookies included, that a response would have had.
func Invoke[In, Out any](ctx context.Context, a *Auth, r *route.Route[In, Out], in In, options ...CallOption) (core.Result[Out], error) {
	return core.Invoke(ctx, a.kernel, r, in, callOf(options))
}

func callOf(options []CallOption) core.Call {
	var call core.Call
	for _, option := range options {
		option(&call)
	}
	return call
}

func call[In, Out any](ctx context.Context, a API, r *route.Route[In, Out], in In, options []CallOption) (Out, error) {
	result, err := core.Invoke(ctx, a.kernel, r, in, callOf(options))
	return result.Value, err
}

// SignUpEmail signs a user up with a password.
func (a API) SignUpEmail(ctx context.Context, in api.SignUpEmailInput, options ...CallOption) (api.SignUpEmailOutput, error) {
	return call(ctx, a, api.SignUpEmail, in, options)
}

// SignInEmail signs a user in by password.
func (a API) SignInEmail(ctx context.Context, in api.SignInEmailInput, options ...CallOption) (api.SignInEmailOutput, error) {
	return call(ctx, a, api.SignInEmail, in, options)
}

// SignOut ends the session of the call.
func (a API) SignOut(ctx context.Context, in api.SignOutInput, options ...CallOption) (api.SignOutOutput, error) {
	return call(ctx, a, api.SignOut, in, options)
}

// GetSession returns the session of the call; nil when nobody is signed in.
func (a API) GetSession(ctx context.Context, in api.GetSessionInput, options ...CallOption) (*api.SessionAndUser, error) {
	return call(ctx, a, api.GetSession, in, options)
}

// ListSessions lists the live sessions of the user.
func (a API) ListSessions(ctx context.Context, options ...CallOption) ([]api.Session, error) {
	return call(ctx, a, api.ListSessions, route.None{}, options)
}

// RevokeSession ends one session of the user.
func (a API) RevokeSession(ctx context.Context, in api.RevokeSessionInput, options ...CallOption) (api.Status, error) {
	return call(ctx, a, api.RevokeSession, in, options)
}

// RevokeSessions ends all sessions of the user.
func (a API) RevokeSessions(ctx context.Context, options ...CallOption) (api.Status, error) {
	return call(ctx, a, api.RevokeSessions, route.None{}, options)
}

// RevokeOtherSessions ends all sessions of the user but that of the call.
func (a API) RevokeOtherSessions(ctx context.Context, options ...CallOption) (api.Status, error) {
	return call(ctx, a, api.RevokeOtherSessions, route.None{}, options)
}

// UpdateSession sets additional fields of the session.
func (a API) UpdateSession(ctx context.Context, in api.UpdateSessionInput, options ...CallOption) (api.UpdateSessionOutput, error) {
	return call(ctx, a, api.UpdateSession, in, options)
}

// UpdateUser changes the profile of the user.
func (a API) UpdateUser(ctx context.Context, in api.UpdateUserInput, options ...CallOption) (api.Status, error) {
	return call(ctx, a, api.UpdateUser, in, options)
}

// ChangeEmail begins, or makes, a change of the e-mail address.
func (a API) ChangeEmail(ctx context.Context, in api.ChangeEmailInput, options ...CallOption) (api.Status, error) {
	return call(ctx, a, api.ChangeEmail, in, options)
}

// DeleteUser deletes the user, or mails the link that does.
func (a API) DeleteUser(ctx context.Context, in api.DeleteUserInput, options ...CallOption) (api.SuccessMessage, error) {
	return call(ctx, a, api.DeleteUser, in, options)
}

// DeleteUserCallback follows a deletion link.
func (a API) DeleteUserCallback(ctx context.Context, in api.DeleteUserCallbackInput, options ...CallOption) (api.SuccessMessage, error) {
	return call(ctx, a, api.DeleteUserCallback, in, options)
}

// RequestPasswordReset mails a link for a new password.
func (a API) RequestPasswordReset(ctx context.Context, in api.RequestPasswordResetInput, options ...CallOption) (api.StatusMessage, error) {
	return call(ctx, a, api.RequestPasswordReset, in, options)
}

// ResetPasswordCallback follows a password reset link.
func (a API) ResetPasswordCallback(ctx context.Context, in api.ResetPasswordCallbackInput, options ...CallOption) (api.NoOutput, error) {
	return call(ctx, a, api.ResetPasswordCallback, in, options)
}

// ResetPassword sets a new password with a mailed token.
func (a API) ResetPassword(ctx context.Context, in api.ResetPasswordInput, options ...CallOption) (api.Status, error) {
	return call(ctx, a, api.ResetPassword, in, options)
}

// ChangePassword replaces the password of the user.
func (a API) ChangePassword(ctx context.Context, in api.ChangePasswordInput, options ...CallOption) (api.ChangePasswordOutput, error) {
	return call(ctx, a, api.ChangePassword, in, options)
}

// SetPassword gives a user without password a first one.
func (a API) SetPassword(ctx context.Context, in api.SetPasswordInput, options ...CallOption) (api.Status, error) {
	return call(ctx, a, api.SetPassword, in, options)
}

// VerifyPassword checks the password of the user.
func (a API) VerifyPassword(ctx context.Context, in api.VerifyPasswordInput, options ...CallOption) (api.Status, error) {
	return call(ctx, a, api.VerifyPassword, in, options)
}

// SendVerificationEmail mails a link that proves an address.
func (a API) SendVerificationEmail(ctx context.Context, in api.SendVerificationEmailInput, options ...CallOption) (api.Status, error) {
	return call(ctx, a, api.SendVerificationEmail, in, options)
}

// VerifyEmail follows a verification link.
func (a API) VerifyEmail(ctx context.Context, in api.VerifyEmailInput, options ...CallOption) (api.VerifyEmailOutput, error) {
	return call(ctx, a, api.VerifyEmail, in, options)
}

// ListAccounts lists the ways in which the user signs in.
func (a API) ListAccounts(ctx context.Context, options ...CallOption) ([]api.Account, error) {
	return call(ctx, a, api.ListAccounts, route.None{}, options)
}

// UnlinkAccount removes one of the ways in which the user signs in.
func (a API) UnlinkAccount(ctx context.Context, in api.UnlinkAccountInput, options ...CallOption) (api.Status, error) {
	return call(ctx, a, api.UnlinkAccount, in, options)
}

// OK says that the server is there.
func (a API) OK(ctx context.Context, options ...CallOption) (api.OKOutput, error) {
	return call(ctx, a, api.OK, route.None{}, options)
}

// SignInSocial begins a sign-in with a provider, or makes one with an ID token.
func (a API) SignInSocial(ctx context.Context, in api.SignInSocialInput, options ...CallOption) (api.SignInSocialOutput, error) {
	return call(ctx, a, api.SignInSocial, in, options)
}

// LinkSocial links an account at a provider to the user.
func (a API) LinkSocial(ctx context.Context, in api.LinkSocialInput, options ...CallOption) (api.LinkSocialOutput, error) {
	return call(ctx, a, api.LinkSocial, in, options)
}

// GetAccessToken returns a valid access token of one of the user's accounts.
func (a API) GetAccessToken(ctx context.Context, in api.AccountSelector, options ...CallOption) (api.GetAccessTokenOutput, error) {
	return call(ctx, a, api.GetAccessToken, in, options)
}

// RefreshToken refreshes the tokens of one of the user's accounts.
func (a API) RefreshToken(ctx context.Context, in api.AccountSelector, options ...CallOption) (api.RefreshTokenOutput, error) {
	return call(ctx, a, api.RefreshToken, in, options)
}

// AccountInfo returns what the provider says about the user.
func (a API) AccountInfo(ctx context.Context, in api.AccountInfoInput, options ...CallOption) (api.AccountInfoOutput, error) {
	return call(ctx, a, api.AccountInfo, in, options)
}
