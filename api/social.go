package api

import (
	"slices"
	"strings"

	"github.com/ostiary/ostiary/route"
)

// The error codes of signing in with providers.
var (
	OAuthLinkError             = Code{"OAUTH_LINK_ERROR", "account not linked"}
	LinkingNotAllowed          = Code{"LINKING_NOT_ALLOWED", "Account not linked - linking not allowed"}
	LinkingDifferentEmails     = Code{"LINKING_DIFFERENT_EMAILS_NOT_ALLOWED", "Account not linked - different emails not allowed"}
	LinkingFailed              = Code{"LINKING_FAILED", "Account not linked - unable to create account"}
	ProviderNotSupported       = Code{"PROVIDER_NOT_SUPPORTED", "Provider is not supported."}
	ProviderNotConfigured      = Code{"PROVIDER_NOT_CONFIGURED", "Account is not associated with a configured social provider."}
	TokenRefreshNotSupported   = Code{"TOKEN_REFRESH_NOT_SUPPORTED", "Provider does not support token refreshing."}
	RefreshTokenNotFound       = Code{"REFRESH_TOKEN_NOT_FOUND", "Refresh token not found"}
	AccessTokenNotFound        = Code{"ACCESS_TOKEN_NOT_FOUND", "Access token not found"}
	FailedToGetAccessToken     = Code{"FAILED_TO_GET_ACCESS_TOKEN", "Failed to get a valid access token"}
	FailedToRefreshAccessToken = Code{"FAILED_TO_REFRESH_ACCESS_TOKEN", "Failed to refresh access token"}
)

// SignInSocial signs a user in with a provider: it answers with the address of
// the provider to go to or, given an ID token, signs in at once.
var SignInSocial = route.New[SignInSocialInput, SignInSocialOutput]("POST", "/sign-in/social", route.Spec{
	Name: "signInSocial", Summary: "Sign in with a provider", Tags: []string{"Social sign-in"},
	Errors: []route.Failure{
		failure(401, InvalidToken), failure(401, FailedToGetUserInfo), failure(401, UserEmailNotFound), failure(401, OAuthLinkError),
		failure(403, EmailNotVerified), failure(404, ProviderNotFound), failure(404, IDTokenNotSupported),
	},
})

// SignInSocialInput is the input of [SignInSocial].
type SignInSocialInput struct {
	Provider           string `json:"provider"`
	CallbackURL        string `json:"callbackURL,omitempty"`        // where to go when signed in; default: the server's origin
	NewUserCallbackURL string `json:"newUserCallbackURL,omitempty"` // instead of CallbackURL for users who are new
	ErrorCallbackURL   string `json:"errorCallbackURL,omitempty"`   // default: the error page
	DisableRedirect    bool   `json:"disableRedirect,omitempty"`    // tells clients not to follow the address
	RequestSignUp      *bool  `json:"requestSignUp,omitempty"`      // wanted by providers that do not sign up implicitly
	LoginHint          string `json:"loginHint,omitempty"`          // who is expected to sign in, for the provider
	// Scopes are asked for besides those that are configured.
	Scopes []string `json:"scopes,omitempty"`
	// AdditionalParams are added to the address of the provider.
	AdditionalParams map[string]string `json:"additionalParams,omitempty"`
	// AdditionalData is kept until the user is back.
	AdditionalData map[string]any `json:"additionalData,omitempty"`
	// IDToken signs in at once with a token that the client has got already.
	IDToken *IDTokenInput `json:"idToken,omitempty"`
}

// IDTokenInput is an ID token (OpenID Connect Core 1.0, section 2) that a client
// got from a provider, with what came along with it.
type IDTokenInput struct {
	Token        string       `json:"token"`
	Nonce        string       `json:"nonce,omitempty"` // must be that of the token
	AccessToken  string       `json:"accessToken,omitempty"`
	RefreshToken string       `json:"refreshToken,omitempty"` // not stored
	ExpiresAt    float64      `json:"expiresAt,omitempty"`    // not stored
	User         *IDTokenUser `json:"user,omitempty"`         // what the provider says beside the token
}

// IDTokenUser is what Apple tells once, beside the token.
type IDTokenUser struct {
	Name  *IDTokenUserName `json:"name,omitempty"`
	Email string           `json:"email,omitempty"` // not used: the token's counts
}

// IDTokenUserName is a name in its parts.
type IDTokenUserName struct {
	FirstName string `json:"firstName,omitempty"`
	LastName  string `json:"lastName,omitempty"`
}

// Check refuses parameters that the server sets itself.
func (in SignInSocialInput) Check() []route.Issue { return checkAdditionalParams(in.AdditionalParams) }

