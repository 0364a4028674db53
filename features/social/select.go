package social

import (
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
)

// selected is an account of the user whose tokens are wanted.
type selected struct {
	*core.Account
	provider   Provider
	fromCookie bool
}

// selectAccount finds the account that a call names. It is always one of the
// user who is signed in; in-process calls without headers name the user.
func (f *Feature) selectAccount(c *core.Context, in api.AccountSelector) (*selected, error) {
	userID, err := callingUser(c, in.UserID)
	if err != nil {
		return nil, err
	}
	s := &selected{fromCookie: in.UseAccountCookie}
	if s.fromCookie {
		if a := c.AccountCookie(); a != nil && a.UserID == userID {
			s.Account = a
		}
	} else if in.AccountID != nil {
		accounts, err := c.Accounts.List(c, userID)
		if err != nil {
			return nil, err
		}
		for i := range accounts {
			if accounts[i].ID == *in.AccountID {
				s.Account = &accounts[i]
			}
		}
	}
	if s.Account == nil {
		return nil, core.Fail(http.StatusBadRequest, api.AccountNotFound)
	}
	s.provider = f.Provider(c, s.ProviderID)
	return s, nil
}

// callingUser returns the id of the user on whose behalf a call is made. The
// session must be alive in the store: tokens of a provider are worth as much as
// the account there.
func callingUser(c *core.Context, named string) (string, error) {
	if c.Header == nil && c.Request == nil {
		if named == "" {
			return "", core.Fail(http.StatusBadRequest, api.UserIDOrSessionRequired)
		}
		return named, nil
	}
	if err := core.AuthoritativeGate(c); err != nil {
		if failed := core.AsAPIError(err); failed != nil && failed.Status == http.StatusUnauthorized {
			return "", core.FailEmpty(http.StatusUnauthorized)
		}
		return "", err
	}
	return c.Session.User.ID, nil
}

func (s *selected) notSupported() error {
	return core.FailWith(http.StatusBadRequest, api.ProviderNotSupported.Code, "Provider "+s.ProviderID+" is not supported.")
}
