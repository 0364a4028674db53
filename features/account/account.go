// Package account lets users see and remove the ways in which they sign in.
package account

import (
	"context"
	"net/http"

	"github.com/ostiary/ostiary/api"
	"github.com/ostiary/ostiary/core"
	"github.com/ostiary/ostiary/route"
)

// Feature is the feature; make it with [New].
type Feature struct{}

// New returns the feature.
func New() *Feature { return &Feature{} }

// ID returns "account".
func (*Feature) ID() string { return "account" }

// Endpoints returns the endpoints.
func (f *Feature) Endpoints() []core.Endpoint {
	return []core.Endpoint{
		core.Handle(api.ListAccounts, f.list, core.SessionGate),
		core.Handle(api.UnlinkAccount, f.unlink, core.FreshGate),
	}
}

// list lists the accounts of the user, without their secrets.
func (f *Feature) list(c *core.Context, _ route.None) ([]api.Account, error) {
	accounts, err := c.Accounts.List(c, c.Session.User.ID)
	if err != nil {
		return nil, err
	}
	out := make([]api.Account, len(accounts))
	for i := range accounts {
		out[i] = accounts[i].Public()
	}
	return out, nil
}

// unlink removes an account of the user, but never the last one. The check and
// the deletion hold the user, so that two requests at once cannot remove the last
// two.
func (f *Feature) unlink(c *core.Context, in api.UnlinkAccountInput) (api.Status, error) {
	userID := c.Session.User.ID
	err := c.DB.InTransaction(c, func(ctx context.Context) error {
		if _, err := c.Users.Hold(ctx, userID); err != nil {
			return err
		}
		accounts, err := c.Accounts.List(ctx, userID)
		if err != nil {
			return err
		}
		if len(accounts) == 1 && !c.Config().Account.Linking.AllowUnlinkingAll {
			return core.Fail(http.StatusBadRequest, api.FailedToUnlinkLastAccount)
		}
		removed, err := c.Accounts.DeleteOwned(ctx, in.AccountID, userID)
		if err == nil && !removed {
			return core.Fail(http.StatusBadRequest, api.AccountNotFound)
		}
		return err
	})
	return api.Status{Status: err == nil}, err
}