// ReservedOAuthParameters are the parameters of an authorisation request that
// clients cannot set.
func ReservedOAuthParameters() []string {
	return []string{"state", "client_id", "redirect_uri", "response_type", "code_challenge", "code_challenge_method", "nonce", "scope"}
}

func checkAdditionalParams(params map[string]string) []route.Issue {
	reserved := ReservedOAuthParameters()
	for name := range params {
		if slices.Contains(reserved, name) {
			return []route.Issue{{
				Path: "body.additionalParams",
				Text: "additionalParams cannot include reserved OAuth parameters: " + strings.Join(reserved, ", "),
			}}
		}
	}
	return nil
}

// SignInSocialOutput is the output of [SignInSocial]: an address to go to, or
// the user who is signed in.
type SignInSocialOutput struct {
	Redirect bool   `json:"redirect"`
	URL      string `json:"url,omitempty"`
	Token    string `json:"token,omitempty"`
	User     *User  `json:"user,omitempty"`
}

// SocialCallback is where a provider sends the user back to.
var SocialCallback = route.New[SocialCallbackInput, NoOutput]("GET,POST", "/callback/:id", route.Spec{
	Name: "callbackOAuth", Summary: "Come back from a provider", Tags: []string{"Social sign-in"}, Forms: true,
})

// SocialCallbackInput is the input of [SocialCallback]. Providers that answer
// by a form (OAuth 2.0 Form Post Response Mode) send the same in the body.
type SocialCallbackInput struct {
	_          route.OptionalBody
	ProviderID string `path:"id"`

	Code             *string `query:"code,optional"`
	Error            *string `query:"error,optional"`
	DeviceID         *string `query:"device_id,optional"`
	ErrorDescription *string `query:"error_description,optional"`
	State            *string `query:"state,optional"`
	User             *string `query:"user,optional"` // JSON, from Apple
	Issuer           *string `query:"iss,optional"`  // RFC 9207

	FormCode             *string `json:"code,omitempty"`
	FormError            *string `json:"error,omitempty"`
	FormDeviceID         *string `json:"device_id,omitempty"`
	FormErrorDescription *string `json:"error_description,omitempty"`
	FormState            *string `json:"state,omitempty"`
	FormUser             *string `json:"user,omitempty"`
	FormIssuer           *string `json:"iss,omitempty"`
}

// LinkSocial adds an identity at a provider to the signed-in user.
var LinkSocial = route.New[LinkSocialInput, LinkSocialOutput]("POST", "/link-social", route.Spec{
	Name: "linkSocialAccount", Summary: "Link an account of a provider", Tags: []string{"Social sign-in"},
	Errors: []route.Failure{
		failure(401, Unauthorized), failure(401, InvalidToken), failure(401, FailedToGetUserInfo), failure(401, UserEmailNotFound),
		failure(401, LinkingNotAllowed), failure(401, LinkingDifferentEmails), failure(404, ProviderNotFound),
		failure(404, IDTokenNotSupported), failure(409, SocialAccountAlreadyLinked), failure(417, LinkingFailed),
	},
})

// LinkSocialInput is the input of [LinkSocial]; its fields mean what those of
// [SignInSocialInput] mean.
type LinkSocialInput struct {
	Provider         string            `json:"provider"`
	CallbackURL      string            `json:"callbackURL,omitempty"`
	ErrorCallbackURL string            `json:"errorCallbackURL,omitempty"`
	DisableRedirect  bool              `json:"disableRedirect,omitempty"`
	RequestSignUp    *bool             `json:"requestSignUp,omitempty"`
	LoginHint        string            `json:"loginHint,omitempty"`
	Scopes           []string          `json:"scopes,omitempty"`
	AdditionalParams map[string]string `json:"additionalParams,omitempty"`
	AdditionalData   map[string]any    `json:"additionalData,omitempty"`
	IDToken          *LinkIDTokenInput `json:"idToken,omitempty"`
}

// LinkIDTokenInput is the ID token of the identity that is to be linked.
type LinkIDTokenInput struct {
	Token        string `json:"token"`
	Nonce        string `json:"nonce,omitempty"`
	AccessToken  string `json:"accessToken,omitempty"`
	RefreshToken string `json:"refreshToken,omitempty"`
}

// Check refuses parameters that the server sets itself.
func (in LinkSocialInput) Check() []route.Issue { return checkAdditionalParams(in.AdditionalParams) }

// LinkSocialOutput is the output of [LinkSocial]: an address to go to, or the
// status when it was linked at once.
type LinkSocialOutput struct {
	URL      string `json:"url"`
	Redirect bool   `json:"redirect"`
	Status   bool   `json:"status,omitempty"`
}

