package social

import (
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
)

// accountInfo serves the profile of an account, fresh from the provider.
func (f *Feature) accountInfo(c *core.Context, in api.AccountInfoInput) (api.AccountInfoOutput, error) {
	var none api.AccountInfoOutput
	for name := range c.Query {
		if name != "accountId" && name != "userId" {
			return none, core.FailWith(http.StatusBadRequest, api.ValidationError.Code, "[query] Invalid input")
		}
	}
	s, err := f.selectAccount(c, api.AccountSelector{AccountID: in.AccountID, UserID: in.UserID})
	if err != nil {
		return none, err
	}
	if s.provider == nil {
		return none, core.Fail(http.StatusBadRequest, api.ProviderNotConfigured)
	}
	token, err := f.accessToken(c, s)
	if err != nil {
		return none, err
	}
	if token == "" {
		return none, core.Fail(http.StatusBadRequest, api.AccessTokenNotFound)
	}
	tokens := Tokens{
		AccessToken: token, IDToken: text(s.IDToken), Scopes: splitScopes(s.Scope),
		AccessTokenExpiresAt: s.AccessTokenExpiresAt, RefreshTokenExpiresAt: s.RefreshTokenExpiresAt,
	}
	profile, err := s.provider.Profile(c, c.Kernel, Grant{Tokens: tokens, Stored: true})
	if err != nil {
		return none, core.Fail(http.StatusUnauthorized, api.FailedToGetUserInfo).Because(err)
	}
	if profile == nil {
		return none, core.Fail(http.StatusUnauthorized, api.FailedToGetUserInfo)
	}
	return api.AccountInfoOutput{
		User: profile.view(), Data: profile.Raw,
		Account: api.AccountIdentity{ID: s.ID, ProviderID: s.ProviderID, AccountID: s.AccountID},
	}, nil
}
