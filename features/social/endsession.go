package social

import (
	"cmp"
	"slices"

	"github.com/ostiary/ostiary/core"
)

// EndSessionURL returns the address at which the user's session at a provider is
// ended (OpenID Connect RP-Initiated Logout 1.0): that of the account that was
// used last, among those whose provider has one. It reports false when there is
// none. The caller has checked postLogout, which may be "".
func (f *Feature) EndSessionURL(c *core.Context, userID, postLogout, state string) (string, bool) {
	accounts, err := c.Accounts.List(c, userID)
	if err != nil {
		c.Log.WarnContext(c, "the user's providers could not be looked up for sign-out", "error", err)
		return "", false
	}
	slices.SortStableFunc(accounts, func(a, b core.Account) int { return cmp.Compare(b.UpdatedAt.UnixNano(), a.UpdatedAt.UnixNano()) })
	asked := map[string]bool{}
	for i := range accounts {
		id := accounts[i].ProviderID
		if asked[id] {
			continue
		}
		asked[id] = true
		p := f.Provider(c, id)
		if p == nil {
			continue
		}
		r := EndSession{IDToken: text(accounts[i].IDToken), PostLogoutRedirectURI: postLogout, State: state, BaseURL: c.BaseURL()}
		if address := p.EndSessionURL(c, c.Kernel, r); address != "" {
			return address, true
		}
	}
	return "", false
}