// GetAccessToken returns the access token that a provider issued for an account
// of the user, refreshed if it is about to expire.
var GetAccessToken = route.New[AccountSelector, GetAccessTokenOutput]("POST", "/get-access-token", route.Spec{
	Name: "getAccessToken", Summary: "Get a valid access token of a provider", Tags: []string{"Social sign-in"},
	Errors: []route.Failure{
		failure(400, AccountNotFound), failure(400, ProviderNotSupported), failure(400, FailedToGetAccessToken), failure(400, UserIDOrSessionRequired),
	},
})

// AccountSelector says which account is meant: exactly one of AccountID and
// UseAccountCookie is given.
type AccountSelector struct {
	_                route.Whole
	_                route.Strict
	AccountID        *string `json:"accountId,omitempty"`        // the id of the account row, not the id at the provider
	UseAccountCookie bool    `json:"useAccountCookie,omitempty"` // the account of the last sign-in
	// UserID is the user in in-process calls without a session; else it is
	// ignored.
	UserID string `json:"userId,omitempty"`
}

// Check demands exactly one way of selecting.
func (in AccountSelector) Check() []route.Issue {
	if (in.AccountID != nil) == in.UseAccountCookie {
		return []route.Issue{{Path: "body", Text: "Invalid input"}}
	}
	return nil
}

// GetAccessTokenOutput is the output of [GetAccessToken].
type GetAccessTokenOutput struct {
	AccessToken          string   `json:"accessToken"` // "" when none is stored
	AccessTokenExpiresAt *Time    `json:"accessTokenExpiresAt,omitempty"`
	Scopes               []string `json:"scopes"`
	IDToken              *string  `json:"idToken,omitempty"`
}

// RefreshToken exchanges the stored refresh token for new tokens.
var RefreshToken = route.New[AccountSelector, RefreshTokenOutput]("POST", "/refresh-token", route.Spec{
	Name: "refreshToken", Summary: "Refresh the tokens of a provider", Tags: []string{"Social sign-in"},
	Errors: []route.Failure{
		failure(400, AccountNotFound), failure(400, ProviderNotSupported), failure(400, TokenRefreshNotSupported),
		failure(400, RefreshTokenNotFound), failure(400, FailedToRefreshAccessToken), failure(400, UserIDOrSessionRequired),
	},
})

// RefreshTokenOutput is the output of [RefreshToken].
type RefreshTokenOutput struct {
	AccessToken           string  `json:"accessToken"`
	RefreshToken          string  `json:"refreshToken"` // the previous one if the provider issued no other
	AccessTokenExpiresAt  *Time   `json:"accessTokenExpiresAt,omitempty"`
	RefreshTokenExpiresAt *Time   `json:"refreshTokenExpiresAt"`
	Scope                 *string `json:"scope"` // comma separated
	IDToken               *string `json:"idToken"`
	ProviderID            string  `json:"providerId"`
	AccountID             string  `json:"accountId"` // the id of the account row
}

// AccountInfo returns what a provider says about the user of an account.
var AccountInfo = route.New[AccountInfoInput, AccountInfoOutput]("GET", "/account-info", route.Spec{
	Name: "accountInfo", Summary: "Get the profile of an account", Tags: []string{"Social sign-in"},
	Errors: []route.Failure{
		failure(400, AccountNotFound), failure(400, ProviderNotConfigured), failure(400, ProviderNotSupported), failure(400, FailedToGetAccessToken),
		failure(400, AccessTokenNotFound), failure(400, UserIDOrSessionRequired), failure(401, FailedToGetUserInfo),
	},
})

// AccountInfoInput is the input of [AccountInfo].
type AccountInfoInput struct {
	_         route.Whole
	AccountID *string `query:"accountId,optional"` // the id of the account row
	UserID    string  `query:"userId,optional"`    // see [AccountSelector]
}

// Check demands an account.
func (in AccountInfoInput) Check() []route.Issue {
	if in.AccountID == nil {
		return []route.Issue{{Path: "query", Text: "Invalid input"}}
	}
	return nil
}

// AccountInfoOutput is the output of [AccountInfo].
type AccountInfoOutput struct {
	// User is the profile as it would be stored.
	User map[string]any `json:"user"`
	// Data is the profile as the provider gives it.
	Data    map[string]any  `json:"data"`
	Account AccountIdentity `json:"account"`
}

// AccountIdentity names an account.
type AccountIdentity struct {
	ID         string `json:"id"`
	ProviderID string `json:"providerId"`
	AccountID  string `json:"accountId"` // the id at the provider
}
