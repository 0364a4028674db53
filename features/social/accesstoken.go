package social

import (
	"net/http"
	"time"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
)

// expiryMargin is how long before its end an access token counts as expired.
const expiryMargin = 5 * time.Second

// getAccessToken serves the wish for an access token that is good.
func (f *Feature) getAccessToken(c *core.Context, in api.AccountSelector) (api.GetAccessTokenOutput, error) {
	s, err := f.selectAccount(c, in)
	if err != nil {
		return api.GetAccessTokenOutput{}, err
	}
	token, err := f.accessToken(c, s)
	if err != nil {
		return api.GetAccessTokenOutput{}, err
	}
	return api.GetAccessTokenOutput{
		AccessToken:          token,
		AccessTokenExpiresAt: api.TimeOf(s.AccessTokenExpiresAt),
		Scopes:               splitScopes(s.Scope),
		IDToken:              s.IDToken,
	}, nil
}

// accessToken returns the access token of an account, "" when there is none. It
// is refreshed if it is about to expire.
func (f *Feature) accessToken(c *core.Context, s *selected) (string, error) {
	if s.provider == nil {
		return "", s.notSupported()
	}
	if f.due(c, s) {
		if err := f.refresh(c, s); err != nil {
			c.Log.WarnContext(c, "tokens not refreshed", "error", err)
			return "", core.Fail(http.StatusBadRequest, api.FailedToGetAccessToken).Because(err)
		}
		if err := c.SetAccountCookie(s.Account); err != nil {
			return "", err
		}
	}
	token, err := openToken(c.Kernel, s.AccessToken)
	if err != nil {
		return "", core.Fail(http.StatusBadRequest, api.FailedToGetAccessToken).Because(err)
	}
	return token, nil
}

func (f *Feature) due(c *core.Context, s *selected) bool {
	return s.provider.Traits().Refreshes && text(s.RefreshToken) != "" &&
		!s.AccessTokenExpiresAt.IsZero() && s.AccessTokenExpiresAt.Sub(c.Now()) < expiryMargin
}
